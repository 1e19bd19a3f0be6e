//! TCP packets longer than a segment, which a guest leaves to the switch: guests that take them get them whole, others and other
//! devices get segments.

use crate::lab::capture::{DST, Files, Frame, SRC};
use crate::lab::checksums::{BAD, verdicts};
use crate::lab::forwarder::Forwarder;
use crate::lab::frontend::*;
use crate::lab::{lacks, skip, wait_for};
use crate::{SMALL, folder};
use dataplane::wire::checksum::Sum;
use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};

/// Payload of a segment.
const SEGMENT: usize = 1400;
/// Values of the header before a packet: its flag for a checksum that is to be made, and what is to be cut.
const NEEDS_CHECKSUM: u8 = 1;
const TCP_OVER_IPV4: u8 = 1;
const UDP: u8 = 3;
const TCP_OVER_IPV6: u8 = 4;

fn tcp(six: bool, payload: usize) -> Frame {
    let frame = PacketBuilder::ethernet2(SRC, DST);
    let ip = match six {
        false => frame.ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64),
        true => frame.ipv6([1; 16], [2; 16], 64),
    };
    let mut bytes = Frame::new();
    let payload: Vec<u8> = (0..payload).map(|place| (place % 251) as u8).collect();
    ip.tcp(443, 50_000, 7, 1024).psh().write(&mut bytes, &payload).unwrap();
    bytes
}

/// A header that asks for segments of TCP or UDP of such a frame.
fn header(kind: u8, segment: u16, frame: &[u8]) -> [u8; HEADER] {
    let headers = frame.len() - payload(frame).len();
    let checksum_at = if kind == UDP { 6 } else { 16 };
    let transport = if kind == TCP_OVER_IPV6 { 54 } else { 34_u8 };
    let [low, high] = segment.to_le_bytes();
    [NEEDS_CHECKSUM, kind, headers as u8, 0, low, high, transport, 0, checksum_at, 0, 0, 0]
}

fn payload(frame: &[u8]) -> Vec<u8> {
    match SlicedPacket::from_ethernet(frame).unwrap().transport.unwrap() {
        TransportSlice::Tcp(tcp) => tcp.payload().to_vec(),
        TransportSlice::Udp(udp) => udp.payload().to_vec(),
        _ => unreachable!(),
    }
}

/// The frame with the checksum that its receiver makes of what stands in the place of it, as one does that sends it on: it sums
/// up all from the TCP header on.
fn completed(six: bool, frame: &[u8]) -> Frame {
    let transport = if six { 54 } else { 34 };
    let sum = Sum::new().bytes(&frame[transport..]).checksum();
    let at = transport + 16;
    [&frame[..at], &sum.to_be_bytes(), &frame[at + 2..]].concat()
}

#[test]
fn long_packets_go_on_as_each_port_takes_them() {
    let name = "long_packets_go_on_as_each_port_takes_them";
    if let Some(reason) = lacks(&["tshark"]) {
        return skip(name, &reason);
    }
    let (_folder, path) = folder();
    let paths = ["from", "takes", "takes-not"].map(path);
    let captured = Files::new(&[]);
    let [from, takes, takes_not] = paths.each_ref().map(|path| format!("vhost:{path}"));
    let devices =
        [format!("{from},tso=1"), takes, takes_not, format!("pcap:,tx={}", captured.output())];
    let mut switch = Forwarder::switch(&devices.each_ref().map(String::as_str), &SMALL);
    let features = [CSUM | HOST_TSO, GUEST_CSUM | GUEST_TSO, 0];
    let mut guests =
        paths.iter().zip(features).map(|(path, features)| Frontend::up(path, features));
    let [mut from, mut takes, mut takes_not] = std::array::from_fn(|_| guests.next().unwrap());
    for port in 0..3 {
        wait_for("a guest's link", || {
            let page = switch.shell.ask(&format!("show port info {port}"));
            page.contains("Link status: up").then_some(())
        });
    }

    // Nobody knows the destination: each packet goes to all.
    let mut cut = Vec::new();
    for (six, length) in [(false, 20_000), (true, 20_000), (false, 65_000), (true, 3 * SEGMENT)] {
        let frame = tcp(six, length);
        let kind = if six { TCP_OVER_IPV6 } else { TCP_OVER_IPV4 };
        let header = header(kind, SEGMENT as u16, &frame);
        from.send_packet(FREE, &[&header[..], &frame].concat());
        let whole = wait_for("the packet as it was", || takes.receive_packet());
        assert_eq!(whole[..HEADER - 2], header[..HEADER - 2], "{six} {length}");
        assert_eq!(completed(six, &whole[HEADER..]), frame);
        let mut joined = Vec::new();
        while joined.len() < length {
            let packet = wait_for("a segment", || takes_not.receive_packet());
            assert_eq!(packet[..HEADER - 2], [0; HEADER - 2]);
            let segment = &packet[HEADER..];
            let part = payload(segment);
            assert!(part.len() == SEGMENT || joined.len() + part.len() == length);
            joined.extend(part);
            cut.push(segment.to_vec());
        }
        assert_eq!(joined, payload(&frame));
    }
    assert!(verdicts(&cut).iter().flatten().all(|verdict| verdict != BAD));

    // Segments of a byte, and what only looks like a datagram that is to be cut: nobody gets these.
    let tiny = tcp(false, 60_000);
    from.send_packet(FREE, &[&header(TCP_OVER_IPV4, 1, &tiny)[..], &tiny].concat());
    wait_for("both to be taken", || (switch.shell.port_figure(0, "RX-packets") == 5).then_some(()));
    let mut datagram = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64);
    udp.udp(1, 2).write(&mut datagram, &[7; 4000]).unwrap();
    from.send_packet(FREE, &[&header(UDP, 1400, &datagram)[..], &datagram].concat());
    let last = tcp(false, 100);
    from.send_frame(&last);
    for guest in [&mut takes, &mut takes_not] {
        assert_eq!(wait_for("the last frame", || guest.receive_frame()), last);
    }
    cut.push(last);
    let stats = switch.shell.ask("show switch stats");
    assert!(stats.contains("Dropped (offload): 6\n"), "{stats}");
    drop((from, takes, takes_not));
    switch.stop();
    assert_eq!(captured.sent(), cut);
}
