//! TCP packets of a flow merged into larger ones, by DPDK's generic receive offload (`rte_gro.h`).
//!
//! DPDK looks at no byte before a packet's type and header lengths ([`Mbuf::set_packet_type`], [`Mbuf::set_tx_offload`]): it
//! merges those of [`MERGED`] and leaves all others as they are.
//!
//! [`Mbuf::set_packet_type`]: crate::mbuf::Mbuf::set_packet_type
//! [`Mbuf::set_tx_offload`]: crate::mbuf::Mbuf::set_tx_offload

use crate::batch::Batch;
use crate::eal::{Eal, errno_text, last_errno};
use crate::lcore::SocketId;
use dpdk_sys::rte_gro_param;
use std::ffi::c_void;
use std::ptr::NonNull;

/// The type of packets that are merged: TCP over IPv4, behind an Ethernet header without tags.
pub const MERGED: u32 = dpdk_sys::RTE_PTYPE_L2_ETHER
    | dpdk_sys::RTE_PTYPE_L3_IPV4_EXT_UNKNOWN
    | dpdk_sys::RTE_PTYPE_L4_TCP;

/// Flows and packets of each that are looked at within a burst, as in testpmd (`GRO_DEFAULT_FLOW_NUM`,
/// `GRO_DEFAULT_ITEM_NUM_PER_FLOW`).
pub const BURST_FLOWS: u16 = 4;
/// See [`BURST_FLOWS`].
pub const BURST_PACKETS_PER_FLOW: u16 = 32;

/// Merges packets of one burst. Those that took part come first, then the others, both in order.
///
/// Source: `rte_gro.h`, `rte_gro_reassemble_burst`.
pub fn merge(batch: &mut Batch) {
    let param = rte_gro_param {
        gro_types: dpdk_sys::PW_GRO_TCP_IPV4,
        max_flow_num: BURST_FLOWS,
        max_item_per_flow: BURST_PACKETS_PER_FLOW,
        socket_id: 0,
    };
    // SAFETY: the call rewrites the array: what it merged is in the chains of those that it leaves, each once.
    unsafe {
        batch.rewrite_with(|mbufs, count| {
            usize::from(dpdk_sys::rte_gro_reassemble_burst(mbufs, count, &raw const param))
        });
    }
}

/// Why a table could not be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "a table to merge {packets} packets in could not be made on NUMA node {socket}: {reason}; give EAL more memory (-m)"
)]
pub struct GroError {
    packets: u32,
    socket: SocketId,
    reason: String,
}

/// Packets that wait for others to be merged with, over several bursts.
pub struct GroTable {
    table: NonNull<c_void>,
    _eal: Eal,
}

// SAFETY: a table is plain memory with one owner, and DPDK asks only that one thread uses it at a time (`rte_gro.h`); the
// packets in it are `Send` themselves.
unsafe impl Send for GroTable {}

impl GroTable {
    /// A table for `flows` flows of `packets_per_flow` packets.
    ///
    /// # Errors
    /// [`GroError`].
    ///
    /// Source: `rte_gro.h`, `rte_gro_ctx_create`.
    pub fn new(
        eal: &Eal,
        socket: SocketId,
        flows: u16,
        packets_per_flow: u16,
    ) -> Result<Self, GroError> {
        let param = rte_gro_param {
            gro_types: dpdk_sys::PW_GRO_TCP_IPV4,
            max_flow_num: flows,
            max_item_per_flow: packets_per_flow,
            // Node 0's memory will do where the port belongs to none.
            socket_id: u16::try_from(socket.0).unwrap_or(0),
        };
        // SAFETY: EAL runs (`eal`), and the parameters are copied by the call.
        let table = unsafe { dpdk_sys::rte_gro_ctx_create(&raw const param) };
        let table = NonNull::new(table).ok_or_else(|| GroError {
            packets: u32::from(flows) * u32::from(packets_per_flow),
            socket,
            reason: errno_text(last_errno()),
        })?;
        Ok(Self { table, _eal: eal.clone() })
    }

    /// Takes packets that may be merged out of a burst; the others stay, in order.
    ///
    /// Source: `rte_gro.h`, `rte_gro_reassemble`.
    pub fn take(&mut self, batch: &mut Batch) {
        // SAFETY: the table owns what it took; the others are at the array's front, each once.
        unsafe {
            batch.rewrite_with(|mbufs, count| {
                usize::from(dpdk_sys::rte_gro_reassemble(mbufs, count, self.table.as_ptr()))
            });
        }
    }

    /// Adds what was merged, and what found nothing to be merged with, to a burst, as far as there is room.
    ///
    /// Source: `rte_gro.h`, `rte_gro_timeout_flush`.
    pub fn give(&mut self, batch: &mut Batch) {
        let room = batch.room();
        // SAFETY: the call writes no more than `room` packets, which the table owned, and forgets them.
        unsafe {
            batch.fill_with(room, |mbufs, room| {
                let table = self.table.as_ptr();
                usize::from(dpdk_sys::rte_gro_timeout_flush(
                    table,
                    0,
                    dpdk_sys::PW_GRO_TCP_IPV4,
                    mbufs,
                    room,
                ))
            });
        }
    }

    /// Packets in it, a merged one counted once.
    pub fn len(&self) -> u64 {
        // SAFETY: the table lives as long as `self`.
        unsafe { dpdk_sys::rte_gro_get_pkt_count(self.table.as_ptr()) }
    }

    /// Whether it has no packets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Frees the packets in it; returns how many there were.
    pub fn clear(&mut self) -> usize {
        let mut freed = 0;
        let mut batch = Batch::new();
        while !self.is_empty() {
            self.give(&mut batch);
            freed += batch.len();
            batch.clear();
        }
        freed
    }
}

impl Drop for GroTable {
    fn drop(&mut self) {
        self.clear();
        // SAFETY: this is the only handle, and no packet is in the table.
        unsafe { dpdk_sys::rte_gro_ctx_destroy(self.table.as_ptr()) };
    }
}
