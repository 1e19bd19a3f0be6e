//! vhost-user ports with guests that come, go, are killed and come back: DPDK's own virtio-user in dpdk-testpmd, and guests
//! written by hand where there have to be many.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::udp;
use lab::forwarder::{Forwarder, fwd, own_prefix};
use lab::frontend::{Frontend, GET_FEATURES};
use lab::shell::Shell;
use lab::{hugepages_are_there, lacks_programs, skip, testpmd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use tempfile::TempDir;

/// What the forwarder needs; a guest's memory is the guest's.
const SMALL: [&str; 3] = ["--no-huge", "-m", "256"];

fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name).display().to_string())
}

/// Why testpmd cannot be a guest here.
fn no_testpmd() -> Option<String> {
    lacks_programs(&["dpdk-testpmd", "stdbuf"]).or_else(|| {
        let reason =
            "no free hugepages on /dev/hugepages, without which testpmd has no memory to share";
        (!hugepages_are_there()).then(|| reason.to_owned())
    })
}

/// testpmd as a guest at a socket, with options of its virtio-user device.
fn guest(path: &str, options: &str, flags: &[&str]) -> Shell {
    let vdev = format!("net_virtio_user0,path={path}{options}");
    testpmd::start(&["-m", "256", "--single-file-segments", "--vdev", &vdev], flags)
}

/// Has a guest send packets that the forwarder sends back, some rounds of them.
fn bounce(peer: &mut Shell, forwarder: &mut Shell, sent_before: u64) -> u64 {
    lab::wait_for("testpmd's link", || {
        peer.ask("show port info 0").contains("Link status: up").then_some(())
    });
    lab::wait_for("the forwarder's link", || {
        forwarder.ask("show port info 0").contains("Link status: up").then_some(())
    });
    peer.ask("set fwd rxonly");
    for round in 1..=3 {
        peer.ask("start tx_first 2");
        forwarder.wait_for_figure(0, "TX-packets", sent_before + round * 64);
        peer.wait_for_figure(0, "RX-packets", round * 64);
        peer.ask("stop");
    }
    sent_before + 3 * 64
}

#[test]
fn every_ring_format_with_testpmd() {
    if let Some(reason) = no_testpmd() {
        return skip("every_ring_format_with_testpmd", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let device = format!("vhost:{socket}");
    let mut forwarder =
        Forwarder::on(&[&device], &[&SMALL[..], &["--forward-mode=macswap"]].concat());
    let mut sent = 0;
    for (options, format, has, lacks) in [
        (",mrg_rxbuf=0,in_order=0", "split", "version_1", "mrg_rxbuf"),
        (",mrg_rxbuf=1,in_order=1", "split", "mrg_rxbuf", "packed_vq"),
        (",packed_vq=1,mrg_rxbuf=1,in_order=0", "packed", "mrg_rxbuf", "in_order"),
        (",packed_vq=1,mrg_rxbuf=0,in_order=1", "packed", "in_order", "mrg_rxbuf"),
    ] {
        let mut peer = guest(&socket, options, &[]);
        sent = bounce(&mut peer, &mut forwarder.shell, sent);
        let page = forwarder.shell.ask("show vhost 0");
        let line = |name: &str| {
            let found = page.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no {name} in {page}"))
        };
        assert_eq!(line("Ring format: "), format);
        let taken: Vec<&str> = line("Features: ").split(' ').collect();
        assert!(taken.contains(&has) && !taken.contains(&lacks), "{options}: {page}");
        assert!(line("Memory: ").contains(" MiB at 0x"), "{page}");
        // 192 packets of 64 bytes each way, since this guest came.
        for ring in ["Ring 0 (queue 0, to the guest): ", "Ring 1 (queue 0, from the guest): "] {
            let (_, counts) = page.split_once(ring).unwrap();
            let counts: Vec<&str> = counts.lines().take(4).map(str::trim).collect();
            assert!(counts[0].ends_with(" of 256 available"), "{page}");
            for count in ["good_packets: 192", "good_bytes: 12288", "size_64_packets: 192"] {
                assert!(counts.contains(&count), "no {count} in {page}");
            }
        }
        peer.console.close();
    }
    forwarder.stop();
}

#[test]
fn two_queues_with_testpmd() {
    if let Some(reason) = no_testpmd() {
        return skip("two_queues_with_testpmd", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let flags = ["--forward-mode=macswap", "--rxq=2", "--txq=2"];
    let mut forwarder =
        Forwarder::on(&[&format!("vhost:{socket}")], &[&SMALL[..], &flags].concat());
    let mut peer = guest(&socket, ",queues=2,packed_vq=1", &["--rxq=2", "--txq=2"]);
    lab::wait_for("four rings", || {
        let page = forwarder.shell.ask("show vhost 0");
        (page.matches(" of 256 available").count() == 4).then_some(())
    });
    bounce(&mut peer, &mut forwarder.shell, 0);
    let page = forwarder.shell.ask("show vhost 0");
    assert!(page.contains("Features: ") && page.contains(" mq "), "{page}");
    peer.console.close();
    forwarder.stop();
}

#[test]
fn what_is_withheld_is_not_taken() {
    if let Some(reason) = no_testpmd() {
        return skip("what_is_withheld_is_not_taken", &reason);
    }
    let (_folder, path) = folder();
    let socket = path("sock");
    let device = format!("vhost:{socket},packed_vq=0,csum=0,mode=0600");
    let mut forwarder =
        Forwarder::on(&[&device], &[&SMALL[..], &["--forward-mode=macswap"]].concat());
    let page = forwarder.shell.ask("show vhost all");
    let offered = page.lines().find_map(|line| line.strip_prefix("Offered: ")).unwrap();
    let offered: Vec<&str> = offered.split(' ').collect();
    for (feature, is_offered) in
        [("packed_vq", false), ("csum", false), ("host_ufo", false), ("guest_csum", true)]
    {
        assert_eq!(offered.contains(&feature), is_offered, "{feature}: {page}");
    }
    assert!(page.ends_with("Guest: none\n"), "{page}");
    // A guest that wants packed rings falls back on split ones.
    let mut peer = guest(&socket, ",packed_vq=1", &[]);
    bounce(&mut peer, &mut forwarder.shell, 0);
    assert!(forwarder.shell.ask("show vhost 0").contains("Ring format: split\n"));
    peer.console.close();
    assert!(forwarder.shell.ask("show vhost 7").starts_with("Invalid port 7"));
    forwarder.stop();
}

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

#[test]
fn a_socket_is_made_as_it_is_asked_for() {
    let (_folder, path) = folder();
    let socket = path("sock");
    drop(UnixListener::bind(&socket).unwrap());
    let device = format!("vhost:{socket},mode=0620,group=65534");
    let forwarder = Forwarder::prepare(&[&device], &SMALL);
    let said = forwarder.shell.console.stderr();
    let removed = format!("pollway: {socket}: removed the socket of a program that is gone\n");
    assert!(said.contains(&removed), "{said}");
    let facts = std::fs::metadata(&socket).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o620);
    if rustix::process::geteuid().is_root() {
        assert_eq!(facts.gid(), 65534);
    }
    // Another program is told who has it.
    let taken = refused(&format!("vhost:{socket}"));
    let pid = forwarder.shell.console.pid();
    let has = format!(
        "pollway (process {pid}) listens at {socket} already; stop it, or name another path"
    );
    assert!(taken.contains(&has), "{taken}");
    forwarder.stop();
    assert!(!Path::new(&socket).exists());
    let unknown = refused(&format!("vhost:{socket},owner=nobody-here"));
    assert!(
        unknown.contains(&format!("{socket}: there is no user 'nobody-here' for the socket")),
        "{unknown}"
    );
}

/// What a forwarder says of a device that it refuses.
fn refused(device: &str) -> String {
    let output = fwd(&own_prefix()).args(SMALL).args(["--port", device]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{device}");
    String::from_utf8(output.stderr).unwrap()
}
