//! What the program measures beside what devices count, and memory that stays in place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::{Files, protocols};
use lab::forwarder::{Forwarder, number};
use serde_json::Value;
use std::fs;

/// A forwarder that receives the same frames without end, and sends them nowhere.
fn forwarder(files: &Files, flags: &[&str]) -> Forwarder {
    let endless = format!("pcap:{},infinite_rx=1", files.input());
    let small = ["--no-huge", "-m", "256", "--rxd=64", "--txd=64"];
    Forwarder::on(&[&endless, "null:"], &[&small, flags].concat())
}

fn figure(list: &Value, name: &str) -> u64 {
    let named = list.as_array().unwrap().iter().find(|metric| metric["name"] == name);
    named.unwrap_or_else(|| panic!("no {name} in {list}"))["value"].as_u64().unwrap()
}

#[test]
fn bit_rates_are_those_of_each_port() {
    let files = Files::new(&protocols());
    let mut forwarder = forwarder(&files, &["--bitrate-stats=1"]);
    let page = lab::wait_for("a bit rate", || {
        let page: Value =
            serde_json::from_str(&forwarder.shell.ask("show metrics --json")).unwrap();
        (figure(&page["ports"][0]["metrics"], "mean_bits_in") > 0).then_some(page)
    });
    // What it sends to net_null is counted without bytes.
    assert_eq!(figure(&page["ports"][1]["metrics"], "peak_bits_out"), 0);
    assert_eq!(figure(&page["ports"][1]["metrics"], "peak_bits_in"), 0);
    assert_eq!(page["latency"], serde_json::json!([]));
    let words = forwarder.shell.ask("show metrics");
    assert!(words.starts_with("Bit rates of port 0:\n  ewma_bits_in: "), "{words}");
    let report = forwarder.stop();
    let metrics = &report["metrics"]["ports"][0]["metrics"];
    // Never more than eight times the bytes of the whole run.
    let bits = 8 * number(&report, "/ports/0/stats/rx_bytes");
    let peak = figure(metrics, "peak_bits_in");
    assert!((1..=bits).contains(&peak), "{peak} {bits}");
}

#[test]
fn latency_is_that_of_packets_which_pass() {
    let files = Files::new(&protocols());
    let mut forwarder = forwarder(&files, &["--latencystats=1"]);
    lab::wait_for("a latency", || {
        let page: Value =
            serde_json::from_str(&forwarder.shell.ask("show metrics --json")).unwrap();
        (figure(&page["latency"], "max_latency_ns") > 0).then_some(())
    });
    let report = forwarder.stop();
    let latency = &report["metrics"]["latency"];
    let [least, mean, most] =
        ["min", "avg", "max"].map(|of| figure(latency, &format!("{of}_latency_ns")));
    assert!(least <= mean && mean <= most, "{latency}");
    assert_eq!(report["metrics"]["ports"], serde_json::json!([]));
}

#[test]
fn without_the_options_nothing_is_measured() {
    let mut forwarder = Forwarder::prepare(&["null:"], &["--no-huge", "-m", "128"]);
    let said = forwarder.shell.ask("show metrics");
    assert!(said.starts_with("nothing is measured: "), "{said}");
    assert_eq!(forwarder.stop().get("metrics"), None);
}

#[test]
fn memory_is_locked_if_asked_for() {
    let locked = |flags: &[&str]| {
        let flags = [&["--no-huge", "-m", "64", "--rxd=64", "--txd=64"], flags].concat();
        let forwarder = Forwarder::prepare(&["null:"], &flags);
        let status = fs::read_to_string(format!("/proc/{}/status", forwarder.shell.console.pid()));
        let said = forwarder.shell.console.stderr();
        forwarder.stop();
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
        let kib: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        (kib, said)
    };
    let (without, _) = locked(&[]);
    let (with, said) = locked(&["--mlockall"]);
    assert!(with > without || said.contains("mlockall() failed"), "{without} {with} {said}");
}

#[test]
fn extended_statistics_that_are_not_there_are_named_and_the_others_shown() {
    let flags = ["--no-huge", "-m", "64", "--display-xstats=rx_good_packets,rx_nothing"];
    let mut forwarder = Forwarder::prepare(&["null:"], &flags);
    let said = forwarder.shell.console.stderr();
    assert!(said.contains("No xstat 'rx_nothing' on port 0 - skip it 1\n"), "{said}");
    assert!(!said.contains("'rx_good_packets'"), "{said}");
    let page = forwarder.shell.ask("show port stats 0");
    assert!(page.contains("rx_good_packets") && !page.contains("rx_nothing"), "{page}");
    forwarder.stop();
}
