//! The guest's kernel on a vhost-user port: it talks to a kernel in a namespace through the switch, to which it leaves checksums
//! or does not.

pub(crate) mod link;
mod nic;
pub(crate) mod routing;

use crate::guest::{self, Guest};
use crate::lab::console::Console;
use crate::lab::forwarder::{Forwarder, number};
use crate::lab::kernel::{Datagrams, Namespace, command_in, inside, ping};
use crate::lab::{PATIENCE, lacks, run, tag, wait_for};
use crate::namespaces::Namespaces;
use nic::{plug_in, unplug};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

tests![
    // A guest more, as the last one has: they are not to run at the same time.
    two_kernels_that_leave_segments_to_each_other,
    a_kernel_that_leaves_checksums_to_the_port unless lacks(&PROGRAMS),
    a_kernel_that_makes_its_own_checksums unless lacks(&PROGRAMS),
    a_kernel_that_leaves_segments_to_the_port unless lacks(&PROGRAMS),
    a_kernel_that_leaves_segments_to_the_port_and_talks_to_a_tap unless lacks(&PROGRAMS),
    a_guest_that_is_killed_under_traffic unless lacks(&PROGRAMS),
];

/// The address of the guest, and of a second one.
const ADDRESS: &str = "198.18.7.3";
const OTHER_ADDRESS: &str = "198.18.7.4";
const FILE_BYTES: u64 = 100_000_000;
/// Where the guest listens.
const PORT: u16 = 9000;
const PROGRAMS: [&str; 5] = ["ip", "ethtool", "ping", "iperf3", "sha256sum"];
/// What the switch needs; a guest's memory is the guest's.
const SMALL: [&str; 3] = ["--no-huge", "-m", "256"];

fn a_kernel_that_leaves_checksums_to_the_port() {
    let has = ["csum", "guest_csum", "guest_tso4", "mrg_rxbuf"];
    talks(Peer::veth, "", &has, &["host_tso4"]);
}

fn a_kernel_that_makes_its_own_checksums() {
    let lacks = ["csum", "guest_csum", "host_tso4", "guest_tso4"];
    talks(Peer::veth, ",csum=0,guest_csum=0", &["mrg_rxbuf"], &lacks);
}

fn a_kernel_that_leaves_segments_to_the_port() {
    let has = ["csum", "host_tso4", "host_tso6"];
    talks(Peer::veth, ",tso=1", &has, &["host_ecn", "host_ufo"]);
}

fn a_kernel_that_leaves_segments_to_the_port_and_talks_to_a_tap() {
    talks(Peer::tap, ",tso=1", &["csum", "host_tso4"], &["host_ufo"]);
}

/// The kernel that the guest's talks to, in a namespace.
enum Peer {
    Veth(Namespaces),
    Tap(Namespace, String),
}

impl Peer {
    const ADDRESS: &str = "198.18.7.1";

    /// Behind a veth pair.
    fn veth() -> Self {
        Self::Veth(Namespaces::new(&tag()).unwrap())
    }

    /// With a tap of the switch's.
    fn tap() -> Self {
        Self::Tap(Namespace::new(format!("pollway-{}", tag())), format!("pwt-{}", tag()))
    }

    fn namespace(&self) -> &str {
        match self {
            Self::Veth(kernels) => &kernels.ends()[0].namespace,
            Self::Tap(namespace, _) => &namespace.name,
        }
    }

    fn device(&self) -> String {
        match self {
            Self::Veth(kernels) => format!("af_packet:{}", kernels.ends()[0].outer),
            Self::Tap(_, tap) => format!("tap:{tap}"),
        }
    }

    /// Gets its interface, once there is a switch.
    fn join(&self) {
        if let Self::Tap(namespace, tap) = self {
            namespace.take(tap, &format!("{}/24", Self::ADDRESS));
        }
    }
}

/// Lets the guest's kernel and another talk through a vhost-user port with these options; the guest takes features or not.
fn talks(peer: fn() -> Peer, options: &str, has: &[&str], lacking: &[&str]) {
    let guest = guest::lease();
    let peer = peer();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let socket = path("sock").display().to_string();
    let devices = [format!("vhost:{socket}{options}"), peer.device()];
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    peer.join();
    let namespace = peer.namespace();
    plug_in(&guest, &socket, ADDRESS);

    let page = switch.shell.ask("show vhost 0");
    let features = page.lines().find_map(|line| line.strip_prefix("Features: ")).unwrap();
    let features: Vec<&str> = features.split(' ').collect();
    assert!(has.iter().all(|feature| features.contains(feature)), "{page}");
    assert!(!lacking.iter().any(|feature| features.contains(feature)), "{page}");

    wait_for("ten answers", || (ping(namespace, ADDRESS, 10) == 10).then_some(()));
    let file = path("file");
    random_file(&file);
    let hash = sha256(&file);
    // There and back: it is the same still.
    send(&file, namespace, &guest);
    let stored = guest.run("sha256sum /run/file");
    assert_eq!(stored.split(' ').next().unwrap(), hash);
    let back = path("back");
    receive(&back, namespace, &guest);
    assert_eq!(sha256(&back), hash);
    measure(&guest, namespace);
    // Only a guest that has the feature sends what is longer than its MTU.
    let long = long_packets(&mut switch, 0, ", from the guest)");
    let leaves_segments = features.contains(&"host_tso4");
    assert!(if leaves_segments { long > 500 } else { long == 0 }, "{long}");

    unplug(&guest);
    guest.run("rm /run/file");
    switch.stop();
}

fn two_kernels_that_leave_segments_to_each_other() {
    let one = guest::lease();
    let other = Guest::boot();
    let folder = tempfile::tempdir().unwrap();
    let sockets = ["one", "other"].map(|name| folder.path().join(name).display().to_string());
    let devices = sockets.each_ref().map(|socket| format!("vhost:{socket},tso=1"));
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    plug_in(&one, &sockets[0], ADDRESS);
    plug_in(&other, &sockets[1], OTHER_ADDRESS);

    listen(&other);
    let file = format!("head -c {FILE_BYTES} /dev/urandom >/run/file; sha256sum </run/file");
    let hash = one.run(&file);
    one.run(&format!(
        "until busybox nc {OTHER_ADDRESS} {PORT} </run/file 2>/dev/null; do sleep 0.2; done; rm /run/file"
    ));
    other.run("until [ -e /run/stored ]; do sleep 0.1; done");
    assert_eq!(other.run("sha256sum </run/file"), hash);
    // What was long when it came was long when it left, as far as the ring had room.
    let came = long_packets(&mut switch, 0, ", from the guest)");
    let left = long_packets(&mut switch, 1, ", to the guest)");
    assert!(left > 500 && left <= came, "{came} {left}");

    unplug(&one);
    other.kill();
    switch.stop();
}

/// How many packets longer than any MTU a port has had in its first ring from or to the guest.
fn long_packets(switch: &mut Forwarder, port: u16, ring: &str) -> u64 {
    let page = switch.shell.ask(&format!("show vhost {port}"));
    let (_, counts) = page.split_once(ring).unwrap();
    let own = counts.split("Ring ").next().unwrap().lines();
    let mut own = own.filter_map(|line| line.trim().strip_prefix("size_1519_max_packets: "));
    own.next().map_or(0, |count| count.parse().unwrap())
}

fn a_guest_that_is_killed_under_traffic() {
    let successor = guest::lease();
    let kernels = Namespaces::new(&tag()).unwrap();
    let [one, other] = kernels.ends();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock").display().to_string();
    let devices = [
        format!("vhost:{socket}"),
        format!("af_packet:{}", one.outer),
        format!("af_packet:{}", other.outer),
    ];
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    let traffic = Datagrams::start(&one.namespace, &other.namespace, &other.address);

    let guest = Guest::boot();
    plug_in(&guest, &socket, ADDRESS);
    guest.run(&format!("ping -f {} </dev/null >/dev/null 2>&1 &", one.address));
    switch.shell.wait_for_figure(0, "RX-packets", 1000);
    guest.kill();
    wait_for("the guest's end", || {
        let said = switch.shell.console.stderr();
        said.contains("port 0 (net_vhost0): the guest left: its connection ended").then_some(())
    });
    traffic.wait_for(1000);

    plug_in(&successor, &socket, ADDRESS);
    assert_eq!(ping(&one.namespace, ADDRESS, 10), 10);
    traffic.finish();
    unplug(&successor);
    switch.stop();
}

/// Has the guest store what is sent to it. It has nothing to say itself, which is not the end of what it says: the other side
/// might take that for the end of all.
fn listen(guest: &Guest) {
    guest.run(&format!(
        "rm -f /run/stored; [ -p /run/silence ] || mkfifo /run/silence
         (busybox nc -l -p {PORT} <>/run/silence >/run/file; touch /run/stored) >/dev/null 2>&1 &"
    ));
}

/// Sends a file from a namespace to the guest, which stores it.
fn send(file: &Path, namespace: &str, guest: &Guest) {
    listen(guest);
    let (file, target) = (file.to_owned(), format!("{ADDRESS}:{PORT}"));
    let sent = inside(namespace, move || {
        let mut stream = wait_for("the guest to listen", || TcpStream::connect(&target).ok());
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        std::io::copy(&mut File::open(file).unwrap(), &mut stream).unwrap()
    });
    assert_eq!(sent.join().unwrap(), FILE_BYTES);
    guest.run("until [ -e /run/stored ]; do sleep 0.1; done");
}

/// Receives the guest's file in a namespace, and stores it.
fn receive(file: &Path, namespace: &str, guest: &Guest) {
    let listener = inside(namespace, || TcpListener::bind("0.0.0.0:0").unwrap()).join().unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = file.to_owned();
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        std::io::copy(&mut stream, &mut File::create(file).unwrap()).unwrap()
    });
    guest.run(&format!("busybox nc {} {port} </run/file", Peer::ADDRESS));
    assert_eq!(receiver.join().unwrap(), FILE_BYTES);
}

/// iperf3 from the guest to the namespace: something comes.
fn measure(guest: &Guest, namespace: &str) {
    let mut server = command_in(namespace, "iperf3", &["--server", "--one-off", "--forceflush"]);
    let mut server = Console::start(&mut server);
    server.wait_for("Server listening");
    let said = guest.run(&format!("iperf3 --client {} --time 1 --json", Peer::ADDRESS));
    let measured: Value = serde_json::from_str(&said).unwrap();
    assert!(number(&measured, "/end/sum_received/bytes") > 100_000, "{measured:#}");
    assert!(server.wait().status.success());
}

fn random_file(path: &Path) {
    let mut random = File::open("/dev/urandom").unwrap().take(FILE_BYTES);
    std::io::copy(&mut random, &mut File::create(path).unwrap()).unwrap();
    assert_eq!(fs::metadata(path).unwrap().len(), FILE_BYTES);
}

fn sha256(path: &Path) -> String {
    let said = run(Command::new("sha256sum").arg(path));
    said.split(' ').next().unwrap().to_owned()
}
