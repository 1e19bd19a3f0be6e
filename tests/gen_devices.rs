//! `pollway gen` against devices under test that do what is known: `pollway fwd` with its modes `delay` and `impair`, another program
//! at the other end of a memif.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::{Forwarder, number};
use lab::generator::{Generator, Running, account, stream};
use lab::lcores;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A generator that waits for its peer at the other end of a memif, and what the peer's port is.
fn waiting(folder: &Path, load: &str) -> (Running, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    let (socket, config) = (at("memif"), at("gen.toml"));
    // A packet is waited for as long as can be: a machine that has other things to do makes the way longer, and changes no count.
    let text = format!(
        "[[port]]\ndevice = 'memif:{socket},role=server'\n[gen]\nmap = '1.0'\n[traffic]\nwait_ms = 10_000\n{load}\n"
    );
    fs::write(&config, text).unwrap();
    // Each has a processor of its own.
    let generator = Generator::of_file().eal(&["--lcores", &lcores(1, 0)]);
    let running = generator.with(&["--config", &config]).start();
    let waits = || running.console.stderr().contains("waiting for the link").then_some(());
    lab::wait_for("the generator to wait for its peer", waits);
    (running, format!("memif:{socket},rsize=14"))
}

/// Sends packets through a forwarder in this mode; what the generator says of them, and what the forwarder does.
fn through(mode: &str, flags: &[&str], rate: &str, count: u64) -> (Value, Value) {
    let folder = tempfile::tempdir().unwrap();
    let load = format!("[[traffic.stream]]\nrate = '{rate}'\ncount = {count}");
    let (running, device) = waiting(folder.path(), &load);
    let flags = [&["--port-topology=loop"], flags].concat();
    let mut forwarder = Forwarder::prepare(&[&device], &flags);
    // Where one program is away for longer than its ring lasts, the other one waits for it.
    forwarder.shell.ask(&format!("set fwd {mode} retry"));
    forwarder.shell.ask("set burst tx delay 1000 retry 1000");
    forwarder.shell.ask("start");
    for packets in [count / 2, count] {
        forwarder.shell.wait_for_figure(0, "RX-packets", packets);
    }
    let result = running.ended();
    (result, forwarder.stop())
}

#[test]
fn the_faults_of_a_million_packets_are_found_exactly() {
    const COUNT: u64 = 1_000_000;
    // Of every 777th packet one is among those dropped, and so is every other of every 500th.
    const DONE: [(&str, u64); 3] = [("dropped", 1_000), ("duplicated", 1_286), ("swapped", 1_000)];
    let faults = ["--impair-drop=1/1000", "--impair-duplicate=1/777", "--impair-swap=1/500"];
    let (result, report) = through("impair", &faults, "1M", COUNT);
    let port = |figure: &str| number(&report, &format!("/forward_stats/ports/0/{figure}"));
    assert_eq!((port("rx_packets"), port("tx_packets")), (COUNT, COUNT - 1_000 + 1_286));
    let counts = report.pointer("/forward_stats/ports/0/mode_counts/0").unwrap();
    let did = counts.as_array().unwrap();
    for (name, count) in DONE {
        let figure = did.iter().find(|figure| figure["name"] == name);
        assert_eq!(figure.unwrap_or_else(|| panic!("no {name} in {counts:#}"))["count"], count);
    }
    let stream = stream(&result, 0);
    let found = |figure: &str| account(stream, figure);
    assert_eq!((found("sent"), found("received"), found("lost")), (COUNT, COUNT - 1_000, 1_000));
    // Packet 388500 is both doubled and swapped: its copy goes ahead in its place, and the packet itself comes a second time.
    assert_eq!((found("duplicated"), found("reordered")), (1_286, 999));
    assert_eq!((found("late"), found("corrupted")), (0, 0));
    assert_eq!(result["trials"][0]["result"]["foreign"], 0);
    assert_eq!(stream["delay"]["actual_ns"]["count"], COUNT - 1_000);
}

#[test]
fn a_known_delay_is_never_shorter() {
    for us in [50_u64, 500] {
        let held = format!("--delay-us={us}");
        let (result, report) = through("delay", &[&held], "100k", 20_000);
        let stream = stream(&result, 0);
        assert!(account(stream, "received") > 0, "{report:#}");
        // Three digits are kept; how much later a packet comes is the machine's affair.
        let shortest = stream["delay"]["actual_ns"]["min"].as_u64().unwrap();
        assert!(shortest >= us * 999, "{shortest} ns where {us} µs were added");
    }
}

#[test]
fn accounts_close_where_the_receiver_is_slower() {
    let folder = tempfile::tempdir().unwrap();
    let load = "duration = 1.0\n[[traffic.stream]]\nrate = '1M'";
    let (running, device) = waiting(folder.path(), load);
    // Ten thousand reads of memory take some microseconds: the ring between the two is full before long.
    let slow = ["--noisy-lkup-memory=1", "--noisy-lkup-num-reads=10000"];
    let flags = [&["--port-topology=loop", "--forward-mode=noisy"], &slow[..]].concat();
    let mut forwarder = Forwarder::prepare(&[&device], &flags);
    forwarder.shell.ask("start");
    let result = running.ended();
    let report = forwarder.stop();
    let stream = stream(&result, 0);
    let found = |figure: &str| account(stream, figure);
    assert!(found("sent") > 0 && found("sent") < 1_000_000, "{stream:#}");
    assert_eq!(found("sent"), found("received") + found("lost"));
    assert_eq!(found("sent"), number(&report, "/forward_stats/ports/0/rx_packets"));
    let sending = |figure: &str| stream["sending"][figure].as_u64().unwrap();
    assert!(sending("refused") > 0 && sending("skipped") > 0, "{stream:#}");
    let invalid = result["trials"][0]["result"]["invalid"].to_string();
    assert!(invalid.contains("gave up"), "{invalid}");
}
