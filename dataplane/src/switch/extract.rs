//! From a packet to its key, as OVS reads packets: one VLAN tag is looked behind; a header that is cut or contradicts itself
//! leaves the fields from there on zero, and fragments have no ports. The type in front says what a header is of, whatever version
//! it names itself.
//!
//! Only the first segment is looked at. Lengths in headers are held against the whole packet's.

use super::key::{FRAGMENT, Field, Key, LATER, TAGGED};
use crate::port::PortId;
use crate::wire::ethernet::{EtherType, HEADER_LEN};

/// How much of a packet the rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Where it came: nothing of the packet itself.
    Port,
    /// Its Ethernet header and VLAN tag.
    Link,
    /// All.
    Transport,
}

/// Bytes of a VLAN tag.
pub(super) const TAG: usize = 4;
/// Of frames whose length stands where the type would (IEEE 802.3) and that carry none: `OFP_DL_TYPE_NOT_ETH_TYPE`.
const NO_TYPE: u16 = 0x05ff;

impl Reach {
    /// What has to be read for rules that ask for the bits of `asked`.
    pub(super) fn of(asked: &Key) -> Self {
        let (mut port, mut link) = (Key::default(), Key::default());
        port.put(Field::InPort, Field::InPort.ones());
        for field in [Field::InPort, Field::DlDst, Field::DlSrc, Field::VlanTci, Field::DlType] {
            link.put(field, field.ones());
        }
        let within = |all: &Key| asked.masked(all) == *asked;
        match () {
            () if within(&port) => Self::Port,
            () if within(&link) => Self::Link,
            () => Self::Transport,
        }
    }
}

/// Where a packet's headers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layers {
    /// The outer VLAN tag, with [`TAGGED`].
    pub(super) tci: u16,
    /// What is behind it.
    pub(super) dl_type: u16,
    /// Where that begins.
    pub(super) network: usize,
}

/// Reads the link layer; `None` if there is no whole Ethernet header.
#[inline]
pub(super) fn layers(frame: &[u8]) -> Option<Layers> {
    let outer = be16(frame, 12)?;
    let (mut tci, mut dl_type, mut network) = (0, outer, HEADER_LEN);
    if is_tag(outer)
        && let (Some(tag), Some(inner)) = (be16(frame, HEADER_LEN), be16(frame, HEADER_LEN + 2))
    {
        (tci, dl_type, network) = (tag | TAGGED, inner, HEADER_LEN + TAG);
    }
    if dl_type < 0x600 {
        dl_type = snap_type(frame, network).unwrap_or(NO_TYPE);
    }
    Some(Layers { tci, dl_type, network })
}

/// Whether a type is a VLAN tag's.
#[inline]
pub(super) fn is_tag(ethertype: u16) -> bool {
    matches!(EtherType(ethertype), EtherType::VLAN | EtherType::PROVIDER_VLAN)
}

/// The type in an LLC SNAP header of Ethernet's own organisation (RFC 1042).
#[cold]
fn snap_type(frame: &[u8], at: usize) -> Option<u16> {
    let snap = frame.get(at..at + 8)?;
    let ours = snap.starts_with(&[0xaa, 0xaa, 3, 0, 0, 0]);
    be16(snap, 6).filter(|dl_type| ours && *dl_type >= 0x600)
}

/// The key of a packet that came by `ingress` and is `total` bytes long, of which `frame` are in its first segment.
#[inline]
pub(super) fn key(ingress: PortId, frame: &[u8], total: usize, reach: Reach) -> Key {
    let mut key = Key::default();
    key.put(Field::InPort, ingress.0.into());
    if reach == Reach::Port {
        return key;
    }
    let (Some(layers), Some(header)) = (layers(frame), frame.first_chunk::<HEADER_LEN>()) else {
        return key;
    };
    key.put(Field::DlDst, be48(header, 0).into());
    key.put(Field::DlSrc, be48(header, 6).into());
    key.put(Field::VlanTci, layers.tci.into());
    key.put(Field::DlType, layers.dl_type.into());
    if reach == Reach::Link {
        return key;
    }
    let behind = frame.get(layers.network..).unwrap_or_default();
    let total = total.saturating_sub(layers.network);
    match EtherType(layers.dl_type) {
        EtherType::IPV4 => ipv4(&mut key, behind, total),
        EtherType::IPV6 => ipv6(&mut key, behind, total),
        EtherType::ARP | EtherType::RARP => arp(&mut key, behind),
        _ => None,
    };
    key
}

/// The header's length of an IPv4 packet whose lengths agree; `total` are its bytes with what pads the frame.
#[inline]
pub(super) fn ipv4_header(packet: &[u8], total: usize) -> Option<usize> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    let length = usize::from(be16(packet, 2)?);
    let sound = (20..=packet.len()).contains(&header) && (header..=total).contains(&length);
    sound.then_some(header)
}

#[inline]
fn ipv4(key: &mut Key, packet: &[u8], total: usize) -> Option<()> {
    let header = ipv4_header(packet, total)?;
    // One look at the length for all of the fixed part.
    let fixed = packet.first_chunk::<20>()?;
    let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let address = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
    key.put(Field::NwSrc, address(12).into());
    key.put(Field::NwDst, address(16).into());
    key.put(Field::NwProto, fixed[9].into());
    key.put(Field::NwTos, fixed[1].into());
    key.put(Field::NwTtl, fixed[8].into());
    let fragment = word(6) & 0x3fff;
    if fragment != 0 {
        let later = if fragment & 0x1fff != 0 { LATER } else { 0 };
        key.put(Field::IpFrag, (FRAGMENT | later).into());
        return None;
    }
    ports(key, fixed[9], packet.get(header..)?, usize::from(word(2)) - header)
}

#[inline]
fn ipv6(key: &mut Key, packet: &[u8], total: usize) -> Option<()> {
    let (fixed, behind) = packet.split_first_chunk::<40>()?;
    let length = usize::from(be16(fixed, 4)?);
    if length > total.saturating_sub(40) {
        return None;
    }
    let [src, dst] = [8, 24].map(|at| be128(fixed, at));
    key.put(Field::Ipv6Src, src);
    key.put(Field::Ipv6Dst, dst);
    let upper = upper_layer(fixed[6], behind, length)?;
    key.put(Field::NwProto, upper.protocol.into());
    key.put(Field::NwTos, (be16(fixed, 0)? >> 4 & 0xff).into());
    key.put(Field::NwTtl, fixed[7].into());
    key.put(Field::IpFrag, upper.fragment.into());
    if upper.fragment != 0 {
        return None;
    }
    ports(key, upper.protocol, behind.get(upper.at..)?, length - upper.at)
}

/// What is behind IPv6's extension headers.
pub(super) struct Upper {
    pub(super) protocol: u8,
    pub(super) fragment: u8,
    /// Where it begins, behind the fixed header.
    pub(super) at: usize,
}

/// Steps over extension headers (RFC 8200 §4); `None` if they are cut. `length` is the payload's.
pub(super) fn upper_layer(first: u8, payload: &[u8], length: usize) -> Option<Upper> {
    let (mut protocol, mut at, mut fragment) = (first, 0, 0);
    loop {
        let (next, header) = match (protocol, payload.get(at..at + 8)) {
            (0 | 43 | 44 | 51 | 60, Some(header)) if at + 8 <= length => (header[0], header),
            (0 | 43 | 44 | 51 | 60, _) => return None,
            _ => return Some(Upper { protocol, fragment, at }),
        };
        let len = usize::from(header[1]);
        at += match protocol {
            51 => (len + 2) * 4,
            44 => 8,
            _ => (len + 1) * 8,
        };
        if at > length {
            return None;
        }
        let offset = be16(header, 2)?;
        if protocol == 44 && offset != 0 {
            fragment = FRAGMENT;
            // Only the first fragment has the headers that follow.
            if offset & 0xfff8 != 0 {
                return Some(Upper { protocol, fragment: FRAGMENT | LATER, at });
            }
        }
        protocol = next;
    }
}

/// Ports, or ICMP's type and code, of a transport header of which `length` bytes belong to the packet.
#[inline]
fn ports(key: &mut Key, protocol: u8, header: &[u8], length: usize) -> Option<()> {
    let least = match protocol {
        6 => 20,
        17 | 1 | 2 | 58 => 8,
        132 => 12,
        _ => return None,
    };
    if header.len().min(length) < least {
        return None;
    }
    let (src, dst) = match protocol {
        1 | 2 | 58 => (header[0].into(), header[1].into()),
        _ => (be16(header, 0)?, be16(header, 2)?),
    };
    key.put(Field::TpSrc, src.into());
    key.put(Field::TpDst, dst.into());
    None
}

fn arp(key: &mut Key, packet: &[u8]) -> Option<()> {
    let packet = packet.first_chunk::<28>()?;
    // Ethernet, IPv4, six and four octets.
    if !packet.starts_with(&[0, 1, 8, 0, 6, 4]) {
        return None;
    }
    let operation = be16(packet, 6)?;
    if operation <= 0xff {
        key.put(Field::NwProto, operation.into());
    }
    key.put(Field::NwSrc, be32(packet, 14)?.into());
    key.put(Field::NwDst, be32(packet, 24)?.into());
    key.put(Field::ArpSha, be48(packet, 8).into());
    key.put(Field::ArpTha, be48(packet, 18).into());
    None
}

#[inline]
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

#[inline]
fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

/// Six bytes as a number; 0 where there are fewer.
#[inline]
pub(super) fn be48(bytes: &[u8], at: usize) -> u64 {
    let chunk = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<6>());
    chunk.map_or(0, |[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]))
}

fn be128(bytes: &[u8; 40], at: usize) -> u128 {
    bytes[at..].first_chunk().map_or(0, |chunk| u128::from_be_bytes(*chunk))
}
