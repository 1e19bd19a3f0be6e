//! Packets cut into segments here, by DPDK's generic segmentation offload (`rte_gso.h`), where no device does it.

use crate::batch::Batch;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crate::offload::port::{GRE_SEGMENTS, TCP_SEGMENTS, UDP_SEGMENTS, VXLAN_SEGMENTS};
use dpdk_sys::rte_gso_ctx;

/// The least that a segment must be longer than: Ethernet, IPv4 and TCP headers and a byte (`RTE_GSO_SEG_SIZE_MIN`).
pub const MIN_SEGMENT: u16 = 55;

/// Why a packet was not cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncut {
    /// There are more segments than room for them.
    NoRoom,
    /// The pool has no packets for the segments' headers.
    NoBuffers,
}

/// Cuts packets of TCP or UDP over IPv4, also those in VXLAN and GRE.
pub struct Gso {
    pool: Mempool,
    segment: u16,
}

impl Gso {
    /// Cuts into segments of at most so many bytes, headers counted. Their headers are in packets of `pool`; their payload
    /// stays where it is.
    pub fn new(pool: &Mempool, segment: u16) -> Self {
        Self { pool: pool.clone(), segment }
    }

    /// Cuts a packet, which is freed, and adds the segments to a burst. One that need not be cut is added itself, and so is
    /// a fragment.
    ///
    /// The packet says what it is, as for a device that cuts it ([`Mbuf::set_tx_offload`]: headers of the innermost packet
    /// are all in the first buffer). The identification of each segment's IPv4 header is one more than the last one's; no
    /// checksum is written.
    ///
    /// # Errors
    /// [`Uncut`], with the packet as it was.
    ///
    /// Source: `rte_gso.h`, `rte_gso_segment`.
    pub fn cut(&self, mbuf: Mbuf, into: &mut Batch) -> Result<(), (Mbuf, Uncut)> {
        if into.room() == 0 {
            return Err((mbuf, Uncut::NoRoom));
        }
        let ctx = rte_gso_ctx {
            direct_pool: self.pool.as_raw(),
            indirect_pool: self.pool.as_raw(),
            flag: 0,
            gso_types: (TCP_SEGMENTS | UDP_SEGMENTS | VXLAN_SEGMENTS | GRE_SEGMENTS) as u32,
            gso_size: self.segment,
        };
        let mut answer = 0;
        let room = into.room();
        // SAFETY: packet and pool live; on success the call writes that many new packets without another owner, and they
        // hold on to the payload by its own count. Otherwise it writes none that it does not free again.
        unsafe {
            into.fill_with(room, |mbufs, room| {
                answer = dpdk_sys::rte_gso_segment(mbuf.as_raw(), &raw const ctx, mbufs, room);
                usize::try_from(answer).unwrap_or(0)
            });
        }
        match answer {
            1.. => {}
            0 => {
                // There is room, as just looked.
                let _ = into.push(mbuf);
            }
            _ if answer == -libc::ENOMEM => return Err((mbuf, Uncut::NoBuffers)),
            _ => return Err((mbuf, Uncut::NoRoom)),
        }
        Ok(())
    }
}
