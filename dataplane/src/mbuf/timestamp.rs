//! When a packet came, by its device's own clock.

use super::Mbuf;
use crate::eal::Eal;
use crate::port::Errno;

/// Where drivers leave the time when a packet came, and the flag that says that it is there: the same place for all ports.
#[derive(Clone, Copy, Debug)]
pub struct RxTimestamp {
    offset: u32,
    flag: u64,
}

impl RxTimestamp {
    /// The receive offload that has a device take the times (`RTE_ETH_RX_OFFLOAD_TIMESTAMP`).
    pub const OFFLOAD: u64 = dpdk_sys::PW_ETH_RX_OFFLOAD_TIMESTAMP;

    /// Finds the place, or makes it.
    ///
    /// # Errors
    /// [`Errno`] if other libraries have taken all room that packets have for such things.
    ///
    /// Source: `rte_mbuf_dyn.h`, `rte_mbuf_dyn_rx_timestamp_register`.
    pub fn register(_eal: &Eal) -> Result<Self, Errno> {
        let (mut offset, mut flag) = (0, 0);
        // SAFETY: EAL is started, where the table of such places is; both are written if the call succeeds.
        let rc = unsafe { dpdk_sys::rte_mbuf_dyn_rx_timestamp_register(&mut offset, &mut flag) };
        match u32::try_from(offset) {
            Ok(offset) if rc == 0 => Ok(Self { offset, flag }),
            _ => Err(Errno::last()),
        }
    }

    /// The device's clock when the packet came, in its ticks; `None` if the device did not say.
    #[inline]
    pub fn of(self, packet: &Mbuf) -> Option<u64> {
        if packet.ol_flags() & self.flag == 0 {
            return None;
        }
        // SAFETY: DPDK gave this offset to a number of 64 bits, for every mbuf there is, and `packet` owns a live one.
        Some(unsafe { packet.at::<u64>(self.offset).read() })
    }
}
