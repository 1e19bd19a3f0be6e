//! A packet that passed a port, as testpmd's `set verbose` prints it (`dump_pkt_burst`, `app/test-pmd/util.c`).

use dataplane::port::{Direction, Sight};
use std::fmt::{self, Display};

/// The line of a burst, before those of its packets.
pub(crate) struct BurstLine<'a>(pub(crate) &'a Sight);

/// The lines of a packet.
pub(crate) struct PacketLines<'a>(pub(crate) &'a Sight);

impl Display for BurstLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sight { direction, port, queue, burst, .. } = self.0;
        let way = match direction {
            Direction::Rx => "received",
            Direction::Tx => "sent",
        };
        writeln!(f, "port {port}/queue {queue}: {way} {burst} packets")
    }
}

impl Display for PacketLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sight = self.0;
        let (src, dst) = (sight.src().to_string(), sight.dst().to_string());
        write!(f, "  src={} - dst={}", src.to_uppercase(), dst.to_uppercase())?;
        write!(f, " - pool={} - type=0x{:04x}", sight.pool(), sight.ethertype())?;
        write!(f, " - length={} - nb_segs={}", sight.pkt_len(), sight.segments())?;
        if let Some(hash) = sight.rss_hash() {
            write!(f, " - RSS hash=0x{hash:x} - RSS queue=0x{:x}", sight.queue.0)?;
        }
        self.flow_rule(f)?;
        if let Some(time) = sight.timestamp() {
            write!(f, " - timestamp {time} ")?;
        }
        if let Some((inner, outer)) = sight.qinq_tcis() {
            write!(f, " - QinQ VLAN tci=0x{inner:x}, VLAN tci outer=0x{outer:x}")?;
        } else if let Some(tci) = sight.vlan_tci() {
            write!(f, " - VLAN tci=0x{tci:x}")?;
        }
        if let Some(found) = sight.device_type() {
            write!(f, " - hw ptype: {found}")?;
        }
        write!(f, " - sw ptype: {}", sight.parsed_type())?;
        for (layer, length) in sight.layers() {
            write!(f, " - {layer}={length}")?;
        }
        if let Some((found, port, vni)) = sight.tunnel() {
            write!(
                f,
                " - VXLAN packet: packet type ={found}, Destination UDP port ={port}, VNI = {}, last_rsvd = {}",
                vni >> 8,
                vni & 0xff
            )?;
        }
        let way = match sight.direction {
            Direction::Rx => "Receive",
            Direction::Tx => "Send",
        };
        writeln!(f, " - {way} queue=0x{:x}", sight.queue.0)?;
        writeln!(f, "  ol_flags: {}", sight.flags())
    }
}

impl PacketLines<'_> {
    fn flow_rule(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mark) = self.0.mark() {
            write!(f, " - FDIR matched ID=0x{mark:x}")?;
        } else if let Some((high, low)) = self.0.flexible_bytes() {
            write!(f, " - FDIR matched flex bytes=0x{high:08x} {low:08x}")?;
        } else if let Some((hash, id)) = self.0.flow_match() {
            write!(f, " - FDIR matched hash=0x{hash:x} ID=0x{id:x} ")?;
        }
        Ok(())
    }
}
