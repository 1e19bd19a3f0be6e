//! The way of a burst into a transmit queue.

use super::counters::StreamCounters;
use super::prepare::prepare;
use super::retry::send_again;
use crate::batch::Batch;
use crate::forward::{DropReason, Retry};
use crate::port::TxQueue;

/// Sends a burst; returns how many packets were taken. The others are left in `batch` after they were tried again, as often as
/// `retry` says then.
#[inline(always)]
pub(super) fn send(
    queue: &mut TxQueue,
    batch: &mut Batch,
    retry: impl FnOnce() -> Option<Retry>,
    counters: &StreamCounters,
) -> usize {
    if queue.prepares() {
        let refused = prepare(queue, batch);
        counters.dropped(DropReason::Offload, refused);
    }
    let mut sent = queue.tx_burst(batch);
    if !batch.is_empty()
        && let Some(retry) = retry()
    {
        sent += send_again(queue, batch, retry);
    }
    sent
}
