//! `delay`: forwards every packet as it is, a set time after it came.
//!
//! ```text
//! before  t=0   dst=D src=S …
//! after   t=T   dst=D src=S …      in the same order
//! ```
//!
//! Our own, as a device whose delay is known: the generator is checked against it. A packet leaves with the first poll
//! after its time has come, or while the loop waits for it where the next poll would come back too late. So it is never early,
//! and how late it is is recorded; so is how long it may have waited for the poll that found it, when its time began.

use super::hold::Hold;
use super::{Context, Counts, DropReason, Feed, Lateness, Made, Mode, ModeError, StreamContext};
use crate::batch::Batch;
use crate::lcore::cycles;
use std::hint::spin_loop;
use std::sync::Arc;
use std::time::Duration;

/// Packets to hold unless another number is asked for: 3 ms at 10 Mpps.
pub(super) const DEFAULT_HELD: u32 = 32_768;

/// A packet is waited for whose time comes before the loop would be back, as long as it took of late; and no longer than this, as
/// whatever else comes waits too.
const NEAR: Duration = Duration::from_micros(1);
/// By what part of it each poll that is over sooner makes that time shorter.
const SHORTER: u64 = 16;

/// What is asked of `delay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayOptions {
    /// How long each packet is held.
    pub time: Duration,
    /// Packets that a pool is made to have for each stream to hold.
    pub packets: u32,
}

impl Default for DelayOptions {
    fn default() -> Self {
        Self { time: Duration::from_micros(100), packets: DEFAULT_HELD }
    }
}

/// Holds packets, first in, first out.
struct Delay {
    cycles: u64,
    burst: usize,
    hold: Hold,
    lateness: Arc<Lateness>,
    /// How long the loop takes to come back.
    round: u64,
    longest_round: u64,
    /// When it was here last.
    left: u64,
    /// When a poll last found less than it could take: what comes then has come since.
    emptied: u64,
}

/// A mode that holds as many packets as the pool has to spare.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    if stream.spare == 0 {
        return Err(ModeError::NoSpare { mode: "delay", pool: stream.pool.size() });
    }
    Ok(Some(Box::new(Delay {
        cycles: stream.cycles_in(stream.options.delay.time),
        burst: stream.burst.into(),
        hold: Hold::new(stream.spare),
        lateness: Arc::new(Lateness::new(stream.tsc_hz, stream.spare)),
        round: 0,
        longest_round: stream.cycles_in(NEAR),
        // Not yet.
        left: u64::MAX,
        emptied: u64::MAX,
    })))
}

impl Delay {
    /// Notes a poll that is over at `now` and found so many packets.
    #[inline]
    fn note(&mut self, now: u64, packets: usize) {
        let round = now.saturating_sub(self.left);
        self.round = round.max(self.round - self.round / SHORTER).min(self.longest_round);
        if packets > 0 {
            self.lateness.waited(now.saturating_sub(self.emptied), packets);
        }
        if packets < self.burst {
            self.emptied = now;
        }
    }
}

impl Mode for Delay {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        let mut now = cycles();
        self.note(now, batch.len());
        let Self { hold, lateness, .. } = self;
        let due = now.saturating_add(self.cycles);
        batch.drain_each(|mbuf| {
            if hold.push(mbuf, due).is_err() {
                context.dropped(DropReason::HoldFull, 1);
            }
        });
        hold.let_go(now, batch, |late| lateness.late(late));
        if batch.is_empty()
            && let Some(due) = hold.next_due().filter(|due| due - now < self.round)
        {
            while now < due {
                spin_loop();
                now = cycles();
            }
            hold.let_go(now, batch, |late| lateness.late(late));
        }
        self.left = now;
    }

    fn feed(&self) -> Feed {
        Feed::Polls
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.lateness.clone())
    }

    fn release(&mut self) -> usize {
        self.hold.clear()
    }
}
