//! Data centre bridging: traffic classes (IEEE 802.1Q clause 37).

use super::Port;
use super::error::Errno;
use serde::Serialize;

/// Consecutive queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueRange {
    /// The first.
    pub base: u16,
    /// How many.
    pub count: u16,
}

/// A traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TrafficClass {
    /// Its share of the link when sending, percent.
    pub bandwidth_percent: u8,
    /// Its receive queues.
    pub rx: QueueRange,
    /// Its transmit queues.
    pub tx: QueueRange,
}

/// A port's traffic classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dcb {
    /// The class of each user priority.
    pub of_priority: Vec<u8>,
    /// The classes, by number.
    pub classes: Vec<TrafficClass>,
}

impl<State> Port<State> {
    /// The traffic classes.
    ///
    /// # Errors
    /// [`Errno`]: the device has none.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_dcb_info`.
    pub fn dcb(&self) -> Result<Dcb, Errno> {
        let mut info = Box::<dpdk_sys::rte_eth_dcb_info>::default();
        // SAFETY: the port exists; `info` is written.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_get_dcb_info(self.id().0, &mut *info) })?;
        // A device without virtualisation has the queues of pool 0.
        let (rx, tx) = (&info.tc_queue.tc_rxq[0], &info.tc_queue.tc_txq[0]);
        let classes = info.tc_bws.iter().zip(rx).zip(tx).take(usize::from(info.nb_tcs));
        Ok(Dcb {
            of_priority: info.prio_tc.to_vec(),
            classes: classes
                .map(|((share, rx), tx)| TrafficClass {
                    bandwidth_percent: *share,
                    rx: QueueRange { base: rx.base, count: rx.nb_queue },
                    tx: QueueRange { base: tx.base, count: tx.nb_queue },
                })
                .collect(),
        })
    }
}
