//! The shell from a pipe, and how a run ends: by signal, by its time, by its input.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::{Console, Ended};
use lab::forwarder::{Forwarder, fwd, number, own_prefix, report};
use lab::lcores;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

/// A command line of two null ports; they receive without end.
fn two_nulls(prefix: &str) -> Command {
    let mut command = fwd(prefix);
    command.args(["--lcores", &lcores(1, 1), "--port", "null:", "--port", "null:"]);
    command
}

/// The figure after a name in a table.
fn figure(text: &str, name: &str) -> u64 {
    let mut words = text.split_whitespace();
    let figure = words.find(|word| *word == name).and(words.next());
    figure.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[test]
fn commands_are_answered_with_testpmds_tables() {
    let mut forwarder = Forwarder::on(&["null:", "null:"], &[]);
    let shell = &mut forwarder.shell;

    let config = shell.ask("show config fwd");
    let mut lines = config.lines();
    assert_eq!(
        lines.next(),
        Some(
            "io packet forwarding - ports=2 - cores=1 - streams=2 - NUMA support enabled, MP allocation mode: native"
        )
    );
    assert_eq!(lines.next(), Some("Logical Core 1 (socket 0) forwards packets on 2 streams:"));
    assert_eq!(
        lines.next(),
        Some("  RX P=0/Q=0 (socket 0) -> TX P=1/Q=0 (socket 0) peer=02:00:00:00:00:01")
    );

    let first = shell.port_figure(0, "RX-packets");
    shell.wait_for_figure(0, "RX-packets", first + 1);

    let table = shell.ask("stop");
    assert!(
        table.starts_with("Telling cores to stop...\nWaiting for lcores to finish...\n"),
        "{table}"
    );
    assert!(
        table.contains(
            "---------------------- Forward statistics for port 0  ----------------------"
        )
    );
    assert!(table.contains("Accumulated forward statistics for all ports"), "{table}");
    assert!(figure(&table, "RX-packets:") > 0, "{table}");
    assert_eq!(figure(&table, "RX-total:"), figure(&table, "TX-total:"), "{table}");
    let stopped = shell.port_figure(1, "TX-packets");
    assert_eq!(shell.port_figure(1, "TX-packets"), stopped, "still forwards after stop");
    let again = shell.ask("stop");
    assert!(again.contains("not"), "{again}");

    let started = shell.ask("start");
    assert!(started.starts_with("io packet forwarding - ports=2"), "{started}");
    shell.wait_for_figure(1, "TX-packets", stopped + 1);
    // Forward statistics count from the start, the device's own from the beginning.
    let table = shell.ask("stop");
    assert!(figure(&table, "RX-packets:") < shell.port_figure(0, "RX-packets"), "{table}");

    assert_eq!(shell.ask("clear port stats 0"), "\n  NIC statistics for port 0 cleared\n");
    assert_eq!(shell.port_figure(0, "RX-packets"), 0);
    assert!(shell.ask("help").contains("Help is available for the following sections:"));
    assert!(shell.ask("help config").contains("set fwd (io|mac|macswap|"));
    forwarder.stop();
}

#[test]
fn modes_change_under_traffic() {
    let mut forwarder = Forwarder::on(&["null:", "null:"], &["--forward-mode=mac"]);
    for mode in ["macswap", "io", "mac", "macswap"] {
        let before = forwarder.shell.port_figure(0, "TX-packets");
        let answer = forwarder.shell.ask(&format!("set fwd {mode}"));
        assert_eq!(answer, format!("Set {mode} packet forwarding mode\n"));
        assert!(
            forwarder
                .shell
                .ask("show config fwd")
                .starts_with(&format!("{mode} packet forwarding"))
        );
        forwarder.shell.wait_for_figure(0, "TX-packets", before + 1);
    }
    let report = forwarder.stop();
    assert_eq!(report["forward_mode"], "macswap");
}

#[test]
fn what_is_no_command_is_answered_with_what_would_be() {
    let mut forwarder = Forwarder::on(&["null:"], &[]);
    for (line, answer) in [
        (
            "show port stat all",
            "Bad arguments: stat cannot follow show port; did you mean stats? (there are ",
        ),
        ("set promisc 0 perhaps", "choose one of on, off"),
        ("set fwd macswp", "macswap"),
        ("strt", "did you mean start?"),
    ] {
        let said = forwarder.shell.ask(line);
        assert!(said.contains(answer), "{line}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let report = forwarder.stop();
    assert!(number(&report, "/ports/0/stats/rx_packets") > 0);
}

#[test]
fn quit_ends_the_program_with_its_table() {
    let prefix = own_prefix();
    let mut console = Console::start(two_nulls(&prefix).args(["-i", "--auto-start"]));
    console.wait_for("pollway> ");
    console.type_line("quit");
    assert_table(console.wait());
}

#[test]
fn signals_end_a_run_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let prefix = own_prefix();
        let mut console = Console::start(&mut two_nulls(&prefix));
        console.wait_for("Press enter to exit\n");
        assert_table(console.signal(signal));

        let mut console = Console::start(two_nulls(&prefix).args(["-i", "--auto-start"]));
        console.wait_for("pollway> ");
        assert_table(console.signal(signal));

        let mut console = Console::start(two_nulls(&prefix).args(["-i", "--auto-start", "--json"]));
        console.wait_for("pollway> ");
        let report = report(console.signal(signal), &prefix);
        assert!(number(&report, "/forward_stats/ports/0/rx_packets") > 0);
    }
}

/// Holds an end against what an end in order looks like.
fn assert_table(ended: Ended) {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("Accumulated forward statistics for all ports"),
        "{}",
        ended.stdout
    );
    assert!(figure(&ended.stdout, "RX-packets:") > 0, "{}", ended.stdout);
    assert!(ended.stdout.ends_with("\nBye...\n"), "{}", ended.stdout);
}

#[test]
fn enter_ends_a_run() {
    let mut console = Console::start(&mut two_nulls(&own_prefix()));
    console.wait_for("Press enter to exit\n");
    console.type_line("");
    assert_table(console.wait());
}

#[test]
fn statistics_are_shown_while_it_runs() {
    let mut console = Console::start(two_nulls(&own_prefix()).args(["--stats-period=1"]));
    let figures: Vec<u64> = (0..2)
        .map(|_| {
            console.wait_for("Port statistics ====================================\n");
            figure(&console.wait_for("Rx-bps:"), "RX-packets:")
        })
        .collect();
    assert!(figures[0] > 0 && figures[1] > figures[0], "{figures:?}");
    // Of the second screen's second port: there is a difference to show by now.
    let table = console.wait_for("Tx-bps:");
    assert!(figure(&table, "Tx-pps:") > 0, "{table}");
    assert_table(console.signal(Signal::INT));
}

#[test]
fn a_run_of_a_set_time_reports_in_json() {
    let prefix = own_prefix();
    let flags = ["--duration=1.2", "--stats-period=1", "--json", "--forward-mode=macswap"];
    let start = Instant::now();
    let ended = Console::start(two_nulls(&prefix).args(flags)).wait();
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(ended.stdout.lines().count(), 1, "more than the object: {}", ended.stdout);
    assert!(ended.stderr.contains("Port statistics ===="), "{}", ended.stderr);
    let report = report(ended, &prefix);

    let fields: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "drained",
            "engine",
            "forward_mode",
            "forward_stats",
            "mbufs_kept",
            "mbufs_missing",
            "plan",
            "ports"
        ]
    );
    assert_eq!(report["forward_mode"], "macswap");
    assert_eq!(report["plan"]["model"], "run-to-completion");
    for port in 0..2 {
        let figure = |path: &str| number(&report, &format!("/{path}"));
        let received = figure(&format!("forward_stats/ports/{port}/rx_packets"));
        assert!(received > 0);
        assert_eq!(figure(&format!("ports/{}/stats/tx_packets", 1 - port)), received);
        assert_eq!(figure(&format!("engine/workers/0/streams/{port}/figures/received")), received);
        assert_eq!(report["ports"][port]["device"], format!("net_null{port}"));
        let bursts = report["forward_stats"]["ports"][port]["bursts"]["rx"].as_array().unwrap();
        let in_bursts: u64 =
            bursts.iter().map(|of| number(of, "/size") * number(of, "/count")).sum();
        assert_eq!(in_bursts, received);
    }
}

#[test]
fn under_testpmds_name_it_has_testpmds_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("dpdk-testpmd");
    symlink(env!("CARGO_BIN_EXE_pollway"), &link).unwrap();
    let prefix = own_prefix();
    let mut command = Command::new(link);
    command.args([
        "--lcores",
        &lcores(1, 1),
        "--no-pci",
        "--no-telemetry",
        "--file-prefix",
        &prefix,
    ]);
    command.args(["--vdev=net_null0", "--vdev=net_null1", "--", "-i", "--nb-cores=1"]);
    let mut console = Console::start(&mut command);
    console.wait_for("testpmd> ");
    console.type_line("start");
    let answer = console.wait_for("testpmd> ");
    assert!(
        answer.contains("\nLogical Core 1 (socket 0) forwards packets on 2 streams:\n"),
        "{answer}"
    );
    assert_table(console.close());
}

#[test]
fn every_page_is_there_in_json_too() {
    let mut forwarder = Forwarder::on(&["null:", "null:"], &["--mbcache=0"]);
    let shell = &mut forwarder.shell;
    shell.wait_for_figure(0, "RX-packets", 1);
    let mut ask = |command: &str| -> Value {
        let answer = shell.ask(&format!("{command} --json"));
        assert_eq!(answer.lines().count(), 1, "{command}: {answer}");
        serde_json::from_str(&answer).unwrap_or_else(|why| panic!("{command}: {why}: {answer}"))
    };
    for command in [
        "show port info 0",
        "show port xstats all",
        "show port 0 rx_offload capabilities",
        "show port 0 tx_offload configuration",
        "show port 0 rss-hash key",
        "show port 0 macs",
        "show port 0 mcast_macs",
        "show port 0 ptypes",
        "show rxq info 0 0",
        "show txq info 0 0",
        "show config fwd",
        "show config rxtx",
        "show config txpkts",
        "show config rss",
        "show device info all",
        "csum show 0",
        "tso show 0",
        "flow list 0",
        "dump_socket_mem",
    ] {
        let page = ask(command);
        let facts = page.get(0).unwrap_or(&page);
        assert!(facts.is_object() || page == json!([]), "{command}: {page}");
    }
    assert_eq!(ask("show config cores"), json!({ "lcores": [1] }));
    assert_eq!(ask("show port summary all")["ports"][1]["device"], "net_null1");
    assert_eq!(ask("show config fwd")["plan"]["ports"][0]["peer"], 1);
    assert!(number(&ask("show port stats 0"), "/0/stats/rx_packets") > 0);
    assert!(number(&ask("show fwd stats all"), "/ports/1/rx_packets") > 0);
    // Words alone are a string, and what could not be done says why.
    assert_eq!(ask("set fwd mac"), "Set mac packet forwarding mode\n");
    assert_eq!(
        ask("show port stats 7")["error"],
        "Invalid port 7\nThe valid ports array is [ 0 1 ]"
    );
    assert_eq!(ask("show port dcb_tc 1")[0]["error"], "\n Failed to get dcb infos on port 1 ");
    let unknown = ask("show nonsense");
    assert!(unknown["error"].as_str().unwrap().contains("nonsense"), "{unknown}");
    forwarder.stop();
}
