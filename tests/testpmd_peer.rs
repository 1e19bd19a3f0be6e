//! DPDK's own dpdk-testpmd on the other side of a link, or behind Open vSwitch: what it sends comes back, and all sides count
//! the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::{Forwarder, number};
use lab::ovs::{self, Ovs};
use lab::shell::Shell;
use lab::{lacks_programs, skip, testpmd};

/// Bursts of 32 packets that testpmd sends at once; together they fit each link's ring.
const BURSTS: u64 = 8;
const PACKETS: u64 = 32 * BURSTS;

/// Rounds of so many packets: several, as a ring that is used once proves nothing about its second turn.
const ROUNDS: u64 = 12;
const PACKETS_IN_ALL: u64 = ROUNDS * PACKETS;

#[test]
fn memif_with_testpmd() {
    let Some(socket) = socket("memif_with_testpmd") else { return };
    let vdev = format!("net_memif0,socket={},socket-abstract=no,role=server", socket.path);
    let peer = testpmd::start(&["--vdev", &vdev], &[]);
    let forwarder =
        Forwarder::on(&[&format!("memif:{}", socket.path)], &["--forward-mode=macswap"]);
    agree(forwarder, peer);
}

#[test]
fn vhost_with_testpmds_virtio_user() {
    let Some(socket) = socket("vhost_with_testpmds_virtio_user") else { return };
    let forwarder =
        Forwarder::on(&[&format!("vhost:{}", socket.path)], &["--forward-mode=macswap"]);
    let vdev = format!("net_virtio_user0,path={}", socket.path);
    let peer = testpmd::start(&["--single-file-segments", "--vdev", &vdev], &[]);
    agree(forwarder, peer);
}

#[test]
fn virtio_user_with_testpmds_vhost() {
    let Some(socket) = socket("virtio_user_with_testpmds_vhost") else { return };
    let vdev = format!("net_vhost0,iface={}", socket.path);
    // With a vhost port testpmd leaves its memory's files behind.
    let peer = testpmd::start(&["--huge-unlink=always", "--vdev", &vdev], &[]);
    let device = format!("virtio-user:{}", socket.path);
    let forwarder = Forwarder::on(&[&device], &["--forward-mode=macswap"]);
    let said = forwarder.shell.console.stderr();
    assert!(said.contains("pollway: running with --single-file-segments: "), "{said}");
    assert!(said.contains(&format!("pollway: {device}: packed rings\n")), "{said}");
    agree(forwarder, peer);
}

#[test]
fn virtio_user_with_testpmd_behind_open_vswitch() {
    let name = "virtio_user_with_testpmd_behind_open_vswitch";
    if socket(name).is_none() {
        return;
    }
    if let Some(reason) = lab::lacks(&[]).or_else(ovs::lacks_dpdk) {
        return skip(name, &reason);
    }
    let ovs = Ovs::dpdk(0);
    for (port, number) in [("ours", 1), ("theirs", 2)] {
        ovs.add_port(port, number, "dpdkvhostuser", &[]);
    }
    for rule in ["in_port=1,actions=output:2", "in_port=2,actions=output:1"] {
        ovs.ofctl("add-flow", &[rule]);
    }
    let [ours, theirs] = ["ours", "theirs"].map(|port| ovs.at(port).display().to_string());
    let vdev = format!("net_virtio_user0,path={theirs}");
    let peer = testpmd::start(&["--single-file-segments", "--vdev", &vdev], &[]);
    let forwarder = Forwarder::on(&[&format!("virtio-user:{ours}")], &["--forward-mode=macswap"]);
    agree(forwarder, peer);
    let counted = format!("n_packets={PACKETS_IN_ALL}, n_bytes={}", PACKETS_IN_ALL * 64);
    lab::wait_for("Open vSwitch's counters", || {
        let rules = ovs.ofctl("dump-flows", &[]);
        (rules.matches(&counted).count() == 2).then_some(())
    });
}

/// Has testpmd send and the forwarder send back, until all of it came back.
fn agree(mut forwarder: Forwarder, mut peer: Shell) {
    lab::wait_for("testpmd's link", || {
        peer.ask("show port info 0").contains("Link status: up").then_some(())
    });
    peer.ask("set fwd rxonly");
    for round in 1..=ROUNDS {
        peer.ask(&format!("start tx_first {BURSTS}"));
        forwarder.shell.wait_for_figure(0, "TX-packets", round * PACKETS);
        peer.wait_for_figure(0, "RX-packets", round * PACKETS);
        peer.ask("stop");
    }
    let all = PACKETS_IN_ALL;
    for way in ["RX-packets", "TX-packets"] {
        assert_eq!(peer.port_figure(0, way), all, "testpmd's {way}");
    }
    // testpmd's frames are of 64 bytes.
    assert_eq!(peer.port_figure(0, "RX-bytes"), all * 64);
    let report = forwarder.stop();
    for figure in ["rx_packets", "tx_packets"] {
        assert_eq!(number(&report, &format!("/forward_stats/ports/0/{figure}")), all, "{report:#}");
        assert_eq!(number(&report, &format!("/ports/0/stats/{figure}")), all, "{report:#}");
    }
    assert_eq!(number(&report, "/ports/0/stats/rx_bytes"), all * 64);
    peer.console.close();
}

/// A place for a socket.
struct Socket {
    path: String,
    _folder: tempfile::TempDir,
}

/// A place for a socket, or nothing where there is no testpmd.
fn socket(name: &str) -> Option<Socket> {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        skip(name, &reason);
        return None;
    }
    if !lab::hugepages_are_there() {
        skip(
            name,
            "no free hugepages on /dev/hugepages, without which testpmd has no memory to share",
        );
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    Some(Socket { path: folder.path().join("sock").display().to_string(), _folder: folder })
}
