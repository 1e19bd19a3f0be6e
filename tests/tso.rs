//! TCP that a device cuts into segments: what comes to a kernel through a tap is what software makes of the same packets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use etherparse::PacketBuilder;
use lab::capture::{Files, Frame};
use lab::forwarder::Forwarder;
use lab::{lacks, run, skip, tag};
use std::process::Command;

/// Bytes of TCP's payload in a segment, and of the headers before it.
const SEGMENT: usize = 1400;
const HEADERS: usize = 14 + 20 + 20;

/// Lengths of payload: several segments, two with nothing over, and less than one.
const LENGTHS: [usize; 4] = [4000, 2 * SEGMENT, SEGMENT, 77];
const SEGMENTS: usize = 3 + 2 + 1 + 1;

fn tcp(length: usize) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2([2, 0xaa, 0, 0, 0, 1], [2, 0xbb, 0, 0, 0, 2]);
    let header = ip.ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64).tcp(443, 50_000, 7, 1024).psh();
    let payload: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
    header.write(&mut frame, &payload).unwrap();
    frame
}

/// What comes to the kernel of these packets, in mode csum, when a tap is told this beforehand, while it is stopped.
fn received(tap: &str, told: &[&str], stopped: &[&str]) -> Vec<Frame> {
    let (files, captured) = (Files::new(&LENGTHS.map(tcp)), Files::new(&[]));
    let devices = [format!("pcap:{}", files.input()), format!("tap:{tap}")];
    let flags = ["--forward-mode=csum", "--no-flush-rx"];
    let mut forwarder = Forwarder::prepare(&[&devices[0], &devices[1]], &flags);
    let v6 = format!("net.ipv6.conf.{tap}.disable_ipv6=1");
    run(Command::new("sysctl").args(["-q", "-w", &v6]));
    run(Command::new("ip").args(["link", "set", tap, "up"]));
    let kernel = [format!("af_packet:{tap}"), format!("pcap:,tx={}", captured.output())];
    let mut kernel = Forwarder::on(&[&kernel[0], &kernel[1]], &[]);
    // A tap has another address each time, which mode csum would write.
    for line in ["csum mac-swap off 1"].iter().chain(told) {
        forwarder.shell.ask(line);
    }
    forwarder.shell.ask("port stop 1");
    for line in stopped {
        let answer = forwarder.shell.ask(line);
        assert!(!answer.contains("rror"), "{line}: {answer}");
    }
    forwarder.shell.ask("port start 1");
    forwarder.shell.ask("start");
    kernel.shell.wait_for_figure(1, "TX-packets", SEGMENTS as u64);
    kernel.stop();
    forwarder.stop();
    captured.sent()
}

#[test]
fn a_tap_cuts_what_software_cuts() {
    if let Some(reason) = lacks(&["ip", "sysctl"]) {
        return skip("a_tap_cuts_what_software_cuts", &reason);
    }
    let tap = format!("pwt-{}", tag());
    let (size, segment) = (HEADERS + SEGMENT, format!("tso set {SEGMENT} 1"));
    let by_software = received(&tap, &[&format!("set gso segsz {size}"), "set port 1 gso on"], &[]);
    let by_device = received(&tap, &[], &[&segment, "csum set ip hw 1", "csum set tcp hw 1"]);
    assert_eq!(by_software.len(), SEGMENTS);
    assert!(by_software.iter().all(|frame| frame.len() <= size));
    assert_eq!(by_device.len(), SEGMENTS);
    for (number, (device, software)) in by_device.iter().zip(&by_software).enumerate() {
        let headers = [device, software].map(|frame| &frame[..HEADERS]);
        assert!(device == software, "{number}: {headers:02x?}");
    }
}
