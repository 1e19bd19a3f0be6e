//! Flags and file together: which one counts, and what is refused with which words.

use super::*;
use crate::config;
use crate::flags::{self, Sub};
use dataplane::forward::MODES;
use dataplane::port::{EVENT_KINDS, RssTypes};
use std::ffi::OsString;

fn flags(line: &str) -> FwdFlags {
    let argv = ["pollway", "fwd"].into_iter().chain(line.split_whitespace()).map(OsString::from);
    match flags::parse(argv).unwrap().subcommand {
        Sub::Fwd(flags) => *flags,
        other => panic!("not fwd: {other:?}"),
    }
}

fn resolve(line: &str, file: &str) -> Result<FwdSettings, SettingsError> {
    FwdSettings::resolve(flags(line), config::parse("a.toml", file).unwrap(), "a.toml")
}

fn refusal(line: &str, file: &str) -> String {
    resolve(line, file).unwrap_err().to_string()
}

#[test]
fn nothing_given_means_testpmds_defaults() {
    let settings = resolve("--vdev=net_null0", "").unwrap();
    assert_eq!((settings.mode.name, settings.topology), ("io", Topology::Paired));
    assert_eq!((settings.burst, settings.nb_cores, settings.lcores), (32, None, None));
    assert_eq!(settings.model, ModelRequest::RunToCompletion);
    assert_eq!(settings.found_port.rss, RssTypes::IP);
    assert_eq!(
        (settings.pool.mbuf_size, settings.pool.mbufs, settings.pool.cache),
        (2176, None, 256)
    );
    assert_eq!(settings.ports[0].device.name, "net_null0");
    assert_eq!((settings.ports[0].config.rx_queues, settings.ports[0].config.tx_queues), (1, 1));
    assert!(settings.run.auto_start && !settings.run.interactive);
}

#[test]
fn flags_win_over_the_file_and_leave_the_rest_of_it() {
    let settings = resolve(
        "-l 0-2 -- --burst=64 --rxq=4 --disable-rss",
        r#"
        eal = { lcores = "0-7", file_prefix = "x" }
        port = [{ device = "null:", rxq = 2, txq = 3, eth_peer = "02:00:00:00:00:09" }, { device = "tap:t0" }]
        fwd = { mode = "mac", burst = 16, cores = 2, topology = "loop", rss = "udp" }
        "#,
    )
    .unwrap();
    assert_eq!(settings.eal.to_argv(), ["--file-prefix=x", "-l", "0-2"]);
    assert_eq!(settings.lcores.unwrap().workers, [LcoreId(1), LcoreId(2)]);
    assert_eq!((settings.burst, settings.mode.name), (64, "mac"));
    assert_eq!((settings.nb_cores, settings.topology), (Some(2), Topology::Loop));
    assert_eq!(settings.ports[0].config.rss, RssTypes::NONE);
    let queues = |port: &PortSettings| (port.config.rx_queues, port.config.tx_queues);
    assert_eq!(queues(&settings.ports[0]), (4, 3));
    assert_eq!(queues(&settings.ports[1]), (4, 1));
    assert_eq!(settings.ports[0].peer, Some(MacAddr([2, 0, 0, 0, 0, 9])));
}

#[test]
fn devices_of_flags_replace_those_of_the_file() {
    let settings =
        resolve("--port tap:a --vdev=net_null7", "port = [{ device = \"null:\" }]").unwrap();
    let devices: Vec<&str> = settings.ports.iter().map(|port| port.device.typed.as_str()).collect();
    assert_eq!(devices, ["net_null7", "tap:a"]);
}

#[test]
fn stages_name_their_lcores() {
    let file =
        "eal.lcores = '0-4'\nfwd.pipeline = { receive = [1], work = [3, 2], transmit = [4] }";
    assert_eq!(
        resolve("", file).unwrap().model,
        ModelRequest::PipelineOn {
            receive: vec![LcoreId(1)],
            work: vec![LcoreId(3), LcoreId(2)],
            transmit: vec![LcoreId(4)],
        }
    );
    assert_eq!(
        resolve("--model=run-to-completion", file).unwrap().model,
        ModelRequest::RunToCompletion
    );
    assert_eq!(resolve("--model=pipeline", "").unwrap().model, ModelRequest::Pipeline);
}

#[test]
fn a_request_carries_what_was_settled() {
    let settings = resolve("--model=pipeline --ring-size=256 --burst=8 --nb-cores=2", "").unwrap();
    let request = settings.request(Vec::new(), vec![LcoreId(1), LcoreId(2)]);
    assert_eq!((request.burst, request.ring_size, request.nb_cores), (8, 256, Some(2)));
    assert_eq!(request.model, ModelRequest::Pipeline);
}

#[test]
fn a_time_to_run_and_peers_are_read() {
    let settings =
        resolve("--duration=0.5 --stats-period=2 --eth-peer=1,02:00:00:00:00:0a", "").unwrap();
    assert_eq!(settings.run.duration, Some(Duration::from_millis(500)));
    assert_eq!(settings.run.stats_period, Some(Duration::from_secs(2)));
    assert_eq!(settings.peers[&PortId(1)], MacAddr([2, 0, 0, 0, 0, 10]));
}

#[test]
fn refusals_name_the_flag_or_key_the_value_the_reason_and_the_mend() {
    let modes: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
    let unknown_mode = format!(
        "--forward-mode=macswp: there is no such forwarding mode; did you mean macswap? (there are {})",
        modes.join(", ")
    );
    for (line, file, expected) in [
        ("--rxq=0", "", "--rxq=0: too small; write 1 or more"),
        ("--burst=513", "", "--burst=513: too large; write 512 or less"),
        ("", "fwd.burst = 0", "a.toml: fwd.burst = 0: too small; write 1 or more"),
        (
            "",
            "port = [{ device = 'null:' }, { device = 'null:', txq = 0 }]",
            "a.toml: port[1].txq = 0: too small; write 1 or more",
        ),
        ("--mbcache=600", "", "--mbcache=600: too large; write 512 or less"),
        ("--forward-mode=macswp", "", &unknown_mode),
        (
            "",
            "fwd.topology = 'ring'",
            "a.toml: fwd.topology = ring: there is no such topology; choose one of paired, chained, loop",
        ),
        (
            "--rx-offloads=zz",
            "",
            "--rx-offloads=zz: not a hexadecimal mask of 64 bits; write for example 0x2000",
        ),
        (
            "--duration=-1",
            "",
            "--duration=-1: not a time to run; write seconds greater than 0, for example 10 or 0.5",
        ),
        (
            "--eth-peer=0,2:0:0:0:0",
            "",
            "--eth-peer=0,2:0:0:0:0: not a MAC address; write six octets, for example 02:00:00:00:00:01",
        ),
        ("--nb-cores=0", "", "--nb-cores=0: too small; write 1 or more"),
        (
            "--no-pci",
            "",
            "no port to forward on: neither --vdev, --port nor [[port]] names a device and --no-pci hides the others; \
             name one, for example --port null:",
        ),
    ] {
        assert_eq!(refusal(line, file), expected);
    }
}

#[test]
fn queues_are_shared_among_as_many_ports_as_said() {
    let sharing = |line: &str| {
        resolve(line, "port = [{ device = \"null:\" }]").unwrap().found_port.rx_sharing
    };
    assert_eq!(sharing(""), None);
    assert_eq!(sharing("-- --rxq-share --burst=8"), Some(u32::MAX));
    assert_eq!(sharing("-- --rxq-share=2"), Some(2));
    assert_eq!(sharing("-- --rxq-share=0"), None);
}

#[test]
fn the_last_choice_about_an_event_counts() {
    let events = |line: &str| -> Vec<&str> {
        let settings = resolve(line, "port = [{ device = \"null:\" }]").unwrap();
        settings.records.events.iter().map(|kind| kind.name).collect()
    };
    assert!(events("").contains(&"intr_lsc") && !events("").contains(&"dev_probed"));
    assert_eq!(events("-- --mask-event=all --print-event=vf_mbox"), ["vf_mbox"]);
    assert_eq!(events("-- --print-event=vf_mbox --mask-event=all"), [""; 0]);
    assert_eq!(events("-- --print-event=all").len(), EVENT_KINDS.len());
    let said = refusal("-- --mask-event=intr_lcs", "port = [{ device = \"null:\" }]");
    assert!(said.contains("--mask-event=intr_lcs") && said.contains("intr_lsc"), "{said}");
}

#[test]
fn an_lcore_that_measures_is_one_that_there_can_be() {
    let file = "port = [{ device = \"null:\" }]";
    let records = resolve("-- --bitrate-stats=1 --latencystats=0", file).unwrap().records;
    assert!(records.bit_rates && records.latency);
    let said = refusal("-- --latencystats=128", file);
    assert_eq!(said, "--latencystats=128: too large; write 127 or less");
}
