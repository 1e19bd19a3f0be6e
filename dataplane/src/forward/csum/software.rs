//! Checksums computed here and written into the packet.

use super::layers::{Network, Version};
use crate::mbuf::Mbuf;
use crate::wire::checksum::{Sum, sctp};
use crate::wire::transport::Transport;
use crate::wire::{ipv4, ipv6};
use std::ops::Range;

/// Fills in the IPv4 header's checksum; IPv6 has none.
#[inline]
pub(super) fn fill_network(frame: &mut [u8], network: &Network) {
    if network.version == Version::V4
        && let Some(bytes) = frame.get_mut(network.at..)
        && let Some(mut packet) = ipv4::Packet::new_checked(bytes)
    {
        packet.fill_checksum();
    }
}

/// Fills in the transport's checksum. It stays as it is where the packet has fewer bytes than its header says, as all of
/// them count.
#[inline]
pub(super) fn fill_transport(mbuf: &mut Mbuf, network: &Network, transport: Transport) {
    let at = network.transport_at();
    if at + network.payload_len > mbuf.pkt_len() as usize
        || network.payload_len < transport.min_header_len()
    {
        return;
    }
    let field = network.field(transport);
    write(mbuf, field.clone(), [0; 4]);
    let checksum = compute(mbuf, network, transport);
    write(mbuf, field, checksum);
}

/// What a device wants to find in the field of a UDP checksum that it fills in: the pseudo header's sum.
pub(super) fn fill_pseudo_header(mbuf: &mut Mbuf, network: &Network) {
    let header = mbuf.data().get(network.at..).unwrap_or_default();
    let [high, low] = pseudo_header(header, network, Transport::Udp).folded().to_be_bytes();
    write(mbuf, network.field(Transport::Udp), [high, low, 0, 0]);
}

/// Writes as many bytes of `checksum` as the field has. Packets whose header is elsewhere or shared are none of ours: they
/// were not parsed, or dropped.
#[inline]
pub(super) fn write(mbuf: &mut Mbuf, field: Range<usize>, checksum: [u8; 4]) {
    if let Some(bytes) = mbuf.data_mut().and_then(|frame| frame.get_mut(field)) {
        bytes.copy_from_slice(&checksum[..bytes.len()]);
    }
}

/// The checksum's bytes as they are sent, as many as its field has; the field itself must be zero.
#[inline]
fn compute(mbuf: &Mbuf, network: &Network, transport: Transport) -> [u8; 4] {
    let pieces = pieces(mbuf, network.transport_at(), network.payload_len);
    if transport == Transport::Sctp {
        return sctp(pieces);
    }
    let header = mbuf.data().get(network.at..).unwrap_or_default();
    let sum = pieces.fold(pseudo_header(header, network, transport), Sum::bytes);
    let checksum = match transport {
        Transport::Udp => sum.udp_checksum(),
        Transport::Tcp | Transport::Sctp => sum.checksum(),
    };
    let [high, low] = checksum.to_be_bytes();
    [high, low, 0, 0]
}

#[inline]
fn pseudo_header(header: &[u8], network: &Network, transport: Transport) -> Sum {
    let (protocol, len) = (transport.protocol(), network.payload_len);
    let sum = match network.version {
        Version::V4 => ipv4::Packet::new_checked(header).map(|packet| {
            Sum::ipv4_pseudo_header(packet.src(), packet.dst(), protocol, len as u16)
        }),
        Version::V6 => ipv6::Packet::new_checked(header).map(|packet| {
            Sum::ipv6_pseudo_header(packet.src(), packet.dst(), protocol, len as u32)
        }),
    };
    // The header was parsed a moment ago.
    sum.unwrap_or_default()
}

/// The packet's bytes from `at` on, `len` of them, by segment.
#[inline]
fn pieces(mbuf: &Mbuf, at: usize, len: usize) -> impl Iterator<Item = &[u8]> {
    let (mut skip, mut left) = (at, len);
    mbuf.chunks().map(move |chunk| {
        let (before, from) = chunk.split_at(skip.min(chunk.len()));
        skip -= before.len();
        let piece = &from[..from.len().min(left)];
        left -= piece.len();
        piece
    })
}
