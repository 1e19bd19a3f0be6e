//! How late packets left: a histogram with one writer, read by anyone.

use super::tally::{Counts, TallyFigure};
use crate::engine::counters::Counter;
use std::num::NonZeroU64;

/// Buckets of each power of two, a power of two: neighbours are a sixteenth apart.
const PARTS: u32 = 16;
const PART_BITS: u32 = PARTS.trailing_zeros();
/// Buckets for every number of cycles below 2^40, minutes.
const BUCKETS: usize = (41 - PART_BITS as usize) * PARTS as usize;

/// By how many cycles packets left after their time.
#[derive(Debug)]
pub(super) struct Lateness {
    tsc_hz: NonZeroU64,
    /// Packets that can be held at once: not a count, but said beside them.
    room: u32,
    buckets: Box<[Counter]>,
}

impl Lateness {
    /// An empty histogram of a mode that can hold `room` packets.
    pub(super) fn new(tsc_hz: NonZeroU64, room: u32) -> Self {
        Self { tsc_hz, room, buckets: (0..BUCKETS).map(|_| Counter::default()).collect() }
    }

    /// Counts a packet.
    #[inline]
    pub(super) fn record(&self, cycles: u64) {
        if let Some(bucket) = self.buckets.get(bucket_of(cycles)) {
            bucket.add(1);
        }
    }

    /// The nanoseconds that `share` of all `packets` did not exceed, by at most a sixteenth too many.
    fn quantile_ns(&self, counts: &[u64], share: f64) -> u64 {
        let packets: u64 = counts.iter().sum();
        let rank = (packets as f64 * share).ceil() as u64;
        let mut seen = 0;
        let reached = counts.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        });
        let cycles = reached.map_or(0, end_of);
        (u128::from(cycles) * 1_000_000_000 / u128::from(self.tsc_hz.get())) as u64
    }
}

impl Counts for Lateness {
    fn figures(&self) -> Vec<TallyFigure> {
        let counts: Vec<u64> = self.buckets.iter().map(Counter::get).collect();
        let figure = |name, count| TallyFigure { name, count };
        vec![
            figure("room", self.room.into()),
            figure("held", counts.iter().sum()),
            figure("late_ns_p50", self.quantile_ns(&counts, 0.5)),
            figure("late_ns_p99", self.quantile_ns(&counts, 0.99)),
            figure("late_ns_max", self.quantile_ns(&counts, 1.0)),
        ]
    }

    fn reset(&self) {
        self.buckets.iter().for_each(Counter::reset);
    }
}

/// The bucket of a number of cycles: itself where it is small, else by its leading bits.
#[inline]
fn bucket_of(cycles: u64) -> usize {
    let shift = (u64::BITS - cycles.leading_zeros()).saturating_sub(PART_BITS + 1);
    (u64::from(shift * PARTS) + (cycles >> shift)).min(BUCKETS as u64 - 1) as usize
}

/// The largest number of cycles that a bucket counts.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / u64::from(PARTS)).saturating_sub(1);
    ((bucket - shift * u64::from(PARTS) + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let lateness = Lateness::new(NonZeroU64::new(1_000_000_000).unwrap(), 7);
        (0..100).for_each(|cycles| lateness.record(cycles));
        let figures = lateness.figures();
        let of = |name| figures.iter().find(|figure| figure.name == name).unwrap().count;
        assert_eq!((of("room"), of("held")), (7, 100));
        assert!((49..=52).contains(&of("late_ns_p50")), "{figures:?}");
        assert!((98..=104).contains(&of("late_ns_p99")), "{figures:?}");
        lateness.reset();
        assert_eq!(lateness.figures()[1..].iter().map(|figure| figure.count).sum::<u64>(), 0);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_cycles_and_is_a_sixteenth_wide(cycles in 0_u64..1 << 40) {
            let bucket = bucket_of(cycles);
            let begin = if bucket == 0 { 0 } else { end_of(bucket - 1) + 1 };
            prop_assert!((begin..=end_of(bucket)).contains(&cycles));
            prop_assert!(end_of(bucket) - begin <= begin / 16);
        }
    }
}
