//! The poll loop: one lcore and its streams.

use super::counters::{StreamCounters, WorkerCounters};
use super::orders::{LOOK_EVERY, ModeSet, Order, Orders};
use crate::batch::Batch;
use crate::forward::{Context, DropReason, Mode};
use crate::lcore::{LcoreId, cycles};
use crate::mbuf::Mbuf;
use crate::port::{RxQueue, TxQueue};
use crate::ring::{Consumer, Producer, Single};
use crate::wire::flow::flow_hash;
use std::sync::Arc;

/// One lcore's work: its streams, and the sinks that they share.
pub(super) struct Worker {
    pub(super) lcore: LcoreId,
    pub(super) burst: u16,
    pub(super) streams: Vec<Stream>,
    pub(super) sinks: Sinks,
    pub(super) counters: Arc<WorkerCounters>,
    pub(super) orders: Arc<Orders>,
}

/// Source, mode, sink, and the burst between them.
pub(super) struct Stream {
    pub(super) source: SourceEnd,
    pub(super) mode: Option<Box<dyn Mode>>,
    pub(super) sink: SinkEnd,
    pub(super) batch: Batch,
    pub(super) counters: Arc<StreamCounters>,
}

/// Where a stream's packets come from.
pub(super) enum SourceEnd {
    Rx(RxQueue),
    Ring(Consumer<Mbuf, Single>),
    Nothing,
}

/// Where a stream's packets go: indices into the worker's [`Sinks`], which streams share.
///
/// The one large variant is boxed, so that the others are told apart by a plain number.
pub(super) enum SinkEnd {
    Tx(usize),
    Ring(usize),
    FanOut(Box<FanOut>),
    Nothing,
}

/// The rings that a fan-out chooses from, and a stage before each.
pub(super) struct FanOut {
    pub(super) rings: Vec<usize>,
    pub(super) staged: Vec<Batch>,
}

/// The transmit queues and ring ends that one worker feeds.
#[derive(Default)]
pub(super) struct Sinks {
    pub(super) tx: Vec<TxQueue>,
    pub(super) rings: Vec<Producer<Mbuf, Single>>,
}

/// Which sources a round polls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Polling {
    All,
    /// Nothing new enters: packets on their way through rings are taken to their end.
    RingsOnly,
}

impl Worker {
    /// A worker without streams yet.
    pub(super) fn new(lcore: LcoreId, burst: u16) -> Self {
        Self {
            lcore,
            burst,
            streams: Vec::new(),
            sinks: Sinks::default(),
            counters: Arc::default(),
            orders: Arc::default(),
        }
    }

    /// Polls until told to exit; returns itself with its queues and modes.
    pub(super) fn run(mut self) -> Self {
        let mut clock = Clock::new();
        let mut polling = Polling::All;
        let mut drained = 0;
        loop {
            for _ in 0..LOOK_EVERY {
                let busy = self.round(polling);
                clock.round(busy, self.streams.len() as u64 - busy, &self.counters);
            }
            clock.charge(cycles(), &self.counters);
            if let Some(modes) = self.orders.take_new_modes() {
                let old = self.replace_modes(modes);
                self.orders.return_modes(old);
            }
            match self.orders.look() {
                Order::Run => {}
                Order::Drain(round) if round == drained => {}
                Order::Drain(round) => {
                    polling = Polling::RingsOnly;
                    while self.round(polling) > 0 {}
                    drained = round;
                    self.orders.drained(round);
                }
                Order::Exit => break,
            }
        }
        for stream in &mut self.streams {
            stream.drop_rest(DropReason::Stopped);
        }
        self
    }

    /// Exchanges the modes of all streams; returns the old ones. Packets that an old mode made and that were not sent
    /// yet go with it: the new one would take them for its own.
    pub(super) fn replace_modes(&mut self, modes: ModeSet) -> ModeSet {
        let mut modes = modes;
        for (stream, mode) in self.streams.iter_mut().zip(&mut modes) {
            stream.drop_rest(DropReason::Stopped);
            std::mem::swap(&mut stream.mode, mode);
        }
        modes
    }

    /// Polls each stream once; returns how many moved packets.
    #[inline(always)]
    fn round(&mut self, polling: Polling) -> u64 {
        let mut busy = 0;
        for stream in &mut self.streams {
            if polling == Polling::All || matches!(stream.source, SourceEnd::Ring(_)) {
                busy += u64::from(stream.poll(self.burst, &mut self.sinks));
            }
        }
        busy
    }
}

impl Stream {
    /// Takes one burst from source to sink; `true` if there was one.
    ///
    /// A call of its own: inlined into the worker's loop, that loop's values and these compete for registers.
    #[inline(never)]
    fn poll(&mut self, burst: u16, sinks: &mut Sinks) -> bool {
        let generates = match &mut self.source {
            SourceEnd::Rx(queue) => {
                self.counters.received(queue.rx_burst(&mut self.batch, burst));
                false
            }
            SourceEnd::Ring(ring) => {
                self.counters.received(ring.dequeue_batch(&mut self.batch, usize::from(burst)));
                false
            }
            SourceEnd::Nothing => true,
        };
        if self.batch.is_empty() && !generates {
            return false;
        }
        if let Some(mode) = &mut self.mode {
            mode.process(&mut self.batch, &mut Context { counters: &self.counters });
        }
        let full = match &mut self.sink {
            SinkEnd::Nothing => {
                // What the mode did not take away it is done with.
                self.batch.clear();
                return true;
            }
            _ if self.batch.is_empty() => return !generates,
            SinkEnd::Tx(at) => {
                self.counters.sent(sinks.tx[*at].tx_burst(&mut self.batch));
                DropReason::TxFull
            }
            SinkEnd::Ring(at) => {
                self.counters.sent(sinks.rings[*at].enqueue_batch(&mut self.batch));
                DropReason::RingFull
            }
            SinkEnd::FanOut(fan_out) => {
                self.counters.sent(fan_out.hand_out(&mut self.batch, sinks));
                DropReason::RingFull
            }
        };
        // A mode that makes packets finds those not sent in its batch at the next round, and sends them first.
        if !generates {
            self.drop_rest(full);
        }
        true
    }

    #[inline]
    fn drop_rest(&mut self, reason: DropReason) {
        if !self.batch.is_empty() {
            self.counters.dropped(reason, self.batch.len());
            self.batch.clear();
        }
    }
}

impl FanOut {
    /// Hands each packet to the ring of its flow; returns how many were taken. Those for full rings stay in `batch`.
    ///
    /// Not inlined: it would take the registers of the loop around it, for the streams that have no fan-out too.
    #[inline(never)]
    fn hand_out(&mut self, batch: &mut Batch, sinks: &mut Sinks) -> usize {
        let Self { rings, staged } = self;
        let count = batch.len();
        batch.drain_each(|mbuf| {
            let hash = mbuf.rss_hash().unwrap_or_else(|| flow_hash(mbuf.data()));
            // Scales by the high bits: the low ones of an RSS hash already chose the receive queue.
            let choice = (u64::from(hash) * staged.len() as u64) >> 32;
            // A stage holds as many packets as a whole batch, so it never refuses.
            let _ = staged[choice as usize].push(mbuf);
        });
        for (ring, stage) in rings.iter().zip(staged) {
            if !stage.is_empty() {
                sinks.rings[*ring].enqueue_batch(stage);
                stage.drain_each(|mbuf| {
                    let _ = batch.push(mbuf);
                });
            }
        }
        count - batch.len()
    }
}

/// Divides a worker's time into busy and idle without asking the clock in every round.
struct Clock {
    /// Whether the last rounds moved packets, and how many of them in a row did, or did not.
    busy: bool,
    streak: u32,
    /// Polls since the last charge.
    busy_polls: u64,
    idle_polls: u64,
    since: u64,
    last: u64,
}

impl Clock {
    /// Busy rounds in a row after which the clock is no longer read: the end of a longer streak is seen one empty round
    /// late, and a saturated worker pays for the clock only when it looks at its orders.
    const PRECISE: u32 = 4;

    fn new() -> Self {
        let now = cycles();
        Self { busy: false, streak: 0, busy_polls: 0, idle_polls: 0, since: now, last: now }
    }

    /// Notes a round and how many of its polls moved packets and did not.
    #[inline]
    fn round(&mut self, busy_polls: u64, idle_polls: u64, counters: &WorkerCounters) {
        let busy = busy_polls > 0;
        if busy != self.busy {
            let end = if self.busy && self.streak > Self::PRECISE { cycles() } else { self.last };
            self.charge(end, counters);
            self.busy = busy;
            self.streak = 0;
        }
        self.busy_polls += busy_polls;
        self.idle_polls += idle_polls;
        self.streak = self.streak.saturating_add(1);
        if !busy || self.streak <= Self::PRECISE {
            self.last = cycles();
        }
    }

    /// Counts the polls so far, and the time up to `now` as what the last rounds were.
    #[inline]
    fn charge(&mut self, now: u64, counters: &WorkerCounters) {
        let cycles = now.saturating_sub(self.since);
        let (busy_cycles, idle_cycles) = if self.busy { (cycles, 0) } else { (0, cycles) };
        let polls = std::mem::take(&mut self.busy_polls);
        counters.busy(polls, busy_cycles);
        let polls = std::mem::take(&mut self.idle_polls);
        counters.idle(polls, idle_cycles);
        self.since = now;
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streak_of_any_length_is_counted() {
        let counters = WorkerCounters::default();
        let mut clock = Clock { streak: u32::MAX - 1, ..Clock::new() };
        (0..4).for_each(|_| clock.round(0, 3, &counters));
        clock.round(2, 1, &counters);
        clock.charge(cycles(), &counters);
        let figures = counters.figures();
        assert_eq!((figures.busy_polls, figures.idle_polls), (2, 13));
    }
}
