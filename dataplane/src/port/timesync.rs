//! Hardware timestamps of PTP packets (IEEE 1588).

use super::{Errno, PortId};
use std::time::Duration;

/// A port whose device takes timestamps.
///
/// The device goes on taking them until its port stops.
#[derive(Clone, Copy, Debug)]
pub struct Timesync {
    port: PortId,
}

impl Timesync {
    /// Has the device of a started port take timestamps.
    ///
    /// # Errors
    /// [`Errno`]: most devices cannot.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_timesync_enable`.
    pub fn enable(port: PortId) -> Result<Self, Errno> {
        // SAFETY: the call answers -ENODEV for a port that does not exist.
        Errno::check(unsafe { dpdk_sys::rte_eth_timesync_enable(port.0) })?;
        Ok(Self { port })
    }

    /// When the last packet that was to be timestamped came, by the device's clock; `None` if that was read already.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_timesync_read_rx_timestamp`.
    pub fn received_at(&self) -> Option<Duration> {
        let mut time = dpdk_sys::timespec::default();
        // SAFETY: `time` is written if the call succeeds. The register's number is for drivers that have several.
        let rc = unsafe { dpdk_sys::rte_eth_timesync_read_rx_timestamp(self.port.0, &mut time, 0) };
        (rc >= 0).then(|| duration(&time))
    }

    /// When the last packet that was to be timestamped left, by the device's clock; `None` if it has not yet, or that was
    /// read already.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_timesync_read_tx_timestamp`.
    pub fn sent_at(&self) -> Option<Duration> {
        let mut time = dpdk_sys::timespec::default();
        // SAFETY: `time` is written if the call succeeds.
        let rc = unsafe { dpdk_sys::rte_eth_timesync_read_tx_timestamp(self.port.0, &mut time) };
        (rc >= 0).then(|| duration(&time))
    }
}

/// A clock's reading; the devices' begin at zero and never read less.
fn duration(time: &dpdk_sys::timespec) -> Duration {
    let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
    whole + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}
