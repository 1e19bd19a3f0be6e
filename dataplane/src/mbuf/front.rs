//! Room in front of a packet: for a tag that is put there or taken off.

use super::Mbuf;
use crate::offload::tx::L4_MASK;

impl Mbuf {
    /// Makes the packet longer by `bytes` in front, their content being whatever the headroom held, and returns the first
    /// segment; `None`, and no change, if there is no such room or another packet shares it.
    ///
    /// Source: `rte_mbuf.h`, `rte_pktmbuf_prepend`.
    #[inline]
    pub fn prepend(&mut self, bytes: u16) -> Option<&mut [u8]> {
        let headroom = self.headroom().checked_sub(bytes)?;
        let data_len = self.data_len().checked_add(bytes)?;
        if self.refcnt() != 1 {
            return None;
        }
        self.set_front(headroom, data_len, self.pkt_len() + u32::from(bytes));
        self.grow_link_header(i32::from(bytes));
        self.data_mut()
    }

    /// Takes `bytes` off the packet's front; `None`, and no change, if its first segment has fewer or another packet shares it.
    ///
    /// Source: `rte_mbuf.h`, `rte_pktmbuf_adj`.
    #[inline]
    pub fn trim_front(&mut self, bytes: u16) -> Option<()> {
        let data_len = self.data_len().checked_sub(bytes)?;
        if self.refcnt() != 1 {
            return None;
        }
        self.set_front(
            self.headroom() + bytes,
            data_len,
            self.pkt_len().saturating_sub(bytes.into()),
        );
        self.grow_link_header(-i32::from(bytes));
        Some(())
    }

    fn set_front(&mut self, headroom: u16, data_len: u16, pkt_len: u32) {
        // SAFETY: as in `field!`, and `&mut self` makes this the only access; the callers keep the data within the buffer.
        unsafe {
            self.at::<u16>(dpdk_sys::PW_MBUF_DATA_OFF).write(headroom);
            self.at::<u16>(dpdk_sys::PW_MBUF_DATA_LEN).write(data_len);
            self.at::<u32>(dpdk_sys::PW_MBUF_PKT_LEN).write(pkt_len);
        }
    }

    /// Where the device is to fill in a checksum, it is told how long the link header is: that has changed.
    fn grow_link_header(&mut self, bytes: i32) {
        if self.ol_flags() & L4_MASK == 0 {
            return;
        }
        const ONES: u64 = (1 << dpdk_sys::PW_MBUF_L2_LEN_BITS) - 1;
        // SAFETY: as in `field!`, and `&mut self` makes this the only access.
        unsafe {
            let field = self.at::<u64>(dpdk_sys::PW_MBUF_TX_OFFLOAD);
            let lengths = field.read();
            let link = (lengths >> dpdk_sys::PW_MBUF_L2_LEN_SHIFT & ONES)
                .wrapping_add_signed(bytes.into());
            let others = lengths & !(ONES << dpdk_sys::PW_MBUF_L2_LEN_SHIFT);
            field.write(others | (link & ONES) << dpdk_sys::PW_MBUF_L2_LEN_SHIFT);
        }
    }
}
