//! `set verbose`: the lines that say what passes a port are dpdk-testpmd's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use etherparse::{IpNumber, PacketBuilder, PacketBuilderStep, VlanId};
use lab::capture::{Files, Frame, session};
use lab::forwarder::{Forwarder, number};
use lab::{lacks_programs, skip, testpmd};

const IO: &str = "--forward-mode=io";

#[test]
fn testpmd_says_the_same_of_every_packet() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("testpmd_says_the_same_of_every_packet", &reason);
    }
    let frames = frames();
    for level in 1..=3 {
        let commands = [format!("set verbose {level}")];
        let commands = commands.each_ref().map(String::as_str);
        let ours = sights(&session(&frames, &[IO], &commands).2);
        let theirs = sights(&testpmd_prints(&frames, level));
        // Each packet has two lines a direction, and there are three bursts of at most 32.
        let directions = if level == 3 { 2 } else { 1 };
        assert_eq!(theirs.len(), directions * (2 * frames.len() + frames.len().div_ceil(32)));
        assert_eq!(ours.len(), theirs.len(), "level {level}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "level {level}");
        }
    }
}

#[test]
fn nothing_is_said_before_and_after() {
    let frames = frames();
    let commands = ["set verbose 3", "set verbose 0"];
    let (sent, _, printed) = session(&frames, &[IO], &commands);
    assert_eq!(sent.len(), frames.len());
    assert!(printed.contains("Change verbose level from 0 to 3\n"), "{printed}");
    assert!(printed.contains("Change verbose level from 3 to 0\n"), "{printed}");
    assert_eq!(sights(&printed), Vec::<String>::new());
}

#[test]
fn what_passes_faster_than_it_can_be_shown_is_counted() {
    let mut forwarder = Forwarder::prepare(&["null:"], &["--port-topology=loop"]);
    forwarder.shell.ask("set verbose 3");
    forwarder.shell.ask("start");
    forwarder.shell.wait_for_figure(0, "RX-packets", 20 * 4096);
    forwarder.shell.ask("stop");
    let (report, printed, said) = forwarder.stop_and_read();
    let shown = sights(&printed).iter().filter(|line| line.starts_with("  src=")).count() as u64;
    let missed = said.lines().filter_map(|line| {
        let (count, words) = line.strip_prefix("pollway: ")?.split_once(' ')?;
        words.starts_with("packets passed faster").then(|| count.parse::<u64>().unwrap())
    });
    let missed: u64 = missed.sum();
    let figure = |name: &str| number(&report, &format!("/forward_stats/ports/0/{name}"));
    assert!(missed > 0, "{said}");
    assert_eq!(shown + missed, figure("rx_packets") + figure("tx_packets"));
}

/// What dpdk-testpmd prints of these frames. Its workers print, and its prompt comes in between anywhere.
fn testpmd_prints(frames: &[Frame], level: usize) -> String {
    let files = Files::new(frames);
    let vdev = format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), files.output());
    let mut peer = testpmd::start(&["--vdev", &vdev], &[IO, "--no-flush-rx"]);
    peer.ask(&format!("set verbose {level}"));
    peer.console.type_line("start");
    let directions = if level == 3 { 2 } else { 1 };
    for _ in 0..directions * frames.len() {
        peer.console.wait_for("  ol_flags:");
    }
    peer.console.close().stdout
}

/// The lines about packets, without their pools' names and what is left of a prompt before them.
fn sights(printed: &str) -> Vec<String> {
    let about_packets = |line: &str| {
        let start =
            ["port 0/queue", "  src=", "  ol_flags:"].iter().find_map(|it| line.find(it))?;
        Some(line[start..].to_owned())
    };
    let without_pool = |line: String| match line.split_once(" - pool=") {
        Some((before, after)) => format!("{before} - {}", after.split_once(" - ").unwrap().1),
        None => line,
    };
    printed.lines().filter_map(about_packets).map(without_pool).collect()
}

/// Frames of the kinds that DPDK's parser knows, and some that it does not; more than a burst of them.
fn frames() -> Vec<Frame> {
    let ethernet = || PacketBuilder::ethernet2([2, 0, 0, 0xaa, 0, 1], [2, 0, 0, 0xbb, 0, 2]);
    let ip4 = || ethernet().ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
    let ip6 = || ethernet().ipv6([0x20; 16], [0x21; 16], 64);
    let vlan = |id| VlanId::try_new(id).unwrap();
    let udp4 = built(ip4().udp(1, 2), &[7; 30]);
    let vxlan = [&[8, 0, 0, 0, 0, 0, 7, 0], &udp4[..]].concat();
    let within = |protocol, payload: &[u8]| {
        let mut frame = Frame::new();
        ip4().write(&mut frame, IpNumber(protocol), payload).unwrap();
        frame
    };
    let kinds = [
        udp4.clone(),
        built_tcp(ip4().tcp(3, 4, 5, 6), &[8; 40]),
        built(ip6().udp(5, 6), &[9; 99]),
        built_tcp(ip6().tcp(7, 8, 9, 10), &[1; 20]),
        built(ethernet().single_vlan(vlan(7)).ipv4([1; 4], [2; 4], 9).udp(1, 2), &[3; 40]),
        built(
            ethernet().double_vlan(vlan(7), vlan(8)).ipv6([1; 16], [2; 16], 9).udp(1, 2),
            &[3; 40],
        ),
        built(ip4().udp(9, 4789), &vxlan),
        within(4, &udp4[14..]),
        within(47, &[&[0, 0, 8, 0], &udp4[14..]].concat()),
        within(132, &[0; 12]),
        within(1, &[8; 40]),
        [&[0xff; 6][..], &[2; 6], &[0x08, 0x06], &[0; 46]].concat(),
        [&[0xff; 6][..], &[2; 6], &[0x12, 0x34], &[0; 46]].concat(),
        built(ip4().udp(1, 2), &[7; 4000]),
    ];
    kinds.iter().cycle().take(70).cloned().collect()
}

fn built(builder: PacketBuilderStep<etherparse::UdpHeader>, payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    builder.write(&mut frame, payload).unwrap();
    frame
}

fn built_tcp(builder: PacketBuilderStep<etherparse::TcpHeader>, payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    builder.write(&mut frame, payload).unwrap();
    frame
}
