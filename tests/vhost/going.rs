//! Guests that come, go and are killed under traffic, and the switch that is.

use crate::lab::capture::udp;
use crate::lab::forwarder::{Forwarder, number};
use crate::lab::frontend::{Frontend, GET_FEATURES, WRITE};
use crate::lab::neighbours::Neighbours;
use crate::lab::shell::Shell;
use crate::lab::{self, skip, testpmd};
use crate::{SMALL, folder, guest, no_testpmd};
use serde_json::json;

/// A forwarder with a port at a socket, another that sends to it without end, and two guests at two more.
struct Busy {
    forwarder: Forwarder,
    neighbours: Neighbours,
}

impl Busy {
    fn new(device: &str, path: impl Fn(&str) -> String) -> Self {
        let (a, b) = (path("a"), path("b"));
        let devices = [device, "null:", &format!("vhost:{a}"), &format!("vhost:{b}")];
        let forwarder = Forwarder::on(&devices, &SMALL);
        let neighbours = Neighbours::start(&forwarder.shell.console, [(2, &a), (3, &b)]);
        Self { forwarder, neighbours }
    }

    /// The neighbours have lost nothing, and every packet is back in its pool.
    fn end(self) {
        self.neighbours.finish();
        self.forwarder.stop();
    }

    fn waits_for(&mut self, said: &str, times: usize) {
        lab::wait_for(said, || {
            (self.forwarder.shell.console.stderr().matches(said).count() >= times).then_some(())
        });
        self.neighbours.are_served();
    }
}

/// Kills a guest under traffic, some times, and has it come back.
fn killed_and_back(device: &str, path: impl Fn(&str) -> String, options: &str) {
    let socket = path("sock");
    let mut busy = Busy::new(device, path);
    for round in 1..=3 {
        let mut peer = guest(&socket, options, &["--forward-mode=flowgen"]);
        peer.ask("start");
        busy.waits_for("pollway: port 0 (net_vhost0): link up", round);
        let received = busy.forwarder.shell.port_figure(0, "RX-packets");
        busy.forwarder.shell.wait_for_figure(0, "RX-packets", received + 1000);
        peer.console.signal(rustix::process::Signal::KILL);
        // A listener's file outlives it.
        if options.contains("server=1") {
            std::fs::remove_file(&socket).unwrap();
        }
        busy.waits_for("pollway: port 0 (net_vhost0): the guest left: its connection ended", round);
    }
    busy.end();
}

#[test]
fn a_guest_that_is_killed_comes_back() {
    if let Some(reason) = no_testpmd() {
        return skip("a_guest_that_is_killed_comes_back", &reason);
    }
    let (_folder, path) = folder();
    killed_and_back(&format!("vhost:{}", path("sock")), path, ",packed_vq=1");
}

#[test]
fn a_guest_that_listens_is_found_again() {
    if let Some(reason) = no_testpmd() {
        return skip("a_guest_that_listens_is_found_again", &reason);
    }
    let (_folder, path) = folder();
    killed_and_back(&format!("vhost:{},client=1", path("sock")), path, ",server=1");
}

/// A guest's link is its connection: it goes with the port, and comes with another at the same socket.
#[test]
fn a_port_that_is_removed_takes_the_link_of_its_guest_down() {
    let name = "a_port_that_is_removed_takes_the_link_of_its_guest_down";
    if let Some(reason) = no_testpmd() {
        return skip(name, &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let device = format!("vhost:{socket},client=1");
    let mut busy = Busy::new(&device, path);
    let mut peer = guest(&socket, ",server=1", &[]);
    let mut is = |status: &str| {
        lab::wait_for("testpmd's link", || {
            peer.ask("show port info 0").contains(&format!("Link status: {status}")).then_some(())
        });
    };
    is("up");
    let refused = busy.forwarder.shell.ask("set link-down port 0");
    assert!(refused.contains("Set link down fail.; "), "{refused}");
    assert!(refused.contains("port remove 0 ends"), "{refused}");
    for _ in 0..2 {
        let removed = busy.forwarder.shell.ask("port remove 0");
        assert!(removed.starts_with("Port 0 is removed"), "{removed}");
        is("down");
        busy.neighbours.are_served();
        let added = busy.forwarder.shell.ask(&format!("port add {device}"));
        assert!(added.starts_with("Port 0 is added"), "{added}");
        is("up");
        busy.neighbours.are_served();
    }
    peer.console.close();
    busy.end();
}

/// testpmd listens at two sockets, to which a switch connects that joins them; each end sends without end.
#[test]
fn a_switch_that_is_killed_is_followed_by_another() {
    if let Some(reason) = no_testpmd() {
        return skip("a_switch_that_is_killed_is_followed_by_another", &reason);
    }
    for packed in [",packed_vq=0", ",packed_vq=1"] {
        let (_folder, path) = folder();
        let sockets = ["a", "b"].map(path);
        // testpmd begins when somebody has connected.
        let switch = joined(&sockets);
        let vdev = |at: usize| format!("net_virtio_user{at},path={},server=1{packed}", sockets[at]);
        let devices = ["--vdev", &vdev(0), "--vdev", &vdev(1)];
        let memory = ["-m", "256", "--single-file-segments"];
        let mut peer =
            testpmd::start(&[&memory[..], &devices].concat(), &["--forward-mode=flowgen"]);
        peer.ask("start");
        crosses(&mut peer);
        switch.shell.console.signal(rustix::process::Signal::KILL);
        let mut other = joined(&sockets);
        crosses(&mut peer);
        for port in 0..2 {
            other.shell.wait_for_figure(port, "RX-packets", 1000);
        }
        peer.console.close();
        other.stop();
    }
}

/// A switch that connects to two sockets, and sends what comes by one to the other.
fn joined(sockets: &[String; 2]) -> Forwarder {
    let devices = sockets.each_ref().map(|socket| format!("vhost:{socket},client=1"));
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    for rule in ["in_port=0,actions=output:1", "in_port=1,actions=output:0"] {
        assert_eq!(switch.shell.ask(&format!("flow add {rule}")), "");
    }
    switch
}

/// Packets come to both ports.
fn crosses(peer: &mut Shell) {
    for port in 0..2 {
        let received = peer.port_figure(port, "RX-packets");
        peer.wait_for_figure(port, "RX-packets", received + 1000);
    }
}

#[test]
fn a_thousand_guests_one_after_another() {
    let (_folder, path) = folder();
    let socket = path("sock");
    let mut busy = Busy::new(&format!("vhost:{socket}"), path);
    for number in 1..=1000 {
        if number % 100 == 0 {
            let mut guest = Frontend::up(&socket, 0);
            guest.send_frame(&udp(3, number, 128));
            busy.forwarder.shell.wait_for_figure(0, "RX-packets", u64::from(number / 100));
            busy.neighbours.are_served();
        } else {
            // It is answered, so the connection was taken.
            let guest = Frontend::connect(&socket);
            assert!(guest.answer(GET_FEATURES).is_some(), "connection {number}");
        }
    }
    busy.end();
}

/// A port that receives without end sends to one whose guest is not there, does not look at its ring, puts there what cannot be
/// used, and has gone.
#[test]
fn a_full_ring_a_bad_descriptor_and_no_guest_are_reasons() {
    let (_folder, path) = folder();
    let socket = path("sock");
    let mut switch = Forwarder::switch(&["null:", &format!("vhost:{socket}")], &SMALL);
    assert_eq!(switch.shell.ask("flow add in_port=0,actions=output:1"), "");
    assert_eq!(more(&mut switch, NO_LINK, 1000), [0, 0]);

    let mut guest = Frontend::up(&socket, 0);
    let said = |switch: &Forwarder, what: &str| {
        let line = format!("pollway: port 1 (net_vhost0): {what}");
        lab::wait_for(&line, || switch.shell.console.stderr().contains(&line).then_some(()));
    };
    said(&switch, "link up");
    assert_eq!(more(&mut switch, FULL, 1000), [0, 0]);

    // What is dropped until that is seen may count as for a full ring.
    let [_, before, _] = reasons(&mut switch);
    guest.descriptor(0, 0, 0xdead_0000_0000, 64, WRITE, 0);
    guest.make_available(0, 0);
    said(&switch, "dropped the guest: ring 0: 64 bytes at 0xdead00000000 are not in its memory");
    said(&switch, "link down");
    let [_, bad, _] = reasons(&mut switch);
    assert!(before == 0 && bad > 0, "{before} {bad}");
    assert_eq!(more(&mut switch, NO_LINK, 1000), [0, 0]);
    let all = switch.shell.ask("show switch stats");
    for reason in ["tx_full", "bad_descriptor", "no_link"] {
        assert!(all.contains(&format!("Dropped ({reason}): ")), "{all}");
    }
    // The port has one ring to its guests.
    switch.shell.ask("stop");
    assert_eq!(unsent(&mut switch), [reasons(&mut switch)]);
    let page = switch.shell.ask("show vhost 1");
    for reason in ["tx_full", "bad_descriptor", "no_link"] {
        assert!(page.contains(&format!("Dropped before ring 0 ({reason}): ")), "{page}");
    }
    switch.stop();
}

/// Two queues send to a port without a guest, and to one that receives by the first of two alone.
#[test]
fn each_ring_has_its_own_drops() {
    let (_folder, path) = folder();
    let socket = path("sock");
    let devices = ["null:", &format!("vhost:{socket}")];
    let flags = [&SMALL[..], &["--rxq=2", "--txq=2"]].concat();
    let mut forwarder = Forwarder::on(&devices, &flags);
    let both = |forwarder: &mut Forwarder, reason: usize| {
        lab::wait_for("drops before both rings", || {
            let rings = unsent(forwarder);
            (rings.len() == 2 && rings.iter().all(|ring| ring[reason] > 1000)).then_some(())
        });
    };
    both(&mut forwarder, NO_LINK);
    let _guest = Frontend::up(&socket, 0);
    both(&mut forwarder, FULL);
    forwarder.shell.ask("stop");
    let rings = unsent(&mut forwarder);
    let report = forwarder.stop();
    let streams = report["engine"]["workers"][0]["streams"].as_array().unwrap();
    for (queue, ring) in rings.iter().enumerate() {
        let feeds = |stream: &&serde_json::Value| stream["plan"]["sink"]["tx"] == json!([1, queue]);
        let dropped = &streams.iter().find(feeds).unwrap()["figures"]["dropped"];
        let [full, _, no_link] = ring;
        let counted = json!([
            { "reason": "tx_full", "packets": full },
            { "reason": "no_link", "packets": no_link },
        ]);
        assert_eq!(*dropped, counted, "ring of queue {queue}");
    }
}

/// What did not get into the rings of port 1, ring by ring and by reason.
fn unsent(forwarder: &mut Forwarder) -> Vec<[u64; 3]> {
    let pages = forwarder.shell.ask("show vhost 1 --json");
    let pages: serde_json::Value = serde_json::from_str(&pages).unwrap();
    let rings = pages[0]["unsent"].as_array().unwrap();
    rings.iter().map(|ring| REASONS.map(|reason| number(ring, &format!("/{reason}")))).collect()
}

const REASONS: [&str; 3] = ["full", "bad_descriptor", "no_link"];
const FULL: usize = 0;
const NO_LINK: usize = 2;

/// What could not leave by port 1, by reason.
fn reasons(switch: &mut Forwarder) -> [u64; 3] {
    let stats = switch.shell.ask("show switch stats --json");
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    REASONS.map(|reason| number(&stats, &format!("/ports/1/{reason}")))
}

/// Waits until so many more are dropped for a reason; how many more are for the two others.
fn more(switch: &mut Forwarder, reason: usize, least: u64) -> [u64; 2] {
    let before = reasons(switch);
    let after = lab::wait_for(REASONS[reason], || {
        let now = reasons(switch);
        (now[reason] >= before[reason] + least).then_some(now)
    });
    let others = [(reason + 1) % 3, (reason + 2) % 3];
    others.map(|other| after[other] - before[other])
}

#[test]
fn a_socket_file_that_is_removed() {
    let (_folder, path) = folder();
    let socket = path("sock");
    let mut busy = Busy::new(&format!("vhost:{socket}"), path);
    let mut guest = Frontend::up(&socket, 0);
    busy.waits_for("pollway: port 0 (net_vhost0): link up", 1);
    std::fs::remove_file(&socket).unwrap();
    guest.send_frame(&udp(3, 1, 128));
    busy.forwarder.shell.wait_for_figure(0, "RX-packets", 1);
    busy.neighbours.are_served();
    busy.end();
}
