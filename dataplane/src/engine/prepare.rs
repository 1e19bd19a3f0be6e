//! Packets that ask the device for something are prepared by its driver before they are sent.

use crate::batch::Batch;
use crate::port::TxQueue;

/// Prepares a burst and frees the packets that ask for what the device cannot do; returns how many those were.
///
/// Not inlined: most ports are asked for nothing.
#[inline(never)]
pub(super) fn prepare(queue: &mut TxQueue, batch: &mut Batch) -> usize {
    let mut refused = 0;
    loop {
        let ready = queue.prepare(batch);
        if ready >= batch.len() {
            return refused;
        }
        let mut place = 0..;
        refused += batch.retain(|_| place.next() != Some(ready));
    }
}
