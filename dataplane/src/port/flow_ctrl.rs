//! Flow control: pause frames for the whole link (IEEE 802.3 annex 31B) or for a priority (IEEE 802.1Q clause 36).

use super::error::Errno;
use super::{Port, QueueId};
use serde::Serialize;

/// How a port pauses its peer and lets itself be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FlowControl {
    /// Takes pause frames, and waits.
    pub rx: bool,
    /// Sends pause frames when its receive buffer fills.
    pub tx: bool,
    /// Fill of the receive buffer at which it sends one, in the device's unit.
    pub high_water: u32,
    /// Fill at which it lets the peer go on, in the device's unit.
    pub low_water: u32,
    /// How long the peer is to wait, in times of 512 bits.
    pub pause_time: u16,
    /// Sends a frame to let the peer go on before the time is over.
    pub send_xon: bool,
    /// Hands MAC control frames to the host.
    pub mac_ctrl_frame_fwd: bool,
    /// Lets autonegotiation decide.
    pub autoneg: bool,
}

/// A transmit queue that a peer's pause frames of a traffic class stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PausedQueue {
    /// The queue.
    pub queue: QueueId,
    /// The class.
    pub class: u8,
}

/// A receive queue that has pause frames of a traffic class sent when it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PausingQueue {
    /// The queue.
    pub queue: QueueId,
    /// The class.
    pub class: u8,
    /// How long the peer is to wait, in times of 512 bits.
    pub pause_time: u16,
}

impl<State> Port<State> {
    /// How flow control is set.
    ///
    /// # Errors
    /// [`Errno`]: the device has none.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_flow_ctrl_get`.
    pub fn flow_control(&self) -> Result<FlowControl, Errno> {
        let mut conf = dpdk_sys::rte_eth_fc_conf::default();
        // SAFETY: the port exists; `conf` is written.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_flow_ctrl_get(self.id().0, &mut conf) })?;
        let full = conf.mode == dpdk_sys::RTE_ETH_FC_FULL;
        Ok(FlowControl {
            rx: full || conf.mode == dpdk_sys::RTE_ETH_FC_RX_PAUSE,
            tx: full || conf.mode == dpdk_sys::RTE_ETH_FC_TX_PAUSE,
            high_water: conf.high_water,
            low_water: conf.low_water,
            pause_time: conf.pause_time,
            send_xon: conf.send_xon != 0,
            mac_ctrl_frame_fwd: conf.mac_ctrl_frame_fwd != 0,
            autoneg: conf.autoneg != 0,
        })
    }

    /// Sets flow control.
    ///
    /// # Errors
    /// [`Errno`]: the device has none, or not these values.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_flow_ctrl_set`.
    pub fn set_flow_control(&self, wanted: &FlowControl) -> Result<(), Errno> {
        let mut conf = wanted.dpdk();
        // SAFETY: the port exists; `conf` is copied.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_flow_ctrl_set(self.id().0, &mut conf) })
    }

    /// Sets flow control of the packets of one priority.
    ///
    /// # Errors
    /// [`Errno`]: the device tells no priorities apart, or not these values.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_priority_flow_ctrl_set`.
    pub fn set_priority_flow_control(
        &self,
        priority: u8,
        wanted: &FlowControl,
    ) -> Result<(), Errno> {
        let mut conf = dpdk_sys::rte_eth_pfc_conf { fc: wanted.dpdk(), priority };
        // SAFETY: the port exists; `conf` is copied.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_priority_flow_ctrl_set(self.id().0, &mut conf)
        })
    }

    /// Sets which transmit queue a peer's pause frames stop, and which receive queue has pause frames sent.
    ///
    /// # Errors
    /// [`Errno`]: the device pauses no single queues, or not these.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_priority_flow_ctrl_queue_configure`.
    pub fn set_queue_flow_control(
        &self,
        paused: Option<PausedQueue>,
        pausing: Option<PausingQueue>,
    ) -> Result<(), Errno> {
        let mut conf = dpdk_sys::rte_eth_pfc_queue_conf {
            mode: mode(paused.is_some(), pausing.is_some()),
            ..Default::default()
        };
        if let Some(PausedQueue { queue, class }) = paused {
            (conf.rx_pause.tx_qid, conf.rx_pause.tc) = (queue.0, class);
        }
        if let Some(PausingQueue { queue, class, pause_time }) = pausing {
            (conf.tx_pause.rx_qid, conf.tx_pause.tc) = (queue.0, class);
            conf.tx_pause.pause_time = pause_time;
        }
        // SAFETY: the port exists; `conf` is copied.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_priority_flow_ctrl_queue_configure(self.id().0, &mut conf)
        })
    }
}

impl FlowControl {
    fn dpdk(&self) -> dpdk_sys::rte_eth_fc_conf {
        dpdk_sys::rte_eth_fc_conf {
            high_water: self.high_water,
            low_water: self.low_water,
            pause_time: self.pause_time,
            send_xon: self.send_xon.into(),
            mode: mode(self.rx, self.tx),
            mac_ctrl_frame_fwd: self.mac_ctrl_frame_fwd.into(),
            autoneg: self.autoneg.into(),
        }
    }
}

fn mode(rx: bool, tx: bool) -> dpdk_sys::rte_eth_fc_mode {
    match (rx, tx) {
        (false, false) => dpdk_sys::RTE_ETH_FC_NONE,
        (true, false) => dpdk_sys::RTE_ETH_FC_RX_PAUSE,
        (false, true) => dpdk_sys::RTE_ETH_FC_TX_PAUSE,
        (true, true) => dpdk_sys::RTE_ETH_FC_FULL,
    }
}
