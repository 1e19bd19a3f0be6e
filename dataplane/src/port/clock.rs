//! A device's own clock, the one of the times that it gives to packets.

use super::{Errno, Port, PortId};

/// A device's clock, which can be read. Its ticks have no unit and begin anywhere.
#[derive(Clone, Copy, Debug)]
pub struct DeviceClock(PortId);

impl<State> Port<State> {
    /// The device's clock.
    ///
    /// # Errors
    /// [`Errno`]: few devices have one that can be read.
    pub fn clock(&self) -> Result<DeviceClock, Errno> {
        let clock = DeviceClock(self.id());
        clock.ticks().map(|_| clock)
    }
}

impl DeviceClock {
    /// What it says now.
    ///
    /// # Errors
    /// [`Errno`], if the device is gone.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_read_clock`.
    pub fn ticks(&self) -> Result<u64, Errno> {
        let mut ticks = 0;
        // SAFETY: the call answers -ENODEV for a port that does not exist; `ticks` is written if it succeeds.
        Errno::check(unsafe { dpdk_sys::rte_eth_read_clock(self.0.0, &mut ticks) })?;
        Ok(ticks)
    }
}
