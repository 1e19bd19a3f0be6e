//! Ethernet II (IEEE 802.3 §3.1.1): addresses and the frame's view.

use super::read;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A MAC address, in the order of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct MacAddr(pub [u8; 6]);

/// Why a text is not a MAC address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a MAC address: write six octets of two hexadecimal digits, as in 02:00:00:00:00:01"
)]
pub struct MacAddrError(pub String);

impl MacAddr {
    /// The address as a number below 2^48, its first octet the most significant.
    pub fn to_bits(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddr {
    type Err = MacAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || MacAddrError(text.to_owned());
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let digits = parts.next().filter(|part| part.len() == 2).ok_or_else(error)?;
            // from_str_radix alone would take a sign for a digit.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(error());
            }
            *octet = u8::from_str_radix(digits, 16).map_err(|_| error())?;
        }
        if parts.next().is_some() {
            return Err(error());
        }
        Ok(Self(octets))
    }
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What a frame carries (IEEE 802 numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// Internet Protocol version 4.
    pub const IPV4: Self = Self(0x0800);
    /// Address resolution.
    pub const ARP: Self = Self(0x0806);
    /// Reverse address resolution.
    pub const RARP: Self = Self(0x8035);
    /// Internet Protocol version 6.
    pub const IPV6: Self = Self(0x86dd);
    /// An Ethernet frame within another protocol ("Trans Ether Bridging", RFC 1701).
    pub const BRIDGED: Self = Self(0x6558);
    /// A customer's VLAN tag (802.1Q).
    pub const VLAN: Self = Self(0x8100);
    /// A provider's VLAN tag (802.1ad).
    pub const PROVIDER_VLAN: Self = Self(0x88a8);
    /// The provider's tag of equipment older than 802.1ad.
    pub const OLD_PROVIDER_VLAN: Self = Self(0x9100);
}

/// Bytes of a header without tags.
pub const HEADER_LEN: usize = field::PAYLOAD.start;

mod field {
    use std::ops::{Range, RangeFrom};

    pub(super) const DST: Range<usize> = 0..6;
    pub(super) const SRC: Range<usize> = 6..12;
    pub(super) const ADDRESSES: Range<usize> = 0..12;
    pub(super) const ETHERTYPE: Range<usize> = 12..14;
    pub(super) const PAYLOAD: RangeFrom<usize> = 14..;
}

/// An Ethernet II frame, without preamble and frame check sequence.
#[derive(Clone, Copy, Debug)]
pub struct Frame<T> {
    bytes: T,
}

impl<T: AsRef<[u8]>> Frame<T> {
    /// Views `bytes` as a frame; `None` if they are fewer than the header's 14.
    #[inline]
    pub fn new_checked(bytes: T) -> Option<Self> {
        (bytes.as_ref().len() >= field::PAYLOAD.start).then_some(Self { bytes })
    }

    /// The destination address.
    #[inline]
    pub fn dst(&self) -> MacAddr {
        MacAddr(read(self.bytes.as_ref(), field::DST))
    }

    /// The source address.
    #[inline]
    pub fn src(&self) -> MacAddr {
        MacAddr(read(self.bytes.as_ref(), field::SRC))
    }

    /// What the frame carries, or the first VLAN tag's type.
    #[inline]
    pub fn ethertype(&self) -> EtherType {
        EtherType(u16::from_be_bytes(read(self.bytes.as_ref(), field::ETHERTYPE)))
    }

    /// The bytes after the header.
    #[inline]
    pub fn payload(&self) -> &[u8] {
        &self.bytes.as_ref()[field::PAYLOAD]
    }
}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Frame<T> {
    /// Replaces both addresses, given as they stand in the frame: the destination first.
    #[inline]
    pub fn set_addresses(&mut self, addresses: [u8; 12]) {
        self.bytes.as_mut()[field::ADDRESSES].copy_from_slice(&addresses);
    }

    /// Exchanges source and destination.
    ///
    /// In two words: the source and what is behind it come to the front, and then the destination and the type behind that.
    #[inline]
    pub fn swap_addresses(&mut self) {
        const ADDRESS: u64 = (1 << 48) - 1;
        let bytes = &mut self.bytes.as_mut()[..HEADER_LEN];
        let front = u64::from_le_bytes(read(bytes, 0..8));
        let back = u64::from_le_bytes(read(bytes, 6..14));
        bytes[..8].copy_from_slice(&back.to_le_bytes());
        bytes[6..].copy_from_slice(&(front & ADDRESS | back & !ADDRESS).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::Ethernet2Slice;
    use proptest::prelude::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    fn from_serde(text: &str) -> Result<MacAddr, Error> {
        let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
        MacAddr::deserialize(deserializer)
    }

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let address = MacAddr([0x02, 0x00, 0x5e, 0xa0, 0x0b, 0xff]);
        assert_eq!(address.to_string(), "02:00:5e:a0:0b:ff");
        assert_eq!("02:00:5E:a0:0b:fF".parse(), Ok(address));
        assert_eq!(address.to_bits(), 0x0200_5ea0_0bff);
        assert_eq!(from_serde("02:00:5e:a0:0b:ff"), Ok(address));
        assert_eq!(serde_json::to_string(&address).unwrap(), "\"02:00:5e:a0:0b:ff\"");
    }

    #[test]
    fn what_is_no_address_is_named_in_the_error() {
        for text in [
            "",
            "02",
            "02:00:00:00:00",
            "02:00:00:00:00:00:00",
            "+2:00:00:00:00:00",
            "2:0:0:0:0:0",
            "02-00-00-00-00-00",
        ] {
            assert_eq!(text.parse::<MacAddr>(), Err(MacAddrError(text.to_owned())));
        }
        let message = from_serde("nonsense").unwrap_err().to_string();
        assert!(
            message.starts_with("\"nonsense\" is not a MAC address: write six octets"),
            "{message}"
        );
    }

    #[test]
    fn fewer_bytes_than_a_header_are_no_frame() {
        assert!(Frame::new_checked([0; 13]).is_none());
        assert!(Frame::new_checked([0; 14]).is_some_and(|frame| frame.payload().is_empty()));
    }

    proptest! {
        #[test]
        fn every_address_survives_text(octets: [u8; 6]) {
            prop_assert_eq!(MacAddr(octets).to_string().parse(), Ok(MacAddr(octets)));
        }

        #[test]
        fn the_view_agrees_with_etherparse(bytes: Vec<u8>) {
            let frame = Frame::new_checked(&bytes[..]);
            let oracle = Ethernet2Slice::from_slice_without_fcs(&bytes);
            prop_assert_eq!(frame.is_some(), oracle.is_ok());
            if let (Some(frame), Ok(oracle)) = (frame, oracle) {
                prop_assert_eq!(frame.dst().0, oracle.destination());
                prop_assert_eq!(frame.src().0, oracle.source());
                prop_assert_eq!(frame.ethertype().0, oracle.ether_type().0);
                prop_assert_eq!(frame.payload(), oracle.payload_slice());
            }
        }

        #[test]
        fn a_swap_moves_the_addresses_and_nothing_else(before in prop::collection::vec(any::<u8>(), 14..32)) {
            let mut after = before.clone();
            Frame::new_checked(&mut after[..]).unwrap().swap_addresses();
            prop_assert_eq!(&after[0..6], &before[6..12]);
            prop_assert_eq!(&after[6..12], &before[0..6]);
            prop_assert_eq!(&after[12..], &before[12..]);
        }

        #[test]
        fn set_addresses_are_those_read(mut bytes: [u8; 20], addresses: [u8; 12]) {
            let rest = bytes[12..].to_vec();
            let mut frame = Frame::new_checked(&mut bytes[..]).unwrap();
            frame.set_addresses(addresses);
            prop_assert_eq!((&frame.dst().0[..], &frame.src().0[..]), addresses.split_at(6));
            prop_assert_eq!(&bytes[12..], &rest[..]);
        }
    }
}
