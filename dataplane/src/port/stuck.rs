//! Transmit queues that take nothing until their other end mends what it did.

use super::{PortId, QueueId, TxQueue};
use std::sync::atomic::{AtomicU64, Ordering};

/// By port number, a bit for each of the first 64 queues at which a bad descriptor is next.
static STUCK: [AtomicU64; dpdk_sys::RTE_MAX_ETHPORTS as usize] =
    [const { AtomicU64::new(0) }; dpdk_sys::RTE_MAX_ETHPORTS as usize];

/// Notes whether the next descriptor that a guest has put into a transmit queue's ring is one that can never be used.
pub fn note_bad_descriptor(port: PortId, queue: QueueId, is_bad: bool) {
    let Some(stuck) = STUCK.get(usize::from(port.0)) else { return };
    match (bit(queue), is_bad) {
        (bit, true) => stuck.fetch_or(bit, Ordering::Relaxed),
        (bit, false) => stuck.fetch_and(!bit, Ordering::Relaxed),
    };
}

/// Notes that a port has another guest or none.
pub fn forget_bad_descriptors(port: PortId) {
    if let Some(stuck) = STUCK.get(usize::from(port.0)) {
        stuck.store(0, Ordering::Relaxed);
    }
}

impl TxQueue {
    /// Whether a bad descriptor is next in its ring, as somebody has seen who looks there.
    pub fn is_stuck(&self) -> bool {
        let stuck = STUCK.get(usize::from(self.port().0));
        stuck.is_some_and(|stuck| stuck.load(Ordering::Relaxed) & bit(self.id()) != 0)
    }
}

fn bit(queue: QueueId) -> u64 {
    1_u64.checked_shl(queue.0.into()).unwrap_or(0)
}
