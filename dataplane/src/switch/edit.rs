//! Changes of a packet's headers, with the checksums over them kept right (RFC 1624).

use super::extract::{self, TAG, be16};
use super::key::TAGGED;
use super::rules::Action;
use crate::forward::DropReason;
use crate::mbuf::Mbuf;
use crate::offload::tx;
use crate::wire::checksum::{sctp, updated};
use crate::wire::ethernet::{EtherType, HEADER_LEN};
use crate::wire::transport::Transport;
use std::ops::Range;

/// Changes a packet as an action says; nothing where the packet has no such header.
///
/// # Errors
/// Why the packet goes no further.
pub(super) fn change(mbuf: &mut Mbuf, action: &Action) -> Result<(), DropReason> {
    match *action {
        Action::SetDlDst(mac) => put(mbuf, 0..6, &mac.0),
        Action::SetDlSrc(mac) => put(mbuf, 6..12, &mac.0),
        Action::StripVlan => strip_vlan(mbuf),
        Action::PushVlan(tpid) => push_vlan(mbuf, tpid, 0),
        Action::SetVlanVid(vid) => set_tci(mbuf, 0x0fff, vid),
        Action::SetVlanPcp(pcp) => set_tci(mbuf, 0xe000, u16::from(pcp) << 13),
        Action::SetNwSrc(ip) => with_ip(mbuf, |packet| packet.set_address(12, ip.octets())),
        Action::SetNwDst(ip) => with_ip(mbuf, |packet| packet.set_address(16, ip.octets())),
        Action::SetNwTos(tos) => with_ip(mbuf, |packet| packet.set_tos(tos)),
        Action::SetNwTtl(ttl) => with_ip(mbuf, |packet| packet.set_ttl(ttl)),
        Action::DecTtl => {
            let mut out = false;
            with_ip(mbuf, |packet| match packet.ttl() {
                0 | 1 => out = true,
                ttl => packet.set_ttl(ttl - 1),
            })?;
            if out { Err(DropReason::Ttl) } else { Ok(()) }
        }
        Action::SetTpSrc(port) => set_port(mbuf, 0, port),
        Action::SetTpDst(port) => set_port(mbuf, 2, port),
        // Not changes: see `Action::sends`.
        Action::Output(_)
        | Action::InPort
        | Action::Flood
        | Action::All
        | Action::Normal
        | Action::Group(_) => Ok(()),
    }
}

fn put(mbuf: &mut Mbuf, place: Range<usize>, bytes: &[u8]) -> Result<(), DropReason> {
    let data = mbuf.data_mut().ok_or(DropReason::Shared)?;
    data.get_mut(place).ok_or(DropReason::Truncated)?.copy_from_slice(bytes);
    Ok(())
}

/// Takes the outer tag off, if there is one.
pub(super) fn strip_vlan(mbuf: &mut Mbuf) -> Result<(), DropReason> {
    if extract::layers(mbuf.data()).is_none_or(|layers| layers.tci == 0) {
        return Ok(());
    }
    let data = mbuf.data_mut().ok_or(DropReason::Shared)?;
    // The addresses move up over the tag.
    data.copy_within(..12, TAG);
    mbuf.trim_front(TAG as u16).ok_or(DropReason::Truncated)
}

/// Puts a tag in front.
pub(super) fn push_vlan(mbuf: &mut Mbuf, tpid: u16, tci: u16) -> Result<(), DropReason> {
    if mbuf.refcnt() != 1 {
        return Err(DropReason::Shared);
    }
    let data = mbuf.prepend(TAG as u16).ok_or(DropReason::Truncated)?;
    if data.len() < HEADER_LEN + TAG {
        return Err(DropReason::Truncated);
    }
    data.copy_within(TAG..TAG + 12, 0);
    data[12..14].copy_from_slice(&tpid.to_be_bytes());
    data[14..16].copy_from_slice(&tci.to_be_bytes());
    Ok(())
}

/// Sets the bits of `mask` of the outer tag, which is made if there is none.
pub(super) fn set_tci(mbuf: &mut Mbuf, mask: u16, value: u16) -> Result<(), DropReason> {
    match extract::layers(mbuf.data()) {
        None => Err(DropReason::Truncated),
        Some(layers) if layers.tci == 0 => push_vlan(mbuf, EtherType::VLAN.0, value & mask),
        Some(_) => {
            let old = be16(mbuf.data(), HEADER_LEN).ok_or(DropReason::Truncated)?;
            // The bit that is ours in a key is the packet's own in a packet, and OVS sets it to 0 where it sets a tag.
            let tci = (old & !mask | value & mask) & !TAGGED;
            put(mbuf, HEADER_LEN..HEADER_LEN + 2, &tci.to_be_bytes())
        }
    }
}

/// Lets `change` change a packet's network header, if it has a sound one.
fn with_ip(mbuf: &mut Mbuf, change: impl FnOnce(&mut Ip<'_>)) -> Result<(), DropReason> {
    let (total, partial) = (mbuf.pkt_len() as usize, asks_for_checksum(mbuf));
    let data = mbuf.data_mut().ok_or(DropReason::Shared)?;
    if let Some(mut ip) = Ip::new(data, total, partial) {
        change(&mut ip);
    }
    Ok(())
}

/// Whether the device is to finish the transport's checksum: its field holds the pseudo header's sum then.
fn asks_for_checksum(mbuf: &Mbuf) -> bool {
    mbuf.ol_flags() & tx::L4_MASK != 0
}

/// A packet's network header, and the transport's behind it.
struct Ip<'a> {
    packet: &'a mut [u8],
    six: bool,
    /// The transport and where its header is; not in later fragments.
    transport: Option<(Transport, usize)>,
    partial: bool,
    /// Bytes of the packet without what pads the frame.
    length: usize,
}

impl<'a> Ip<'a> {
    fn new(frame: &'a mut [u8], total: usize, partial: bool) -> Option<Self> {
        let layers = extract::layers(frame)?;
        let total = total.checked_sub(layers.network)?;
        let packet = frame.get_mut(layers.network..)?;
        let (six, at, protocol, length) = match EtherType(layers.dl_type) {
            EtherType::IPV4 => {
                let header = extract::ipv4_header(packet, total)?;
                let later = be16(packet, 6)? & 0x1fff != 0;
                let length = usize::from(be16(packet, 2)?);
                (false, header, (!later).then_some(packet[9]), length)
            }
            EtherType::IPV6 => {
                let (fixed, behind) = packet.split_first_chunk::<40>()?;
                let length = usize::from(be16(fixed, 4)?);
                if length > total.saturating_sub(40) {
                    return None;
                }
                let upper = extract::upper_layer(fixed[6], behind, length)?;
                let whole = upper.fragment & super::key::LATER == 0;
                (true, 40 + upper.at, whole.then_some(upper.protocol), 40 + length)
            }
            _ => return None,
        };
        let transport = protocol.and_then(Transport::of);
        let room = length.min(packet.len()).saturating_sub(at);
        let transport = transport.filter(|transport| room >= transport.min_header_len());
        let transport = transport.map(|transport| (transport, at));
        Some(Self { packet, six, transport, partial, length })
    }

    /// Sets an IPv4 address.
    fn set_address(&mut self, at: usize, address: [u8; 4]) {
        if self.six {
            return;
        }
        for (at, new) in [(at, [address[0], address[1]]), (at + 2, [address[2], address[3]])] {
            let old = self.set_word(at, u16::from_be_bytes(new));
            self.fix_header(old, u16::from_be_bytes(new));
            self.fix_transport(old, u16::from_be_bytes(new), true);
        }
    }

    /// Sets the upper six bits of the type of service.
    fn set_tos(&mut self, tos: u8) {
        let shift = if self.six { 4 } else { 0 };
        let old = self.word(0);
        let new = old & !(0xfc << shift) | u16::from(tos & 0xfc) << shift;
        self.set_word(0, new);
        self.fix_header(old, new);
    }

    fn ttl(&self) -> u8 {
        self.packet[if self.six { 7 } else { 8 }]
    }

    fn set_ttl(&mut self, ttl: u8) {
        if self.six {
            self.packet[7] = ttl;
            return;
        }
        let old = self.word(8);
        let new = old & 0xff | u16::from(ttl) << 8;
        self.set_word(8, new);
        self.fix_header(old, new);
    }

    /// Sets the port at an offset of the transport's header.
    fn set_port(&mut self, offset: usize, port: u16) {
        let Some((transport, at)) = self.transport else { return };
        if transport == Transport::Sctp {
            return self.set_sctp_port(at, offset, port);
        }
        let old = self.set_word(at + offset, port);
        self.fix_transport(old, port, false);
    }

    /// As OVS does it: a checksum that was wrong stays wrong by as much, so nobody takes it for right.
    fn set_sctp_port(&mut self, at: usize, offset: usize, port: u16) {
        let end = self.length.min(self.packet.len());
        let field = at + Transport::Sctp.checksum_field().start..at + 12;
        let mut given = [0; 4];
        given.copy_from_slice(&self.packet[field.clone()]);
        self.packet[field.clone()].fill(0);
        let before = sctp([&self.packet[at..end]]);
        self.set_word(at + offset, port);
        let after = sctp([&self.packet[at..end]]);
        let kept = std::array::from_fn::<u8, 4, _>(|i| given[i] ^ before[i] ^ after[i]);
        self.packet[field].copy_from_slice(&kept);
    }

    /// Keeps IPv4's own checksum right.
    fn fix_header(&mut self, old: u16, new: u16) {
        if !self.six {
            let checksum = updated(self.word(10), old, new);
            self.set_word(10, checksum);
        }
    }

    /// Keeps TCP's or UDP's checksum right; `pseudo` if the word is one of the pseudo header.
    fn fix_transport(&mut self, old: u16, new: u16, pseudo: bool) {
        let (at, udp) = match self.transport {
            Some((transport @ (Transport::Tcp | Transport::Udp), at)) => {
                (at + transport.checksum_field().start, transport == Transport::Udp)
            }
            _ => return,
        };
        let checksum = self.word(at);
        let checksum = match (self.partial, udp && checksum == 0) {
            // The sender has computed none, or leaves all but the pseudo header to the device.
            (_, true) => return,
            (true, _) if !pseudo => return,
            (true, _) => !updated(!checksum, old, new),
            (false, _) => match updated(checksum, old, new) {
                0 if udp => 0xffff,
                checksum => checksum,
            },
        };
        self.set_word(at, checksum);
    }

    fn word(&self, at: usize) -> u16 {
        be16(self.packet, at).unwrap_or(0)
    }

    /// Sets a word and returns what it was.
    fn set_word(&mut self, at: usize, value: u16) -> u16 {
        let old = self.word(at);
        if let Some(place) = self.packet.get_mut(at..at + 2) {
            place.copy_from_slice(&value.to_be_bytes());
        }
        old
    }
}

fn set_port(mbuf: &mut Mbuf, offset: usize, port: u16) -> Result<(), DropReason> {
    let whole = mbuf.segments() == 1;
    let mut beyond = false;
    with_ip(mbuf, |ip| match ip.transport {
        // Its checksum is over all of the packet.
        Some((Transport::Sctp, _)) if !whole => beyond = true,
        _ => ip.set_port(offset, port),
    })?;
    if beyond { Err(DropReason::Truncated) } else { Ok(()) }
}
