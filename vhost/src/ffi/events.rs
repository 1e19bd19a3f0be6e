//! What librte_vhost's thread tells of guests.

use super::calls;
use super::memory::Mapping;
use crate::guests::{self, Alive, Message};
use dataplane::port::PortId;
use std::ffi::{c_int, c_void};
use std::sync::Once;

/// Called before and after each message of a guest that is up.
static MESSAGES: dpdk_sys::rte_vhost_user_extern_ops = dpdk_sys::rte_vhost_user_extern_ops {
    pre_msg_handle: Some(before_message),
    post_msg_handle: Some(after_message),
};

/// Hears from now on which guests come and go.
///
/// Source: `rte_ethdev.h`, `rte_eth_dev_callback_register`.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    // SAFETY: EAL runs; the call takes any thread and keeps nothing that it is given. Without memory for the registration
    // there is none for a port either.
    ONCE.call_once(|| unsafe {
        dpdk_sys::rte_eth_dev_callback_register(
            dpdk_sys::RTE_ETH_ALL as u16,
            dpdk_sys::RTE_ETH_EVENT_INTR_LSC,
            Some(link_changed),
            std::ptr::null_mut(),
        );
    });
}

/// Hears of a guest's messages too.
///
/// Source: `rte_vhost.h`, `rte_vhost_extern_callback_register`.
pub(crate) fn hear_messages(vid: i32, _: &Alive<'_>) {
    // SAFETY: `Alive` keeps the guest; the call copies the table.
    unsafe {
        dpdk_sys::rte_vhost_extern_callback_register(vid, &MESSAGES, std::ptr::null_mut());
    }
}

/// A driver's announcement that a link has changed. The driver of vhost-user ports makes it on librte_vhost's thread: when a
/// guest is up, and when it no longer uses a guest that is about to be freed.
unsafe extern "C" fn link_changed(
    port: u16,
    _: dpdk_sys::rte_eth_event_type,
    _: *mut c_void,
    _: *mut c_void,
) -> c_int {
    let port = PortId(port);
    guests::link_changed(port, |vid, alive: &Alive<'_>| -> Vec<Mapping> {
        calls::memory(vid, alive)
    });
    0
}

/// A message came in and is about to be handled.
unsafe extern "C" fn before_message(
    vid: c_int,
    message: *mut c_void,
) -> dpdk_sys::rte_vhost_msg_result {
    // Request, flags, size of what follows, and for a ring's settings its number.
    // SAFETY: librte_vhost has room for the longest message, however short this one is.
    let words = unsafe { message.cast::<[u32; 4]>().read_unaligned() };
    let [request, _, _, ring] = words;
    match guests::before_message(vid, Message { request, ring }) {
        true => dpdk_sys::RTE_VHOST_MSG_RESULT_NOT_HANDLED,
        false => dpdk_sys::RTE_VHOST_MSG_RESULT_ERR,
    }
}

/// A message was handled, and not refused.
unsafe extern "C" fn after_message(vid: c_int, _: *mut c_void) -> dpdk_sys::rte_vhost_msg_result {
    guests::after_message(vid, |alive: &Alive<'_>| calls::memory(vid, alive));
    dpdk_sys::RTE_VHOST_MSG_RESULT_NOT_HANDLED
}
