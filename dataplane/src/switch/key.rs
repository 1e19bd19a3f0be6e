//! What rules can ask of a packet, packed into words that are masked, compared and hashed as a whole.
//!
//! ```text
//! word 0  in_port 16 | dl_dst 48
//!      1  vlan_tci 16 | dl_src 48
//!      2  dl_type 16 | tp_src 16 | tp_dst 16 | nw_proto 8 | ip_frag 8
//!      3  nw_src 32 | nw_dst 32                      (IPv4, ARP's protocol addresses)
//!      4  nw_tos 8 | nw_ttl 8
//!      5  ipv6_src (two words), or arp_sha
//!      7  ipv6_dst (two words), or arp_tha
//! ```
//!
//! Words 5 to 8 are told apart by `dl_type`, without which no rule can ask for them. The first words are what most rules ask
//! for, so that a classifier looks at as few as there are ([`Key::WORDS`] at most).

use std::ops::Range;

/// A packet's fields, or a mask over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(pub(super) [u64; Key::WORDS]);

/// A field of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    InPort,
    DlDst,
    DlSrc,
    /// The outer tag with [`TAGGED`] set; 0 without one.
    VlanTci,
    DlType,
    TpSrc,
    TpDst,
    /// ARP's operation too.
    NwProto,
    IpFrag,
    NwSrc,
    NwDst,
    NwTos,
    NwTtl,
    ArpSha,
    ArpTha,
    Ipv6Src,
    Ipv6Dst,
}

/// The bit of [`Field::VlanTci`] that says that there is a tag: that of the "canonical format indicator", as in OVS.
pub(super) const TAGGED: u16 = 0x1000;
/// Bit of [`Field::IpFrag`]: a part of a larger datagram.
pub(super) const FRAGMENT: u8 = 1;
/// Bit of [`Field::IpFrag`]: and not its first.
pub(super) const LATER: u8 = 2;

impl Field {
    /// Word, lowest bit and width; two words of 64 bits for IPv6's addresses.
    #[inline(always)]
    const fn place(self) -> (usize, u32, u32) {
        match self {
            Self::InPort => (0, 48, 16),
            Self::DlDst => (0, 0, 48),
            Self::VlanTci => (1, 48, 16),
            Self::DlSrc => (1, 0, 48),
            Self::DlType => (2, 48, 16),
            Self::TpSrc => (2, 32, 16),
            Self::TpDst => (2, 16, 16),
            Self::NwProto => (2, 8, 8),
            Self::IpFrag => (2, 0, 8),
            Self::NwSrc => (3, 32, 32),
            Self::NwDst => (3, 0, 32),
            Self::NwTos => (4, 8, 8),
            Self::NwTtl => (4, 0, 8),
            Self::ArpSha => (5, 0, 48),
            Self::ArpTha => (7, 0, 48),
            Self::Ipv6Src => (5, 0, 128),
            Self::Ipv6Dst => (7, 0, 128),
        }
    }

    /// Every bit of the field.
    #[inline(always)]
    pub(super) const fn ones(self) -> u128 {
        u128::MAX >> (128 - self.place().2)
    }
}

impl Key {
    /// Words of a key.
    pub(super) const WORDS: usize = 9;

    /// A field's value.
    pub(super) fn get(&self, field: Field) -> u128 {
        let (word, shift, bits) = field.place();
        if bits == 128 {
            return u128::from(self.0[word]) << 64 | u128::from(self.0[word + 1]);
        }
        u128::from(self.0[word] >> shift) & field.ones()
    }

    /// Sets a field that is zero; bits beyond its width are left out.
    ///
    /// Always inlined: with a field that is known it is a shift and an or.
    #[inline(always)]
    pub(super) const fn put(&mut self, field: Field, value: u128) {
        let (word, shift, bits) = field.place();
        let value = value & field.ones();
        if bits == 128 {
            self.0[word] = (value >> 64) as u64;
            self.0[word + 1] = value as u64;
        } else {
            self.0[word] |= (value as u64) << shift;
        }
    }

    /// The bits that `mask` has.
    #[inline]
    pub(super) fn masked(&self, mask: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & mask.0[at]))
    }

    /// Adds the bits that `mask` has.
    pub(super) fn widen(&mut self, mask: &Self) {
        self.0.iter_mut().zip(mask.0).for_each(|(word, more)| *word |= more);
    }

    /// The key without a field.
    pub(super) fn without(&self, field: Field) -> Self {
        let mut bits = Self::default();
        bits.put(field, field.ones());
        Self(std::array::from_fn(|at| self.0[at] & !bits.0[at]))
    }

    /// The words from the first to the last that has a bit.
    pub(super) fn span(&self) -> Range<usize> {
        let first = self.0.iter().position(|word| *word != 0).unwrap_or(0);
        let last = self.0.iter().rposition(|word| *word != 0);
        first..last.map_or(first, |last| last + 1)
    }
}

/// Whether the first words of a list are those of a key: without a branch a word, as they nearly always are.
#[inline]
pub(super) fn same(words: &[u64], key: &[u64]) -> bool {
    words.iter().zip(key).fold(0, |rest, (a, b)| rest | (a ^ b)) == 0
}

/// A number for a table, of which each bit of each word counts. Two words take one multiplication.
#[inline]
pub(super) fn hash(words: &[u64]) -> u64 {
    words.chunks(2).fold(0, |hash, pair| match *pair {
        [a, b] => fold(hash ^ a ^ KEYS[0], b ^ KEYS[1]),
        [a] => fold(hash ^ a ^ KEYS[0], KEYS[1]),
        _ => hash,
    })
}

/// wyhash's constants.
const KEYS: [u64; 2] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];

/// A hash of one word.
#[inline]
pub(super) fn mix(word: u64) -> u64 {
    fold(word ^ KEYS[0], KEYS[1])
}

/// wyhash's mixing: multiply to 128 bits, fold the halves together.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: [Field; 13] = [
        Field::InPort,
        Field::DlDst,
        Field::DlSrc,
        Field::VlanTci,
        Field::DlType,
        Field::TpSrc,
        Field::TpDst,
        Field::NwProto,
        Field::IpFrag,
        Field::NwSrc,
        Field::NwDst,
        Field::NwTos,
        Field::NwTtl,
    ];

    proptest! {
        #[test]
        fn fields_do_not_meet(values: [u128; 13], six: (u128, u128)) {
            let mut key = Key::default();
            for (field, value) in FIELDS.into_iter().zip(values) {
                key.put(field, value);
            }
            key.put(Field::Ipv6Src, six.0);
            key.put(Field::Ipv6Dst, six.1);
            for (field, value) in FIELDS.into_iter().zip(values) {
                prop_assert_eq!(key.get(field), value & field.ones(), "{:?}", field);
            }
            prop_assert_eq!((key.get(Field::Ipv6Src), key.get(Field::Ipv6Dst)), six);
        }
    }
}
