//! What a full transmit queue did not take is sent again.

use crate::batch::Batch;
use crate::forward::Retry;
use crate::lcore::{cycles, cycles_hz};
use crate::port::TxQueue;
use std::hint::spin_loop;

/// Offers what is left in `batch` again, as often as `retry` says; returns how many packets were taken.
#[cold]
pub(super) fn send_again(queue: &mut TxQueue, batch: &mut Batch, retry: Retry) -> usize {
    let wait = (retry.delay.as_nanos() * u128::from(cycles_hz()) / 1_000_000_000) as u64;
    let mut sent = 0;
    for _ in 0..retry.times {
        let since = cycles();
        while cycles().wrapping_sub(since) < wait {
            spin_loop();
        }
        sent += queue.tx_burst(batch);
        if batch.is_empty() {
            break;
        }
    }
    sent
}
