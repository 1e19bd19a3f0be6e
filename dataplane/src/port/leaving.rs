//! Devices that are taken away while their ports run.
//!
//! The kernel or a driver announces it on a thread of EAL's. A device on vfio-pci stays usable until its port is closed: the
//! kernel waits for that. One on a UIO driver is gone at once; EAL puts empty memory in the place of its registers
//! ([`Eal::watch_devices`]). So nothing happens here but to remember it, and who owns the port lets go of it.

use super::info::text;
use super::{Device, Port, PortId};
use crate::eal::Eal;
use std::collections::BTreeSet;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was announced and is not closed yet.
struct Leaving {
    /// By the bus, which names devices.
    devices: BTreeSet<String>,
    /// By a driver, which names its port.
    ports: BTreeSet<PortId>,
}

static LEAVING: Mutex<Leaving> =
    Mutex::new(Leaving { devices: BTreeSet::new(), ports: BTreeSet::new() });

fn leaving() -> MutexGuard<'static, Leaving> {
    LEAVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears from now on what devices leave.
///
/// Source: `rte_dev.h`, `rte_dev_event_callback_register`; `rte_ethdev.h`, `rte_eth_dev_callback_register`.
pub(crate) fn listen_for_leaving(_: &Eal) {
    // SAFETY: EAL runs; both functions take any thread and keep nothing that they are given. Without memory for the
    // registration there is none for a port either.
    unsafe {
        dpdk_sys::rte_dev_event_callback_register(ptr::null(), Some(device_event), ptr::null_mut());
        dpdk_sys::rte_eth_dev_callback_register(
            dpdk_sys::RTE_ETH_ALL as u16,
            dpdk_sys::RTE_ETH_EVENT_INTR_RMV,
            Some(port_event),
            ptr::null_mut(),
        );
    }
}

/// A bus's announcement.
unsafe extern "C" fn device_event(
    device: *const c_char,
    event: dpdk_sys::rte_dev_event_type,
    _: *mut c_void,
) {
    if event == dpdk_sys::RTE_DEV_EVENT_REMOVE {
        // SAFETY: EAL gives a string, for the time of the call.
        leaving().devices.insert(unsafe { text(device) });
    }
}

/// A driver's announcement; only removal is registered for.
unsafe extern "C" fn port_event(
    port: u16,
    _: dpdk_sys::rte_eth_event_type,
    _: *mut c_void,
    _: *mut c_void,
) -> c_int {
    leaving().ports.insert(PortId(port));
    0
}

impl<State> Port<State> {
    /// Whether its device is being taken away: the port is to be stopped and detached, so that the device can go.
    pub fn is_leaving(&self) -> bool {
        let leaving = leaving();
        leaving.ports.contains(&self.id()) || leaving.devices.contains(&self.device.bus_name)
    }
}

impl Device {
    /// What was announced of a device of its name is of one that was here before.
    pub(super) fn forget_leaving(&self) {
        let mut leaving = leaving();
        leaving.ports.remove(&self.id);
        leaving.devices.remove(&self.bus_name);
    }
}
