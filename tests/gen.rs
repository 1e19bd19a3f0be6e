//! `pollway gen`: its commands, its files, its end, and what it refuses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::generator::{Generator, account, stream};
use lab::{hugepage_files, lcores};
use pcap_file::TsResolution;
use pcap_file::pcap::PcapReader;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conf/gen");

/// The packets of a capture file with nanoseconds, and when each came.
fn packets_of(file: &Path) -> Vec<(Duration, Vec<u8>)> {
    let mut reader = PcapReader::new(fs::File::open(file).unwrap()).unwrap();
    assert_eq!(reader.header().ts_resolution, TsResolution::NanoSecond);
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let packet = packet.unwrap();
        packets.push((packet.timestamp, packet.data.into_owned()));
    }
    packets
}

/// Runs a sample.
fn sample(name: &str) -> Value {
    Generator::of_file().with(&["--config", &format!("{CONF}/{name}")]).run()
}

#[test]
fn each_sample_has_a_test_here() {
    let mut files: Vec<String> = fs::read_dir(CONF)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["imix.toml", "layers.toml", "loop.toml"]);
}

#[test]
fn a_loop_gives_every_packet_back() {
    let result = sample("loop.toml");
    let stream = stream(&result, 0);
    assert!(account(stream, "sent") > 0);
    assert_eq!(account(stream, "received"), account(stream, "sent"), "{stream:#}");
    assert_eq!(stream["name"], "loop");
    assert_eq!(stream["delay"]["path"], "round-trip");
    let delay = &stream["delay"]["actual_ns"];
    assert_eq!(delay["count"], account(stream, "received"));
    assert_eq!(result["trials"][0]["interrupted"], false);
    let environment = &result["environment"];
    assert!(environment["dpdk"].as_str().unwrap().starts_with("DPDK "), "{environment:#}");
    assert_eq!(environment["devices"][0]["device"], "net_ring_loop");
    assert!(environment["tsc"]["hz"].as_u64().unwrap() > 0);
}

#[test]
fn an_imix_has_its_sizes_and_its_phases() {
    let result = sample("imix.toml");
    let stream = stream(&result, 0);
    let sent = account(stream, "sent");
    assert_eq!(account(stream, "received"), sent, "{stream:#}");
    // 64, 594 and 1518 bytes as 7 : 4 : 1.
    let mean = stream["sending"]["bytes"].as_f64().unwrap() / sent as f64;
    let exact = (7.0 * 64.0 + 4.0 * 594.0 + 1518.0) / 12.0;
    assert!((mean / exact - 1.0).abs() < 0.01, "{mean} bytes");
}

#[test]
fn every_stack_of_headers_comes_back() {
    let result = sample("layers.toml");
    let streams = result["trials"][0]["result"]["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 8);
    for stream in streams {
        assert_eq!(account(stream, "sent"), 500, "{stream:#}");
        assert_eq!(account(stream, "received"), 500, "{stream:#}");
        assert_eq!(account(stream, "corrupted"), 0, "{stream:#}");
    }
}

#[test]
fn pktgens_recipe_works_as_written() {
    // One lcore receives, the other one sends.
    let generator = Generator::of_file().eal(&["--lcores", &lcores(2, 1)]);
    let generator = generator.with(&["--port", "ring:recipe", "-m", "[1:2].0"]);
    let result = generator.obey(
        "enable 0 latency; set 0 size 96; set 0 dst mac aa:bb:cc:dd:ee:00; set 0 rate 10k; set 0 count 5000; start 0",
    );
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "sent"), 5000);
    assert_eq!(account(stream, "received"), 5000);
    assert_eq!(stream["sending"]["bytes"], 5000 * 96);
    let polling = result["trials"][0]["result"]["polling"].as_array().unwrap();
    let polling: Vec<&Value> = polling.iter().map(|lcore| &lcore["lcore"]).collect();
    assert_eq!(polling, [1, 2]);
}

#[test]
fn every_page_shows_its_subject() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Generator::on(&["ring:pages"]).within(folder.path()).start();
    running.console.type_line(
        "range 0 dst port 2000 2000 2999 1; seq 3 0 02:00:00:00:00:03 02:00:00:00:00:04 10.0.0.3 10.0.0.4/24 5 6 ipv4 tcp 7 128; \
         set 0 count 10; set 0 rate 1k; enable 0 latency; page range; page seq; page pcap; start 0; sleep 1; page stats; page xstats; \
         page latency; page main; quit",
    );
    let said = running.console.wait().stdout;
    for part in [
        "2999",
        "02:00:00:00:00:03",
        "Port 0 has no capture file: pcap 0 FILE",
        "packets sent",
        "tx_good_packets: 10",
        "delay p99",
        "source MAC",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
}

#[test]
fn what_comes_is_captured_with_nanoseconds() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("capture-0-1.pcap");
    fs::write(&earlier, "an earlier one").unwrap();
    let recipe = "set 0 rate 10k; set 0 count 300; set 0 size 128; enable 0 capture; start 0";
    let result = Generator::on(&["ring:capture"]).within(folder.path()).obey(recipe);
    let captured = &result["trials"][0]["result"]["captured"];
    assert_eq!(captured[0]["file"], "capture-0-2.pcap");
    assert_eq!((&captured[0]["written"], &captured[0]["missed"]), (&300.into(), &0.into()));
    let packets = packets_of(&folder.path().join("capture-0-2.pcap"));
    assert_eq!(packets.len(), 300);
    assert!(packets.iter().all(|(_, data)| data.len() == 124));
    assert!(packets.is_sorted_by_key(|(at, _)| *at));
    assert_eq!(fs::read_to_string(earlier).unwrap(), "an earlier one");
}

#[test]
fn flags_and_files_name_captures_too() {
    let folder = tempfile::tempdir().unwrap();
    let (flag, file) = (folder.path().join("flag.pcap"), folder.path().join("file.pcap"));
    let result = Generator::on(&["ring:flag"])
        .with(&["--rate", "10k", "--count", "200", "--capture", flag.to_str().unwrap()])
        .run();
    assert_eq!(result["trials"][0]["result"]["captured"][0]["written"], 200);
    assert_eq!(packets_of(&flag).len(), 200);
    let config = folder.path().join("capture.toml");
    let text = format!(
        "[eal]\nlcores = '0-1'\n[[port]]\ndevice = 'ring:one'\n[[port]]\ndevice = 'ring:two'\n[gen]\nmap = '1.[0-1]'\n\
         [[traffic.stream]]\nport = 1\nrate = '10k'\ncount = 100\nsize = 200\n\
         [[traffic.capture]]\nport = 1\nfile = '{}'\n",
        file.display()
    );
    fs::write(&config, text).unwrap();
    let result = Generator::of_file().with(&["--config", config.to_str().unwrap()]).run();
    assert_eq!(result["trials"][0]["result"]["captured"][0]["port"], 1);
    let packets = packets_of(&file);
    assert_eq!(packets.len(), 100);
    assert!(packets.iter().all(|(_, data)| data.len() == 196));
}

#[test]
fn a_trial_of_which_nothing_comes_back_is_marked() {
    let result = Generator::on(&["ring:there", "ring:other"])
        .with(&["--rx-port", "1", "--rate", "10k", "--count", "50"])
        .run();
    assert_eq!(account(stream(&result, 0), "lost"), 50);
    let reasons = result["trials"][0]["result"]["invalid"].as_array().unwrap();
    let silence = "stream 0 sent 50 packets and none came back to port 1";
    let said = reasons.iter().any(|reason| reason.as_str().unwrap().starts_with(silence));
    assert!(said, "{reasons:?}");
}

#[test]
fn starting_and_stopping_makes_trials() {
    let result = Generator::on(&["ring:one", "ring:two"]).obey(
        "set all rate 10k; start 0; delay 200; start 1; delay 200; stop 0; delay 200; stp; quit",
    );
    let trials = result["trials"].as_array().unwrap();
    let ports = |trial: &Value| -> Vec<String> {
        let streams = trial["result"]["streams"].as_array().unwrap();
        streams.iter().map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
    };
    let ports: Vec<Vec<String>> = trials.iter().map(ports).collect();
    assert_eq!(ports, [vec!["port 0"], vec!["port 0", "port 1"], vec!["port 1"]]);
    for trial in trials {
        for stream in trial["result"]["streams"].as_array().unwrap() {
            assert!(account(stream, "sent") > 0);
            assert_eq!(account(stream, "lost"), 0);
        }
    }
}

#[test]
fn the_shell_answers_and_saves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("saved.pkt");
    let mut running =
        Generator::on(&["ring:shell"]).with(&["--rate", "1k", "--count", "1"]).start();
    assert!(running.console.wait().stdout.contains("packets sent"), "a trial of flags ends alone");
    let commands = format!(
        "set 0 size 512; set 0 sport 7; page main; page latency; strat; save {}; reset 0; page main; load {0}; page main; \
         set 0 count 3; start 0; quit",
        file.display()
    );
    let mut running = Generator::on(&["ring:shell"]).start();
    running.console.type_line(&commands);
    let ended = running.console.wait();
    let said = &ended.stdout;
    for part in [
        "512",
        "No port shows round trips; switch them on with enable 0 latency",
        "Command not found: strat; did you mean start?",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    let pages: Vec<&str> = said.split("source MAC").collect();
    assert_eq!(pages.len(), 4, "{said}");
    assert!(pages[0].contains("7 / 5678") && pages[2].contains("7 / 5678"), "{said}");
    assert!(pages[1].contains("1234 / 5678"), "{said}");
    assert!(fs::read_to_string(file).unwrap().contains("set 0 sport 7\n"));
}

#[test]
fn an_interrupted_trial_is_written_and_its_account_closes() {
    let running =
        Generator::on(&["ring:halt"]).with(&["--rate", "10k", "--duration", "600"]).start();
    lab::wait_for("the sending", || running.console.stderr().contains("sending").then_some(()));
    let result = running.interrupt();
    assert_eq!(result["trials"][0]["interrupted"], true);
    assert!(account(stream(&result, 0), "sent") > 0);
}

#[test]
fn a_forwarder_in_this_process_is_a_device_under_test() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("gen.toml");
    // Two poll loops on a processor, which may have other things to do: a packet is waited for as long as can be.
    let text = "[traffic]\nwait_ms = 10_000\n[[traffic.stream]]\nrate = '20k'\ncount = 10_000\n";
    fs::write(&config, text).unwrap();
    let result = Generator::of_file()
        .eal(&["--lcores", &lcores(2, 1)])
        .with(&["--forwarder", "io", "-m", "1.0", "--calibrate"])
        .with(&["--config", config.to_str().unwrap()])
        .run();
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "received"), 10_000, "{stream:#}");
    let bias = &result["trials"][0]["result"]["calibration"]["bias_ns"];
    assert!(bias.as_u64().unwrap() > 0, "{bias}");
    assert!(stream["delay"]["corrected_ns"]["p50"].is_u64());
}

/// What is asked of its mode is asked by the flags of `pollway fwd`, and what that counted stands beside what was measured.
#[test]
fn a_forwarder_in_this_process_holds_packets_as_long_as_it_is_told() {
    let result = Generator::of_file()
        .eal(&["--lcores", &lcores(1, 1)])
        .with(&["--forwarder", "delay", "--delay-us", "300", "-m", "1.0"])
        .with(&["--rate", "20k", "--count", "10000"])
        .run();
    let stream = stream(&result, 0);
    assert_eq!(account(stream, "received"), 10_000, "{stream:#}");
    // A packet is never early; three digits are kept.
    assert!(stream["delay"]["actual_ns"]["min"].as_u64().unwrap() >= 299_700, "{stream:#}");
    let counts = result["trials"][0]["forwarder"].as_array().unwrap();
    let held = counts.iter().find(|figure| figure["name"] == "held").unwrap();
    assert_eq!(held["count"], 10_000);
}

/// One lcore sends, receives, and forwards on the other end of a memif.
#[test]
fn a_forwarder_in_this_process_may_be_on_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let near = format!("memif:{}", folder.path().join("wire").display());
    let generator = Generator::of_file().eal(&["--lcores", &lcores(1, 1)]);
    let result = generator
        .with(&["--port", &format!("{near},role=server"), "--port", &near, "-m", "1.0"])
        .with(&["--forwarder", "io", "--forwarder-port", "1", "--rate", "20k", "--count", "10000"])
        .run();
    assert_eq!(account(stream(&result, 0), "received"), 10_000, "{result:#}");
}

#[test]
fn the_generator_measures_itself() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args([
        "gen",
        "calibrate",
        "--no-pci",
        "--no-telemetry",
        "--file-prefix",
        &own_prefix(),
    ]);
    command.args(["--lcores", &lcores(1, 1), "--rate", "10k", "--duration", "0.5", "--json"]);
    let said = lab::run(&mut command);
    let calibration: Value = serde_json::from_str(&said).unwrap();
    let delay = &calibration["delay_ns"];
    assert_eq!(calibration["bias_ns"], delay["p50"]);
    assert!(delay["count"].as_u64().unwrap() > 0, "{calibration:#}");
}

#[test]
fn before_each_trial_the_generator_measures_itself_at_its_rate() {
    let result = Generator::on(&["ring:own"]).with(&["--calibrate"]).obey(
        "set 0 count 500; set 0 rate 5k; start 0; delay 300; stop 0; set 0 rate 10k; start 0; delay 300; stop 0; quit",
    );
    for (trial, rate) in [(0, 5_000), (1, 10_000)] {
        let calibration = &result["trials"][trial]["result"]["calibration"];
        let packets = calibration["delay_ns"]["count"].as_u64().unwrap();
        // It takes a second.
        assert!(packets > 0 && packets <= rate + rate / 10, "{packets} at a rate of {rate}");
    }
}

#[test]
fn results_have_pictures_a_report_and_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (pictures, html, hdr) = (at("pictures"), at("report.html"), at("times.hlog"));
    let result = Generator::on(&["ring:pictures"])
        .with(&["--rate", "10k", "--duration", "2.5"])
        .with(&["--pictures", &pictures, "--html", &html, "--hdr", &hdr])
        .run();
    let names = [
        "histogram",
        "percentiles",
        "departure-error",
        "rate-over-time",
        "latency-over-time",
        "heat-map",
    ];
    for name in names {
        let svg = fs::read_to_string(format!("{pictures}/{name}.svg")).unwrap();
        assert!(svg.starts_with("<svg"), "{name}");
    }
    let page = fs::read_to_string(html).unwrap();
    assert_eq!(page.matches("<svg").count(), names.len());
    assert!(page.contains(&account(stream(&result, 0), "sent").to_string()));
    let log = fs::read_to_string(hdr).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("Tag=")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(stream(&result, 0)["sending"]["checksums"], "software", "a ring offers nothing");
    report_of(&result);
}

/// Compares a result with itself.
fn report_of(result: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    fs::write(&file, result.to_string()).unwrap();
    let named = |name: &str| format!("{name}={}", file.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args(["gen", "report", &named("first"), &named("second"), "--markdown"]);
    let said = lab::run(command.arg("--pictures").arg(folder.path()));
    let heading = said.lines().next().unwrap();
    assert!(heading.contains("first") && heading.contains("second"), "{said}");
    let svg = fs::read_to_string(folder.path().join("percentiles.svg")).unwrap();
    assert!(svg.contains("first") && svg.contains("second"));
}

/// What is said where flags are refused.
fn refusal(flags: &[&str]) -> String {
    let prefix = own_prefix();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args(["gen", "--no-pci", "--no-telemetry", "--file-prefix", &prefix, "--lcores"]);
    let ended = Console::start(command.arg(lcores(1, 0)).arg("--").args(flags)).wait();
    assert_eq!(ended.status.code(), Some(2), "{flags:?}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(hugepage_files(&prefix), [""; 0], "left behind");
    ended.stderr
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let toml = |name: &str, stream: &str| -> String {
        let file = folder.path().join(name);
        let text = format!(
            "[[port]]\ndevice = 'ring:x'\n[gen]\nmap = '1.0'\n[[traffic.stream]]\n{stream}\n"
        );
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let cut = folder.path().join("cut.pcap");
    fs::write(&cut, [0xd4, 0xc3, 0xb2, 0xa1, 2, 0]).unwrap();
    let replay = format!("replay = {{ file = '{}' }}", cut.display());
    for (name, stream, part) in [
        (
            "field.toml",
            "layers = [{ ethernet = {} }, { vlan = { id = 5000 } }, { ipv4 = {} }]",
            "vlan's id cannot be 5000",
        ),
        (
            "size.toml",
            "size = 64\nlayers = [{ ethernet = {} }, { ipv6 = {} }, { tcp = {} }]",
            "too small for ethernet, ipv6, tcp",
        ),
        ("jumbo.toml", "size = 9601", "9601"),
        ("order.toml", "layers = [{ udp = {} }]", "begin with ethernet"),
        ("port.toml", "port = 7", "port 7"),
        ("receiver.toml", "expect = 7", "port 7"),
        (
            "capture.toml",
            "[[traffic.capture]]\nport = 7\nfile = 'x.pcap'",
            "x.pcap: there is no port 7",
        ),
        (
            "host.toml",
            "[[traffic.host]]\nport = 7\nip = '198.18.0.9'",
            "host 198.18.0.9: there is no port 7",
        ),
        ("cut.toml", &replay, "cut.pcap"),
        ("key.toml", "sise = 64", "did you mean `size`?"),
        ("rate.toml", "rate = '0'", "write a rate"),
    ] {
        let said = refusal(&["--config", &toml(name, stream)]);
        assert!(said.contains(part), "{name}: {said}");
    }
    for (flags, part) in [
        (&["--port", "ring:x", "-m", "1"][..], "-m 1: `1` has no dot before its port"),
        (&["--port", "ring:x", "-m", "9.0"], "lcore 9"),
        (&["--port", "ring:x", "-m", "1.3"], "port 3"),
        (&["--port", "ring:x", "--size", "32"], "32"),
        (&["--port", "ring:x", "--json", "/nowhere/at/all.json"], "there is no folder /nowhere/at"),
        (&["--port", "ring:x", "--hdr", "/"], "/: it is a folder"),
        (&["--port", "ring:x", "--pictures", "/dev/null"], "/dev/null: it is a file"),
        (&["--port", "ring:x", "--rate", "fast"], "--rate"),
        (
            &["--port", "ring:x", "--forwarder", "io", "--forwarder-port", "3"],
            "--forwarder-port=3: there is no port 3; there are 0",
        ),
        (
            &["--port", "ring:x", "--delay-us", "5"],
            "--delay-us: there is no forwarder in this process; add --forwarder=MODE",
        ),
        (&["--forwarder", "delay", "--delay-us=-1"], "--delay-us=-1"),
    ] {
        let said = refusal(flags);
        assert!(said.contains(part), "{flags:?}: {said}");
    }
}

#[test]
fn a_file_is_checked_without_starting_it() {
    let check = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        lab::run(command.args(["check", &format!("{CONF}/{file}")]))
    };
    let said = check("layers.toml");
    assert!(said.contains("ring:layers") && said.contains("gtp-u"), "{said}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    let schema: Value = serde_json::from_str(&lab::run(command.args(["schema", "gen"]))).unwrap();
    assert!(schema["properties"]["traffic"].is_object(), "{schema:#}");
}
