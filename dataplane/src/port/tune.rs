//! What can be changed on a port that is configured, and on its queues.

use super::{Errno, Port, PortConfig, PortError, RxQueue, Started, Stopped, TxQueue};

impl<State> Port<State> {
    /// Sets the MTU.
    ///
    /// # Errors
    /// [`Errno`]: out of the device's range, or it has no such call.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_mtu`.
    pub fn set_mtu(&self, mtu: u16) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_set_mtu(self.id().0, mtu) })
    }

    /// Sets extended statistics to zero.
    ///
    /// # Errors
    /// [`Errno`]: the device cannot, or has not been configured yet.
    pub fn reset_extended_stats(&self) -> Result<(), Errno> {
        if !self.counts() {
            return Err(Errno::INVALID);
        }
        // SAFETY: the port exists.
        Errno::check(unsafe { dpdk_sys::rte_eth_xstats_reset(self.id().0) })
    }
}

impl Port<Stopped> {
    /// Puts the device back to what it was when it was made; it must be configured anew.
    ///
    /// # Errors
    /// [`Errno`].
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_reset`.
    pub fn reset(&mut self) -> Result<(), Errno> {
        // SAFETY: the port is stopped and nobody polls it.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_reset(self.id().0) })?;
        self.device.config = None;
        Ok(())
    }
}

impl Port<Started> {
    /// Starts or stops a receive queue, which nobody polls as it is here.
    ///
    /// # Errors
    /// [`Errno`]; few drivers can.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_rx_queue_start`.
    pub fn run_rx(&self, queue: &mut RxQueue, run: bool) -> Result<(), Errno> {
        let (port, id) = (self.device.id.0, queue.id());
        // SAFETY: the port is started and `queue` is the only handle to its queue.
        Errno::check(unsafe {
            match run {
                true => dpdk_sys::rte_eth_dev_rx_queue_start(port, id.0),
                false => dpdk_sys::rte_eth_dev_rx_queue_stop(port, id.0),
            }
        })?;
        queue.set_running(run);
        Ok(())
    }

    /// Starts or stops a transmit queue, as [`Self::run_rx`] does a receive queue.
    ///
    /// # Errors
    /// [`Errno`].
    pub fn run_tx(&self, queue: &mut TxQueue, run: bool) -> Result<(), Errno> {
        let (port, id) = (self.device.id.0, queue.id());
        // SAFETY: the port is started and `queue` is the only handle to its queue.
        Errno::check(unsafe {
            match run {
                true => dpdk_sys::rte_eth_dev_tx_queue_start(port, id.0),
                false => dpdk_sys::rte_eth_dev_tx_queue_stop(port, id.0),
            }
        })?;
        queue.set_running(run);
        Ok(())
    }

    /// Has the driver free packets that were sent, so many at most, or all for zero; returns how many it freed.
    ///
    /// # Errors
    /// [`Errno`]; few drivers can.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_tx_done_cleanup`.
    pub fn clean_up_tx(&self, queue: &mut TxQueue, most: u32) -> Result<u32, Errno> {
        // SAFETY: the port is started and `queue` is the only handle to its queue.
        let freed = Errno::count(unsafe {
            dpdk_sys::rte_eth_tx_done_cleanup(self.device.id.0, queue.id().0, most)
        })?;
        Ok(freed as u32)
    }

    /// Sets a receive queue up anew, as `config` now has it.
    ///
    /// # Errors
    /// [`PortError::Refused`]: few drivers can while the port runs.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_rx_queue_setup`.
    pub fn renew_rx(&mut self, queue: &mut RxQueue, config: &PortConfig) -> Result<(), PortError> {
        let Some(pool) = self.device.pools.last() else {
            return Err(self.device.refused("rte_eth_rx_queue_setup", None, libc::EINVAL));
        };
        let info = self.device.info()?;
        self.device.set_up_rx(queue.id(), config, &info, pool)
    }

    /// Sets a transmit queue up anew, as `config` now has it.
    ///
    /// # Errors
    /// [`PortError::Refused`]: few drivers can while the port runs.
    pub fn renew_tx(&mut self, queue: &mut TxQueue, config: &PortConfig) -> Result<(), PortError> {
        let info = self.device.info()?;
        self.device.set_up_tx(queue.id(), config, &info)
    }
}
