//! What drivers tell of their ports: links change, queues come to life, devices are made and released.
//!
//! They tell it on a thread of EAL's, or from within the call that made it happen. So nothing happens there but to note it,
//! until the control thread takes the notes.

use super::PortId;
use crate::eal::Eal;
use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events that can wait to be taken; what comes beyond them is counted.
const ROOM: usize = 1024;

/// A kind of event.
#[derive(Debug, PartialEq, Eq)]
pub struct EventKind {
    number: dpdk_sys::rte_eth_event_type,
    /// Its name in testpmd's `--print-event`.
    pub name: &'static str,
    /// What happened, in testpmd's words.
    pub words: &'static str,
}

const fn kind(
    number: dpdk_sys::rte_eth_event_type,
    name: &'static str,
    words: &'static str,
) -> EventKind {
    EventKind { number, name, words }
}

/// The kinds of events, in the order of their numbers.
///
/// Source: `rte_ethdev.h`, `enum rte_eth_event_type`.
pub const EVENT_KINDS: &[EventKind] = &[
    kind(dpdk_sys::RTE_ETH_EVENT_UNKNOWN, "unknown", "unknown"),
    kind(dpdk_sys::RTE_ETH_EVENT_INTR_LSC, "intr_lsc", "link state change"),
    kind(dpdk_sys::RTE_ETH_EVENT_QUEUE_STATE, "queue_state", "queue state"),
    kind(dpdk_sys::RTE_ETH_EVENT_INTR_RESET, "intr_reset", "reset"),
    kind(dpdk_sys::RTE_ETH_EVENT_VF_MBOX, "vf_mbox", "VF mbox"),
    kind(dpdk_sys::RTE_ETH_EVENT_MACSEC, "macsec", "MACsec"),
    kind(dpdk_sys::RTE_ETH_EVENT_INTR_RMV, "intr_rmv", "device removal"),
    kind(dpdk_sys::RTE_ETH_EVENT_NEW, "dev_probed", "device probed"),
    kind(dpdk_sys::RTE_ETH_EVENT_DESTROY, "dev_released", "device released"),
    kind(dpdk_sys::RTE_ETH_EVENT_IPSEC, "ipsec", "IPsec"),
    kind(dpdk_sys::RTE_ETH_EVENT_FLOW_AGED, "flow_aged", "flow aged"),
    kind(dpdk_sys::RTE_ETH_EVENT_ERR_RECOVERING, "err_recovering", "error recovering"),
    kind(dpdk_sys::RTE_ETH_EVENT_RECOVERY_SUCCESS, "recovery_success", "error recovery successful"),
    kind(dpdk_sys::RTE_ETH_EVENT_RECOVERY_FAILED, "recovery_failed", "error recovery failed"),
];

/// Something that happened to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortEvent {
    /// The port.
    pub port: PortId,
    /// What happened.
    pub kind: &'static EventKind,
}

/// What happened since the notes were last taken.
#[derive(Debug, Default)]
pub struct EventNotes {
    /// The first events, in order.
    pub events: VecDeque<PortEvent>,
    /// How many came after them and found no room.
    pub missed: u64,
}

static NOTES: Mutex<EventNotes> = Mutex::new(EventNotes { events: VecDeque::new(), missed: 0 });

fn notes() -> MutexGuard<'static, EventNotes> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes from now on what happens to ports. A second call changes nothing.
///
/// Source: `rte_ethdev.h`, `rte_eth_dev_callback_register`.
pub fn note_events(_: &Eal) {
    for kind in EVENT_KINDS {
        // SAFETY: EAL runs; the call takes any thread. What it keeps is static. Without memory for the registration, or in a
        // DPDK that knows no such event, that kind is not noted.
        unsafe {
            dpdk_sys::rte_eth_dev_callback_register(
                dpdk_sys::RTE_ETH_ALL as u16,
                kind.number,
                Some(happened),
                ptr::from_ref(kind).cast_mut().cast::<c_void>(),
            );
        }
    }
}

/// What happened since this was last asked.
pub fn take_events() -> EventNotes {
    std::mem::take(&mut notes())
}

/// Ethdev's callback.
unsafe extern "C" fn happened(
    port: u16,
    _: dpdk_sys::rte_eth_event_type,
    kind: *mut c_void,
    _: *mut c_void,
) -> c_int {
    // SAFETY: an entry of the table is what `note_events` registered.
    let kind: &'static EventKind = unsafe { &*kind.cast_const().cast() };
    let mut notes = notes();
    if notes.events.len() < ROOM {
        notes.events.push_back(PortEvent { port: PortId(port), kind });
    } else {
        notes.missed += 1;
    }
    0
}
