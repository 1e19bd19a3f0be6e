//! Packets merged and cut in mode `csum`: as dpdk-testpmd does it, to the byte but for the checksums that it leaves wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use etherparse::{PacketBuilder, SlicedPacket, TcpHeader, TransportSlice, VlanId};
use lab::capture::{Files, Frame};
use lab::checksums::{BAD, verdicts};
use lab::forwarder::Forwarder;
use lab::shell::Shell;
use lab::{lacks, lacks_programs, run, skip, tag, testpmd};
use std::process::Command;

const SRC: [u8; 6] = [0x02, 0xaa, 0, 0, 0, 1];
const DST: [u8; 6] = [0x02, 0xbb, 0, 0, 0, 2];
const V4: ([u8; 4], [u8; 4]) = ([192, 0, 2, 1], [198, 51, 100, 2]);

/// Where the checksum of TCP is behind an Ethernet and an IPv4 header.
const TCP_CHECKSUM: std::ops::Range<usize> = 14 + 20 + 16..14 + 20 + 18;

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

/// A segment of TCP that begins at so many bytes of its flow.
fn tcp(port: u16, at: u32, length: usize) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64);
    let header = ip.tcp(port, 50_000, 1000 + at, 1024).ack(9);
    header.write(&mut frame, &payload(length)).unwrap();
    frame
}

fn udp(length: usize) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(1024, 2048);
    udp.write(&mut frame, &payload(length)).unwrap();
    frame
}

fn tagged(length: usize) -> Frame {
    let mut frame = Frame::new();
    let ethernet = PacketBuilder::ethernet2(SRC, DST).single_vlan(VlanId::try_new(7).unwrap());
    let header = ethernet.ipv4(V4.0, V4.1, 64).tcp(443, 50_000, 7, 1024);
    header.write(&mut frame, &payload(length)).unwrap();
    frame
}

fn tcp6(length: usize) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv6([0x20; 16], [0x21; 16], 64);
    ip.tcp(443, 50_000, 7, 1024).write(&mut frame, &payload(length)).unwrap();
    frame
}

/// The frame in VXLAN.
fn in_vxlan(inner: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(5000, 4789);
    udp.write(&mut frame, &[&[8, 0, 0, 0, 0, 0, 7, 0], inner].concat()).unwrap();
    frame
}

/// What a program sends of what is in a capture, once it has sent so many; its shell is told these commands before.
fn sent_of(frames: &[Frame], commands: &[&str], sent: u64) -> Vec<Frame> {
    let files = Files::new(frames);
    let device = format!("pcap:{},tx={}", files.input(), files.output());
    let mut forwarder = Forwarder::prepare(&[&device], &["--forward-mode=csum"]);
    tell(&mut forwarder.shell, commands, sent);
    forwarder.stop();
    files.sent()
}

fn sent_by_testpmd(frames: &[Frame], commands: &[&str], sent: u64) -> Vec<Frame> {
    let files = Files::new(frames);
    let vdev = format!("net_pcap0,rx_pcap={},tx_pcap={}", files.input(), files.output());
    let own = ["--forward-mode=csum", "--no-flush-rx", "--total-num-mbufs=8192"];
    let mut peer = testpmd::start(&["--vdev", &vdev], &own);
    tell(&mut peer, commands, sent);
    peer.console.close();
    files.sent()
}

fn tell(shell: &mut Shell, commands: &[&str], sent: u64) {
    for command in commands {
        shell.ask(command);
    }
    shell.ask("start");
    shell.wait_for_figure(0, "TX-packets", sent);
    shell.ask("stop");
}

/// The frame without the checksum of TCP, which testpmd leaves as that of the first or of the whole.
fn without_tcp_checksum(frame: &Frame) -> Frame {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let mut without = frame.clone();
    if let Some(TransportSlice::Tcp(_)) = packet.transport {
        let tags = 4 * packet.link_exts.len();
        without[TCP_CHECKSUM.start + tags..TCP_CHECKSUM.end + tags].fill(0);
    }
    without
}

/// Whether the checksum of TCP over IPv4 in a frame is right.
fn is_sound(frame: &Frame) -> bool {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    match packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let Some(etherparse::NetSlice::Ipv4(ip)) = &packet.net else { return true };
            let header: TcpHeader = tcp.to_header();
            let sum = header.calc_checksum_ipv4(&ip.header().to_header(), tcp.payload()).unwrap();
            sum == header.checksum
        }
        _ => true,
    }
}

#[test]
fn what_is_longer_than_a_segment_is_cut_as_testpmd_cuts_it() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("what_is_longer_than_a_segment_is_cut_as_testpmd_cuts_it", &reason);
    }
    let frames =
        [tcp(443, 0, 4000), udp(4999), tcp6(3000), tcp(443, 4000, 40), udp(20), tagged(3000)];
    for (commands, sent) in [
        (&["set port 0 gso on"][..], 3 + 4 + 1 + 1 + 1 + 3),
        (&["set gso segsz 500", "set port 0 gso on"], 9 + 11 + 1 + 1 + 1 + 7),
    ] {
        let ours = sent_of(&frames, commands, sent);
        let theirs = sent_by_testpmd(&frames, commands, sent);
        assert_eq!((ours.len(), theirs.len()), (sent as usize, sent as usize), "{commands:?}");
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let [ours_but, theirs_but] = [ours, theirs].map(without_tcp_checksum);
            assert_eq!(ours_but, theirs_but, "{number} {commands:?}");
            assert!(is_sound(ours), "{number} {commands:?}");
        }
    }
}

#[test]
fn what_is_in_a_tunnel_is_cut_with_sound_checksums_inside_and_outside() {
    if let Some(reason) = lacks_programs(&["tshark"]) {
        let name = "what_is_in_a_tunnel_is_cut_with_sound_checksums_inside_and_outside";
        return skip(name, &reason);
    }
    let in_gre = |inner: &[u8]| {
        let mut frame = Frame::new();
        let ip = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64);
        let payload = [&[0, 0, 0x65, 0x58], inner].concat();
        ip.write(&mut frame, etherparse::IpNumber::GRE, &payload).unwrap();
        frame
    };
    let frames = [in_vxlan(&tcp(443, 0, 4000)), in_gre(&tcp(443, 0, 4000)), in_vxlan(&udp(3000))];
    let commands = ["csum parse-tunnel on 0", "set port 0 gso on"];
    let sent = sent_of(&frames, &commands, 9);
    assert_eq!(sent.len(), 9);
    for (frame, verdict) in sent.iter().zip(verdicts(&sent)) {
        assert!(frame.len() <= 1514, "{}", frame.len());
        assert!(verdict.iter().all(|values| !values.contains(BAD)), "{verdict:?}");
    }
    // Behind outer and inner headers, all of what was carried is there, in order.
    for (pieces, headers, length) in [(0..3, 50 + 54, 4000), (3..6, 38 + 54, 4000)] {
        let carried: Vec<u8> =
            sent[pieces].iter().flat_map(|frame| frame[headers..].to_vec()).collect();
        assert_eq!(carried, payload(length));
    }
}

#[test]
fn what_is_cut_into_more_than_a_burst_is_sent_in_several() {
    let frames: Vec<Frame> = (0..20).map(|number| tcp(443, 4000 * number, 4000)).collect();
    let sent = sent_of(&frames, &["set gso segsz 64", "set port 0 gso on"], 20 * 400);
    assert_eq!(sent.len(), 20 * 400);
    for (number, frame) in sent.iter().enumerate() {
        assert!(is_sound(frame), "{number}");
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("{packet:?}") };
        assert_eq!(tcp.sequence_number(), 1000 + 10 * number as u32);
    }
}

/// Two flows of which packets are next to each other, and what is not merged: tags, another protocol, a gap, a flag.
fn mergeable() -> Vec<Frame> {
    let mut pushed = tcp(80, 3000, 1000);
    // PSH: the sender wants it delivered.
    pushed[14 + 20 + 13] |= 0x08;
    let flows = [(443, 0), (80, 0), (443, 1000), (80, 1000), (443, 2000), (80, 2000)];
    let merged = flows.map(|(port, at)| tcp(port, at, 1000));
    let whole =
        [udp(700), tagged(1000), tagged(1000), tcp(9, 0, 50), tcp(9, 51, 50), tcp6(90), pushed];
    [&merged[..], &whole].concat()
}

#[test]
fn packets_of_a_flow_are_merged_with_sound_checksums() {
    let frames = mergeable();
    for flush in ["set gro flush 1", "set gro flush 4"] {
        let sent = sent_of(&frames, &[flush, "set port 0 gro on"], 9);
        let mut lengths: Vec<usize> = sent.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        // Two of three thousand bytes; all others as they were.
        assert_eq!(lengths[7..], [3054, 3054], "{flush} {lengths:?}");
        assert_eq!(lengths.len(), 9, "{flush}");
        assert!(sent.iter().all(is_sound), "{flush}");
        let flow = sent.iter().find(|frame| frame.len() == 3054).unwrap();
        assert_eq!(flow[54..], [payload(1000), payload(1000), payload(1000)].concat());
    }
}

#[test]
fn padding_is_no_payload() {
    let padded = |at| [tcp(443, at, 2), vec![0xee; 4]].concat();
    let sent = sent_of(&[padded(0), padded(2)], &["set port 0 gro on"], 1);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0][54..], [payload(2), payload(2)].concat());
}

#[test]
fn testpmd_merges_the_same_of_what_a_kernel_sends() {
    let name = "testpmd_merges_the_same_of_what_a_kernel_sends";
    if let Some(reason) = lacks(&["dpdk-testpmd", "stdbuf", "ip"]) {
        return skip(name, &reason);
    }
    let frames = mergeable();
    // net_tap says what a packet is, which testpmd needs to know before it merges.
    let tap = format!("pwg-{}", tag());
    let files = Files::new(&[]);
    let commands = ["set port 0 gro on"];

    let devices = [format!("tap:{tap}"), format!("pcap:,tx={}", files.output())];
    let mut forwarder =
        Forwarder::prepare(&[&devices[0], &devices[1]], &["--forward-mode=csum", "--no-flush-rx"]);
    inject(&tap, &frames);
    forward_merged(&mut forwarder.shell, &commands);
    forwarder.stop();
    let ours = of_ipv4(files.sent());

    let vdevs = [format!("net_tap0,iface={tap}"), format!("net_pcap0,tx_pcap={}", files.output())];
    let own = ["--forward-mode=csum", "--no-flush-rx", "--total-num-mbufs=8192"];
    let mut peer = testpmd::start(&["--vdev", &vdevs[0], "--vdev", &vdevs[1]], &own);
    inject(&tap, &frames);
    forward_merged(&mut peer, &commands);
    peer.console.close();
    let theirs = of_ipv4(files.sent());

    assert_eq!(theirs.iter().filter(|frame| frame.len() == 3054).count(), 2);
    assert_eq!(ours, theirs);
}

/// Has a kernel send frames into an interface, all of which wait there.
fn inject(tap: &str, frames: &[Frame]) {
    run(Command::new("ip").args(["link", "set", tap, "up"]));
    let files = Files::new(frames);
    let devices = [format!("pcap:{}", files.input()), format!("af_packet:{tap}")];
    let mut injector = Forwarder::on(&[&devices[0], &devices[1]], &["--no-flush-rx"]);
    injector.shell.wait_for_figure(1, "TX-packets", frames.len() as u64);
    injector.stop();
}

fn forward_merged(shell: &mut Shell, commands: &[&str]) {
    for command in commands {
        shell.ask(command);
    }
    shell.ask("start");
    shell.wait_for_figure(1, "TX-packets", 9);
    shell.ask("stop");
}

/// Those of IPv4, which a kernel says nothing in by itself, without the checksums that testpmd leaves wrong.
fn of_ipv4(frames: Vec<Frame>) -> Vec<Frame> {
    let of_ipv4 = |frame: &&Frame| frame[12..14] == [0x08, 0x00];
    frames.iter().filter(of_ipv4).map(without_tcp_checksum).collect()
}

#[test]
fn what_cannot_be_is_refused_in_testpmds_words() {
    let mut forwarder = Forwarder::prepare(&["null:"], &["--forward-mode=csum"]);
    let mut ask = |line: &str| forwarder.shell.ask(line);
    assert_eq!(ask("show port 0 gro"), "Port 0 doesn't enable GRO.\n");
    assert_eq!(ask("set port 0 gro off"), "Port 0 has disabled GRO\n");
    assert_eq!(ask("set port 0 gro on"), "");
    assert_eq!(
        ask("show port 0 gro"),
        "GRO type: TCP/IPv4\nMax number of packets to perform GRO: 128\nFlushing cycles: 1\n"
    );
    assert_eq!(ask("set port 0 gro on"), "Port 0 has enabled GRO. Please disable GRO first\n");
    ask("set gro flush 4");
    assert!(ask("show port 0 gro").contains("GRO: 2048\nFlushing cycles: 4\n"));
    let range = "The flushing cycle be in the range of 1 to 4. Revert to the default value 1.\n";
    assert_eq!(ask("set gro flush 9"), range);
    assert_eq!(ask("show port 0 gso"), "GSO is not enabled on Port 0\n");
    ask("set port 0 gso on");
    assert!(
        ask("show port 0 gso").starts_with("Max GSO'd packet size: 1514B\nSupported GSO types: ")
    );
    let legal = "gso_size should be larger than 55. Please input a legal value\n";
    assert_eq!(ask("set gso segsz 54"), legal);
    ask("start");
    for (command, refusal) in [
        ("set port 0 gro off", "Before enable/disable GRO, please stop forwarding first\n"),
        (
            "set gro flush 2",
            "Before change flush interval for GRO, please stop forwarding first.\n",
        ),
        ("set port 0 gso on", "before enabling GSO, please stop forwarding first\n"),
        ("set port 0 gso off", "before disabling GSO, please stop forwarding first\n"),
        ("set gso segsz 100", "Before setting GSO segsz, please first stop forwarding\n"),
        ("tunnel_tso set 800 0", "Please stop port 0 first (port stop 0)\n"),
    ] {
        assert_eq!(ask(command), refusal);
    }
    ask("stop");
    ask("port stop 0");
    let refused = ask("tunnel_tso set 800 0");
    assert!(refused.contains("Error: port=0 don't support tunnel TSO offloads."), "{refused}");
    assert_eq!(ask("tunnel_tso set 0 0"), "TSO for tunneled packets is disabled\n");
    assert_eq!(ask("tunnel_tso show 0"), "TSO for tunneled packets is disabled\n");
    forwarder.stop();
}
