//! Every file of conf/ runs: with the interfaces and peers that it names, until the end of its time, and its report is
//! what the file says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::{fwd, number, own_prefix, report};
use lab::{lacks, lacks_programs, run, skip};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conf");

/// Runs a file for a moment.
fn run_file(name: &str) -> Value {
    let prefix = own_prefix();
    let mut command = fwd(&prefix);
    command.args(["--json", "--duration=1.5", "--config"]).arg(format!("{CONF}/{name}"));
    let ended = Console::start(&mut command).wait();
    report(ended, &prefix)
}

/// The devices of a report, port 0 first.
fn devices(report: &Value) -> Vec<&str> {
    let ports = report["ports"].as_array().unwrap();
    ports.iter().map(|port| port["device"].as_str().unwrap()).collect()
}

#[test]
fn each_file_has_a_test_here() {
    // Those of a folder are other subcommands', and run by their tests.
    let mut files: Vec<String> = fs::read_dir(CONF)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["af_packet.toml", "null.toml", "pipeline.toml", "tap.toml", "vhost.toml"]);
}

/// What the service runs is what the program takes, and systemd finds nothing wrong with it.
#[test]
fn the_service_of_an_ordinary_user() {
    let unit = fs::read_to_string(format!("{CONF}/unprivileged/pollway@.service")).unwrap();
    let value = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no {key}")).to_owned()
    };
    assert_eq!(value("LimitMEMLOCK"), "infinity");
    let command = value("ExecStart").replace("/etc/pollway/%i.toml", &format!("{CONF}/null.toml"));
    let command = command.replace("/dev/hugepages-pollway", "/dev/hugepages");
    let words: Vec<&str> = command.split_whitespace().skip(2).collect();
    let prefix = own_prefix();
    let mut forwarder = fwd(&prefix);
    forwarder.args(words).args(["--json", "--duration=0.5"]);
    let report = report(Console::start(&mut forwarder).wait(), &prefix);
    assert!(number(&report, "/forward_stats/ports/0/tx_packets") > 0);

    if let Some(reason) = lacks_programs(&["systemd-analyze"]) {
        return skip("the_service_of_an_ordinary_user", &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("pollway@.service");
    let program = assert_cmd::cargo::cargo_bin("pollway");
    fs::write(&here, unit.replace("/usr/bin/pollway", program.to_str().unwrap())).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&here).output().unwrap();
    let said = String::from_utf8(verified.stderr).unwrap();
    assert!(verified.status.success() && !said.contains("pollway@"), "{said}");
}

#[test]
fn null() {
    let report = run_file("null.toml");
    assert_eq!(report["forward_mode"], "io");
    assert_eq!(report["plan"]["model"], "run-to-completion");
    assert_eq!(devices(&report), ["net_null0", "net_null1"]);
    for port in 0..2 {
        assert!(number(&report, &format!("/forward_stats/ports/{port}/tx_packets")) > 0);
    }
}

#[test]
fn pipeline() {
    let report = run_file("pipeline.toml");
    assert_eq!(report["forward_mode"], "macswap");
    assert_eq!(report["plan"]["model"], "pipeline");
    let workers = report["engine"]["workers"].as_array().unwrap();
    let lcores: Vec<u64> = workers.iter().map(|worker| number(worker, "/lcore")).collect();
    assert_eq!(lcores, [1, 2, 3, 4]);
    for port in 0..2 {
        assert!(number(&report, &format!("/forward_stats/ports/{port}/tx_packets")) > 0);
    }
}

#[test]
fn af_packet() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("af_packet", &reason);
    }
    // The sample's interfaces, joined to each other's inner ends by nothing: two pairs.
    let _pairs = ["left", "right"].map(Pair::new);
    let report = run_file("af_packet.toml");
    assert_eq!(devices(&report), ["net_af_packet0", "net_af_packet1"]);
    assert_eq!(report["plan"]["ports"][0]["peer"], 1);
}

/// A veth pair of the sample's name, deleted when dropped.
struct Pair(&'static str);

impl Pair {
    fn new(side: &'static str) -> Self {
        let (outer, inner) = (format!("pw-{side}"), format!("pwi-{side}"));
        run(Command::new("ip")
            .args(["link", "add", &outer, "type", "veth", "peer", "name", &inner]));
        let pair = Self(side);
        for end in [outer, inner] {
            run(Command::new("ip").args(["link", "set", &end, "up"]));
        }
        pair
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Not `run`: a panic here would hide the one that failed the test.
        let _ = Command::new("ip").args(["link", "del", &format!("pw-{}", self.0)]).output();
    }
}

#[test]
fn tap() {
    if let Some(reason) = lacks(&["ip"]) {
        return skip("tap", &reason);
    }
    let report = run_file("tap.toml");
    assert_eq!(devices(&report), ["net_tap0", "net_tap1"]);
    assert!(!Path::new("/sys/class/net/pw0").exists(), "the interface outlives the program");
}

#[test]
fn vhost() {
    if let Some(reason) = lacks(&[]) {
        return skip("vhost", &reason);
    }
    let report = run_file("vhost.toml");
    assert_eq!(report["forward_mode"], "mac");
    assert_eq!(devices(&report), ["net_vhost0", "net_vhost1"]);
    assert_eq!(report["drained"], json!(0));
    assert!(!Path::new("/run/pollway-vhost0.sock").exists(), "the socket outlives the program");
}
