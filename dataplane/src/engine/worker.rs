//! The poll loop: one lcore and its streams.

use super::counters::{StreamCounters, WorkerCounters};
use super::exits::Exits;
use super::orders::{JobSet, LOOK_EVERY, Order, Orders};
use super::segmenter::Way;
use super::send::send;
use crate::batch::Batch;
use crate::eal::Poller;
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

/// Rounds that a worker has done.
struct Rounds {
    rounds: u32,
    /// Polls that moved packets.
    busy_polls: u64,
    /// Whether one of the last round did.
    busy: bool,
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
        let poller = Poller::begin();
        let mut clock = Clock::new();
        let mut polling = Polling::All;
        let mut drained = 0;
        loop {
            let mut left = LOOK_EVERY;
            while left > 0 {
                let passed = self.rounds(if clock.rests() { left } else { 1 }, polling);
                left -= passed.rounds;
                let polls = u64::from(passed.rounds) * self.streams.len() as u64;
                clock.note(&passed, polls, &self.counters);
            }
            clock.charge(cycles(), &self.counters);
            if let Some(poller) = &poller {
                poller.between_bursts();
            }
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
                    while self.rounds(LOOK_EVERY, polling).busy {}
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
        let _poller = Poller::begin();
        let own = self.replace_jobs(jobs);
        for _ in 0..rounds {
            self.rounds(1, Polling::All);
        }
        self.replace_jobs(own);
    }

    /// Polls each stream once a round, so many rounds or until one moves nothing.
    #[inline(always)]
    fn rounds(&mut self, most: u32, polling: Polling) -> Rounds {
        // Apart, or they would be looked up anew for each poll.
        let Self { streams, sinks, burst, .. } = self;
        let mut passed = Rounds { rounds: 0, busy_polls: 0, busy: true };
        while passed.busy && passed.rounds < most {
            let before = passed.busy_polls;
            for stream in streams.iter_mut() {
                if polling == Polling::All || matches!(stream.source, SourceEnd::Ring(_)) {
                    passed.busy_polls += u64::from(stream.poll(*burst, sinks));
                }
            }
            passed.busy = passed.busy_polls > before;
            passed.rounds += 1;
        }
        passed
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
    /// A call of its own: inlined into the worker's loop, that loop's values and these compete for registers. The way from port to
    /// port is all in here and comes first; the others take a call more.
    #[inline(never)]
    fn poll(&mut self, burst: u16, sinks: &mut Sinks) -> bool {
        let received = if let SourceEnd::Rx(queue) = &mut self.source {
            let received = queue.rx_burst(&mut self.batch, burst);
            self.counters.received(received);
            received
        } else {
            self.take(burst)
        };
        if self.batch.is_empty() && !self.awake {
            return false;
        }
        if let Some(mode) = &mut self.job.mode {
            let mut context = Context { counters: &self.counters, exits: &mut sinks.exits };
            mode.process(&mut self.batch, &mut context);
        }
        let SinkEnd::Tx(at) = self.sink else { return self.give(sinks) || received > 0 };
        if self.batch.is_empty() {
            return received > 0;
        }
        let queue = &mut sinks.outlets.tx[at];
        if let Some(segmenter) = &mut self.job.segmenter {
            let way = Way { retry: self.job.retry, counters: &self.counters, exit: None };
            segmenter.adapt(queue, &mut self.batch, way);
        }
        let sent = send(queue, &mut self.batch, || self.job.retry, &self.counters);
        self.counters.sent(sent);
        if !self.batch.is_empty() && !self.keeps_unsent() {
            let why = queue.refuse(self.batch.len());
            self.drop_rest(why.into());
        }
        true
    }

    /// Takes a burst from a source that is no port; returns how many packets that were.
    #[inline(never)]
    fn take(&mut self, burst: u16) -> usize {
        let SourceEnd::Ring(ring) = &mut self.source else { return 0 };
        let received = ring.dequeue_batch(&mut self.batch, usize::from(burst));
        self.counters.received(received);
        received
    }

    /// Hands the burst to a sink that is no port; `true` if there was one.
    #[inline(never)]
    fn give(&mut self, sinks: &mut Sinks) -> bool {
        let sent = match &mut self.sink {
            SinkEnd::Exits => {
                let Sinks { outlets, exits } = sinks;
                exits.send(&mut self.batch, outlets, &mut self.job, &self.counters);
                // What the mode left without an exit.
                self.drop_rest(DropReason::NoExit);
                return false;
            }
            SinkEnd::Nothing => {
                // What the mode did not take away it is done with.
                self.batch.clear();
                return false;
            }
            _ if self.batch.is_empty() => return false,
            SinkEnd::Ring(at) => sinks.outlets.rings[*at].enqueue_batch(&mut self.batch),
            SinkEnd::FanOut(fan_out) => fan_out.hand_out(&mut self.batch, sinks),
            SinkEnd::Tx(_) => return false,
        };
        self.counters.sent(sent);
        if !self.keeps_unsent() {
            self.drop_rest(DropReason::RingFull);
        }
        true
    }

    /// The generator finds those not sent in its batch at the next round, and sends them first.
    #[inline]
    fn keeps_unsent(&self) -> bool {
        matches!(self.source, SourceEnd::Nothing)
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
    /// Busy rounds in a row, 0 after an idle one; one more than [`Self::PRECISE`] stands for any number above it.
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
        Self { streak: 0, busy_polls: 0, idle_polls: 0, since: now, last: now }
    }

    /// Whether rounds that move packets can be noted together: in a long streak of them the clock is not read.
    #[inline]
    fn rests(&self) -> bool {
        self.streak > Self::PRECISE
    }

    /// Notes rounds and the polls in them: one, or some while it rests.
    #[inline]
    fn note(&mut self, passed: &Rounds, polls: u64, counters: &WorkerCounters) {
        self.busy_polls += passed.busy_polls;
        self.idle_polls += polls - passed.busy_polls;
        if passed.busy != (self.streak > 0) {
            let end = if self.rests() { cycles() } else { self.last };
            self.charge(end, counters);
            self.streak = 0;
        }
        if !self.rests() {
            self.streak += u32::from(passed.busy);
        }
        if !self.rests() {
            self.last = cycles();
        }
    }

    /// Counts the polls so far, and the time up to `now` as what the last rounds were.
    #[inline]
    fn charge(&mut self, now: u64, counters: &WorkerCounters) {
        let cycles = now.saturating_sub(self.since);
        let (busy_cycles, idle_cycles) = if self.streak > 0 { (cycles, 0) } else { (0, cycles) };
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
    fn every_poll_is_counted_and_all_time_is_busy_or_idle() {
        let counters = WorkerCounters::default();
        let mut clock = Clock::new();
        let since = clock.since;
        for busy_polls in [0, 0, 2, 1, 2, 2, 2, 2, 2, 0, 1] {
            let passed = Rounds { rounds: 1, busy_polls, busy: busy_polls > 0 };
            clock.note(&passed, 3, &counters);
        }
        let until = cycles();
        clock.charge(until, &counters);
        let figures = counters.figures();
        assert_eq!((figures.busy_polls, figures.idle_polls), (14, 19));
        assert!(figures.busy_cycles > 0 && figures.idle_cycles > 0, "{figures:?}");
        assert_eq!(figures.busy_cycles + figures.idle_cycles, until - since);
    }
}
