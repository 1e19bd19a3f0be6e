//! Checksums: the internet's ones' complement sum (RFC 1071), its update in place (RFC 1624), and SCTP's CRC32c.
//!
//! The sum is taken in the machine's byte order, words of four bytes at a time: it only depends on the order by a swap at
//! the end (RFC 1071 §2 B). In this way the compiler makes vector code of the loop over blocks; what is left, and so all of a
//! header, is added without a loop.

use std::net::Ipv6Addr;

/// A ones' complement sum that bytes and numbers are added to, in any number of pieces.
///
/// ```
/// use dataplane::wire::checksum::Sum;
/// // RFC 1071 §3.
/// let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
/// assert_eq!(Sum::new().bytes(&bytes).folded(), 0xddf2);
/// assert_eq!(Sum::new().bytes(&bytes[..3]).bytes(&bytes[3..]).checksum(), !0xddf2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Sum {
    /// The sum of 32-bit words in the machine's order: there is room for 2^32 of them.
    words: u64,
    /// Whether the bytes so far are odd in number, so that the next begins in the middle of a 16-bit word.
    odd: bool,
}

impl Sum {
    /// The sum of nothing.
    #[inline]
    pub const fn new() -> Self {
        Self { words: 0, odd: false }
    }

    /// The sum of the pseudo header that IP lends its transports: IPv4's (RFC 793 §3.1, RFC 768) and IPv6's (RFC 8200 §8.1)
    /// add up to the same.
    ///
    /// `addresses` are both as they stand in the header; `len` is that of the transport's header and payload, in bytes.
    #[inline]
    pub fn pseudo_header(addresses: &[u8], protocol: u8, len: u32) -> Self {
        Self::new().bytes(addresses).u16(protocol.into()).bytes(&len.to_be_bytes())
    }

    /// [`Self::pseudo_header`] of IPv6.
    #[inline]
    pub fn ipv6_pseudo_header(src: Ipv6Addr, dst: Ipv6Addr, protocol: u8, len: u32) -> Self {
        Self::pseudo_header([src.octets(), dst.octets()].as_flattened(), protocol, len)
    }

    /// Adds bytes as they stand in the packet.
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks::<32>();
        let piece = blocks.iter().map(sum_of_block).sum::<u64>() + sum_of_rest(rest);
        // Bytes from the middle of a word on count as if they were swapped (RFC 1071 §2 B).
        let words = if self.odd { u64::from(fold(piece).swap_bytes()) } else { piece };
        Self { words: self.words + words, odd: self.odd ^ (bytes.len() % 2 == 1) }
    }

    /// Takes off a checksum that stands in bytes that are added too, which so need not be changed before they are read: a load
    /// of what was stored a moment ago in another width has to wait for it.
    #[inline]
    pub fn without(self, checksum: u16) -> Self {
        self.u16(!checksum)
    }

    /// Adds a number of 16 bits; the bytes so far must be even in number.
    #[inline]
    pub fn u16(self, number: u16) -> Self {
        debug_assert!(!self.odd, "a number begins at a word");
        Self { words: self.words + u64::from(number.to_be()), ..self }
    }

    /// The sum in 16 bits, as a number; not complemented.
    #[inline]
    pub fn folded(self) -> u16 {
        u16::from_be(fold(self.words))
    }

    /// The checksum that a header carries: the complement of the sum over everything else.
    #[inline]
    pub fn checksum(self) -> u16 {
        !self.folded()
    }

    /// As [`Self::checksum`], for UDP: there 0 would mean "none" and its other form, all ones, is sent (RFC 768).
    #[inline]
    pub fn udp_checksum(self) -> u16 {
        match self.checksum() {
            0 => 0xffff,
            checksum => checksum,
        }
    }
}

/// The checksum of a header in which the number `old` became `new` (RFC 1624 §3, equation 3).
#[inline]
pub fn updated(checksum: u16, old: u16, new: u16) -> u16 {
    Sum::new().u16(!checksum).u16(!old).u16(new).checksum()
}

/// SCTP's checksum over a packet whose checksum field is zero (RFC 9260 appendix A), as its field's four bytes.
///
/// The packet comes in pieces, as its mbufs have it.
#[inline]
pub fn sctp<'a>(packet: impl IntoIterator<Item = &'a [u8]>) -> [u8; 4] {
    packet.into_iter().fold(0, crc32c::crc32c_append).to_le_bytes()
}

/// Folds carries back in until 16 bits are left.
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}

/// The sum of four bytes at a time.
#[inline]
fn sum_of_block(block: &[u8; 32]) -> u64 {
    let (words, _) = block.as_chunks();
    words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum()
}

/// The sum of what is shorter than a block: halves of it, as far as they are there, and no loop.
#[inline]
fn sum_of_rest(mut rest: &[u8]) -> u64 {
    let both = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        (word & 0xffff_ffff) + (word >> 32)
    };
    let mut sum = 0;
    if let Some((words, behind)) = rest.split_first_chunk::<16>() {
        sum += words.as_chunks().0.iter().map(both).sum::<u64>();
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_first_chunk() {
        sum += both(word);
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_first_chunk() {
        sum += u64::from(u32::from_ne_bytes(*word));
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_first_chunk() {
        sum += u64::from(u16::from_ne_bytes(*word));
        rest = behind;
    }
    if let [last] = rest {
        sum += u64::from(u16::from_ne_bytes([*last, 0]));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{Ipv4Header, Ipv6Header, TcpHeader, UdpHeader, ip_number};
    use proptest::prelude::*;

    /// The sum as RFC 1071 §4.1 defines it, a word at a time.
    fn by_the_book(bytes: &[u8]) -> u16 {
        let words = bytes
            .chunks(2)
            .map(|word| u32::from(word[0]) << 8 | word.get(1).map_or(0, |low| u32::from(*low)));
        let mut sum: u64 = words.map(u64::from).sum();
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        sum as u16
    }

    #[test]
    fn a_udp_checksum_of_zero_is_sent_as_ones() {
        let all_ones = Sum::new().u16(0xffff);
        assert_eq!((all_ones.checksum(), all_ones.udp_checksum()), (0, 0xffff));
        assert_eq!(Sum::new().u16(0x1234).udp_checksum(), !0x1234);
    }

    #[test]
    fn the_crc_of_known_bytes_is_known() {
        // RFC 3720 appendix B.4: 32 bytes of zeros, of ones, and counting up.
        assert_eq!(sctp([&[0; 32][..]]), [0xaa, 0x36, 0x91, 0x8a]);
        assert_eq!(sctp([&[0xff; 32][..]]), [0x43, 0xab, 0xa8, 0x62]);
        let counting: Vec<u8> = (0..32).collect();
        assert_eq!(sctp([&counting[..]]), [0x4e, 0x79, 0xdd, 0x46]);
        assert_eq!(sctp([&counting[..5], &counting[5..]]), [0x4e, 0x79, 0xdd, 0x46]);
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_the_book(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert_eq!(Sum::new().bytes(&bytes).folded(), by_the_book(&bytes));
        }

        #[test]
        fn a_checksum_taken_off_is_as_good_as_zeros_in_its_place(
            mut bytes in prop::collection::vec(any::<u8>(), 4..60), at in 0_usize..28,
        ) {
            // Of zeros alone the sum has two forms; a header is never that.
            bytes[0] = 0x45;
            let at = (at * 2).clamp(2, bytes.len() / 2 * 2 - 2);
            let checksum = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            let sum = Sum::new().without(checksum).bytes(&bytes);
            bytes[at..at + 2].fill(0);
            prop_assert_eq!(sum.folded(), by_the_book(&bytes));
        }

        #[test]
        fn pieces_add_up_to_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let sum = pieces.iter().fold(Sum::new(), |sum, piece| sum.bytes(piece));
            prop_assert_eq!(sum.folded(), by_the_book(&pieces.concat()));
        }

        #[test]
        fn transports_over_ipv4_agree_with_etherparse(
            src: [u8; 4], dst: [u8; 4], ports: (u16, u16), seq: u32,
            payload in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let header = Ipv4Header { source: src, destination: dst, ..Default::default() };
            let sum = |protocol, len: usize| {
                Sum::pseudo_header([src, dst].as_flattened(), protocol, len as u32)
            };
            let mut tcp = TcpHeader::new(ports.0, ports.1, seq, 7);
            tcp.checksum = 0;
            let expected = tcp.calc_checksum_ipv4(&header, &payload).unwrap();
            let tcp = [&tcp.to_bytes()[..], &payload].concat();
            prop_assert_eq!(sum(6, tcp.len()).bytes(&tcp).checksum(), expected);

            let udp = UdpHeader { source_port: ports.0, destination_port: ports.1, length: 8 + payload.len() as u16, checksum: 0 };
            let expected = udp.calc_checksum_ipv4(&header, &payload).unwrap();
            let udp = [&udp.to_bytes()[..], &payload].concat();
            prop_assert_eq!(sum(17, udp.len()).bytes(&udp).udp_checksum(), expected);
        }

        #[test]
        fn transports_over_ipv6_agree_with_etherparse(
            src: [u8; 16], dst: [u8; 16], ports: (u16, u16),
            payload in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let header = Ipv6Header { source: src, destination: dst, next_header: ip_number::UDP, ..Default::default() };
            let udp = UdpHeader { source_port: ports.0, destination_port: ports.1, length: 8 + payload.len() as u16, checksum: 0 };
            let expected = udp.calc_checksum_ipv6(&header, &payload).unwrap();
            let bytes = [&udp.to_bytes()[..], &payload].concat();
            let sum = Sum::ipv6_pseudo_header(src.into(), dst.into(), 17, bytes.len() as u32);
            prop_assert_eq!(sum.bytes(&bytes).udp_checksum(), expected);
        }

        #[test]
        fn an_update_in_place_is_as_good_as_a_new_sum(mut words in prop::collection::vec(any::<u16>(), 2..20), new: u16) {
            // A header of zeros has two checksums, and the update gives the other one.
            prop_assume!(words[1..].iter().any(|word| *word != 0) && new != 0);
            let checksum = |words: &[u16]| words.iter().fold(Sum::new(), |sum, word| sum.u16(*word)).checksum();
            let before = checksum(&words);
            let old = std::mem::replace(&mut words[0], new);
            prop_assert_eq!(updated(before, old, new), checksum(&words));
        }
    }
}
