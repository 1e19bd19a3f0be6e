//! Guests that come, go and are killed under traffic, and the switch that is.

use crate::lab::capture::udp;
use crate::lab::forwarder::Forwarder;
use crate::lab::frontend::{Frontend, GET_FEATURES};
use crate::lab::shell::Shell;
use crate::lab::{self, skip, testpmd};
use crate::{SMALL, folder, guest, no_testpmd};

/// A forwarder with a port at a socket, another that sends to it without end, and two guests at two more.
struct Busy {
    forwarder: Forwarder,
    others: [Frontend; 2],
    sent: u32,
}

impl Busy {
    fn new(device: &str, path: impl Fn(&str) -> String) -> Self {
        let (a, b) = (path("a"), path("b"));
        let devices = [device, "null:", &format!("vhost:{a}"), &format!("vhost:{b}")];
        let forwarder = Forwarder::on(&devices, &SMALL);
        let others = [a, b].map(|path| Frontend::up(&path, 0));
        Self { forwarder, others, sent: 0 }
    }

    /// Guests at other ports lose nothing.
    fn others_are_served(&mut self) {
        for _ in 0..20 {
            self.sent += 1;
            let frame = udp(2, self.sent, 200);
            self.others[0].send_frame(&frame);
            let came =
                lab::wait_for("a frame between the others", || self.others[1].receive_frame());
            assert_eq!(came, frame);
        }
    }

    fn waits_for(&mut self, said: &str, times: usize) {
        lab::wait_for(said, || {
            (self.forwarder.shell.console.stderr().matches(said).count() >= times).then_some(())
        });
        self.others_are_served();
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
    busy.forwarder.stop();
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
            busy.others_are_served();
        } else {
            // It is answered, so the connection was taken.
            let guest = Frontend::connect(&socket);
            assert!(guest.answer(GET_FEATURES).is_some(), "connection {number}");
        }
    }
    busy.forwarder.stop();
}

/// A port that receives without end sends to one whose guest is not there, does not look at its ring, and has gone.
#[test]
fn a_full_ring_and_no_guest_are_two_reasons() {
    let (_folder, path) = folder();
    let socket = path("sock");
    let mut switch = Forwarder::switch(&["null:", &format!("vhost:{socket}")], &SMALL);
    assert_eq!(switch.shell.ask("flow add in_port=0,actions=output:1"), "");
    let [full, _] = reasons_with(&mut switch, "no_link", 1000);
    assert_eq!(full, 0);

    let guest = Frontend::up(&socket, 0);
    let up = "pollway: port 1 (net_vhost0): link up";
    lab::wait_for(up, || switch.shell.console.stderr().contains(up).then_some(()));
    let [full, absent] = reasons(&mut switch);
    let [_, still] = reasons_with(&mut switch, "tx_full", full + 1000);
    assert_eq!(still, absent);

    drop(guest);
    let left = "the guest left: its connection ended";
    lab::wait_for(left, || switch.shell.console.stderr().contains(left).then_some(()));
    let [full, absent] = reasons(&mut switch);
    let [still, _] = reasons_with(&mut switch, "no_link", absent + 1000);
    assert_eq!(still, full);
    switch.stop();
}

/// What the switch has dropped because of a full ring, and without a guest.
fn reasons(switch: &mut Forwarder) -> [u64; 2] {
    let stats = switch.shell.ask("show switch stats --json");
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    let dropped = stats["dropped"].as_array().unwrap();
    ["tx_full", "no_link"].map(|reason| {
        let one = dropped.iter().find(|dropped| dropped["reason"] == reason);
        one.map_or(0, |dropped| dropped["packets"].as_u64().unwrap())
    })
}

/// The same, once there are so many of a reason.
fn reasons_with(switch: &mut Forwarder, reason: &str, least: u64) -> [u64; 2] {
    lab::wait_for(reason, || {
        let counts = reasons(switch);
        let count = if reason == "tx_full" { counts[0] } else { counts[1] };
        (count >= least).then_some(counts)
    })
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
    busy.others_are_served();
    busy.forwarder.stop();
}
