//! Two kernel interfaces made by the forwarder, each given to a namespace: what one sends, the other receives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::{Forwarder, number};
use lab::kernel::{Namespace, Packets, ping};
use lab::{lacks, skip, tag};

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

    assert_eq!(ping(&a.name, "198.18.8.2", 20), 20);
    assert_eq!(ping(&b.name, "198.18.8.1", 20), 20);

    let figures = [(&a.name, &tap_a), (&b.name, &tap_b)].map(|(name, tap)| Packets::of(name, tap));
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
