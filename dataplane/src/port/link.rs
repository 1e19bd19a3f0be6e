//! Link state.

use super::Port;
use super::error::Errno;
use serde::Serialize;

/// A port's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Whether it is up.
    pub up: bool,
    /// Mbit/s; `None` if the device does not know. A virtual device's figure is its invention.
    pub speed_mbps: Option<u32>,
    /// Whether both ends may send at once.
    pub full_duplex: bool,
    /// Whether the speed was negotiated.
    pub autoneg: bool,
}

/// The speed to set a link to, as [`PortConfig::link_speeds`](super::PortConfig::link_speeds) takes it; `None` if Ethernet has
/// none of so many Mbit/s.
///
/// Source: `rte_ethdev.h`, `rte_eth_speed_bitflag`.
pub fn fixed_speed(mbps: u32, full_duplex: bool) -> Option<u32> {
    // SAFETY: looks the speed up in a table.
    let flag = unsafe { dpdk_sys::rte_eth_speed_bitflag(mbps, i32::from(full_duplex)) };
    (flag != 0).then_some(flag | dpdk_sys::PW_ETH_LINK_SPEED_FIXED)
}

impl<State> Port<State> {
    /// The link now, without waiting for it; `None` if the device does not say.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_link_get_nowait`.
    pub fn link(&self) -> Option<Link> {
        let mut link = dpdk_sys::pw_eth_link::default();
        // SAFETY: the port exists; `link` is written if the call succeeds.
        let rc = unsafe { dpdk_sys::pw_eth_link_get(self.device.id.0, &mut link) };
        (rc == 0).then(|| Link {
            up: link.up != 0,
            speed_mbps: (link.speed_mbps != dpdk_sys::PW_ETH_SPEED_NUM_UNKNOWN)
                .then_some(link.speed_mbps),
            full_duplex: link.full_duplex != 0,
            autoneg: link.autoneg != 0,
        })
    }

    /// Takes the link up or down.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such call.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_link_up`.
    pub fn set_link(&self, up: bool) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe {
            match up {
                true => dpdk_sys::rte_eth_dev_set_link_up(self.device.id.0),
                false => dpdk_sys::rte_eth_dev_set_link_down(self.device.id.0),
            }
        })
    }
}
