//! DPDK's own tools beside a running forwarder: its telemetry script, and dpdk-proc-info, which attaches to its memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::shell::Shell;
use lab::{hugepages_are_there, lacks, lacks_programs, lcores, run, skip};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// A forwarder that has forwarded and is stopped, so that its counts stay.
fn forwarder(prefix: &str, flags: &[&str]) -> Shell {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
    command.args(["fwd", "--no-pci", "--file-prefix", prefix, "--lcores", &lcores(1, 1)]);
    command.args(flags).args(["--port", "null:", "--port", "null:", "-i", "--auto-start"]);
    let mut shell = Shell::of(Console::start(&mut command), "pollway> ");
    shell.wait_for_figure(1, "TX-packets", 1);
    shell.ask("stop");
    shell
}

#[test]
fn the_telemetry_script_is_answered() {
    if let Some(reason) = lacks_programs(&["dpdk-telemetry.py", "python3"]) {
        return skip("the_telemetry_script_is_answered", &reason);
    }
    let prefix = own_prefix();
    let mut shell = forwarder(&prefix, &["--no-huge", "-m", "128"]);
    let folder = tempfile::tempdir().unwrap();
    let typed = folder.path().join("typed");
    let queries = [
        "/",
        "/info",
        "/ethdev/list",
        "/ethdev/stats,0",
        "/ethdev/xstats,1",
        "/ethdev/link_status,0",
        "/eal/params",
        "/mempool/list",
    ];
    fs::write(&typed, format!("{}\nquit\n", queries.join("\n"))).unwrap();
    let script = format!("exec dpdk-telemetry.py -f {prefix} < {}", typed.display());
    let said = run(Command::new("sh").args(["-c", &script]));
    let objects: Vec<Value> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line.trim_start_matches("--> ")).ok())
        .collect();
    let answer = |query: &str| {
        let found = objects.iter().find_map(|object| object.get(query));
        found.unwrap_or_else(|| panic!("{query} is not answered in {said}"))
    };
    let commands = answer("/").as_array().unwrap();
    assert!(queries[2..].iter().all(|query| {
        let name = query.split(',').next().unwrap();
        commands.iter().any(|command| command == name)
    }));
    assert_eq!(*answer("/ethdev/list"), serde_json::json!([0, 1]));
    assert_eq!(answer("/ethdev/link_status")["status"], "UP");
    let stats = answer("/ethdev/stats");
    assert_eq!(stats["ipackets"], shell.port_figure(0, "RX-packets"));
    assert_eq!(stats["opackets"], shell.port_figure(0, "TX-packets"));
    assert_eq!(answer("/ethdev/xstats")["rx_good_packets"], shell.port_figure(1, "RX-packets"));
    assert!(answer("/mempool/list").as_array().is_some_and(|pools| !pools.is_empty()));
    assert_eq!(shell.console.close().status.code(), Some(0));
}

#[test]
fn proc_info_attaches_and_sees_the_same_statistics() {
    if let Some(reason) = lacks(&["dpdk-proc-info"]) {
        return skip("proc_info_attaches_and_sees_the_same_statistics", &reason);
    }
    if !hugepages_are_there() {
        let reason =
            "takes hugepages, which a second process can map: scripts/hugepages.sh reserve 512";
        return skip("proc_info_attaches_and_sees_the_same_statistics", reason);
    }
    let prefix = own_prefix();
    let mut shell = forwarder(&prefix, &["-m", "256"]);
    let script = format!("exec dpdk-proc-info --no-pci --file-prefix={prefix} -- --stats 2>&1");
    let said = run(Command::new("sh").args(["-c", &script]));
    for port in [0, 1] {
        let page = said.split("NIC statistics for port ").nth(port + 1);
        let page = page.unwrap_or_else(|| panic!("no port {port} in {said}"));
        for name in ["RX-packets", "TX-packets"] {
            let mut words = page.split_whitespace();
            let figure = words.find(|word| word.strip_suffix(':') == Some(name)).and(words.next());
            let figure: u64 = figure.unwrap().parse().unwrap();
            assert_eq!(figure, shell.port_figure(port, name), "{name} of port {port}: {said}");
        }
    }
    let ended = shell.console.close();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn proc_info_reads_what_is_measured() {
    let name = "proc_info_reads_what_is_measured";
    if let Some(reason) = lacks(&["dpdk-proc-info"]) {
        return skip(name, &reason);
    }
    if !hugepages_are_there() {
        return skip(name, "takes hugepages, which a second process can map");
    }
    let prefix = own_prefix();
    let mut shell = forwarder(&prefix, &["-m", "256", "--bitrate-stats=1", "--latencystats=1"]);
    shell.ask("start");
    lab::wait_for("figures", || {
        let page: Value = serde_json::from_str(&shell.ask("show metrics --json")).unwrap();
        let figure = |list: &Value, name: &str| {
            let named = list.as_array().unwrap().iter().find(|metric| metric["name"] == name);
            named.unwrap_or_else(|| panic!("no {name} in {page}"))["value"].as_u64().unwrap()
        };
        let latency = figure(&page["latency"], "max_latency_ns");
        let least = figure(&page["latency"], "min_latency_ns");
        assert!(least <= latency, "{page}");
        (latency > 0).then_some(())
    });
    shell.ask("stop");
    // What is sent now changes nothing any more.
    let settled = lab::wait_for("settled figures", || {
        let first = shell.ask("show metrics");
        std::thread::sleep(std::time::Duration::from_millis(1200));
        (shell.ask("show metrics") == first).then_some(first)
    });
    let script = format!("exec dpdk-proc-info --no-pci --file-prefix={prefix} -- --metrics 2>&1");
    let said = run(Command::new("sh").args(["-c", &script]));
    let ours = settled.lines().filter(|line| line.starts_with("  ")).map(str::trim);
    let ours: Vec<&str> = ours.collect();
    // Six rates of each port, and what latency is.
    assert_eq!(ours.len(), 2 * 6 + 4, "{settled}");
    for line in ours {
        assert!(said.lines().any(|of_its| of_its.trim() == line), "no {line} in {said}");
    }
    assert_eq!(shell.console.close().status.code(), Some(0));
}
