//! Statistics that the device keeps.

use super::Port;
use super::error::Errno;
use super::info::text;
use serde::Serialize;

/// A device's basic statistics since its start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PortStats {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received, without frame check sequences.
    pub rx_bytes: u64,
    /// Packets the device dropped because a receive queue was full.
    pub rx_missed: u64,
    /// Erroneous packets.
    pub rx_errors: u64,
    /// Packets not received for want of an mbuf.
    pub rx_nombuf: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes sent, without frame check sequences.
    pub tx_bytes: u64,
    /// Packets that could not be sent.
    pub tx_errors: u64,
}

/// One of a device's extended statistics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtendedStat {
    /// Its name in DPDK's scheme, e.g. `rx_good_packets`.
    pub name: String,
    /// Its value.
    pub value: u64,
}

impl<State> Port<State> {
    /// Whether the device may be asked for statistics: some (net_vhost) count by queue, and have none before the port is
    /// configured.
    pub(super) fn counts(&self) -> bool {
        self.device.config.is_some()
    }

    /// Basic statistics; `None` if the device keeps none, or has not been configured yet.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_stats_get`.
    pub fn stats(&self) -> Option<PortStats> {
        if !self.counts() {
            return None;
        }
        let mut stats = dpdk_sys::rte_eth_stats::default();
        // SAFETY: the port exists; `stats` is written if the call succeeds.
        let rc = unsafe { dpdk_sys::rte_eth_stats_get(self.device.id.0, &mut stats) };
        (rc == 0).then_some(PortStats {
            rx_packets: stats.ipackets,
            rx_bytes: stats.ibytes,
            rx_missed: stats.imissed,
            rx_errors: stats.ierrors,
            rx_nombuf: stats.rx_nombuf,
            tx_packets: stats.opackets,
            tx_bytes: stats.obytes,
            tx_errors: stats.oerrors,
        })
    }

    /// Sets basic and extended statistics to zero; `false` if the device cannot.
    pub fn reset_stats(&self) -> bool {
        if !self.counts() {
            return false;
        }
        // SAFETY: the port exists.
        unsafe {
            let basic = dpdk_sys::rte_eth_stats_reset(self.device.id.0);
            basic == 0 && dpdk_sys::rte_eth_xstats_reset(self.device.id.0) == 0
        }
    }

    /// Extended statistics; empty if the device keeps none.
    ///
    /// # Errors
    /// [`Errno`] if the device does not say.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_xstats_get`, `rte_eth_xstats_get_names`.
    pub fn extended_stats(&self) -> Result<Vec<ExtendedStat>, Errno> {
        if !self.counts() {
            return Ok(Vec::new());
        }
        let id = self.device.id.0;
        // SAFETY: the port exists; without an array the call tells the count.
        let count = Errno::count(unsafe {
            dpdk_sys::rte_eth_xstats_get_names(id, std::ptr::null_mut(), 0)
        })?;
        let room = count as u32;
        let mut names = vec![dpdk_sys::rte_eth_xstat_name::default(); room as usize];
        let mut values = vec![dpdk_sys::rte_eth_xstat::default(); room as usize];
        // SAFETY: both arrays have `room` entries, as the calls are told.
        let (got_names, got_values) = unsafe {
            let names = dpdk_sys::rte_eth_xstats_get_names(id, names.as_mut_ptr(), room);
            (names, dpdk_sys::rte_eth_xstats_get(id, values.as_mut_ptr(), room))
        };
        // A count other than the first means that the set changed in between: better none than mismatched ones.
        if got_names != count || got_values != count {
            return Err(Errno::CHANGED);
        }
        let stat = |value: &dpdk_sys::rte_eth_xstat| {
            let name = names.get(value.id as usize)?;
            // SAFETY: DPDK terminates the name within its array.
            let name = unsafe { text(name.name.as_ptr()) };
            Some(ExtendedStat { name, value: value.value })
        };
        Ok(values.iter().filter_map(stat).collect())
    }
}
