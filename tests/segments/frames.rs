//! The frames that are sent, and whether what comes back is sound.

use super::lab::capture::Frame;
use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TransportSlice, VlanId};
use std::ops::Range;

pub(super) const SRC: [u8; 6] = [0x02, 0xaa, 0, 0, 0, 1];
pub(super) const DST: [u8; 6] = [0x02, 0xbb, 0, 0, 0, 2];
pub(super) const V4: ([u8; 4], [u8; 4]) = ([192, 0, 2, 1], [198, 51, 100, 2]);

/// Where the checksum of TCP is behind an Ethernet and an IPv4 header.
const TCP_CHECKSUM: Range<usize> = 14 + 20 + 16..14 + 20 + 18;

pub(super) fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

/// A segment of TCP that begins at so many bytes of its flow.
pub(super) fn tcp(port: u16, at: u32, length: usize) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64);
    let header = ip.tcp(port, 50_000, 1000 + at, 1024).ack(9);
    header.write(&mut frame, &payload(length)).unwrap();
    frame
}

pub(super) fn udp(length: usize) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(1024, 2048);
    udp.write(&mut frame, &payload(length)).unwrap();
    frame
}

pub(super) fn tagged(length: usize) -> Frame {
    let mut frame = Frame::new();
    let ethernet = PacketBuilder::ethernet2(SRC, DST).single_vlan(VlanId::try_new(7).unwrap());
    let header = ethernet.ipv4(V4.0, V4.1, 64).tcp(443, 50_000, 7, 1024);
    header.write(&mut frame, &payload(length)).unwrap();
    frame
}

pub(super) fn tcp6(length: usize) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv6([0x20; 16], [0x21; 16], 64);
    ip.tcp(443, 50_000, 7, 1024).write(&mut frame, &payload(length)).unwrap();
    frame
}

/// The frame in VXLAN.
pub(super) fn in_vxlan(inner: &[u8]) -> Frame {
    let mut frame = Frame::new();
    let udp = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64).udp(5000, 4789);
    udp.write(&mut frame, &[&[8, 0, 0, 0, 0, 0, 7, 0], inner].concat()).unwrap();
    frame
}

/// The frame without the checksum of TCP, which testpmd leaves as that of the first or of the whole.
pub(super) fn without_tcp_checksum(frame: &Frame) -> Frame {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let mut without = frame.clone();
    if let Some(TransportSlice::Tcp(_)) = packet.transport {
        let tags = 4 * packet.link_exts.len();
        without[TCP_CHECKSUM.start + tags..TCP_CHECKSUM.end + tags].fill(0);
    }
    without
}

/// Whether the checksum of TCP over IPv4 in a frame is right.
pub(super) fn is_sound(frame: &Frame) -> bool {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    match packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let Some(NetSlice::Ipv4(ip)) = &packet.net else { return true };
            let header: TcpHeader = tcp.to_header();
            let sum = header.calc_checksum_ipv4(&ip.header().to_header(), tcp.payload()).unwrap();
            sum == header.checksum
        }
        _ => true,
    }
}
