//! Switching as a learning bridge does it (IEEE 802.1Q §8): learn who is where, send there what is for them.

use super::edit;
use super::extract::{be16, be48, is_tag};
use super::limits::Storm;
use super::mac_table::Learned;
use super::mode::{FULL, LEARNED, Lane, MOVES};
use super::snapshot::Snapshot;
use crate::forward::{Context, DropReason};
use crate::mbuf::Mbuf;
use crate::port::PortId;
use crate::wire::ethernet::{EtherType, HEADER_LEN};

const BROADCAST: u64 = (1 << 48) - 1;
/// The bit of an address that belongs to a group.
const GROUP: u64 = 1 << 40;
/// The bits of a tag that are the priority.
const PRIORITY: u16 = 0xe000;
/// Addresses between bridges, which no bridge forwards (IEEE 802.1Q table 8-1): the last four bits are any.
const RESERVED: u64 = 0x0180_c200_0000;

impl Lane {
    /// Sends a packet where its destination was seen last, or everywhere.
    pub(super) fn normal(&mut self, snapshot: &Snapshot, mbuf: Mbuf, context: &mut Context<'_>) {
        // Shorter ones are gone already.
        let Some(header) = mbuf.data().first_chunk::<HEADER_LEN>() else {
            return context.dropped(DropReason::Truncated, 1);
        };
        let (dst, src) = (be48(header, 0), be48(header, 6));
        let tci = tag(mbuf.data());
        let view = snapshot.port(self.ingress);
        let Some(vlan) = view.vlan_of(tci.unwrap_or(0)) else {
            return context.dropped(DropReason::Vlan, 1);
        };
        if dst & !0xf == RESERVED {
            return context.dropped(DropReason::Reserved, 1);
        }
        if view.policy.learning && src & GROUP == 0 {
            let limit = view.policy.mac_limit.unwrap_or(u32::MAX);
            match self.shared.macs.learn(src, vlan, self.ingress, self.now(), limit) {
                Learned::Known | Learned::Static => {}
                Learned::New => self.station.tally.add(LEARNED, 1),
                Learned::Moved => self.station.tally.add(MOVES, 1),
                Learned::Full => self.station.tally.add(FULL, 1),
            }
        }
        if dst & GROUP != 0 {
            let storm = if dst == BROADCAST { Storm::Broadcast } else { Storm::Multicast };
            return self.flood_vlan(snapshot, vlan, tci, storm, mbuf, context);
        }
        let Some(port) = self.shared.macs.find(dst, vlan) else {
            return self.flood_vlan(snapshot, vlan, tci, Storm::Unknown, mbuf, context);
        };
        let out = snapshot.port(port);
        let refused = match () {
            () if port == self.ingress => Some(DropReason::SamePort),
            () if !out.is_in(vlan) => Some(DropReason::Vlan),
            () if view.policy.isolated && out.policy.isolated => Some(DropReason::Isolated),
            () if out.for_copies => Some(DropReason::Mirror),
            () => None,
        };
        match refused {
            Some(reason) => context.dropped(reason, 1),
            None if out.plain && as_it_is(vlan, tci) => context.leave(port, mbuf),
            None => self.send_tagged(snapshot, port, vlan, tci, mbuf, context),
        }
    }

    /// Sends a packet to all of its VLAN that take such packets.
    fn flood_vlan(
        &mut self,
        snapshot: &Snapshot,
        vlan: u16,
        tci: Option<u16>,
        storm: Storm,
        mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
        if !self.limits.admits(storm) {
            return context.dropped(DropReason::Storm, 1);
        }
        let isolated = snapshot.port(self.ingress).policy.isolated;
        let takes = |port: PortId| {
            let view = snapshot.port(port);
            let wanted = match storm {
                Storm::Unknown => view.policy.unknown_unicast,
                Storm::Broadcast | Storm::Multicast => view.policy.flood,
            };
            wanted && view.is_in(vlan) && !view.for_copies && !(isolated && view.policy.isolated)
        };
        self.flood(mbuf, context, takes, |this, port, mbuf, context| {
            this.send_tagged(snapshot, port, vlan, tci, mbuf, context);
        });
    }

    /// Sends a packet of a VLAN by a port, with the tag that belongs there. `tci` is that which it has now.
    fn send_tagged(
        &mut self,
        snapshot: &Snapshot,
        port: PortId,
        vlan: u16,
        tci: Option<u16>,
        mut mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
        let wanted = snapshot.port(port).tag_of(vlan);
        let changed = match (tci, wanted) {
            (None, 0) => Ok(()),
            (Some(tci), _) if as_it_is(vlan, Some(tci)) && wanted == vlan => Ok(()),
            (Some(_), 0) => edit::strip_vlan(&mut mbuf),
            (Some(_), wanted) => edit::set_tci(&mut mbuf, 0x0fff, wanted),
            (None, wanted) => edit::push_vlan(&mut mbuf, EtherType::VLAN.0, wanted),
        };
        match changed {
            Ok(()) => self.send(snapshot, port, mbuf, context),
            Err(reason) => context.dropped(reason, 1),
        }
    }
}

/// Whether a packet of a VLAN has the tag that it has on a trunk. In VLAN 0 that is none, unless it tells a priority.
#[inline]
fn as_it_is(vlan: u16, tci: Option<u16>) -> bool {
    match tci {
        None => vlan == 0,
        Some(tci) => tci & 0xfff == vlan && (vlan != 0 || tci & PRIORITY != 0),
    }
}

/// The outer VLAN tag of a frame.
#[inline]
fn tag(frame: &[u8]) -> Option<u16> {
    // As in `extract::layers`, a tag is one if what it carries is there too.
    be16(frame, 12)
        .filter(|outer| is_tag(*outer) && frame.len() >= 18)
        .and_then(|_| be16(frame, 14))
}
