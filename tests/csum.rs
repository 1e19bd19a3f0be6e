//! The `csum` mode: what it makes of good, bad and tunnelled packets is dpdk-testpmd's to the byte where that is right, and
//! tshark finds no fault with it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use etherparse::{EtherType, IpNumber, Ipv4Header, PacketBuilder, VlanId};
use lab::capture::{Frame, forward_with, session, testpmd_forward};
use lab::checksums::{BAD, CHECKSUMS, verdicts};
use lab::forwarder::Forwarder;
use lab::{lacks_programs, skip};

const SRC: [u8; 6] = [0x02, 0xaa, 0, 0, 0, 1];
const DST: [u8; 6] = [0x02, 0xbb, 0, 0, 0, 2];
const V4: ([u8; 4], [u8; 4]) = ([192, 0, 2, 1], [198, 51, 100, 2]);
const V6: ([u8; 16], [u8; 16]) = ([0x20; 16], [0x21; 16]);
const MODE: &str = "--forward-mode=csum";
const LOOK_INTO_TUNNELS: &str = "csum parse-tunnel on 0";

/// Ethernet's header, and that of IPv4 behind it.
const ETHERNET: usize = 14;
const TRANSPORT: usize = ETHERNET + 20;

/// A frame, and what it is called where it fails a test.
type Case = (String, Frame);

#[test]
fn testpmd_makes_the_same_of_every_frame() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("testpmd_makes_the_same_of_every_frame", &reason);
    }
    let cases = [plain(), tunnelled()].concat();
    let frames = frames_of(&cases);
    for commands in [&[][..], &[LOOK_INTO_TUNNELS]] {
        let (ours, _) = forward_with(&frames, &[MODE], commands);
        let theirs = testpmd_forward(&frames, &[MODE], commands);
        assert_eq!((ours.len(), theirs.len()), (frames.len(), frames.len()));
        for ((name, _), (ours, theirs)) in cases.iter().zip(ours.iter().zip(&theirs)) {
            assert_eq!(ours, theirs, "{name} {commands:?}");
        }
    }
}

#[test]
fn tshark_finds_bad_checksums_before_and_none_after() {
    if let Some(reason) = lacks_programs(&["tshark"]) {
        return skip("tshark_finds_bad_checksums_before_and_none_after", &reason);
    }
    let cases = [plain(), tunnelled(), sctp()].concat();
    let frames = frames_of(&cases);
    let before = verdicts(&frames);
    for column in 0..CHECKSUMS.len() {
        let bad = before.iter().filter(|verdict| verdict[column].contains(BAD)).count();
        assert!(bad > 0, "no frame has a bad {}", CHECKSUMS[column]);
    }
    let (sent, _) = forward_with(&frames, &[MODE], &[LOOK_INTO_TUNNELS]);
    for ((name, _), verdict) in cases.iter().zip(verdicts(&sent)) {
        assert!(verdict.iter().all(|values| !values.contains(BAD)), "{name}: {verdict:?}");
    }
}

#[test]
fn a_checksum_that_takes_bytes_of_elsewhere_stays() {
    let udp = with_options(udp4(&[7; 64]), 0);
    let part = |offset: u16| {
        let mut frame = udp.clone();
        frame[20..22].copy_from_slice(&offset.to_be_bytes());
        frame
    };
    let mut cut = udp.clone();
    cut.truncate(80);
    let frames = [part(0x2000), part(0x2010), part(0x0020), cut, udp[..TRANSPORT + 7].to_vec()];
    let bad: Vec<Frame> = frames.iter().map(|frame| damaged(frame, ETHERNET + 10)).collect();
    let (sent, _) = forward_with(&bad, &[MODE], &["csum mac-swap off 0"]);
    assert_eq!(sent.len(), frames.len());
    for (number, (before, after)) in frames.iter().zip(&sent).enumerate() {
        // The header's own checksum is made good; all else is as it came.
        assert_eq!(after[..ETHERNET + 10], before[..ETHERNET + 10], "{number}");
        assert_eq!(after[ETHERNET + 12..], before[ETHERNET + 12..], "{number}");
        let (header, _) = Ipv4Header::from_slice(&after[ETHERNET..]).unwrap();
        assert_eq!(header.header_checksum, header.calc_header_checksum(), "{number}");
    }
}

#[test]
fn what_is_no_ip_is_left_alone() {
    let frames = [
        [&DST[..], &SRC, &[0x08, 0x00]].concat(),
        [&DST[..], &SRC, &[0x08, 0x00, 0x45, 0x00]].concat(),
        [&DST[..], &SRC, &[0x08, 0x00], &[0x44; 60]].concat(),
        [&DST[..], &SRC, &[0x86, 0xdd], &[0x60; 39]].concat(),
        [&DST[..], &SRC, &[0x12, 0x34], &[0x45; 60]].concat(),
        [&DST[..], &SRC, &[0x81, 0x00, 0x00]].concat(),
    ];
    let commands = [LOOK_INTO_TUNNELS, "csum mac-swap off 0"];
    let (sent, _) = forward_with(&frames, &[MODE], &commands);
    assert_eq!(sent, frames);
}

#[test]
fn a_device_that_computes_no_checksum_is_not_asked_to() {
    let mut forwarder = Forwarder::prepare(&["null:"], &[]);
    let mut ask = |line: &str| forwarder.shell.ask(line);
    assert!(ask("csum set ip hw 0").contains("Please stop port 0 first"));
    ask("port stop 0");
    let refused = ask("csum set ip hw 0");
    assert!(refused.contains("IP checksum offload is not supported by port 0"), "{refused}");
    let refused = ask("tso set 800 0");
    assert!(refused.contains("Error: TSO is not supported by port 0"), "{refused}");
    assert_eq!(ask("tso set 0 0"), "TSO for non-tunneled packets is disabled\n");
    let names = ["IP", "UDP", "TCP", "SCTP", "Outer-Ip", "Outer-Udp"];
    let lines = names.map(|name| format!("{name} checksum offload is sw\n"));
    assert_eq!(ask("csum set ip sw 0"), format!("Parse tunnel is off\n{}", lines.concat()));
    assert!(ask("csum show 7").contains("Invalid port 7"));
    forwarder.stop();
}

#[test]
fn packets_are_copied_into_segments_as_testpmd_does_it() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("packets_are_copied_into_segments_as_testpmd_does_it", &reason);
    }
    let frames = frames_of(&plain());
    for split in ["set txsplit on", "set txsplit rand"] {
        let (flags, commands) = ([MODE, "--txpkts=40,3,700,64"], [split, "set verbose 2"]);
        let (ours, _, printed) = session(&frames, &flags, &commands);
        // What is sent is the same in as many segments as it takes.
        assert_eq!(ours, testpmd_forward(&frames, &flags, &[split]), "{split}");
        let of_four = printed.matches("nb_segs=4").count();
        assert!(of_four > 0 && (split == "set txsplit on" || of_four < frames.len()), "{printed}");
    }
}

#[test]
fn tunnels_are_found_at_other_ports_as_testpmd_finds_them() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("tunnels_are_found_at_other_ports_as_testpmd_finds_them", &reason);
    }
    let over = |port, header: [u8; 8]| {
        let mut frame = Frame::new();
        let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(5000, port);
        let inner = damaged(&tcp4(&[3; 41]), ETHERNET + 10);
        udp.write(&mut frame, &[&header, &inner[..]].concat()).unwrap();
        frame
    };
    let (gpe, geneve) = ([12, 0, 0, 3, 0, 0, 7, 0], [0, 0, 0x65, 0x58, 0, 0, 7, 0]);
    let frames = [over(4790, gpe), over(6081, geneve), over(1111, gpe), over(2222, geneve)];
    let flags = [MODE, "--vxlan-gpe-port=1111", "--geneve-parsed-port=2222"];
    let (ours, _) = forward_with(&frames, &flags, &[LOOK_INTO_TUNNELS]);
    assert_eq!(ours, testpmd_forward(&frames, &flags, &[LOOK_INTO_TUNNELS]));
    // Only behind the last two is the inner header's checksum made good.
    let inner = TRANSPORT + 8 + 8 + ETHERNET;
    let sound = ours.iter().map(|frame| {
        let (header, _) = Ipv4Header::from_slice(&frame[inner..]).unwrap();
        header.header_checksum == header.calc_header_checksum()
    });
    assert_eq!(sound.collect::<Vec<_>>(), [false, false, true, true]);
}

fn frames_of(cases: &[Case]) -> Vec<Frame> {
    cases.iter().map(|(_, frame)| frame.clone()).collect()
}

/// A byte is changed.
fn damaged(frame: &[u8], at: usize) -> Frame {
    let mut frame = frame.to_vec();
    frame[at] ^= 0x55;
    frame
}

/// The cases as they are, and each with a byte of the payload's end and of the network header changed.
fn sound_and_damaged(cases: Vec<(String, Frame, usize)>) -> Vec<Case> {
    let all = cases.into_iter().flat_map(|(name, frame, network)| {
        let last = damaged(&frame, frame.len() - 1);
        // In IPv4 the identification, in IPv6 the flow label.
        let first = damaged(&frame, network + if frame[network] >> 4 == 4 { 4 } else { 3 });
        [
            (name.clone(), frame),
            (format!("{name}, another end"), last),
            (format!("{name}, another header"), first),
        ]
    });
    all.collect()
}

/// IPv4 and IPv6 with TCP and UDP, tagged and not, of several lengths.
fn plain() -> Vec<Case> {
    // The longest does not fit into one mbuf.
    let payload: Vec<u8> = (0..5000).map(|place| (place % 251) as u8).collect();
    let mut cases = Vec::new();
    for tags in 0..3 {
        for length in [1, 18, 99, 1400, 4999] {
            let payload = &payload[..length];
            for (kind, frame) in [
                ("udp4", udp4(payload)),
                ("tcp4", tcp4(payload)),
                ("udp6", udp6(payload)),
                ("tcp6", tcp6(payload)),
            ] {
                let name = format!("{kind} of {length} behind {tags} tags");
                cases.push((name, tagged(&frame, tags), ETHERNET + 4 * tags));
            }
        }
    }
    cases.push(("options".to_owned(), with_options(udp4(&payload[..50]), 8), ETHERNET));
    cases.push(("padded".to_owned(), [tcp4(&[]), vec![0xee; 6]].concat(), ETHERNET));
    cases.push(("padded UDP".to_owned(), [udp6(&[5]), vec![0xee; 3]].concat(), ETHERNET));
    let mut unsummed = udp4(&payload[..30]);
    unsummed[TRANSPORT + 6..TRANSPORT + 8].fill(0);
    cases.push(("UDP without a checksum".to_owned(), unsummed, ETHERNET));
    cases.push(("ICMP".to_owned(), ip4(1, &payload[..30]), ETHERNET));
    sound_and_damaged(cases)
}

/// Every tunnel over IPv4 and IPv6, with IPv4 and IPv6 in it.
fn tunnelled() -> Vec<Case> {
    let mut cases = Vec::new();
    for (inner_name, inner) in [("tcp4", tcp4(&[3; 41])), ("udp6", udp6(&[4; 30]))] {
        let packet = &inner[ETHERNET..];
        let v4 = packet[0] >> 4 == 4;
        let [high, low] = inner[12..14] else { unreachable!() };
        let over_udp: [(&str, u16, Frame); 7] = [
            ("vxlan", 4789, [&[8, 0, 0, 0, 0, 0, 7, 0], &inner[..]].concat()),
            ("tagged in vxlan", 4789, [&[8, 0, 0, 0, 0, 0, 7, 0], &tagged(&inner, 1)[..]].concat()),
            ("vxlan-gpe", 4790, [&[12, 0, 0, if v4 { 1 } else { 2 }, 0, 0, 7, 0], packet].concat()),
            ("frame in vxlan-gpe", 4790, [&[12, 0, 0, 3, 0, 0, 7, 0], &inner[..]].concat()),
            ("geneve", 6081, [&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 4], &inner[..]].concat()),
            ("packet in geneve", 6081, [&[0, 0, high, low, 0, 0, 7, 0], packet].concat()),
            ("gtp", 2152, [&[0x30, 0xff, 0, packet.len() as u8, 0, 0, 0, 7], packet].concat()),
        ];
        for (name, port, payload) in over_udp {
            let ethernet = || PacketBuilder::ethernet2(SRC, DST);
            let (mut four, mut six) = (Frame::new(), Frame::new());
            ethernet().ipv4(V4.0, V4.1, 64).udp(5000, port).write(&mut four, &payload).unwrap();
            ethernet().ipv6(V6.0, V6.1, 64).udp(5000, port).write(&mut six, &payload).unwrap();
            let mut unsummed = four.clone();
            unsummed[TRANSPORT + 6..TRANSPORT + 8].fill(0);
            for (outer, frame) in [("udp4", four), ("udp6", six), ("unsummed udp4", unsummed)] {
                cases.push((format!("{inner_name} in {name} in {outer}"), frame, ETHERNET));
            }
        }
        let in_ip: [(&str, u8, Frame); 4] = [
            ("gre", 47, [&[0, 0, high, low], packet].concat()),
            ("gre with key", 47, [&[0x20, 0, high, low, 0, 0, 0, 9], packet].concat()),
            (
                "frame in gre",
                47,
                [&[0x30, 0, 0x65, 0x58, 0, 0, 0, 9, 0, 0, 0, 1], &inner[..]].concat(),
            ),
            ("ipip", 4, packet.to_vec()),
        ];
        for (name, protocol, payload) in in_ip {
            cases.push((format!("{inner_name} in {name} in 4"), ip4(protocol, &payload), ETHERNET));
            cases.push((format!("{inner_name} in {name} in 6"), ip6(protocol, &payload), ETHERNET));
        }
    }
    sound_and_damaged(cases)
}

/// SCTP, whose checksum dpdk-testpmd leaves at zero.
fn sctp() -> Vec<Case> {
    let packet = |payload: &[u8]| [&[0, 7, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0][..], payload].concat();
    // A chunk of data, of a length that is padded.
    let chunk =
        [&[0, 3, 0, 21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0][..], b"words", &[0; 3]].concat();
    vec![
        ("sctp4".to_owned(), ip4(132, &packet(&chunk))),
        ("sctp6".to_owned(), ip6(132, &packet(&chunk))),
        ("tagged sctp4".to_owned(), tagged(&ip4(132, &packet(&chunk.repeat(30))), 1)),
    ]
}

fn udp4(payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(1024, 2048);
    udp.write(&mut frame, payload).unwrap();
    frame
}

fn tcp4(payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let tcp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).tcp(443, 50_000, 7, 1024);
    tcp.ack(9).write(&mut frame, payload).unwrap();
    frame
}

fn udp6(payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv6(V6.0, V6.1, 64).udp(1024, 2048);
    udp.write(&mut frame, payload).unwrap();
    frame
}

fn tcp6(payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let tcp = PacketBuilder::ethernet2(SRC, DST).ipv6(V6.0, V6.1, 64).tcp(443, 50_000, 7, 1024);
    tcp.ack(9).write(&mut frame, payload).unwrap();
    frame
}

fn ip4(protocol: u8, payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64);
    ip.write(&mut frame, IpNumber(protocol), payload).unwrap();
    frame
}

fn ip6(protocol: u8, payload: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv6(V6.0, V6.1, 64);
    ip.write(&mut frame, IpNumber(protocol), payload).unwrap();
    frame
}

/// The frame behind VLAN tags: a provider's outermost if there are two.
fn tagged(frame: &[u8], tags: usize) -> Frame {
    let types = [EtherType::PROVIDER_BRIDGING, EtherType::VLAN_TAGGED_FRAME];
    let tags: Frame = types[2 - tags..]
        .iter()
        .flat_map(|tag| [tag.0.to_be_bytes(), VlanId::try_new(42).unwrap().value().to_be_bytes()])
        .flatten()
        .collect();
    [&frame[..12], &tags, &frame[12..]].concat()
}

/// An IPv4 frame with so many bytes of options, all "no operation".
fn with_options(frame: Frame, bytes: usize) -> Frame {
    let mut frame = [&frame[..TRANSPORT], &vec![1; bytes], &frame[TRANSPORT..]].concat();
    frame[ETHERNET] += (bytes / 4) as u8;
    let total = (frame.len() - ETHERNET) as u16;
    frame[ETHERNET + 2..ETHERNET + 4].copy_from_slice(&total.to_be_bytes());
    frame
}
