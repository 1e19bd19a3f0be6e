//! The poll loop: one lcore and its streams.

use super::counters::{StreamCounters, WorkerCounters};
use super::exits::Exits;
use super::orders::{JobSet, LOOK_EVERY, Order, Orders};
use super::retry::refusal;
use super::segmenter::Way;
use super::send::send;
use crate::batch::Batch;
use crate::forward::{Context, DropReason, Feed, Job};
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
    /// The modes of streams that were ended, to be looked at still.
    pub(super) retired: Vec<Job>,
    pub(super) counters: Arc<WorkerCounters>,
    pub(super) orders: Arc<Orders>,
}

/// Source, mode, sink, and the burst between them.
pub(super) struct Stream {
    pub(super) source: SourceEnd,
    pub(super) job: Job,
    pub(super) sink: SinkEnd,
    pub(super) counters: Arc<StreamCounters>,
    batch: Batch,
    /// Whether the mode is called without packets too: not while the worker drains.
    awake: bool,
}

/// Where a stream's packets come from.
pub(super) enum SourceEnd {
    Rx(RxQueue),
    /// A receive queue that is left alone, as the mode wants no packets.
    Resting(RxQueue),
    Ring(Consumer<Mbuf, Single>),
    Nothing,
}

/// Where a stream's packets go: indices into the worker's [`Outlets`], which streams share, or the worker's exits.
///
/// The one large variant is boxed, so that the others are told apart by a plain number.
pub(super) enum SinkEnd {
    Tx(usize),
    Ring(usize),
    FanOut(Box<FanOut>),
    Exits,
    Nothing,
}

/// The rings that a fan-out chooses from, and a stage before each.
pub(super) struct FanOut {
    pub(super) rings: Vec<usize>,
    pub(super) staged: Vec<Batch>,
}

/// What one worker feeds.
#[derive(Default)]
pub(super) struct Sinks {
    pub(super) outlets: Outlets,
    pub(super) exits: Exits,
}

/// The transmit queues and ring ends that one worker feeds.
#[derive(Default)]
pub(super) struct Outlets {
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
            retired: Vec::new(),
            counters: Arc::default(),
            orders: Arc::default(),
        }
    }

    /// Polls until told to exit; returns itself with its queues and jobs, and with what its streams hold.
    pub(super) fn run(mut self) -> Self {
        self.streams.iter_mut().for_each(Stream::wake);
        let mut clock = Clock::new();
        let mut polling = Polling::All;
        let mut drained = 0;
        loop {
            for _ in 0..LOOK_EVERY {
                let busy = self.round(polling);
                clock.round(busy, self.streams.len() as u64 - busy, &self.counters);
            }
            clock.charge(cycles(), &self.counters);
            if let Some(jobs) = self.orders.take_new_jobs() {
                let old = self.replace_jobs(jobs);
                self.orders.return_jobs(old);
            }
            match self.orders.look() {
                Order::Run => {}
                Order::Drain(round) if round == drained => {}
                Order::Drain(round) => {
                    polling = Polling::RingsOnly;
                    self.streams.iter_mut().for_each(|stream| stream.awake = false);
                    while self.round(polling) > 0 {}
                    drained = round;
                    self.orders.drained(round);
                }
                Order::Exit => break,
            }
        }
        self
    }

    /// Frees what its streams and their modes hold: the run is over.
    pub(super) fn let_go(&mut self) {
        self.streams.iter_mut().for_each(Stream::let_go);
    }

    /// Exchanges the jobs of all streams; returns the old ones. Packets that an old mode made or holds and that were not
    /// sent yet go with it: the new one would take them for its own.
    pub(super) fn replace_jobs(&mut self, jobs: JobSet) -> JobSet {
        let mut jobs = jobs;
        for (stream, job) in self.streams.iter_mut().zip(&mut jobs) {
            stream.let_go();
            std::mem::swap(&mut stream.job, job);
            stream.source.rest(stream.job.rests);
            stream.wake();
        }
        jobs
    }

    /// Polls every stream so many times with another job, and gives it its own back. On the control thread, while the
    /// worker does not run.
    pub(super) fn run_first(&mut self, jobs: JobSet, rounds: u32) {
        let own = self.replace_jobs(jobs);
        for _ in 0..rounds {
            self.round(Polling::All);
        }
        self.replace_jobs(own);
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

impl SourceEnd {
    /// Has a receive queue polled, or left alone.
    fn rest(&mut self, rests: bool) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::Rx(queue) | Self::Resting(queue) if rests => Self::Resting(queue),
            Self::Resting(queue) => Self::Rx(queue),
            source => source,
        };
    }
}

impl Stream {
    pub(super) fn new(mut source: SourceEnd, job: Job, sink: SinkEnd) -> Self {
        source.rest(job.rests);
        Self { source, job, sink, counters: Arc::default(), batch: Batch::new(), awake: false }
    }

    /// Has the mode called without packets, if it wants to be.
    fn wake(&mut self) {
        self.awake = self.job.feed() != Feed::Bursts;
    }

    /// Takes one burst from source to sink; `true` if there was one.
    ///
    /// A call of its own: inlined into the worker's loop, that loop's values and these compete for registers.
    #[inline(never)]
    fn poll(&mut self, burst: u16, sinks: &mut Sinks) -> bool {
        let received = match &mut self.source {
            SourceEnd::Rx(queue) => {
                let received = queue.rx_burst(&mut self.batch, burst);
                self.counters.received(received);
                received
            }
            SourceEnd::Ring(ring) => {
                let received = ring.dequeue_batch(&mut self.batch, usize::from(burst));
                self.counters.received(received);
                received
            }
            SourceEnd::Resting(_) | SourceEnd::Nothing => 0,
        };
        if self.batch.is_empty() && !self.awake {
            return false;
        }
        if let Some(mode) = &mut self.job.mode {
            let mut context = Context { counters: &self.counters, exits: &mut sinks.exits };
            mode.process(&mut self.batch, &mut context);
        }
        let full = match &mut self.sink {
            SinkEnd::Nothing => {
                // What the mode did not take away it is done with.
                self.batch.clear();
                return received > 0;
            }
            SinkEnd::Exits => {
                sinks.exits.send(&mut sinks.outlets, &mut self.job, &self.counters);
                // A mode that switches leaves none.
                self.drop_rest(DropReason::NoExit);
                return received > 0;
            }
            _ if self.batch.is_empty() => return received > 0,
            SinkEnd::Tx(at) => {
                let queue = &mut sinks.outlets.tx[*at];
                let Job { segmenter, retry, .. } = &mut self.job;
                if let Some(segmenter) = segmenter {
                    let way = Way { retry: *retry, counters: &self.counters, exit: None };
                    segmenter.adapt(queue, &mut self.batch, way);
                }
                let sent = send(queue, &mut self.batch, || *retry, &self.counters);
                self.counters.sent(sent);
                if self.batch.is_empty() {
                    return true;
                }
                refusal(queue)
            }
            SinkEnd::Ring(at) => {
                self.counters.sent(sinks.outlets.rings[*at].enqueue_batch(&mut self.batch));
                DropReason::RingFull
            }
            SinkEnd::FanOut(fan_out) => {
                self.counters.sent(fan_out.hand_out(&mut self.batch, sinks));
                DropReason::RingFull
            }
        };
        // The generator finds those not sent in its batch at the next round, and sends them first.
        if !matches!(self.source, SourceEnd::Nothing) {
            self.drop_rest(full);
        }
        true
    }

    /// Frees what the stream and its mode hold: the run ends, or another mode takes over.
    pub(super) fn let_go(&mut self) {
        self.drop_rest(DropReason::Stopped);
        let held = self.job.mode.as_mut().map_or(0, |mode| mode.release());
        self.counters.dropped(DropReason::Stopped, held);
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
                sinks.outlets.rings[*ring].enqueue_batch(stage);
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
