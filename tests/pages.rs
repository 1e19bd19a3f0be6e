//! Pages of ports, queues and devices, and what is set on them, word for word against dpdk-testpmd on the same devices.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::kernel::VethPair;
use lab::shell::Shell;
use lab::{labels, lacks, lacks_programs, lcores, skip, tag};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What is typed, in this order: later commands show what earlier ones set.
const SCRIPTS: &[&str] = &[
    include_str!("testpmd/1_pages.txt"),
    include_str!("testpmd/2_addresses.txt"),
    include_str!("testpmd/3_vlan.txt"),
    include_str!("testpmd/4_devices.txt"),
    include_str!("testpmd/5_forwarding.txt"),
    include_str!("testpmd/6_checksums.txt"),
    include_str!("testpmd/7_ports.txt"),
    include_str!("testpmd/8_flow.txt"),
];

/// A line of a script.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    command: &'static str,
    /// After a `~`: values differ from run to run, so that testpmd's lines are looked for with whatever numbers.
    by_labels: bool,
}

fn script() -> Vec<Line> {
    let line = |line: &'static str| match line.strip_prefix("~ ") {
        Some(command) => Line { command, by_labels: true },
        None => Line { command: line, by_labels: false },
    };
    let lines = SCRIPTS.iter().flat_map(|script| script.lines());
    lines.filter(|line| !line.starts_with('#')).map(line).collect()
}

#[test]
fn a_hundred_commands_are_compared() {
    let commands: BTreeSet<&str> = script().iter().map(|line| line.command).collect();
    assert!(commands.len() >= 100, "{} distinct commands", commands.len());
}

#[test]
fn on_null_and_ring_ports() {
    compare("on_null_and_ring_ports", &["net_null0,size=128", "net_ring0"]);
}

#[test]
fn on_a_tap() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("pages on_a_tap", &reason);
    }
    compare("on_a_tap", &[&format!("net_tap0,iface=pg{}", tag())]);
}

#[test]
fn on_a_packet_socket() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("pages on_a_packet_socket", &reason);
    }
    let pair = VethPair::new();
    compare("on_a_packet_socket", &[&format!("net_af_packet0,iface={}", pair.one)]);
}

#[test]
fn on_files_and_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // An empty capture: a classic header of version 2.4 and no packet.
    let header =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    fs::write(path("in.pcap"), header).unwrap();
    for device in [
        format!("net_pcap0,rx_pcap={},tx_pcap={}", path("in.pcap"), path("out.pcap")),
        format!("net_memif0,role=server,socket-abstract=no,socket={}", path("memif")),
        format!("net_vhost0,iface={}", path("vhost")),
    ] {
        compare("on_files_and_sockets", &[&device]);
    }
}

/// Has both programs answer all commands on the same devices, one program after the other.
fn compare(test: &str, devices: &[&str]) {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip(&format!("pages {test}"), &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("dpdk-testpmd");
    symlink(env!("CARGO_BIN_EXE_pollway"), &ours).unwrap();
    let theirs = answers(Path::new("dpdk-testpmd"), devices, &["--disable-link-check"]);
    let ours = answers(&ours, devices, &[]);
    let pairs = ours.iter().zip(&theirs);
    let differences: Vec<String> = script()
        .iter()
        .zip(pairs)
        .filter_map(|(line, (ours, theirs))| {
            let what = match line.by_labels {
                true => format!("no `{}` in\n{ours}", labels::missing(ours, theirs)?),
                false if is_said(ours, theirs) => return None,
                false => format!("{ours}\n--- but testpmd\n{theirs}"),
            };
            Some(format!("--- {}\n{what}\n", line.command))
        })
        .collect();
    assert!(differences.is_empty(), "on {devices:?}:\n{}", differences.concat());
}

/// Whether ours is testpmd's answer, line by line; a sentence may go on where testpmd's ends.
fn is_said(ours: &str, theirs: &str) -> bool {
    let goes_on = |(ours, theirs): (&str, &str)| {
        let rest = ours.strip_prefix(theirs);
        rest.is_some_and(|rest| {
            rest.is_empty() || ["; ", " (", ": "].iter().any(|on| rest.starts_with(on))
        })
    };
    ours.lines().count() == theirs.lines().count() && ours.lines().zip(theirs.lines()).all(goes_on)
}

/// What a program answers on stdout and stderr together, with the figures masked that differ from start to start.
fn answers(program: &Path, devices: &[&str], own: &[&str]) -> Vec<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "exec stdbuf -o0 \"$@\" 2>&1", "sh"]).arg(program);
    command.args(["--no-pci", "--no-telemetry", "--no-huge", "-m", "256"]);
    command.args(["--lcores", &lcores(1, 0), "--file-prefix", &own_prefix()]);
    command.args(devices.iter().flat_map(|device| ["--vdev", device]));
    command.args(["--", "-i", "--total-num-mbufs=4096"]).args(own);
    command.arg("--display-xstats=rx_good_packets,tx_good_bytes");
    let mut shell = Shell::of(Console::start(&mut command), "testpmd> ");
    let answers = script().iter().map(|line| masked(&shell.ask(line.command))).collect();
    // The other program takes the same sockets and interfaces.
    assert_eq!(shell.console.close().status.code(), Some(0), "{program:?}");
    answers
}

fn masked(answer: &str) -> String {
    let word = |word: &str| {
        let is_mac =
            word.len() == 17 && word.split(':').all(|byte| u8::from_str_radix(byte, 16).is_ok());
        if is_mac {
            "MAC".to_owned()
        } else if word.starts_with("desc=") {
            // Ours says what was asked of a driver that does not say what it has; testpmd's asks for no number.
            "desc=N".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line =
        |line: &str| line.trim_end_matches('\r').split(' ').map(word).collect::<Vec<_>>().join(" ");
    // Logs may come before a page's title or after it; testpmd is told not to wait for links, and configures a
    // port again also when what was asked of it was refused. What a device lacks of --display-xstats is a note of ours.
    let aside = [
        "VHOST_CONFIG: ",
        "pollway: ",
        "Checking link statuses...",
        "Cannot get count of xstats",
        "No xstat '",
        "Configuring Port ",
        "Multi-queue RSS mode isn't enabled.",
    ];
    let shown = |line: &&str| !aside.iter().any(|beginning| line.starts_with(beginning));
    let lines = answer.lines().filter(shown);
    lines.map(line).collect::<Vec<_>>().join("\n")
}
