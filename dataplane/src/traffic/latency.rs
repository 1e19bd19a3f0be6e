//! Round-trip times: every packet's, recorded at three digits.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::num::NonZeroU64;
use std::ops::Range;

/// The longest time told apart; what takes longer is recorded as this and counted as saturated.
pub const LONGEST_NS: u64 = 10_000_000_000;

/// Records times given in TSC cycles. Recording never allocates.
#[derive(Clone, Debug)]
pub struct LatencyRecorder {
    cycles: CycleLength,
    histogram: Histogram<u64>,
    saturated: u64,
}

/// What was recorded, in nanoseconds. The histogram keeps three digits: each figure is up to a thousandth off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySummary {
    /// The shortest.
    pub min: u64,
    /// Half are at most this.
    pub p50: u64,
    /// 90 % are at most this.
    pub p90: u64,
    /// 99 % are at most this.
    pub p99: u64,
    /// 99.9 % are at most this.
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The arithmetic mean.
    pub mean: f64,
    /// How many times were recorded.
    pub count: u64,
    /// How many of them were longer than [`LONGEST_NS`].
    pub saturated: u64,
}

impl LatencyRecorder {
    /// Makes a recorder for a counter of `tsc_hz` cycles a second.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the bounds are constants")]
    pub fn new(tsc_hz: NonZeroU64) -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are sound");
        Self { cycles: CycleLength::new(tsc_hz), histogram, saturated: 0 }
    }

    /// Records a time in TSC cycles.
    #[inline]
    pub fn record(&mut self, cycles: u64) {
        let ns = self.cycles.to_ns(cycles);
        self.saturated += u64::from(ns > LONGEST_NS);
        self.histogram.saturating_record(ns.min(LONGEST_NS));
    }

    /// Sums up what was recorded; `None` if nothing was.
    pub fn summary(&self) -> Option<LatencySummary> {
        let histogram = &self.histogram;
        (!histogram.is_empty()).then(|| LatencySummary {
            min: histogram.min(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
            mean: histogram.mean(),
            count: histogram.len(),
            saturated: self.saturated,
        })
    }

    /// Divides what was recorded into at most `n` ranges of nanoseconds, for drawing.
    ///
    /// The ranges adjoin, reach from the shortest time to the longest and are equally wide on a logarithmic scale.
    /// They are fewer than `n` where one would be narrower than a nanosecond. Every time is counted in exactly one.
    pub fn bars(&self, n: u16) -> Vec<(Range<u64>, u64)> {
        if self.histogram.is_empty() {
            return Vec::new();
        }
        let (shortest, end) = (self.histogram.min(), self.histogram.max() + 1);
        let scale = shortest.max(1) as f64;
        let spread = end as f64 / scale;

        let mut bars = Vec::with_capacity(usize::from(n));
        let mut start = shortest;
        for bar in 1..=n {
            let inner = (scale * spread.powf(f64::from(bar) / f64::from(n))).round() as u64;
            let edge = if bar == n { end } else { inner.min(end) };
            if edge > start {
                bars.push((start..edge, 0));
                start = edge;
            }
        }
        for recorded in self.histogram.iter_recorded() {
            let place =
                bars.partition_point(|(range, _)| range.end <= recorded.value_iterated_to());
            if let Some((_, count)) = bars.get_mut(place) {
                *count += recorded.count_at_value();
            }
        }
        bars
    }
}

/// How long a TSC cycle is, as a fraction with a power of two below it, so that a packet costs no division.
#[derive(Clone, Copy, Debug)]
struct CycleLength {
    ns_per_cycle: u64,
}

impl CycleLength {
    /// The bits behind the binary point. With 40, ten seconds at 5 GHz are exact to a nanosecond, and the length of
    /// a cycle fits into 64 bits for any counter above 60 Hz.
    const FRACTION_BITS: u32 = 40;

    fn new(tsc_hz: NonZeroU64) -> Self {
        let second = 1_000_000_000 << Self::FRACTION_BITS;
        let rounded = (second + u128::from(tsc_hz.get()) / 2) / u128::from(tsc_hz.get());
        Self { ns_per_cycle: u64::try_from(rounded).unwrap_or(u64::MAX) }
    }

    /// The nanoseconds of so many cycles, rounded.
    #[inline]
    fn to_ns(self, cycles: u64) -> u64 {
        let half = 1 << (Self::FRACTION_BITS - 1);
        let ns = (u128::from(cycles) * u128::from(self.ns_per_cycle) + half) >> Self::FRACTION_BITS;
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn recorder(tsc_hz: u64) -> LatencyRecorder {
        LatencyRecorder::new(NonZeroU64::new(tsc_hz).unwrap())
    }

    /// A recorder of a 1 GHz counter, whose cycles are nanoseconds.
    fn recorded(times: impl IntoIterator<Item = u64>) -> LatencyRecorder {
        let mut recorder = recorder(1_000_000_000);
        times.into_iter().for_each(|time| recorder.record(time));
        recorder
    }

    #[test]
    fn a_known_distribution_has_its_percentiles() {
        let summary = recorded(1..=1000).summary().unwrap();
        assert_eq!(
            summary,
            LatencySummary {
                min: 1,
                p50: 500,
                p90: 900,
                p99: 990,
                p999: 999,
                max: 1000,
                mean: 500.5,
                count: 1000,
                saturated: 0,
            }
        );
    }

    #[test]
    fn the_fields_have_their_public_names() {
        let json = serde_json::to_value(recorded([7]).summary()).unwrap();
        let expected = serde_json::json!({
            "min": 7, "p50": 7, "p90": 7, "p99": 7, "p999": 7, "max": 7, "mean": 7.0, "count": 1, "saturated": 0,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn nothing_recorded_has_no_summary_and_no_bars() {
        assert_eq!(recorded([]).summary(), None);
        assert_eq!(recorded([]).bars(10), []);
    }

    #[test]
    fn times_beyond_the_longest_are_counted() {
        let summary = recorded([LONGEST_NS, LONGEST_NS + 1, u64::MAX]).summary().unwrap();
        assert_eq!((summary.count, summary.saturated), (3, 2));
        assert!(summary.max.abs_diff(LONGEST_NS) < LONGEST_NS / 1000, "{}", summary.max);
    }

    #[test]
    fn bars_are_wide_where_times_are_long() {
        let bars = recorded([1, 5, 50, 50, 500, 999]).bars(3);
        assert_eq!(bars, [(1..10, 2), (10..100, 2), (100..1000, 2)]);
        assert_eq!(recorded([40, 41]).bars(8), [(40..41, 1), (41..42, 1)]);
        assert_eq!(recorded([0, 0]).bars(4), [(0..1, 2)]);
    }

    proptest! {
        #[test]
        fn cycles_become_nanoseconds_within_one(
            tsc_hz in 1_000_000u64..6_000_000_000, tenths in 0u64..=100, cycles: u64,
        ) {
            let cycles = cycles % (tsc_hz * tenths / 10 + 1);
            let exact = u128::from(cycles) * 1_000_000_000 / u128::from(tsc_hz);
            let ns = CycleLength::new(NonZeroU64::new(tsc_hz).unwrap()).to_ns(cycles);
            prop_assert!(u128::from(ns).abs_diff(exact) <= 1, "{} for {}", ns, exact);
        }

        #[test]
        fn any_cycles_are_recorded_without_panic(tsc_hz in 1u64.., times in prop::collection::vec(any::<u64>(), 1..9)) {
            let mut recorder = recorder(tsc_hz);
            times.iter().for_each(|time| recorder.record(*time));
            prop_assert_eq!(recorder.summary().map(|summary| summary.count), Some(times.len() as u64));
        }

        #[test]
        fn a_summary_agrees_with_the_sorted_times(mut times in prop::collection::vec(0u64..LONGEST_NS, 1..500)) {
            let summary = recorded(times.iter().copied()).summary().unwrap();
            times.sort_unstable();
            let rank = |per_mille: usize| times[(times.len() * per_mille).div_ceil(1000) - 1];
            for (figure, exact) in [
                (summary.min, times[0]),
                (summary.p50, rank(500)),
                (summary.p90, rank(900)),
                (summary.p99, rank(990)),
                (summary.p999, rank(999)),
                (summary.max, *times.last().unwrap()),
            ] {
                prop_assert!(figure.abs_diff(exact) <= exact / 1000, "{} for {}", figure, exact);
            }
        }

        #[test]
        fn bars_adjoin_and_count_every_time_once(
            times in prop::collection::vec((0u64..LONGEST_NS, 0u32..34), 1..300), n in 1u16..60,
        ) {
            let times: Vec<u64> = times.into_iter().map(|(time, bits)| time >> bits).collect();
            let recorder = recorded(times.iter().copied());
            let bars = recorder.bars(n);
            prop_assert!(bars.len() <= usize::from(n));
            prop_assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), times.len() as u64);
            prop_assert!(bars.windows(2).all(|pair| pair[0].0.end == pair[1].0.start));
            prop_assert!(bars.iter().all(|(range, _)| !range.is_empty()));
            let summary = recorder.summary().unwrap();
            prop_assert_eq!((bars[0].0.start, bars[bars.len() - 1].0.end), (summary.min, summary.max + 1));
        }
    }
}
