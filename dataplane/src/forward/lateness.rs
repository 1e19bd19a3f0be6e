//! How late packets left, and how long they may have waited before: histograms with one writer, read by anyone.

use super::tally::{Counts, TallyFigure};
use crate::counter::Counter;
use std::num::NonZeroU64;

/// Buckets of each power of two, a power of two: neighbours are a sixteenth apart.
const PARTS: u32 = 16;
const PART_BITS: u32 = PARTS.trailing_zeros();
/// Buckets for every number of cycles below 2^40, minutes.
const BUCKETS: usize = (41 - PART_BITS as usize) * PARTS as usize;

/// What a mode that holds packets records of each.
#[derive(Debug)]
pub(super) struct Lateness {
    tsc_hz: NonZeroU64,
    /// Packets that can be held at once: not a count, but said beside them.
    room: u32,
    /// By how many cycles they left after their time.
    late: Cycles,
    /// For how many cycles they may have waited, at most, for the poll that found them: their time begins with that.
    waited: Cycles,
}

/// Numbers of cycles.
#[derive(Debug)]
struct Cycles(Box<[Counter]>);

impl Lateness {
    /// What a mode that can hold `room` packets has recorded when it begins.
    pub(super) fn new(tsc_hz: NonZeroU64, room: u32) -> Self {
        Self { tsc_hz, room, late: Cycles::new(), waited: Cycles::new() }
    }

    /// A packet leaves, so many cycles after its time.
    #[inline]
    pub(super) fn late(&self, cycles: u64) {
        self.late.record(cycles, 1);
    }

    /// A poll found so many packets, none of which waited longer for it.
    #[inline]
    pub(super) fn waited(&self, cycles: u64, packets: usize) {
        self.waited.record(cycles, packets as u64);
    }
}

impl Cycles {
    fn new() -> Self {
        Self((0..BUCKETS).map(|_| Counter::default()).collect())
    }

    #[inline]
    fn record(&self, cycles: u64, packets: u64) {
        if let Some(bucket) = self.0.get(bucket_of(cycles)) {
            bucket.add(packets);
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(Counter::get).sum()
    }

    /// The nanoseconds that each of these shares of all did not exceed, by at most a sixteenth too many.
    fn quantiles_ns<const N: usize>(&self, tsc_hz: NonZeroU64, shares: [f64; N]) -> [u64; N] {
        let counts: Vec<u64> = self.0.iter().map(Counter::get).collect();
        let packets: u64 = counts.iter().sum();
        shares.map(|share| {
            let rank = (packets as f64 * share).ceil() as u64;
            let mut seen = 0;
            let reached = counts.iter().position(|count| {
                seen += count;
                seen >= rank.max(1)
            });
            let cycles = reached.map_or(0, end_of);
            (u128::from(cycles) * 1_000_000_000 / u128::from(tsc_hz.get())) as u64
        })
    }
}

impl Counts for Lateness {
    fn figures(&self) -> Vec<TallyFigure> {
        const SHARES: [f64; 3] = [0.5, 0.99, 1.0];
        let figure = |name, count| TallyFigure { name, count };
        let [late, late_p99, latest] = self.late.quantiles_ns(self.tsc_hz, SHARES);
        let [waited, waited_p99, longest] = self.waited.quantiles_ns(self.tsc_hz, SHARES);
        vec![
            figure("room", self.room.into()),
            figure("held", self.late.count()),
            figure("late_ns_p50", late),
            figure("late_ns_p99", late_p99),
            figure("late_ns_max", latest),
            figure("waited_ns_p50", waited),
            figure("waited_ns_p99", waited_p99),
            figure("waited_ns_max", longest),
        ]
    }

    fn reset(&self) {
        [&self.late, &self.waited].into_iter().flat_map(|it| &it.0).for_each(Counter::reset);
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
        (0..100).for_each(|cycles| lateness.late(cycles));
        lateness.waited(1_000, 99);
        lateness.waited(5_000, 1);
        let figures = lateness.figures();
        let of = |name| figures.iter().find(|figure| figure.name == name).unwrap().count;
        assert_eq!((of("room"), of("held")), (7, 100));
        assert!((49..=52).contains(&of("late_ns_p50")), "{figures:?}");
        assert!((98..=104).contains(&of("late_ns_p99")), "{figures:?}");
        assert!((1_000..=1_064).contains(&of("waited_ns_p99")), "{figures:?}");
        assert!((5_000..=5_320).contains(&of("waited_ns_max")), "{figures:?}");
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
