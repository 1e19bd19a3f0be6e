//! Packets that a mode makes itself: Ethernet, IPv4 and UDP.

use super::Context;
use crate::wire::checksum::{self, Sum};
use crate::wire::ethernet::{EtherType, HEADER_LEN, MacAddr};
use std::net::Ipv4Addr;

/// Bytes of the three headers.
pub(super) const HEADERS: usize = 42;

const IP: usize = HEADER_LEN;
const IP_CHECKSUM: usize = IP + 10;
const IP_SRC: usize = IP + 12;
const IP_DST: usize = IP + 16;
const UDP: usize = IP + 20;

/// The headers of a packet, as they are written in front of a payload. The UDP checksum is 0, "none" (RFC 768).
#[derive(Clone, Copy)]
pub(super) struct Headers(pub(super) [u8; HEADERS]);

/// What the headers say.
pub(super) struct Spec {
    pub(super) dst: MacAddr,
    pub(super) src: MacAddr,
    pub(super) ip_src: Ipv4Addr,
    pub(super) ip_dst: Ipv4Addr,
    pub(super) udp_src: u16,
    pub(super) udp_dst: u16,
    /// Bytes of the whole packet, without its check sequence.
    pub(super) length: u16,
}

impl Headers {
    pub(super) fn new(spec: &Spec) -> Self {
        let mut bytes = [0; HEADERS];
        bytes[..6].copy_from_slice(&spec.dst.0);
        bytes[6..12].copy_from_slice(&spec.src.0);
        bytes[12..14].copy_from_slice(&EtherType::IPV4.0.to_be_bytes());
        // Version and header length; time to live; UDP.
        (bytes[IP], bytes[IP + 8], bytes[IP + 9]) = (0x45, 64, 17);
        bytes[IP_SRC..IP_DST].copy_from_slice(&spec.ip_src.octets());
        bytes[IP_DST..UDP].copy_from_slice(&spec.ip_dst.octets());
        bytes[UDP..UDP + 2].copy_from_slice(&spec.udp_src.to_be_bytes());
        bytes[UDP + 2..UDP + 4].copy_from_slice(&spec.udp_dst.to_be_bytes());
        let mut headers = Self(bytes);
        headers.set_length(spec.length);
        headers
    }

    /// Makes them those of a packet of another length.
    pub(super) fn set_length(&mut self, length: u16) {
        let bytes = &mut self.0;
        bytes[IP + 2..IP + 4].copy_from_slice(&(length - IP as u16).to_be_bytes());
        bytes[UDP + 4..UDP + 6].copy_from_slice(&(length - UDP as u16).to_be_bytes());
        bytes[IP_CHECKSUM..IP_SRC].fill(0);
        let checksum = Sum::new().bytes(&bytes[IP..UDP]).checksum();
        bytes[IP_CHECKSUM..IP_SRC].copy_from_slice(&checksum.to_be_bytes());
    }

    /// The headers with another source address.
    #[inline]
    pub(super) fn with_src(&self, src: Ipv4Addr) -> Self {
        self.with_address(IP_SRC, src)
    }

    /// The headers with another destination address.
    #[inline]
    pub(super) fn with_dst(&self, dst: Ipv4Addr) -> Self {
        self.with_address(IP_DST, dst)
    }

    #[inline]
    fn with_address(&self, at: usize, address: Ipv4Addr) -> Self {
        let mut bytes = self.0;
        let word = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let (old_high, old_low) = (word(&bytes, at), word(&bytes, at + 2));
        bytes[at..at + 4].copy_from_slice(&address.octets());
        let sum = checksum::updated(word(&bytes, IP_CHECKSUM), old_high, word(&bytes, at));
        let sum = checksum::updated(sum, old_low, word(&bytes, at + 2));
        bytes[IP_CHECKSUM..IP_SRC].copy_from_slice(&sum.to_be_bytes());
        Self(bytes)
    }
}

/// A number that each packet takes the next of, and that steps back over packets that were not sent, as testpmd's do.
pub(super) struct Turn {
    next: u32,
    turns: u32,
    unsent: u64,
}

impl Turn {
    /// The numbers below `turns`, over and over.
    pub(super) fn new(turns: u32) -> Self {
        Self { next: 0, turns, unsent: 0 }
    }

    /// Steps back over what the sink did not take of the last burst.
    #[inline]
    pub(super) fn step_back(&mut self, context: &Context<'_>) {
        let unsent = context.unsent();
        // Counts begin at zero again when forwarding starts.
        let back = unsent.checked_sub(self.unsent).unwrap_or(unsent);
        if back > 0 {
            let back = (back % u64::from(self.turns)) as u32;
            self.next = (self.next + (self.turns - back)) % self.turns;
        }
        self.unsent = unsent;
    }

    /// The next number.
    #[inline]
    pub(super) fn take(&mut self) -> u32 {
        let taken = self.next;
        self.next = if taken + 1 == self.turns { 0 } else { taken + 1 };
        taken
    }
}
