//! Packets go back to where they came from, a burst at a time.

use super::Mbuf;
use crate::offload::tx::MEMORY;
use dpdk_sys::{rte_mbuf, rte_mempool};

/// Frees packets (`rte_mbuf.h`, `rte_pktmbuf_free_bulk`).
///
/// Those of most bursts are such as a pool gives out, and all of one pool: it gets their array as it is. DPDK's function writes them into an
/// array of its own first, out of which the pool reads them before they have arrived there.
///
/// # Safety
/// The packets are handed over: nobody uses or frees them after this.
#[inline]
pub(crate) unsafe fn free_bulk(packets: &[Mbuf]) {
    let Some(first) = packets.first() else { return };
    let pool = first.pool();
    let together = packets.iter().all(|mbuf| mbuf.is_plain() && mbuf.pool() == pool);
    // `Mbuf` is a transparent pointer to an rte_mbuf.
    let mbufs = packets.as_ptr().cast_mut().cast::<*mut rte_mbuf>();
    // SAFETY: they are live and owned, by the caller's promise. Plain ones need nothing done before their pool has them.
    unsafe {
        if together {
            dpdk_sys::pw_mempool_put_bulk(pool, mbufs.cast(), packets.len() as u32);
        } else {
            dpdk_sys::rte_pktmbuf_free_bulk(mbufs, packets.len() as u32);
        }
    }
}

impl Mbuf {
    /// Whether it is as a pool gives it out: one buffer, of its own, and one owner.
    #[inline]
    fn is_plain(&self) -> bool {
        // SAFETY: as in `field!`.
        let next = unsafe { self.at::<*mut rte_mbuf>(dpdk_sys::PW_MBUF_NEXT).read() };
        self.refcnt() == 1
            && self.segments() == 1
            && next.is_null()
            && self.ol_flags() & MEMORY == 0
    }

    #[inline]
    fn pool(&self) -> *mut rte_mempool {
        // SAFETY: as in `field!`.
        unsafe { self.at::<*mut rte_mempool>(dpdk_sys::PW_MBUF_POOL).read() }
    }
}
