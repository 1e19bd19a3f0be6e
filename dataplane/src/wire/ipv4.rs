//! Internet Protocol version 4 (RFC 791 §3.1).

use super::checksum::Sum;
use super::read;
use std::net::Ipv4Addr;
use std::ops::Range;

mod field {
    use std::ops::Range;

    pub(super) const VERSION_IHL: usize = 0;
    pub(super) const TOTAL_LENGTH: Range<usize> = 2..4;
    pub(super) const FLAGS_OFFSET: Range<usize> = 6..8;
    pub(super) const PROTOCOL: usize = 9;
    pub(super) const CHECKSUM: Range<usize> = 10..12;
    pub(super) const SRC: Range<usize> = 12..16;
    pub(super) const DST: Range<usize> = 16..20;
    pub(super) const OPTIONS: usize = 20;
}

/// Where both addresses are in the header, the source first.
pub const ADDRESSES: Range<usize> = field::SRC.start..field::DST.end;

/// The bits of flags and offset that only a fragment has: "more fragments" and the offset.
const FRAGMENT_BITS: u16 = 0x3fff;

/// An IPv4 packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<T> {
    bytes: T,
}

impl<T: AsRef<[u8]>> Packet<T> {
    /// Views `bytes` as an IPv4 packet; `None` if the version is another, the header is cut, or its lengths
    /// contradict each other.
    ///
    /// The packet's end may be missing: a frame in several mbufs is seen by its first.
    #[inline]
    pub fn new_checked(bytes: T) -> Option<Self> {
        if bytes.as_ref().len() < field::OPTIONS {
            return None;
        }
        let packet = Self { bytes };
        let header = packet.header_len();
        let sound = packet.bytes.as_ref()[field::VERSION_IHL] >> 4 == 4
            && header >= field::OPTIONS
            && header <= packet.bytes.as_ref().len()
            && header <= packet.total_len();
        sound.then_some(packet)
    }

    /// The header's length, options included; at least 20 and within the bytes.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.bytes.as_ref()[field::VERSION_IHL] & 0xf) * 4
    }

    /// The length that the header gives the packet; at least the header's own. There may be fewer bytes, or more.
    #[inline]
    pub fn total_len(&self) -> usize {
        usize::from(u16::from_be_bytes(read(self.bytes.as_ref(), field::TOTAL_LENGTH)))
    }

    /// Whether this is a part of a larger datagram, its first part included.
    #[inline]
    pub fn is_fragment(&self) -> bool {
        u16::from_be_bytes(read(self.bytes.as_ref(), field::FLAGS_OFFSET)) & FRAGMENT_BITS != 0
    }

    /// The number of the protocol carried.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.bytes.as_ref()[field::PROTOCOL]
    }

    /// The source address.
    #[inline]
    pub fn src(&self) -> Ipv4Addr {
        Ipv4Addr::from(read::<4>(self.bytes.as_ref(), field::SRC))
    }

    /// The destination address.
    #[inline]
    pub fn dst(&self) -> Ipv4Addr {
        Ipv4Addr::from(read::<4>(self.bytes.as_ref(), field::DST))
    }

    /// The bytes after the header and its options, without what pads the frame.
    #[inline]
    pub fn payload(&self) -> &[u8] {
        let bytes = self.bytes.as_ref();
        &bytes[self.header_len()..self.total_len().min(bytes.len())]
    }
}

/// Writes the checksum of a header anew, options included; nothing where it is shorter than one can be.
#[inline]
pub fn fill_checksum(header: &mut [u8]) {
    let Some((fixed, options)) = header.split_first_chunk_mut::<{ field::OPTIONS }>() else {
        return;
    };
    let before = u16::from_be_bytes(read(fixed, field::CHECKSUM));
    // Of a known length it takes no loop, and hardly any header has options.
    let mut sum = Sum::new().without(before).bytes(fixed);
    if !options.is_empty() {
        sum = sum.bytes(options);
    }
    fixed[field::CHECKSUM].copy_from_slice(&sum.checksum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::LaxIpv4Slice;
    use proptest::prelude::*;

    prop_compose! {
        /// Bytes that are an IPv4 packet more often than not.
        fn nearly_ipv4()(
            mut bytes in prop::collection::vec(any::<u8>(), 0..96),
            ihl in 4u8..=8,
            total_len in 0u16..100,
            repaired in prop::bool::weighted(0.9),
        ) -> Vec<u8> {
            if repaired && bytes.len() >= field::OPTIONS {
                bytes[field::VERSION_IHL] = 0x40 | ihl;
                bytes[field::TOTAL_LENGTH].copy_from_slice(&total_len.to_be_bytes());
            }
            bytes
        }
    }

    #[test]
    fn each_defect_of_the_header_is_refused() {
        let mut sound = [0; 24];
        sound[field::VERSION_IHL] = 0x46;
        sound[3] = 24;
        assert!(Packet::new_checked(sound).is_some());
        for (at, value) in [(0, 0x66), (0, 0x44), (0, 0x47), (3, 23)] {
            let mut broken = sound;
            broken[at] = value;
            assert!(Packet::new_checked(broken).is_none(), "{value:#x} at {at}");
        }
        assert!(Packet::new_checked(&sound[..19]).is_none());
        assert!(Packet::new_checked(&sound[..23]).is_none());
    }

    #[test]
    fn the_first_fragment_and_the_last_are_fragments() {
        let mut bytes = [0; 20];
        bytes[field::VERSION_IHL] = 0x45;
        bytes[3] = 20;
        for (flags_offset, fragment) in
            [(0x0000, false), (0x4000, false), (0x2000, true), (0x0001, true)]
        {
            bytes[field::FLAGS_OFFSET].copy_from_slice(&u16::to_be_bytes(flags_offset));
            assert_eq!(
                Packet::new_checked(bytes).unwrap().is_fragment(),
                fragment,
                "{flags_offset:#x}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_header_with_its_checksum_adds_up_to_ones(mut bytes in nearly_ipv4()) {
            let Some(packet) = Packet::new_checked(&bytes[..]) else { return Ok(()) };
            let header_len = packet.header_len();
            fill_checksum(&mut bytes[..header_len]);
            prop_assert_eq!(Sum::new().bytes(&bytes[..header_len]).folded(), 0xffff);
        }

        #[test]
        fn the_view_agrees_with_etherparse(bytes in nearly_ipv4()) {
            let packet = Packet::new_checked(&bytes[..]);
            // Etherparse takes a total length below the header's for "unknown"; ours is refused.
            let total_len = bytes.get(field::TOTAL_LENGTH).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
            let oracle = LaxIpv4Slice::from_slice(&bytes)
                .ok()
                .filter(|(oracle, _)| usize::from(total_len) >= oracle.header().slice().len());
            prop_assert_eq!(packet.is_some(), oracle.is_some());
            if let (Some(packet), Some((oracle, _))) = (packet, oracle) {
                let header = oracle.header();
                prop_assert_eq!(packet.src(), header.source_addr());
                prop_assert_eq!(packet.dst(), header.destination_addr());
                prop_assert_eq!(packet.protocol(), header.protocol().0);
                prop_assert_eq!(packet.is_fragment(), header.is_fragmenting_payload());
                // Etherparse looks behind an authentication header, we don't.
                if header.protocol() != etherparse::ip_number::AUTH {
                    prop_assert_eq!(packet.payload(), oracle.payload().payload);
                }
            }
        }
    }
}
