//! Internet Protocol version 6 (RFC 8200 §3) and the walk over its extension headers (§4).

use super::read;
use std::net::Ipv6Addr;
use std::ops::Range;

mod field {
    use std::ops::Range;

    pub(super) const VERSION: usize = 0;
    pub(super) const PAYLOAD_LENGTH: Range<usize> = 4..6;
    pub(super) const NEXT_HEADER: usize = 6;
    pub(super) const SRC: Range<usize> = 8..24;
    pub(super) const DST: Range<usize> = 24..40;
    pub(super) const PAYLOAD: usize = 40;
}

/// Numbers of the extension headers (RFC 8200 §4, RFC 4302).
mod extension {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const DESTINATION: u8 = 60;
}

/// How many extension headers are looked behind; RFC 8200 §4.1 recommends an order of at most seven.
pub const MAX_EXTENSIONS: usize = 7;

/// The bits of a fragment header that only a real fragment has: the offset and "more fragments".
const FRAGMENT_BITS: u16 = 0xfff9;

/// Where both addresses are in the header, the source first.
pub const ADDRESSES: Range<usize> = field::SRC.start..field::DST.end;

/// The length of the fixed header.
pub const HEADER_LEN: usize = field::PAYLOAD;

/// An IPv6 packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<T> {
    bytes: T,
}

impl<T: AsRef<[u8]>> Packet<T> {
    /// Views `bytes` as an IPv6 packet; `None` if the version is another or the fixed header is cut.
    ///
    /// The packet's end may be missing: a frame in several mbufs is seen by its first.
    #[inline]
    pub fn new_checked(bytes: T) -> Option<Self> {
        let slice = bytes.as_ref();
        let sound = slice.len() >= field::PAYLOAD && slice[field::VERSION] >> 4 == 6;
        sound.then_some(Self { bytes })
    }

    /// The source address.
    #[inline]
    pub fn src(&self) -> Ipv6Addr {
        Ipv6Addr::from(read::<16>(self.bytes.as_ref(), field::SRC))
    }

    /// The destination address.
    #[inline]
    pub fn dst(&self) -> Ipv6Addr {
        Ipv6Addr::from(read::<16>(self.bytes.as_ref(), field::DST))
    }

    /// The number of the header behind the fixed one: an extension's or a transport's.
    #[inline]
    pub fn next_header(&self) -> u8 {
        self.bytes.as_ref()[field::NEXT_HEADER]
    }

    /// The length that the header gives everything behind itself; 0 for a jumbogram (RFC 2675).
    #[inline]
    pub fn payload_len(&self) -> usize {
        usize::from(u16::from_be_bytes(read(self.bytes.as_ref(), field::PAYLOAD_LENGTH)))
    }

    /// The number of the first header that is not stepped over, and the bytes from there on.
    ///
    /// For an ordinary packet this is the transport's. The walk also ends at the fragment header of a real fragment,
    /// at a cut header, and after [`MAX_EXTENSIONS`].
    #[inline]
    pub fn upper_layer(&self) -> (u8, &[u8]) {
        let mut number = self.next_header();
        let mut rest = self.payload();
        for _ in 0..MAX_EXTENSIONS {
            let Some((next, behind)) = step_over(number, rest) else { break };
            (number, rest) = (next, behind);
        }
        (number, rest)
    }

    /// The bytes after the fixed header, without what pads the frame. A length of zero stands for one that does not
    /// fit into 16 bits (RFC 2675).
    #[inline]
    pub fn payload(&self) -> &[u8] {
        let payload = &self.bytes.as_ref()[field::PAYLOAD..];
        match self.payload_len() {
            0 => payload,
            len => &payload[..payload.len().min(len)],
        }
    }
}

/// The number and the bytes behind one extension header; `None` if there is none that can be stepped over.
fn step_over(number: u8, bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [next, len, fragment @ ..] = *bytes.first_chunk::<4>()?;
    let header = match number {
        extension::HOP_BY_HOP | extension::ROUTING | extension::DESTINATION => {
            (usize::from(len) + 1) * 8
        }
        extension::AUTHENTICATION => (usize::from(len) + 2) * 4,
        extension::FRAGMENT if u16::from_be_bytes(fragment) & FRAGMENT_BITS == 0 => 8,
        _ => return None,
    };
    Some((next, bytes.get(header..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::Ipv6Slice;
    use proptest::prelude::*;

    const UDP: u8 = 17;

    fn packet(next_header: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60; field::PAYLOAD];
        bytes[field::PAYLOAD_LENGTH].copy_from_slice(&(payload.len() as u16).to_be_bytes());
        bytes[field::NEXT_HEADER] = next_header;
        bytes.extend_from_slice(payload);
        bytes
    }

    fn upper_layer(bytes: &[u8]) -> (u8, Vec<u8>) {
        let packet = Packet::new_checked(bytes).unwrap();
        let (number, rest) = packet.upper_layer();
        (number, rest.to_vec())
    }

    prop_compose! {
            /// A chain of extension headers with sound lengths, then a few bytes, then perhaps a cut.
            fn chained()(
                headers in prop::collection::vec((prop::sample::select(vec![43, 44, 51, 60]), 0u8..3, any::<[u8; 2]>()), 0..10),
                tail in prop::collection::vec(any::<u8>(), 0..12),
                cut in 0usize..8,
                pad in 0usize..4,
            ) -> Vec<u8> {
                let mut payload = Vec::new();
                let numbers: Vec<u8> = headers.iter().map(|header| header.0).chain([UDP]).collect();
                for ((number, len, fragment), next) in headers.iter().zip(&numbers[1..]) {
                    let (len, size) = match *number {
                        extension::AUTHENTICATION => (len + 1, (usize::from(*len) + 3) * 4),
                        extension::FRAGMENT => (0, 8),
                        _ => (*len, (usize::from(*len) + 1) * 8),
                    };
                    let start = payload.len();
                    payload.resize(start + size, 0);
                    payload[start] = *next;
                    payload[start + 1] = len;
                    // Half of the fragment headers are those of whole packets.
                    if fragment[0] & 1 == 1 {
                        payload[start + 2..start + 4].copy_from_slice(fragment);
                    }
                }
                payload.extend_from_slice(&tail);
                let mut bytes = packet(numbers[0], &payload);
                bytes.resize(bytes.len() + pad, 0xee);
    bytes.truncate(field::PAYLOAD.max(bytes.len() - cut));
                bytes
            }
        }

    #[test]
    fn another_version_and_a_cut_header_are_refused() {
        let sound = packet(UDP, &[]);
        assert!(Packet::new_checked(&sound[..]).is_some());
        assert!(Packet::new_checked(&sound[..39]).is_none());
        assert!(Packet::new_checked([0x45; 40]).is_none());
    }

    #[test]
    fn the_walk_ends_at_a_fragment() {
        let whole = packet(extension::FRAGMENT, &[UDP, 0, 0, 0, 1, 2, 3, 4, 0xaa]);
        assert_eq!(upper_layer(&whole), (UDP, vec![0xaa]));
        for offset_and_more in [[0, 1], [0, 8], [0x80, 0]] {
            let header = [&[UDP, 0][..], &offset_and_more, &[1, 2, 3, 4, 0xaa]].concat();
            assert_eq!(
                upper_layer(&packet(extension::FRAGMENT, &header)),
                (extension::FRAGMENT, header)
            );
        }
    }

    #[test]
    fn the_walk_is_bounded() {
        let header = [extension::DESTINATION, 0, 0, 0, 0, 0, 0, 0];
        let endless = packet(extension::DESTINATION, &header.repeat(MAX_EXTENSIONS + 2));
        let (number, rest) = upper_layer(&endless);
        assert_eq!((number, rest.len()), (extension::DESTINATION, 2 * header.len()));
    }

    #[test]
    fn a_length_of_zero_is_that_of_the_bytes() {
        let mut jumbo = packet(UDP, &[1, 2, 3]);
        jumbo[field::PAYLOAD_LENGTH].fill(0);
        assert_eq!(upper_layer(&jumbo), (UDP, vec![1, 2, 3]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 40..200), next in 0u8..64) {
            bytes[field::VERSION] = 0x60;
            bytes[field::NEXT_HEADER] = next;
            let (_, rest) = upper_layer(&bytes);
            prop_assert!(rest.len() <= bytes.len() - field::PAYLOAD);
        }

        #[test]
        fn the_walk_agrees_with_etherparse(bytes in chained()) {
            let packet = Packet::new_checked(&bytes[..]).unwrap();
            let (number, rest) = packet.upper_layer();
            if let Ok(oracle) = Ipv6Slice::from_slice(&bytes) {
                prop_assert_eq!(packet.src(), oracle.header().source_addr());
                prop_assert_eq!(packet.dst(), oracle.header().destination_addr());
                let extensions = oracle.extensions().clone().into_iter().count();
                if oracle.is_payload_fragmented() {
                    prop_assert!(number == extension::FRAGMENT || extensions > MAX_EXTENSIONS);
                } else if extensions <= MAX_EXTENSIONS {
                    prop_assert_eq!((number, rest), (oracle.payload().ip_number.0, oracle.payload().payload));
                }
            }
        }
    }
}
