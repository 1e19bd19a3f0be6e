//! Devices as DPDK's buses know them, network devices or not.

use super::info::text;
use super::{PortId, ports};
use crate::eal::Eal;
use crate::lcore::SocketId;
use serde::Serialize;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

/// A device on one of DPDK's buses that has a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BusDevice {
    /// Its name, e.g. `net_null0` or `0000:01:00.0`.
    pub name: String,
    /// The bus, e.g. `vdev` or `pci`.
    pub bus: String,
    /// What the bus says of it.
    pub bus_info: String,
    /// Its driver.
    pub driver: String,
    /// The arguments it was made with, without its name.
    pub devargs: String,
    /// Its NUMA node, as DPDK numbers it.
    pub socket: SocketId,
    /// Its ports.
    pub ports: Vec<PortId>,
}

/// All devices that have a driver, bus by bus.
///
/// Source: `rte_bus.h`, `rte_bus_find`; `rte_dev.h`, `rte_dev_iterator_next`.
pub fn bus_devices(_: &Eal) -> Vec<BusDevice> {
    let mut devices = Vec::new();
    let mut bus = ptr::null();
    loop {
        // SAFETY: EAL runs; buses are registered when libraries are loaded, and stay.
        bus = unsafe { dpdk_sys::rte_bus_find(bus, Some(any_bus), ptr::null()) };
        if bus.is_null() {
            return devices;
        }
        // SAFETY: a bus has a name.
        devices.extend(of_bus(unsafe { CStr::from_ptr(dpdk_sys::rte_bus_name(bus)) }));
    }
}

/// Takes every bus (`rte_bus_cmp_t` answers 0 for a match).
unsafe extern "C" fn any_bus(_: *const dpdk_sys::rte_bus, _: *const c_void) -> c_int {
    0
}

fn of_bus(bus: &CStr) -> Vec<BusDevice> {
    let filter = [b"bus=", bus.to_bytes()].concat();
    let Ok(filter) = CString::new(filter) else { return Vec::new() };
    let mut iterator = dpdk_sys::rte_dev_iterator::default();
    // Its answer is an errno that may be of a call before it; an iterator that it refused finds nothing.
    // SAFETY: EAL runs; the filter outlives the iteration, which refers to it.
    unsafe { dpdk_sys::rte_dev_iterator_init(&mut iterator, filter.as_ptr()) };
    // SAFETY: the iterator was initialised. Devices come and go by calls of this thread alone.
    let next = || unsafe {
        let device = dpdk_sys::rte_dev_iterator_next(&mut iterator);
        (!device.is_null()).then_some(device.cast_const())
    };
    // SAFETY: each device is there, as it was found a moment ago.
    std::iter::from_fn(next).filter_map(|device| unsafe { describe(device) }).collect()
}

/// What there is to say of a device; `None` if it has no driver.
///
/// # Safety
/// The device exists.
unsafe fn describe(device: *const dpdk_sys::rte_device) -> Option<BusDevice> {
    // SAFETY: the device exists, and its driver and bus outlive it; the strings are theirs, or NULL.
    unsafe {
        let driver = dpdk_sys::rte_dev_driver(device);
        (!driver.is_null()).then(|| BusDevice {
            name: text(dpdk_sys::rte_dev_name(device)),
            bus: text(dpdk_sys::rte_bus_name(dpdk_sys::rte_dev_bus(device))),
            bus_info: text(dpdk_sys::rte_dev_bus_info(device)),
            driver: text(dpdk_sys::rte_driver_name(driver)),
            devargs: text(dpdk_sys::pw_dev_args(device)),
            socket: SocketId(dpdk_sys::rte_dev_numa_node(device)),
            ports: ports().filter(|port| is_of(*port, device)).collect(),
        })
    }
}

/// Whether a port is a device's.
fn is_of(port: PortId, device: *const dpdk_sys::rte_device) -> bool {
    let mut info = dpdk_sys::rte_eth_dev_info::default();
    // SAFETY: the port exists; `info` is written if the call succeeds.
    let rc = unsafe { dpdk_sys::rte_eth_dev_info_get(port.0, &mut info) };
    rc == 0 && info.device.cast_const() == device
}
