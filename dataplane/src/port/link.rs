//! Link state.

use super::error::Errno;
use super::{Device, Port, PortId, TxQueue};
use crate::eal::Eal;
use serde::Serialize;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// By number, whether a port that tells of its link has none. Workers ask where a packet could not be sent.
static LOST: [AtomicBool; dpdk_sys::RTE_MAX_ETHPORTS as usize] =
    [const { AtomicBool::new(false) }; dpdk_sys::RTE_MAX_ETHPORTS as usize];

/// Hears from now on which links come and go.
///
/// Source: `rte_ethdev.h`, `rte_eth_dev_callback_register`.
pub(crate) fn listen_for_links(_: &Eal) {
    // SAFETY: EAL runs; the function takes any thread and keeps nothing that it is given. Without memory for the
    // registration there is none for a port either.
    unsafe {
        dpdk_sys::rte_eth_dev_callback_register(
            dpdk_sys::RTE_ETH_ALL as u16,
            dpdk_sys::RTE_ETH_EVENT_INTR_LSC,
            Some(link_event),
            ptr::null_mut(),
        );
    }
}

/// A driver's announcement; only links are registered for.
unsafe extern "C" fn link_event(
    port: u16,
    _: dpdk_sys::rte_eth_event_type,
    _: *mut c_void,
    _: *mut c_void,
) -> c_int {
    note(PortId(port));
    0
}

fn note(port: PortId) {
    if let (Some(lost), Some(link)) = (LOST.get(usize::from(port.0)), link_of(port)) {
        lost.store(!link.up, Ordering::Relaxed);
    }
}

impl Device {
    /// Notes the link that a port has at its start, if it tells when that changes.
    pub(super) fn note_link(&self, tells: bool) {
        match tells {
            true => note(self.id),
            false => LOST[usize::from(self.id.0)].store(false, Ordering::Relaxed),
        }
    }
}

impl TxQueue {
    /// Whether its port has told that it has no link.
    pub fn has_lost_link(&self) -> bool {
        LOST.get(usize::from(self.port().0)).is_some_and(|lost| lost.load(Ordering::Relaxed))
    }
}

/// The link of a port that exists.
fn link_of(port: PortId) -> Option<Link> {
    let mut link = dpdk_sys::pw_eth_link::default();
    // SAFETY: ethdev looks the port up; `link` is written if the call succeeds.
    let rc = unsafe { dpdk_sys::pw_eth_link_get(port.0, &mut link) };
    (rc == 0).then(|| Link {
        up: link.up != 0,
        speed_mbps: (link.speed_mbps != dpdk_sys::PW_ETH_SPEED_NUM_UNKNOWN)
            .then_some(link.speed_mbps),
        full_duplex: link.full_duplex != 0,
        autoneg: link.autoneg != 0,
    })
}

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
        link_of(self.device.id)
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
