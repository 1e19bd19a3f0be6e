//! What is told of a packet that passed a port.

use super::info::text;
use super::memories::Direction;
use super::{PortId, QueueId, ptypes};
use crate::wire::ethernet::MacAddr;
use dpdk_sys::pw_sight;
use std::ffi::c_char;

/// A packet that passed a port.
#[derive(Clone, Copy)]
pub struct Sight {
    /// Whether it was received or is about to be sent.
    pub direction: Direction,
    /// The port.
    pub port: PortId,
    /// The queue.
    pub queue: QueueId,
    /// Packets of its burst.
    pub burst: u16,
    /// Its place in the burst, from 0.
    pub place: u16,
    pub(super) facts: pw_sight,
}

/// A layer of a packet as DPDK's own parser finds it (`rte_net_get_ptype`): what testpmd calls its length, and that.
pub type LayerLength = (&'static str, u16);

impl Sight {
    /// The source address; zeros of what has no Ethernet header.
    pub fn src(&self) -> MacAddr {
        MacAddr(self.facts.src)
    }

    /// The destination address.
    pub fn dst(&self) -> MacAddr {
        MacAddr(self.facts.dst)
    }

    /// The type behind the addresses.
    pub fn ethertype(&self) -> u16 {
        self.facts.ether_type
    }

    /// The packet's pool by name.
    pub fn pool(&self) -> String {
        let name = self.facts.pool.iter().take_while(|byte| **byte != 0);
        String::from_utf8_lossy(&name.map(|byte| *byte as u8).collect::<Vec<u8>>()).into_owned()
    }

    /// Bytes in all segments.
    pub fn pkt_len(&self) -> u32 {
        self.facts.pkt_len
    }

    /// Segments.
    pub fn segments(&self) -> u16 {
        self.facts.nb_segs
    }

    /// The RSS hash, if the device computed one.
    pub fn rss_hash(&self) -> Option<u32> {
        self.has(dpdk_sys::PW_MBUF_F_RX_RSS_HASH).then_some(self.facts.rss)
    }

    /// The flow rule's mark, if the packet matched one (`RTE_MBUF_F_RX_FDIR_ID`).
    pub fn mark(&self) -> Option<u32> {
        let flags = dpdk_sys::PW_MBUF_F_RX_FDIR | dpdk_sys::PW_MBUF_F_RX_FDIR_ID;
        (self.facts.ol_flags & flags == flags).then_some(self.facts.fdir_hi)
    }

    /// The packet's bytes that the device copied, the upper ones first, if it matched a flow rule that asks for them.
    pub fn flexible_bytes(&self) -> Option<(u32, u32)> {
        let flags = dpdk_sys::PW_MBUF_F_RX_FDIR | dpdk_sys::PW_MBUF_F_RX_FDIR_FLX;
        let copied = self.facts.ol_flags & flags == flags && self.mark().is_none();
        copied.then_some((self.facts.fdir_hi, self.facts.fdir_lo))
    }

    /// The flow rule's hash and number, if the packet matched one that neither marks nor copies.
    pub fn flow_match(&self) -> Option<(u16, u16)> {
        let told = self.mark().is_some() || self.flexible_bytes().is_some();
        let matched = self.has(dpdk_sys::PW_MBUF_F_RX_FDIR) && !told;
        matched.then_some((self.facts.fdir_lo as u16, (self.facts.fdir_lo >> 16) as u16))
    }

    /// When the device received the packet, by its own clock, if it said so.
    pub fn timestamp(&self) -> Option<u64> {
        (self.facts.has_timestamp != 0).then_some(self.facts.timestamp)
    }

    /// The VLAN tag that the device took off or is to insert.
    pub fn vlan_tci(&self) -> Option<u16> {
        let flag = match self.direction {
            Direction::Rx => dpdk_sys::PW_MBUF_F_RX_VLAN,
            Direction::Tx => dpdk_sys::PW_MBUF_F_TX_VLAN,
        };
        self.has(flag).then_some(self.facts.vlan_tci)
    }

    /// Both VLAN tags, the inner first, if the device took two off or is to insert two.
    pub fn qinq_tcis(&self) -> Option<(u16, u16)> {
        let flag = match self.direction {
            Direction::Rx => dpdk_sys::PW_MBUF_F_RX_QINQ,
            Direction::Tx => dpdk_sys::PW_MBUF_F_TX_QINQ,
        };
        self.has(flag).then_some((self.facts.vlan_tci, self.facts.vlan_tci_outer))
    }

    /// The packet type that the device found, in DPDK's words.
    pub fn device_type(&self) -> Option<String> {
        (self.facts.packet_type != 0).then(|| ptypes::name(self.facts.packet_type))
    }

    /// The packet type that DPDK's parser found, in DPDK's words.
    pub fn parsed_type(&self) -> String {
        ptypes::name(self.facts.sw_packet_type)
    }

    /// The lengths of the layers that DPDK's parser found.
    pub fn layers(&self) -> impl Iterator<Item = LayerLength> {
        let facts = &self.facts;
        // Layer by layer as `rte_mbuf_ptype.h` has their masks: four bits each, from the link layer on.
        let lengths: [LayerLength; 7] = [
            ("l2_len", facts.l2_len.into()),
            ("l3_len", facts.l3_len),
            ("l4_len", facts.l4_len.into()),
            ("tunnel_len", facts.tunnel_len),
            ("inner_l2_len", facts.inner_l2_len.into()),
            ("inner_l3_len", facts.inner_l3_len),
            ("inner_l4_len", facts.inner_l4_len.into()),
        ];
        let found = facts.sw_packet_type;
        lengths
            .into_iter()
            .enumerate()
            .filter_map(move |(at, layer)| (found >> (4 * at) & 0xf != 0).then_some(layer))
    }

    /// Type, UDP port, and VNI with the byte behind it, of what the device took for a tunnel over UDP.
    pub fn tunnel(&self) -> Option<(u16, u16, u32)> {
        let facts = &self.facts;
        (facts.over_udp != 0).then_some((
            facts.packet_type as u16,
            facts.udp_port,
            facts.vni_and_rest,
        ))
    }

    /// The offload flags, in DPDK's words.
    pub fn flags(&self) -> String {
        let list = match self.direction {
            Direction::Rx => dpdk_sys::rte_get_rx_ol_flag_list,
            Direction::Tx => dpdk_sys::rte_get_tx_ol_flag_list,
        };
        let mut names = [0 as c_char; 256];
        // SAFETY: the call writes as much as it is told at most, and terminates it.
        unsafe {
            list(self.facts.ol_flags, names.as_mut_ptr(), names.len());
            text(names.as_ptr())
        }
    }

    fn has(&self, flag: u64) -> bool {
        self.facts.ol_flags & flag != 0
    }
}
