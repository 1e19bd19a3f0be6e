//! TCP segmentation: what a packet longer than its connection's segments becomes where it is cut.
//!
//! All segments have the packet's headers. What differs is their lengths, IPv4's identification, the sequence number, and the
//! flags that are for one end of the packet (RFC 9293 §3.1, RFC 3168 §6.1.2).

use super::checksum::Sum;
use super::ethernet::{EtherType, Frame};
use super::transport::Transport;
use super::{ipv4, ipv6, vlan};
use std::ops::Range;

/// A TCP packet and the segments that are to be made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// Whether it is IPv6, rather than IPv4.
    pub six: bool,
    /// Where the network header begins.
    network: usize,
    /// Where the transport header begins.
    transport: usize,
    /// Where the payload begins.
    payload: usize,
    /// Where the payload ends: padding may follow.
    end: usize,
    /// Payload of each segment but the last.
    segment: usize,
}

/// Bits of TCP's flags.
mod flag {
    pub(super) const FIN: u8 = 0x01;
    pub(super) const PSH: u8 = 0x08;
    pub(super) const CWR: u8 = 0x80;
}

/// Places in the headers.
mod field {
    use std::ops::Range;

    pub(super) const V4_TOTAL_LENGTH: Range<usize> = 2..4;
    pub(super) const V4_IDENTIFICATION: Range<usize> = 4..6;
    pub(super) const V6_PAYLOAD_LENGTH: Range<usize> = 4..6;
    pub(super) const SEQUENCE: Range<usize> = 4..8;
    pub(super) const FLAGS: usize = 13;
}

impl Segmentation {
    /// The least payload of a segment: Linux never sends less (`TCP_MIN_SND_MSS`), and with less one packet would become
    /// thousands.
    pub const LEAST: u16 = 48;

    /// A packet of `len` bytes that is to become segments with so much payload; `start` has all of its headers, and how much
    /// follows them there does not matter. `None` if it is no sound TCP over IPv4 or IPv6, or the segments would be too small.
    pub fn of(start: &[u8], len: usize, segment: u16) -> Option<Self> {
        let frame = Frame::new_checked(start)?;
        let (ethertype, packet) = vlan::untagged(frame.ethertype(), frame.payload());
        let (six, header, total, protocol) = match ethertype {
            EtherType::IPV4 => {
                let ip = ipv4::Packet::new_checked(packet).filter(|ip| !ip.is_fragment())?;
                (false, ip.header_len(), ip.total_len(), ip.protocol())
            }
            EtherType::IPV6 => {
                let ip = ipv6::Packet::new_checked(packet)?;
                (true, ipv6::HEADER_LEN, ipv6::HEADER_LEN + ip.payload_len(), ip.next_header())
            }
            _ => return None,
        };
        let network = start.len() - packet.len();
        let (transport, end) = (network + header, network + total);
        let tcp = Transport::Tcp;
        let header = tcp.header_len(start.get(transport..)?)?;
        let payload = transport + header;
        let sound = protocol == tcp.protocol()
            && header >= tcp.min_header_len()
            && payload <= start.len()
            && (payload..=len).contains(&end)
            && segment >= Self::LEAST;
        let segment = segment.into();
        sound.then_some(Self { six, network, transport, payload, end, segment })
    }

    /// How many segments there are.
    pub fn count(&self) -> usize {
        (self.end - self.payload).div_ceil(self.segment).max(1)
    }

    /// Bytes of the headers, which begin each segment.
    pub fn headers(&self) -> usize {
        self.payload
    }

    /// Bytes of the longest segment.
    pub fn longest(&self) -> usize {
        self.payload + self.segment.min(self.end - self.payload)
    }

    /// Bytes before the network header, of that, and of the transport's.
    pub fn header_lengths(&self) -> [u16; 3] {
        let bytes = [self.network, self.transport - self.network, self.payload - self.transport];
        // Headers are within one buffer.
        bytes.map(|bytes| bytes as u16)
    }

    /// Where the network header begins.
    pub fn network(&self) -> usize {
        self.network
    }

    /// Where the transport header begins.
    pub fn transport(&self) -> usize {
        self.transport
    }

    /// Puts the sum of the pseudo header, the length of the whole packet among it, in the place of TCP's checksum: with that
    /// begins who makes the checksum, and who cuts the packet takes off its length again. `ip` and `tcp` are its headers.
    ///
    /// Source: the virtio specification 1.2, 5.1.6.2 "Packet Transmission".
    pub fn seed(&self, ip: &[u8], tcp: &mut [u8]) {
        let sum = self.pseudo_header(ip, self.end - self.transport);
        put(tcp, Transport::Tcp.checksum_field(), sum.folded().to_be_bytes());
    }

    fn pseudo_header(&self, ip: &[u8], len: usize) -> Sum {
        let addresses = if self.six { ipv6::ADDRESSES } else { ipv4::ADDRESSES };
        let addresses = ip.get(addresses).unwrap_or_default();
        Sum::pseudo_header(addresses, Transport::Tcp.protocol(), len as u32)
    }

    /// Where in the packet the payload of a segment is.
    pub fn payload(&self, number: usize) -> Range<usize> {
        let start = (self.payload + number * self.segment).min(self.end);
        start..(start + self.segment).min(self.end)
    }

    /// Makes the packet's headers those of a segment; `bytes` are these headers and the segment's payload.
    pub fn finish(&self, number: usize, bytes: &mut [u8]) {
        let Some((before, tcp)) = bytes.split_at_mut_checked(self.transport) else { return };
        let Some(ip) = before.get_mut(self.network..) else { return };
        let len = tcp.len();
        if self.six {
            put(ip, field::V6_PAYLOAD_LENGTH, (len as u16).to_be_bytes());
        } else {
            put(ip, field::V4_TOTAL_LENGTH, ((ip.len() + len) as u16).to_be_bytes());
            let first = get(ip, field::V4_IDENTIFICATION).map_or(0, u16::from_be_bytes);
            let own = first.wrapping_add(number as u16);
            put(ip, field::V4_IDENTIFICATION, own.to_be_bytes());
            ipv4::fill_checksum(ip);
        }
        let before = (number * self.segment) as u32;
        let first = get(tcp, field::SEQUENCE).map_or(0, u32::from_be_bytes);
        put(tcp, field::SEQUENCE, first.wrapping_add(before).to_be_bytes());
        if let Some(flags) = tcp.get_mut(field::FLAGS) {
            let not_first = if number > 0 { flag::CWR } else { 0 };
            let not_last = if number + 1 < self.count() { flag::FIN | flag::PSH } else { 0 };
            *flags &= !(not_first | not_last);
        }
        let tcp_checksum = Transport::Tcp.checksum_field();
        put(tcp, tcp_checksum.clone(), [0; 2]);
        let sum = self.pseudo_header(ip, len).bytes(tcp);
        put(tcp, tcp_checksum, sum.checksum().to_be_bytes());
    }
}

fn get<const N: usize>(bytes: &[u8], field: Range<usize>) -> Option<[u8; N]> {
    bytes.get(field)?.try_into().ok()
}

fn put<const N: usize>(bytes: &mut [u8], field: Range<usize>, value: [u8; N]) {
    if let Some(place) = bytes.get_mut(field) {
        place.copy_from_slice(&value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, SlicedPacket, TcpSlice};
    use proptest::prelude::*;

    fn packet(six: bool, tags: u16, payload: &[u8]) -> Vec<u8> {
        let frame = PacketBuilder::ethernet2([2; 6], [4; 6]);
        let mut bytes = Vec::new();
        let builder = match (six, tags) {
            (false, 0) => frame.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64),
            (true, 0) => frame.ipv6([1; 16], [2; 16], 64),
            (false, _) => {
                frame.single_vlan(7.try_into().unwrap()).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            }
            (true, _) => frame.single_vlan(7.try_into().unwrap()).ipv6([1; 16], [2; 16], 64),
        };
        let tcp = builder.tcp(443, 50_000, u32::MAX - 70, 1024).psh().fin().ack(9).cwr();
        tcp.options_raw(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2])
            .unwrap()
            .write(&mut bytes, payload)
            .unwrap();
        bytes
    }

    fn cut(bytes: &[u8], segment: u16) -> Vec<Vec<u8>> {
        let whole = Segmentation::of(bytes, bytes.len(), segment).unwrap();
        let one = |number| {
            let mut piece = bytes[..whole.headers()].to_vec();
            piece.extend(&bytes[whole.payload(number)]);
            assert!(piece.len() <= whole.longest());
            whole.finish(number, &mut piece);
            piece
        };
        (0..whole.count()).map(one).collect()
    }

    fn tcp(bytes: &[u8]) -> (SlicedPacket<'_>, TcpSlice<'_>) {
        let sliced = SlicedPacket::from_ethernet(bytes).unwrap();
        let Some(etherparse::TransportSlice::Tcp(tcp)) = sliced.transport.clone() else { panic!() };
        (sliced, tcp)
    }

    proptest! {
        #[test]
        fn segments_are_sound_and_together_the_packet(
            six: bool,
            tags in 0u16..2,
            payload in prop::collection::vec(any::<u8>(), 0..400),
            segment in Segmentation::LEAST..150,
        ) {
            let bytes = packet(six, tags, &payload);
            let segments = cut(&bytes, segment);
            prop_assert_eq!(segments.len(), payload.len().div_ceil(segment.into()).max(1));
            let mut joined: Vec<u8> = Vec::new();
            for (number, segment) in segments.iter().enumerate() {
                let (sliced, tcp) = tcp(segment);
                prop_assert_eq!(tcp.sequence_number(), (u32::MAX - 70).wrapping_add(joined.len() as u32));
                let is_last = number + 1 == segments.len();
                prop_assert_eq!((tcp.cwr(), tcp.psh(), tcp.fin()), (number == 0, is_last, is_last));
                let checksum = match sliced.net.unwrap() {
                    etherparse::NetSlice::Ipv4(ip) => {
                        let header = ip.header();
                        prop_assert_eq!(header.identification(), number as u16);
                        prop_assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
                        tcp.calc_checksum_ipv4(header.source(), header.destination())
                    }
                    etherparse::NetSlice::Ipv6(ip) => {
                        tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination())
                    }
                    _ => unreachable!(),
                };
                prop_assert_eq!(tcp.checksum(), checksum.unwrap());
                joined.extend(tcp.payload());
            }
            prop_assert_eq!(joined, payload);
        }

        #[test]
        fn any_bytes_are_cut_or_refused(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            six: bool,
            len in 0usize..300,
            segment: u16,
        ) {
            if let Some(start) = bytes.first_chunk_mut::<24>() {
                let begin = if six { [0x86, 0xdd, 0x60] } else { [0x08, 0, 0x45] };
                start[12..15].copy_from_slice(&begin);
                start[if six { 20 } else { 23 }] = 6;
            }
            if let Some(whole) = Segmentation::of(&bytes, len, segment) {
                prop_assert!(whole.headers() <= bytes.len());
                for number in [0, whole.count() - 1] {
                    prop_assert!(whole.payload(number).end <= len);
                    let mut piece = bytes[..whole.headers()].to_vec();
                    piece.resize(whole.headers() + whole.payload(number).len(), 0);
                    whole.finish(number, &mut piece);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let bytes = packet(false, 0, &[7; 300]);
        let of = |bytes: &[u8], segment| Segmentation::of(bytes, bytes.len(), segment);
        assert!(of(&bytes, 100).is_some());
        assert_eq!(of(&bytes, Segmentation::LEAST - 1), None);
        assert_eq!(of(&bytes[..bytes.len() - 1], 100), None);
        let changed = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            of(&bytes, 100)
        };
        // A fragment, UDP, a TCP header that is too short, and more bytes than there are.
        assert_eq!(
            [changed(20, 0x20), changed(23, 17), changed(46, 0x40), changed(16, 2)],
            [None; 4]
        );
    }
}
