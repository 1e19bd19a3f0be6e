//! A guest's kernel that sends on what it receives: what came in long packets leaves in segments, which it cuts itself.

use super::nic::{plug_in, unplug};
use super::{ADDRESS, FILE_BYTES, OTHER_ADDRESS, SMALL, long_packets, sha256};
use crate::guest::{self, Guest};
use crate::lab::forwarder::Forwarder;
use crate::lab::kernel::{Namespace, command_in, inside};
use crate::lab::{PATIENCE, lacks, run, tag};
use std::fs::File;
use std::net::TcpListener;

tests![
    a_kernel_that_cuts_and_routes_on_what_it_receives unless lacks(&["ip", "sysctl", "sha256sum"]),
];

/// Where the kernel is to which it sends them on, and its own address there.
const BEHIND: &str = "198.18.8.1";
const ROUTER: &str = "198.18.8.4";

fn a_kernel_that_cuts_and_routes_on_what_it_receives() {
    let one = guest::lease();
    let router = Guest::boot();
    let (namespace, tap) = (Namespace::new(format!("pollway-{}", tag())), format!("pwt-{}", tag()));
    let folder = tempfile::tempdir().unwrap();
    let sockets = ["one", "router"].map(|name| folder.path().join(name).display().to_string());
    // The router is offered no TSO, so its kernel cuts.
    let [own, routers] = sockets.each_ref().map(|socket| format!("vhost:{socket}"));
    let devices = [format!("{own},tso=1"), routers, format!("tap:{tap}")];
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    namespace.take(&tap, &format!("{BEHIND}/24"));
    let back = ["route", "add", "198.18.7.0/24", "via", ROUTER];
    run(&mut command_in(&namespace.name, "ip", &back));
    plug_in(&one, &sockets[0], ADDRESS);
    plug_in(&router, &sockets[1], OTHER_ADDRESS);
    // Both nets are on the one NIC; without a word of it the other guest would be told of the short way.
    router.run(&format!(
        "sysctl -q -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
         nic=$(ip -o address show to {OTHER_ADDRESS} | cut -d ' ' -f 2)
         sysctl -q -w net.ipv4.conf.$nic.send_redirects=0 net.ipv4.ip_forward=1
         ip address add {ROUTER}/24 dev $nic"
    ));
    one.run(&format!("ip route add 198.18.8.0/24 via {OTHER_ADDRESS}"));

    let listener = inside(&namespace.name, || TcpListener::bind("0.0.0.0:0").unwrap());
    let listener = listener.join().unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = folder.path().join("file");
    let stored = file.clone();
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        std::io::copy(&mut stream, &mut File::create(stored).unwrap()).unwrap()
    });
    let hash = one.run(&format!(
        "head -c {FILE_BYTES} /dev/urandom >/run/file; busybox nc {BEHIND} {port} </run/file
         sha256sum /run/file; rm /run/file"
    ));
    assert_eq!(receiver.join().unwrap(), FILE_BYTES);
    assert_eq!(hash.split(' ').next().unwrap(), sha256(&file));
    let came = long_packets(&mut switch, 1, ", to the guest)");
    let left = long_packets(&mut switch, 1, ", from the guest)");
    assert!(came > 500 && left == 0, "{came} {left}");
    assert_eq!(wrong_sums(&namespace.name), 0);

    unplug(&one);
    router.kill();
    switch.stop();
}

/// How many segments came to a namespace's kernel with a wrong checksum.
fn wrong_sums(namespace: &str) -> u64 {
    let counts = run(&mut command_in(namespace, "cat", &["/proc/net/snmp"]));
    let mut tcp = counts.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (tcp.next().unwrap().split(' '), tcp.next().unwrap().split(' '));
    let mut counts = names.zip(values);
    counts.find(|(name, _)| *name == "InCsumErrors").unwrap().1.parse().unwrap()
}
