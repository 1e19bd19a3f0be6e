//! Two kernels that talk through the forwarder, on packet sockets and on XDP sockets: nothing is lost, nothing is
//! changed, and the forwarder's counters are the kernels'.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;
#[allow(dead_code, reason = "the demo uses the rest")]
#[path = "../cli/src/demo/namespaces.rs"]
mod namespaces;

use lab::forwarder::{Forwarder, number};
use lab::kernel::{Packets, command_in, ping, send_file};
use lab::{lacks, lcores, run, skip, tag};
use namespaces::{End, Namespaces};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

const FILE_BYTES: u64 = 100_000_000;

#[test]
fn kernels_talk_through_packet_sockets() {
    through("kernels_talk_through_packet_sockets", "af_packet", &[]);
}

#[test]
fn kernels_talk_through_xdp_sockets() {
    let name = "kernels_talk_through_xdp_sockets";
    if let Some(reason) = lacks(&["ip", "ethtool"]) {
        return skip(name, &reason);
    }
    if !xdp_sockets_are_there() {
        return skip(name, "this kernel has no XDP sockets");
    }
    through(name, "af_xdp", &[]);
}

#[test]
fn kernels_talk_through_a_pipeline() {
    let name = "kernels_talk_through_a_pipeline";
    let report = through(name, "af_packet", &["--model=pipeline", "--lcores", &lcores(4, 1)]);
    if let Some(report) = report {
        assert_eq!(report["plan"]["model"], "pipeline");
        assert_eq!(report["engine"]["workers"].as_array().unwrap().len(), 4);
    }
}

/// Lets two kernels talk through a forwarder on their interfaces; returns its report, or nothing where that cannot be.
fn through(name: &str, form: &str, flags: &[&str]) -> Option<Value> {
    if let Some(reason) = lacks(&["ip", "ethtool", "ping", "iperf3", "sha256sum"]) {
        skip(name, &reason);
        return None;
    }
    let rig = Namespaces::new(&tag()).unwrap();
    let [a, b] = rig.ends();
    let counted = |end: &End| Packets::of(&end.namespace, &end.inner);
    let before = [a, b].map(counted);
    let passed = || [0, 1].map(|end| counted(&rig.ends()[end]).since(before[end]));
    let devices = [a, b].map(|end| format!("{form}:{}", end.outer));
    let mut forwarder = Forwarder::on(&devices.each_ref().map(String::as_str), flags);

    assert_eq!(ping(&a.namespace, &b.address, 20), 20);
    // Nothing was lost, and nothing is under way but what a kernel says now and then.
    lab::wait_for("counters that agree with the kernels'", || {
        let kernels = passed();
        let ports = [0, 1].map(|port| Packets {
            sent: forwarder.shell.port_figure(port, "RX-packets"),
            received: forwarder.shell.port_figure(port, "TX-packets"),
        });
        (ports == kernels).then_some(())
    });

    let folder = tempfile::tempdir().unwrap();
    let [file, arrived] = ["file", "arrived"].map(|name| folder.path().join(name));
    random_file(&file);
    send_file(&file, &a.namespace, &b.namespace, &b.address, &arrived);
    assert_eq!(sha256(&arrived), sha256(&file));

    let mut server = command_in(&b.namespace, "iperf3", &["--server", "--one-off", "--forceflush"]);
    let mut server = lab::console::Console::start(&mut server);
    server.wait_for("Server listening");
    let client = ["--client", &b.address, "--time", "1", "--json"];
    let measured: Value =
        serde_json::from_str(&run(&mut command_in(&a.namespace, "iperf3", &client))).unwrap();
    let iperf_bytes = number(&measured, "/end/sum_received/bytes");
    assert!(iperf_bytes > 100_000, "{measured:#}");
    assert!(server.wait().status.success());

    // TCP fills a socket's queue until it loses a packet, which the kernel counts as sent; behind that nothing is lost
    // uncounted.
    let report = forwarder.stop();
    let figure =
        |port: usize, path: &str| number(&report, &format!("/forward_stats/ports/{port}/{path}"));
    for (port, Packets { sent, received }) in passed().into_iter().enumerate() {
        assert!(figure(port, "rx_packets") <= sent, "{sent} sent: {report:#}");
        assert_eq!(figure(port, "tx_packets"), received, "{report:#}");
        assert_eq!(
            figure(1 - port, "rx_packets"),
            figure(port, "tx_packets") + figure(port, "tx_dropped"),
            "{report:#}"
        );
    }
    let bytes = number(&report, "/ports/0/stats/rx_bytes");
    assert!(bytes > FILE_BYTES + iperf_bytes, "{bytes}");
    Some(report)
}

fn random_file(path: &Path) {
    let mut random = File::open("/dev/urandom").unwrap().take(FILE_BYTES);
    assert_eq!(std::io::copy(&mut random, &mut File::create(path).unwrap()).unwrap(), FILE_BYTES);
}

fn sha256(path: &Path) -> String {
    let said = run(Command::new("sha256sum").arg(path));
    said.split(' ').next().unwrap().to_owned()
}

/// Whether the kernel knows the address family AF_XDP (44), which `socket(2)` answers.
fn xdp_sockets_are_there() -> bool {
    use rustix::net::{AddressFamily, SocketType, socket};
    socket(AddressFamily::from_raw(44), SocketType::RAW, None).is_ok()
}
