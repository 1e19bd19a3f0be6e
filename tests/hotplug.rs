//! Ports come and go, and queues change lcores, while two kernels talk through others: none of their packets is lost. What the
//! kernel tells of devices is heard.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;
#[allow(dead_code, reason = "the demo uses the rest")]
#[path = "../cli/src/demo/namespaces.rs"]
mod namespaces;

use lab::forwarder::{Forwarder, number};
use lab::kernel::Datagrams;
use lab::{lacks, lcores, skip, tag};
use namespaces::Namespaces;
use rustix::net::{AddressFamily, SendFlags, SocketType, netlink, sendto, socket};

/// How many ports come and go at a time, and how often. DPDK has room for 32 (`RTE_MAX_ETHPORTS`), two of which the kernels have.
const PORTS: usize = 30;
const ROUNDS: usize = 3;

#[test]
fn ports_come_and_go_and_queues_move_while_others_forward() {
    let name = "ports_come_and_go_and_queues_move_while_others_forward";
    if let Some(reason) = lacks(&["ip", "ethtool"]) {
        return skip(name, &reason);
    }
    let rig = Namespaces::new(&tag()).unwrap();
    let [a, b] = rig.ends();
    let devices = [a, b].map(|end| format!("af_packet:{}", end.outer));
    let devices = devices.each_ref().map(String::as_str);
    let mut forwarder = Forwarder::on(&devices, &["--lcores", &lcores(2, 1)]);
    let traffic = Datagrams::start(&a.namespace, &b.namespace, &b.address);
    traffic.wait_for(100);

    for _ in 1..ROUNDS {
        add_all(&mut forwarder, &traffic);
        remove_all(&mut forwarder, &traffic);
    }
    add_all(&mut forwarder, &traffic);
    // What could not be made is not half there: another takes its place, and gets its number.
    for _ in 0..2 {
        let full = forwarder.shell.ask("port add null:");
        let why = "this DPDK was built for 32 ports (RTE_MAX_ETHPORTS)";
        assert!(full.contains(why), "{full}");
        traffic.wait_for(10);
    }
    let last = PORTS + 1;
    let removed = forwarder.shell.ask(&format!("port remove {last}"));
    let alone = format!("; port {}, which it was paired with, no longer forwards\n", last - 1);
    assert!(removed.ends_with(&alone), "{removed}");
    let added = forwarder.shell.ask(&format!("port add ring:plug{last}"));
    assert!(added.starts_with(&format!("Port {last} is added; ")), "{added}");
    assert!(added.ends_with(&format!("; port {} forwards again\n", last - 1)), "{added}");
    forwarder.shell.wait_for_figure(3, "TX-packets", 1);
    for (line, expected) in [
        ("port 0 rxq 0 lcore 2", "RX queue 0 of port 0 is polled by lcore 2; the others rested"),
        ("port 1 rxq 0 lcore 2", "RX queue 0 of port 1 is polled by lcore 2; the others rested"),
        ("port 1 rxq 0 lcore 0", "lcore 0, which does not forward"),
        ("port 1 rxq 7 lcore 1", "Invalid RX queue 7 (must be < nb_rxq=1)"),
        ("port add null:,size=x", "Failed to attach port null:,size=x"),
        ("port remove 99", "Invalid port 99"),
    ] {
        let answer = forwarder.shell.ask(line);
        assert!(answer.contains(expected), "{line}: {answer}");
        traffic.wait_for(100);
    }
    let plan = forwarder.shell.ask("show config fwd --json");
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let workers = plan["plan"]["workers"].as_array().unwrap();
    let polled = |lcore: u64| {
        let worker = workers.iter().find(|worker| worker["lcore"] == lcore).unwrap();
        let streams = worker["streams"].as_array().unwrap().iter();
        streams.filter_map(|stream| stream["source"]["rx"][0].as_u64()).collect::<Vec<_>>()
    };
    assert!(polled(2).starts_with(&[0, 1]) && !polled(1).contains(&0), "{plan}");
    assert!(forwarder.shell.ask("port 0 rxq 0 lcore any").contains("polled by any lcore"));

    remove_all(&mut forwarder, &traffic);
    // What the kernels have sent is counted over all of the plans.
    let sent = traffic.finish();
    let report = forwarder.stop();
    assert!(number(&report, "/forward_stats/ports/0/rx_packets") >= sent, "{sent}: {report}");
    assert_eq!(number(&report, "/forward_stats/ports/1/tx_dropped"), 0);
    assert_eq!(number(&report, "/mbufs_missing"), 0);
}

/// Adds ports that receive without end, and others that receive nothing at all.
fn add_all(forwarder: &mut Forwarder, traffic: &Datagrams) {
    for port in 2..PORTS + 2 {
        let device = if port < 4 { "null:".to_owned() } else { format!("ring:plug{port}") };
        let answer = forwarder.shell.ask(&format!("port add {device}"));
        let expected = format!("Port {port} is added; the others rested for ");
        assert!(answer.starts_with(&expected), "{answer}");
        traffic.wait_for(10);
    }
}

fn remove_all(forwarder: &mut Forwarder, traffic: &Datagrams) {
    for port in (2..PORTS + 2).rev() {
        let answer = forwarder.shell.ask(&format!("port remove {port}"));
        let expected = format!("Port {port} is removed; the others rested for ");
        assert!(answer.starts_with(&expected), "{answer}");
        traffic.wait_for(10);
    }
}

#[test]
fn what_the_kernel_tells_of_devices_is_heard() {
    let name = "what_the_kernel_tells_of_devices_is_heard";
    if let Some(reason) = lacks(&[]) {
        return skip(name, &reason);
    }
    // No machine has a device there; DPDK says that it knows none.
    let device = "ffff:fe:1f.7";
    for flags in [&[][..], &["--hot-plug"]] {
        let own = ["--no-huge", "-m", "128"];
        let forwarder = Forwarder::prepare(&["null:"], &[&own, flags].concat());
        let said = format!("Cannot find device ({device}) on bus (pci)");
        assert!(!forwarder.shell.console.stderr().contains(&said));
        say_that_it_left(device);
        lab::wait_for("the message", || {
            forwarder.shell.console.stderr().contains(&said).then_some(())
        });
        forwarder.stop();
    }
}

/// Tells all who listen to the kernel's messages of devices that a PCI device was taken away.
fn say_that_it_left(device: &str) {
    let message = format!(
        "remove@/devices/test\0ACTION=remove\0DEVPATH=/devices/test\0SUBSYSTEM=pci\0PCI_SLOT_NAME={device}\0"
    );
    let kind = SocketType::DGRAM;
    let socket = socket(AddressFamily::NETLINK, kind, Some(netlink::KOBJECT_UEVENT)).unwrap();
    let listeners = netlink::SocketAddrNetlink::new(0, 1);
    sendto(&socket, message.as_bytes(), SendFlags::empty(), &listeners).unwrap();
}
