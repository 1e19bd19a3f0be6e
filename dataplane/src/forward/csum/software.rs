//! Checksums computed here and written into the packet.

use super::layers::{Network, Version};
use crate::mbuf::Mbuf;
use crate::wire::checksum::{Sum, sctp};
use crate::wire::ipv4;
use crate::wire::transport::Transport;

/// Fills in the IPv4 header's checksum; IPv6 has none.
#[inline]
pub(super) fn fill_network(frame: &mut [u8], network: Network) {
    if network.version == Version::V4
        && let Some(header) = frame.get_mut(network.at.into()..network.transport_at())
    {
        ipv4::fill_checksum(header);
    }
}

/// Fills in the transport's checksum. It stays as it is where the packet has fewer bytes than its header says, as all of
/// them count.
#[inline(always)]
pub(super) fn fill_transport(mbuf: &mut Mbuf, network: Network, transport: Transport) {
    let Some(frame) = mbuf.data_mut() else { return };
    let pseudo_header = pseudo_header(frame, network, transport);
    let Some(bytes) = frame.get_mut(network.payload()) else {
        return fill_over_segments(mbuf, network, transport, pseudo_header);
    };
    let start = without_field(bytes, transport, pseudo_header);
    let checksum = compute(std::iter::once(&*bytes), transport, start);
    write(bytes, transport, checksum);
}

/// As [`fill_transport`], for a packet that goes on in further segments, or ends before it should.
#[cold]
fn fill_over_segments(mbuf: &mut Mbuf, network: Network, transport: Transport, start: Sum) {
    if network.payload().end > mbuf.pkt_len() as usize {
        return;
    }
    let Some(bytes) = transport_of(mbuf, network) else { return };
    let start = without_field(bytes, transport, start);
    let checksum = compute(pieces(mbuf, network), transport, start);
    if let Some(bytes) = transport_of(mbuf, network) {
        write(bytes, transport, checksum);
    }
}

/// Makes the UDP checksum "none".
pub(super) fn clear_udp(mbuf: &mut Mbuf, network: Network) {
    if let Some(bytes) = transport_of(mbuf, network) {
        write(bytes, Transport::Udp, [0; 4]);
    }
}

/// Writes what a device wants to find in the field of a UDP checksum that it fills in: the pseudo header's sum.
pub(super) fn fill_udp_pseudo_header(mbuf: &mut Mbuf, network: Network) {
    let [high, low] = pseudo_header(mbuf.data(), network, Transport::Udp).folded().to_be_bytes();
    if let Some(bytes) = transport_of(mbuf, network) {
        write(bytes, Transport::Udp, [high, low, 0, 0]);
    }
}

/// The first segment's bytes from the transport header on.
fn transport_of(mbuf: &mut Mbuf, network: Network) -> Option<&mut [u8]> {
    mbuf.data_mut()?.get_mut(network.transport_at()..)
}

#[inline]
fn pseudo_header(frame: &[u8], network: Network, transport: Transport) -> Sum {
    // The addresses were there when the header was parsed.
    let addresses = frame.get(network.addresses()).unwrap_or_default();
    Sum::pseudo_header(addresses, transport.protocol(), network.payload_len.into())
}

/// Writes a checksum into the header that begins `bytes`: as much of it as the field has, if there is all of the field.
#[inline]
fn write(bytes: &mut [u8], transport: Transport, checksum: [u8; 4]) {
    let Some(field) = bytes.get_mut(transport.checksum_field()) else { return };
    let [high, low, ..] = checksum;
    match field {
        // Not copied as any number of bytes are: that is a call.
        [to_high, to_low] => (*to_high, *to_low) = (high, low),
        field => field.copy_from_slice(&checksum),
    }
}

/// Where a sum over the bytes begins, so that its own field counts as zero in it. SCTP's is no sum, and has the field zeroed.
#[inline]
fn without_field(bytes: &mut [u8], transport: Transport, start: Sum) -> Sum {
    if transport == Transport::Sctp {
        write(bytes, transport, [0; 4]);
        return start;
    }
    match bytes.get(transport.checksum_field()) {
        Some(&[high, low]) => start.without(u16::from_be_bytes([high, low])),
        _ => start,
    }
}

/// The checksum's bytes as they are sent; `start` is of [`without_field`].
#[inline(always)]
fn compute<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    transport: Transport,
    start: Sum,
) -> [u8; 4] {
    let checksum = match transport {
        Transport::Sctp => return sctp(pieces),
        Transport::Tcp => pieces.fold(start, Sum::bytes).checksum(),
        Transport::Udp => pieces.fold(start, Sum::bytes).udp_checksum(),
    };
    let [high, low] = checksum.to_be_bytes();
    [high, low, 0, 0]
}

/// Transport header and payload, by segment.
fn pieces(mbuf: &Mbuf, network: Network) -> impl Iterator<Item = &[u8]> {
    let (mut skip, mut left) = (network.transport_at(), usize::from(network.payload_len));
    mbuf.chunks().map(move |chunk| {
        let (before, from) = chunk.split_at(skip.min(chunk.len()));
        skip -= before.len();
        let piece = &from[..from.len().min(left)];
        left -= piece.len();
        piece
    })
}
