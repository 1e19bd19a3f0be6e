//! What streams and workers count: written by one lcore, read by anyone.

use crate::batch::MAX_BURST;
use crate::counter::Counter;
use crate::forward::DropReason;
use crossbeam_utils::CachePadded;
use serde::Serialize;

/// Counts of one stream, on cache lines of their own.
#[derive(Debug)]
pub struct StreamCounters(CachePadded<StreamCounts>);

/// Packets are not counted but bursts by size: the sum over the sizes is the number of packets, and a burst costs one
/// increment each way.
#[derive(Debug)]
struct StreamCounts {
    dropped: [Counter; DropReason::ALL.len()],
    received: BurstCounts,
    sent: BurstCounts,
}

/// Bursts by size, the empty ones first.
type BurstCounts = [Counter; MAX_BURST + 1];

impl Default for StreamCounters {
    fn default() -> Self {
        let by_size = || std::array::from_fn(|_| Counter::default());
        let dropped = Default::default();
        Self(CachePadded::new(StreamCounts { dropped, received: by_size(), sent: by_size() }))
    }
}

impl StreamCounters {
    /// Counts a burst that the source gave; an empty one too.
    #[inline]
    pub(super) fn received(&self, packets: usize) {
        // A batch holds no more than there are sizes.
        if let Some(bursts) = self.0.received.get(packets) {
            bursts.add(1);
        }
    }

    /// Counts a burst that the sink took.
    #[inline]
    pub(super) fn sent(&self, packets: usize) {
        if let Some(bursts) = self.0.sent.get(packets) {
            bursts.add(1);
        }
    }

    /// Counts packets that were freed.
    #[inline]
    pub(crate) fn dropped(&self, reason: DropReason, packets: usize) {
        self.0.dropped[reason as usize].add(packets as u64);
    }

    /// Packets that the sink did not take.
    #[inline]
    pub(crate) fn unsent(&self) -> u64 {
        let dropped = |reason: DropReason| self.0.dropped[reason as usize].get();
        use DropReason::{BadDescriptor, NoLink, RingFull, TxFull};
        let reasons = [TxFull, NoLink, BadDescriptor, RingFull];
        reasons.into_iter().map(dropped).sum()
    }

    pub(super) fn reset(&self) {
        let StreamCounts { dropped, received, sent } = &*self.0;
        dropped.iter().chain(received).chain(sent).for_each(Counter::reset);
    }

    /// The counts now.
    pub(super) fn figures(&self) -> StreamFigures {
        let by_size = |bursts: &BurstCounts| -> Vec<BurstCount> {
            let counts = bursts.iter().map(Counter::get).enumerate();
            let bursts = counts.map(|(size, count)| BurstCount { size, count });
            bursts.filter(|bursts| bursts.count > 0).collect()
        };
        let packets = |bursts: &[BurstCount]| -> u64 {
            bursts.iter().map(|bursts| bursts.size as u64 * bursts.count).sum()
        };
        let dropped = DropReason::ALL
            .map(|reason| Dropped { reason, packets: self.0.dropped[reason as usize].get() });
        let (received_bursts, sent_bursts) = (by_size(&self.0.received), by_size(&self.0.sent));
        StreamFigures {
            received: packets(&received_bursts),
            sent: packets(&sent_bursts),
            dropped: dropped.into_iter().filter(|dropped| dropped.packets > 0).collect(),
            received_bursts,
            sent_bursts,
        }
    }
}

/// A stream's counts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamFigures {
    /// Packets from the source.
    pub received: u64,
    /// Packets that the sink took.
    pub sent: u64,
    /// Packets freed, by reason; reasons that did not happen are left out.
    pub dropped: Vec<Dropped>,
    /// Bursts from the source by size; sizes that did not happen are left out.
    pub received_bursts: Vec<BurstCount>,
    /// Bursts to the sink by size; sizes that did not happen are left out.
    pub sent_bursts: Vec<BurstCount>,
}

impl StreamFigures {
    /// Packets freed, whatever the reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().map(|dropped| dropped.packets).sum()
    }

    /// Takes off what had been counted before.
    pub(super) fn subtract(&mut self, before: &Self) {
        for dropped in &mut self.dropped {
            let before = before.dropped.iter().find(|before| before.reason == dropped.reason);
            dropped.packets -= before.map_or(0, |before| before.packets).min(dropped.packets);
        }
        let of_size = |counts: &mut Vec<BurstCount>, before: &[BurstCount]| -> u64 {
            for bursts in counts.iter_mut() {
                let before = before.iter().find(|before| before.size == bursts.size);
                bursts.count -= before.map_or(0, |before| before.count).min(bursts.count);
            }
            counts.retain(|bursts| bursts.count > 0);
            counts.iter().map(|bursts| bursts.size as u64 * bursts.count).sum()
        };
        self.received = of_size(&mut self.received_bursts, &before.received_bursts);
        self.sent = of_size(&mut self.sent_bursts, &before.sent_bursts);
        self.dropped.retain(|dropped| dropped.packets > 0);
    }
}

/// Packets freed for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Why.
    pub reason: DropReason,
    /// How many.
    pub packets: u64,
}

/// How often bursts of one size came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BurstCount {
    /// Packets in the burst.
    pub size: usize,
    /// Bursts.
    pub count: u64,
}

/// Counts of one worker, on cache lines of their own.
#[derive(Debug, Default)]
pub struct WorkerCounters(CachePadded<WorkerCounts>);

#[derive(Debug, Default)]
struct WorkerCounts {
    busy_polls: Counter,
    idle_polls: Counter,
    busy_cycles: Counter,
    idle_cycles: Counter,
}

impl WorkerCounters {
    /// Counts polls that moved packets, and the cycles of rounds in which there were any.
    #[inline]
    pub(super) fn busy(&self, polls: u64, cycles: u64) {
        self.0.busy_polls.add(polls);
        self.0.busy_cycles.add(cycles);
    }

    /// Counts polls that moved none, and the cycles of rounds in which no poll did.
    #[inline]
    pub(super) fn idle(&self, polls: u64, cycles: u64) {
        self.0.idle_polls.add(polls);
        self.0.idle_cycles.add(cycles);
    }

    pub(super) fn reset(&self) {
        let WorkerCounts { busy_polls, idle_polls, busy_cycles, idle_cycles } = &*self.0;
        [busy_polls, idle_polls, busy_cycles, idle_cycles].into_iter().for_each(Counter::reset);
    }

    pub(super) fn figures(&self) -> PollFigures {
        let counts = &*self.0;
        PollFigures {
            busy_polls: counts.busy_polls.get(),
            idle_polls: counts.idle_polls.get(),
            busy_cycles: counts.busy_cycles.get(),
            idle_cycles: counts.idle_cycles.get(),
        }
    }
}

/// A worker's polls at one moment. In a round it polls each of its streams once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PollFigures {
    /// Polls that moved packets.
    pub busy_polls: u64,
    /// Polls that found nothing to do.
    pub idle_polls: u64,
    /// TSC cycles of rounds in which a poll moved packets.
    pub busy_cycles: u64,
    /// TSC cycles of rounds in which none did.
    pub idle_cycles: u64,
}

impl PollFigures {
    /// Takes off what had been counted before.
    pub(super) fn subtract(&mut self, before: &Self) {
        self.busy_polls = self.busy_polls.saturating_sub(before.busy_polls);
        self.idle_polls = self.idle_polls.saturating_sub(before.idle_polls);
        self.busy_cycles = self.busy_cycles.saturating_sub(before.busy_cycles);
        self.idle_cycles = self.idle_cycles.saturating_sub(before.idle_cycles);
    }
}
