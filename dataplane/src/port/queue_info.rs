//! What a driver says of a queue that is set up, and of its descriptors.

use super::error::Errno;
use super::info::text;
use super::{Direction, Port, PortId, QueueId};
use serde::Serialize;

/// Whether a queue runs (`RTE_ETH_QUEUE_STATE_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueState {
    /// Set up, not polled by the device.
    Stopped,
    /// Runs.
    Started,
    /// Joined to another queue inside the device.
    Hairpin,
    /// A number that DPDK does not explain.
    Unknown,
}

impl QueueState {
    fn of(number: u8) -> Self {
        match u32::from(number) {
            dpdk_sys::RTE_ETH_QUEUE_STATE_STOPPED => Self::Stopped,
            dpdk_sys::RTE_ETH_QUEUE_STATE_STARTED => Self::Started,
            dpdk_sys::RTE_ETH_QUEUE_STATE_HAIRPIN => Self::Hairpin,
            _ => Self::Unknown,
        }
    }
}

/// Thresholds of a descriptor ring, in descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Thresholds {
    /// Prefetch.
    pub prefetch: u8,
    /// Host.
    pub host: u8,
    /// Write-back.
    pub writeback: u8,
}

impl From<dpdk_sys::rte_eth_thresh> for Thresholds {
    fn from(thresh: dpdk_sys::rte_eth_thresh) -> Self {
        Self { prefetch: thresh.pthresh, host: thresh.hthresh, writeback: thresh.wthresh }
    }
}

/// A receive queue as its driver has it.
#[derive(Clone, Debug, Serialize)]
pub struct RxQueueInfo {
    /// The pool its packets come from; `None` if the driver does not say.
    pub mempool: Option<String>,
    /// Thresholds of its ring.
    pub thresholds: Thresholds,
    /// Descriptors that are freed at once.
    pub free_threshold: u16,
    /// Whether packets are dropped when there is no descriptor.
    pub drops: bool,
    /// Whether it waits for its own start.
    pub deferred_start: bool,
    /// Whether a packet may take several buffers.
    pub scattered: bool,
    /// Whether it runs.
    pub state: QueueState,
    /// Bytes of a buffer as the device sees it; 0 if the driver does not say.
    pub buffer_size: u16,
    /// Descriptors.
    pub descriptors: u16,
    /// Offloads (`RTE_ETH_RX_OFFLOAD_*`).
    pub offloads: u64,
    /// Group of the shared receive queue it is part of; 0 if of none.
    pub share_group: u16,
    /// Its number in that group.
    pub share_queue: u16,
    /// How its driver receives.
    pub burst_mode: Option<BurstMode>,
}

/// A transmit queue as its driver has it.
#[derive(Clone, Debug, Serialize)]
pub struct TxQueueInfo {
    /// Thresholds of its ring.
    pub thresholds: Thresholds,
    /// Descriptors between two whose completion is reported.
    pub report_threshold: u16,
    /// Descriptors that are freed at once.
    pub free_threshold: u16,
    /// Whether it waits for its own start.
    pub deferred_start: bool,
    /// Whether it runs.
    pub state: QueueState,
    /// Descriptors.
    pub descriptors: u16,
    /// Offloads (`RTE_ETH_TX_OFFLOAD_*`).
    pub offloads: u64,
    /// How its driver sends.
    pub burst_mode: Option<BurstMode>,
}

/// The function that a driver chose for bursts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BurstMode {
    /// Its name, in the driver's words.
    pub name: String,
    /// Whether queues of one port may differ in it.
    pub per_queue: bool,
}

type BurstModeGet = unsafe extern "C" fn(u16, u16, *mut dpdk_sys::rte_eth_burst_mode) -> i32;

/// How the driver bursts, by ethdev's function for one of the two directions; `None` if it does not say.
fn burst_mode(get: BurstModeGet, port: PortId, queue: QueueId) -> Option<BurstMode> {
    let mut mode = dpdk_sys::rte_eth_burst_mode::default();
    // SAFETY: the port exists; ethdev checks the queue, and terminates the text that it writes.
    unsafe {
        let rc = get(port.0, queue.0, &mut mode);
        let per_queue = mode.flags & dpdk_sys::PW_ETH_BURST_FLAG_PER_QUEUE != 0;
        (rc == 0).then(|| BurstMode { name: text(mode.info.as_ptr()), per_queue })
    }
}

/// What a receive descriptor is for at the moment (`RTE_ETH_RX_DESC_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RxDescriptor {
    /// The device may fill it.
    Available,
    /// It holds a packet.
    Done,
    /// The driver or the device keeps it.
    Unavailable,
}

/// What a transmit descriptor is for at the moment (`RTE_ETH_TX_DESC_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TxDescriptor {
    /// The device has yet to send its packet.
    Full,
    /// Its packet is sent.
    Done,
    /// The driver or the device keeps it.
    Unavailable,
}

impl<State> Port<State> {
    /// A receive queue as its driver has it.
    ///
    /// # Errors
    /// [`Errno`]: the driver does not say, or there is no such queue.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_rx_queue_info_get`, `rte_eth_rx_burst_mode_get`.
    pub fn rx_queue_info(&self, queue: QueueId) -> Result<RxQueueInfo, Errno> {
        let mut info = dpdk_sys::rte_eth_rxq_info::default();
        // SAFETY: the port exists; ethdev checks the queue; `info` is written.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_rx_queue_info_get(self.id().0, queue.0, &mut info)
        })?;
        // SAFETY: the pool of a queue outlives it, and has a name.
        let mempool =
            (!info.mp.is_null()).then(|| unsafe { text(dpdk_sys::pw_mempool_name(info.mp)) });
        Ok(RxQueueInfo {
            mempool,
            thresholds: info.conf.rx_thresh.into(),
            free_threshold: info.conf.rx_free_thresh,
            drops: info.conf.rx_drop_en != 0,
            deferred_start: info.conf.rx_deferred_start != 0,
            scattered: info.scattered_rx != 0,
            state: QueueState::of(info.queue_state),
            buffer_size: info.rx_buf_size,
            descriptors: info.nb_desc,
            offloads: info.conf.offloads,
            share_group: info.conf.share_group,
            share_queue: info.conf.share_qid,
            burst_mode: burst_mode(dpdk_sys::rte_eth_rx_burst_mode_get, self.id(), queue),
        })
    }

    /// A transmit queue as its driver has it.
    ///
    /// # Errors
    /// [`Errno`]: the driver does not say, or there is no such queue.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_tx_queue_info_get`, `rte_eth_tx_burst_mode_get`.
    pub fn tx_queue_info(&self, queue: QueueId) -> Result<TxQueueInfo, Errno> {
        let mut info = dpdk_sys::rte_eth_txq_info::default();
        // SAFETY: the port exists; ethdev checks the queue; `info` is written.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_tx_queue_info_get(self.id().0, queue.0, &mut info)
        })?;
        Ok(TxQueueInfo {
            thresholds: info.conf.tx_thresh.into(),
            report_threshold: info.conf.tx_rs_thresh,
            free_threshold: info.conf.tx_free_thresh,
            deferred_start: info.conf.tx_deferred_start != 0,
            state: QueueState::of(info.queue_state),
            descriptors: info.nb_desc,
            offloads: info.conf.offloads,
            burst_mode: burst_mode(dpdk_sys::rte_eth_tx_burst_mode_get, self.id(), queue),
        })
    }

    /// How many descriptors of a receive queue hold packets, at a moment that may be past if a worker polls it.
    ///
    /// # Errors
    /// [`Errno`]: the driver does not count, or there is no such queue.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_rx_queue_count`.
    pub fn rx_used(&self, queue: QueueId) -> Result<u32, Errno> {
        self.has_queue(queue, |config| config.rx_queues)?;
        // SAFETY: the queue is set up; the call reads the driver's ring and changes nothing.
        Errno::count(unsafe { dpdk_sys::pw_eth_rx_queue_count(self.id().0, queue.0) })
            .map(|used| used as u32)
    }

    /// What a receive descriptor is for, at a moment that may be past if a worker polls its queue; they are numbered
    /// from the next one to be read.
    ///
    /// # Errors
    /// [`Errno`]: the driver does not say, or there is no such queue or descriptor.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_rx_descriptor_status`.
    pub fn rx_descriptor(&self, queue: QueueId, desc: u16) -> Result<RxDescriptor, Errno> {
        self.has_queue(queue, |config| config.rx_queues)?;
        // SAFETY: as in `rx_used`.
        let status = Errno::count(unsafe {
            dpdk_sys::pw_eth_rx_descriptor_status(self.id().0, queue.0, desc)
        })?;
        Ok(match status as u32 {
            dpdk_sys::RTE_ETH_RX_DESC_AVAIL => RxDescriptor::Available,
            dpdk_sys::RTE_ETH_RX_DESC_DONE => RxDescriptor::Done,
            _ => RxDescriptor::Unavailable,
        })
    }

    /// What a transmit descriptor is for, at a moment that may be past if a worker sends on its queue; they are
    /// numbered from the next one to be written.
    ///
    /// # Errors
    /// [`Errno`]: the driver does not say, or there is no such queue or descriptor.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_tx_descriptor_status`.
    pub fn tx_descriptor(&self, queue: QueueId, desc: u16) -> Result<TxDescriptor, Errno> {
        self.has_queue(queue, |config| config.tx_queues)?;
        // SAFETY: as in `rx_used`.
        let status = Errno::count(unsafe {
            dpdk_sys::pw_eth_tx_descriptor_status(self.id().0, queue.0, desc)
        })?;
        Ok(match status as u32 {
            dpdk_sys::RTE_ETH_TX_DESC_FULL => TxDescriptor::Full,
            dpdk_sys::RTE_ETH_TX_DESC_DONE => TxDescriptor::Done,
            _ => TxDescriptor::Unavailable,
        })
    }

    /// Counts a queue's packets under a number of the device's statistics.
    ///
    /// # Errors
    /// [`Errno`]: the device does not count by queue, or counts each queue under its own number.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_rx_queue_stats_mapping`.
    pub fn map_stats(&self, direction: Direction, queue: QueueId, to: u8) -> Result<(), Errno> {
        // SAFETY: the port exists; ethdev checks the queue and the number.
        Errno::check(unsafe {
            let (port, queue) = (self.id().0, queue.0);
            match direction {
                Direction::Rx => dpdk_sys::rte_eth_dev_set_rx_queue_stats_mapping(port, queue, to),
                Direction::Tx => dpdk_sys::rte_eth_dev_set_tx_queue_stats_mapping(port, queue, to),
            }
        })
    }

    /// Limits a transmit queue to some Mbit/s.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such limit, or the queue does not exist.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_set_queue_rate_limit`.
    pub fn limit_rate(&self, queue: QueueId, mbps: u32) -> Result<(), Errno> {
        // SAFETY: the port exists; ethdev checks the queue and the rate.
        Errno::check(unsafe { dpdk_sys::rte_eth_set_queue_rate_limit(self.id().0, queue.0, mbps) })
    }

    /// Whether a queue is set up: DPDK's inlines take its data without a look.
    fn has_queue(
        &self,
        queue: QueueId,
        queues: impl Fn(&super::PortConfig) -> u16,
    ) -> Result<(), Errno> {
        let there = self.config().is_some_and(|config| queue.0 < queues(config));
        if there { Ok(()) } else { Err(Errno::INVALID) }
    }
}
