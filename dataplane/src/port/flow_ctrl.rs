//! Link flow control (IEEE 802.3 annex 31B): pause frames.

use super::Port;
use super::error::Errno;
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
        let mut conf = dpdk_sys::rte_eth_fc_conf {
            high_water: wanted.high_water,
            low_water: wanted.low_water,
            pause_time: wanted.pause_time,
            send_xon: wanted.send_xon.into(),
            mode: match (wanted.rx, wanted.tx) {
                (false, false) => dpdk_sys::RTE_ETH_FC_NONE,
                (true, false) => dpdk_sys::RTE_ETH_FC_RX_PAUSE,
                (false, true) => dpdk_sys::RTE_ETH_FC_TX_PAUSE,
                (true, true) => dpdk_sys::RTE_ETH_FC_FULL,
            },
            mac_ctrl_frame_fwd: wanted.mac_ctrl_frame_fwd.into(),
            autoneg: wanted.autoneg.into(),
        };
        // SAFETY: the port exists; `conf` is copied.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_flow_ctrl_set(self.id().0, &mut conf) })
    }
}
