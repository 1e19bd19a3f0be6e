//! Calls of librte_vhost.
//!
//! A guest is named by its vid, which librte_vhost's own thread frees and gives to another guest. So whoever asks about a vid
//! shows that it stays meanwhile ([`Alive`]).

use super::memory::{MappedRing, Mapping};
use crate::guests::{Alive, Still};
use dataplane::port::PortId;
use std::ffi::{CStr, CString};
use std::ptr;

/// Takes these features out of what guests are offered at a socket; `false` if librte_vhost has no such socket.
///
/// Source: `rte_vhost.h`, `rte_vhost_driver_disable_features`.
pub(crate) fn withhold(path: &str, features: u64) -> bool {
    let Ok(path) = CString::new(path) else { return false };
    // SAFETY: the string is NUL-terminated; librte_vhost takes its own lock.
    unsafe { dpdk_sys::rte_vhost_driver_disable_features(path.as_ptr(), features) == 0 }
}

/// What guests are offered at a socket; `None` if librte_vhost has no such socket.
///
/// Source: `rte_vhost.h`, `rte_vhost_driver_get_features`.
pub(crate) fn offered(path: &str) -> Option<u64> {
    let path = CString::new(path).ok()?;
    let mut features = 0;
    // SAFETY: the string is NUL-terminated; librte_vhost takes its own lock; `features` is written if it succeeds.
    let rc = unsafe { dpdk_sys::rte_vhost_driver_get_features(path.as_ptr(), &mut features) };
    (rc == 0).then_some(features)
}

/// The guest of a port that has been configured; `None` if there is none, or the port is no vhost-user port.
///
/// Source: `rte_eth_vhost.h`, `rte_eth_vhost_get_vid_from_port_id`.
pub(crate) fn vid(port: PortId) -> Option<i32> {
    // SAFETY: the driver looks the port up in its list, where it stands from its configuration to its end.
    let vid = unsafe { dpdk_sys::rte_eth_vhost_get_vid_from_port_id(port.0) };
    (vid >= 0).then_some(vid)
}

/// The virtio features and those of the protocol that a guest has taken.
///
/// Source: `rte_vhost.h`, `rte_vhost_get_negotiated_features`.
pub(crate) fn features(vid: i32, _: &Alive<'_>) -> (u64, u64) {
    let (mut features, mut protocol) = (0, 0);
    // SAFETY: `Alive` keeps the guest; what is not written stays zero.
    unsafe {
        dpdk_sys::rte_vhost_get_negotiated_features(vid, &mut features);
        dpdk_sys::rte_vhost_get_negotiated_protocol_features(vid, &mut protocol);
    }
    (features, protocol)
}

/// The MTU that a guest was told; `None` if it was told none.
///
/// Source: `rte_vhost.h`, `rte_vhost_get_mtu`.
pub(crate) fn mtu(vid: i32, _: &Alive<'_>) -> Option<u16> {
    let mut mtu = 0;
    // SAFETY: `Alive` keeps the guest; `mtu` is written if the call succeeds.
    let rc = unsafe { dpdk_sys::rte_vhost_get_mtu(vid, &mut mtu) };
    (rc == 0 && mtu != 0).then_some(mtu)
}

/// How many rings a guest has, a pair a queue.
///
/// Source: `rte_vhost.h`, `rte_vhost_get_vring_num`.
pub(crate) fn ring_count(vid: i32, _: &Alive<'_>) -> u16 {
    // SAFETY: `Alive` keeps the guest.
    unsafe { dpdk_sys::rte_vhost_get_vring_num(vid) }
}

/// A guest's memory, region by region. On librte_vhost's thread alone, which is the one that changes it.
///
/// Source: `rte_vhost.h`, `rte_vhost_get_mem_table`.
pub(super) fn memory(vid: i32, _: &Alive<'_>) -> Vec<Mapping> {
    let mut table: *mut dpdk_sys::rte_vhost_memory = ptr::null_mut();
    // SAFETY: `Alive` keeps the guest, which has memory once it is up; the table is a copy that malloc() made for the
    // caller, with as many regions as it says.
    unsafe {
        if dpdk_sys::rte_vhost_get_mem_table(vid, &mut table) != 0 {
            return Vec::new();
        }
        let count = (*table).nregions as usize;
        let regions = (*table).regions.as_slice(count).iter().map(|region| Mapping {
            guest: region.guest_phys_addr,
            host: region.host_user_addr,
            size: region.size,
            mapped: region.mmap_addr as u64,
            mapped_size: region.mmap_size,
        });
        let regions = regions.collect();
        libc::free(table.cast());
        regions
    }
}

/// A guest's ring as it is mapped here; `None` if it has none of that number.
///
/// Source: `rte_vhost.h`, `rte_vhost_get_vhost_vring`, `rte_vhost_get_vring_base`.
pub(crate) fn ring<'a>(
    vid: i32,
    number: u16,
    is_packed: bool,
    _: &'a Still<'_>,
) -> Option<MappedRing<'a>> {
    let mut vring = dpdk_sys::rte_vhost_vring::default();
    let (mut avail, mut used) = (0, 0);
    // SAFETY: `Still` keeps the guest and its rings; what is handed over is written by the calls.
    let rc = unsafe {
        dpdk_sys::rte_vhost_get_vhost_vring(vid, number, &mut vring)
            | dpdk_sys::rte_vhost_get_vring_base(vid, number, &mut avail, &mut used)
    };
    if rc != 0 {
        return None;
    }
    // SAFETY: all members of the unions are pointers; which ones they are is only of interest to whoever reads there.
    let [descriptors, driver, device] = unsafe {
        [
            vring.__bindgen_anon_1.desc as u64,
            vring.__bindgen_anon_2.avail as u64,
            vring.__bindgen_anon_3.used as u64,
        ]
    };
    // The last part to be mapped of a ring.
    if device == 0 {
        return None;
    }
    // SAFETY: librte_vhost has mapped a ring of this size there, and `Still` keeps it so.
    unsafe { MappedRing::new(descriptors, driver, vring.size, [avail, used], is_packed) }
}

/// Sets the places of the next descriptors in a ring. On librte_vhost's thread alone, with the locks of the guest's rings, or
/// before a worker uses them.
///
/// Source: `rte_vhost.h`, `rte_vhost_set_vring_base`.
pub(crate) fn set_places(vid: i32, number: u16, next: u16, used: u16, _: &Alive<'_>) {
    // SAFETY: `Alive` keeps the guest.
    unsafe {
        dpdk_sys::rte_vhost_set_vring_base(vid, number, next, used);
    }
}

/// The names and values of what librte_vhost counts of a ring; nothing if it is not ready.
///
/// Source: `rte_vhost.h`, `rte_vhost_vring_stats_get_names`, `rte_vhost_vring_stats_get`.
pub(crate) fn statistics(vid: i32, number: u16, _: &Alive<'_>) -> Vec<(String, u64)> {
    // SAFETY: `Alive` keeps the guest; without room the calls say how many there are, and with room for these they write
    // so many.
    unsafe {
        let count = dpdk_sys::rte_vhost_vring_stats_get_names(vid, number, ptr::null_mut(), 0);
        let Ok(room) = usize::try_from(count) else { return Vec::new() };
        let mut names = vec![dpdk_sys::rte_vhost_stat_name::default(); room];
        let mut values = vec![dpdk_sys::rte_vhost_stat::default(); room];
        let count = room as u32;
        let named =
            dpdk_sys::rte_vhost_vring_stats_get_names(vid, number, names.as_mut_ptr(), count);
        let read = dpdk_sys::rte_vhost_vring_stats_get(vid, number, values.as_mut_ptr(), count);
        if named < 0 || read < 0 {
            return Vec::new();
        }
        let name = |stat: &dpdk_sys::rte_vhost_stat_name| {
            CStr::from_ptr(stat.name.as_ptr()).to_string_lossy().into_owned()
        };
        names.iter().map(name).zip(values.iter().map(|stat| stat.value)).collect()
    }
}
