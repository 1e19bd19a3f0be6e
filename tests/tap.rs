//! Two kernel interfaces made by the forwarder, each given to a namespace: what one sends, the other receives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::{Forwarder, number};
use lab::kernel::{Packets, ping};
use lab::{lacks, run, skip, tag};
use std::process::Command;

/// A namespace, deleted when dropped.
struct Namespace(String);

impl Namespace {
    fn new(name: String) -> Self {
        ip(&["netns", "add", &name]);
        Self(name)
    }

    /// Takes an interface over and gives it an address.
    fn take(&self, interface: &str, address: &str) {
        ip(&["link", "set", interface, "netns", &self.0]);
        // An interface without IPv6 says nothing by itself, so that every packet is one of the test's.
        let no_v6 = format!("net.ipv6.conf.{interface}.disable_ipv6=1");
        run(&mut lab::kernel::command_in(&self.0, "sysctl", &["-q", "-w", &no_v6]));
        ip(&["-n", &self.0, "address", "add", address, "dev", interface]);
        ip(&["-n", &self.0, "link", "set", interface, "up"]);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Not `ip`: a panic here would hide the one that failed the test.
        let _ = Command::new("ip").args(["netns", "del", &self.0]).output();
    }
}

fn ip(arguments: &[&str]) {
    run(Command::new("ip").args(arguments));
}

#[test]
fn kernels_talk_through_taps() {
    if let Some(reason) = lacks(&["ip", "ping", "sysctl"]) {
        return skip("kernels_talk_through_taps", &reason);
    }
    let [a, b] = ["a", "b"].map(|end| Namespace::new(format!("pollway-tap{}{end}", tag())));
    let [tap_a, tap_b] = ["a", "b"].map(|end| format!("pwt-{}{end}", tag()));
    let mut forwarder = Forwarder::on(&[&format!("tap:{tap_a}"), &format!("tap:{tap_b}")], &[]);
    a.take(&tap_a, "198.18.8.1/24");
    b.take(&tap_b, "198.18.8.2/24");

    assert_eq!(ping(&a.0, "198.18.8.2", 20), 20);
    assert_eq!(ping(&b.0, "198.18.8.1", 20), 20);

    let figures = [(&a.0, &tap_a), (&b.0, &tap_b)].map(|(name, tap)| Packets::of(name, tap));
    for (port, Packets { sent, .. }) in figures.into_iter().enumerate() {
        // Eighty echoes and replies, half of them each way, and at least one question or answer of ARP.
        assert!(sent > 40, "{sent}");
        forwarder.shell.wait_for_figure(port, "RX-packets", sent);
    }
    let report = forwarder.stop();
    for (port, Packets { sent, received }) in figures.into_iter().enumerate() {
        let figure = |port: usize, name: &str| {
            number(&report, &format!("/forward_stats/ports/{port}/{name}"))
        };
        let (rx, tx) = (figure(port, "rx_packets"), figure(port, "tx_packets"));
        assert_eq!((rx, tx), (sent, received), "{report:#}");
        // What the first interface says when it comes up finds the second one down, and is dropped.
        assert_eq!(figure(1 - port, "rx_packets"), tx + figure(port, "tx_dropped"), "{report:#}");
    }
}
