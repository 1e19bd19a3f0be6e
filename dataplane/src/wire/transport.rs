//! What TCP (RFC 9293 §3.1), UDP (RFC 768) and SCTP (RFC 9260 §3.1) have in common: two ports first, a checksum later.

use std::ops::Range;

/// A transport with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Stream Control Transmission Protocol.
    Sctp,
}

impl Transport {
    /// The transport of an IP protocol number (IANA), if it is one of these.
    #[inline]
    pub const fn of(protocol: u8) -> Option<Self> {
        match protocol {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }

    /// Its IP protocol number.
    #[inline]
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }

    /// The smallest header.
    #[inline]
    pub const fn min_header_len(self) -> usize {
        match self {
            Self::Tcp => 20,
            Self::Udp => 8,
            Self::Sctp => 12,
        }
    }

    /// Where the checksum lies in the header.
    #[inline]
    pub const fn checksum_field(self) -> Range<usize> {
        match self {
            Self::Tcp => 16..18,
            Self::Udp => 6..8,
            Self::Sctp => 8..12,
        }
    }

    /// How long the header says it is, options included; `None` if `bytes` are fewer than the smallest.
    #[inline]
    pub fn header_len(self, bytes: &[u8]) -> Option<usize> {
        let header = bytes.get(..self.min_header_len())?;
        Some(match self {
            // The data offset, in words of four bytes.
            Self::Tcp => usize::from(header[12] >> 4) * 4,
            Self::Udp | Self::Sctp => header.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{TcpHeader, TcpSlice, UdpHeaderSlice};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_transports_are_one_to_one(protocol: u8) {
            let back = Transport::of(protocol).map(Transport::protocol);
            prop_assert_eq!(back, [6, 17, 132].contains(&protocol).then_some(protocol));
        }

        #[test]
        fn tcp_fields_lie_where_etherparse_has_them(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let len = Transport::Tcp.header_len(&bytes);
            prop_assert_eq!(len.is_some(), bytes.len() >= TcpHeader::MIN_LEN);
            if let (Some(len), Ok(oracle)) = (len, TcpSlice::from_slice(&bytes)) {
                prop_assert_eq!(len, oracle.header_len());
                let checksum = &bytes[Transport::Tcp.checksum_field()];
                prop_assert_eq!(checksum, &oracle.checksum().to_be_bytes());
            }
        }

        #[test]
        fn udp_fields_lie_where_etherparse_has_them(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let oracle = UdpHeaderSlice::from_slice(&bytes);
            prop_assert_eq!(Transport::Udp.header_len(&bytes), oracle.is_ok().then_some(8));
            if let Ok(oracle) = oracle {
                let checksum = &bytes[Transport::Udp.checksum_field()];
                prop_assert_eq!(checksum, &oracle.checksum().to_be_bytes());
            }
        }
    }
}
