//! How numbers are distributed: percentiles, bars for drawing, and the histogram that other programs read.

use super::histogram::Histogram as Buckets;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::num::NonZeroU64;
use std::ops::Range;

/// Numbers and how often each came, in ascending order. Of large ones three digits are kept.
///
/// Serialised as its [`Summary`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(into = "Option<Summary>")]
pub struct Distribution {
    buckets: Vec<(u64, u64)>,
    saturated: u64,
}

/// A distribution in a few figures; each is up to a thousandth off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The smallest.
    pub min: u64,
    /// Half are at most this.
    pub p50: u64,
    /// 90 % are at most this.
    pub p90: u64,
    /// 99 % are at most this.
    pub p99: u64,
    /// 99.9 % are at most this.
    pub p999: u64,
    /// The largest.
    pub max: u64,
    /// The arithmetic mean.
    pub mean: f64,
    /// How many were recorded.
    pub count: u64,
    /// How many of them were larger than what is recorded.
    pub saturated: u64,
}

/// Differences in a few figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignedSummary {
    /// The smallest.
    pub min: i64,
    /// 1 % are at most this.
    pub p1: i64,
    /// Half are at most this.
    pub p50: i64,
    /// 99 % are at most this.
    pub p99: i64,
    /// The largest.
    pub max: i64,
    /// The mean of what they are without their signs.
    pub mean_abs: f64,
    /// How many were recorded.
    pub count: u64,
}

impl Distribution {
    /// From numbers in ascending order, the same ones perhaps several times, and their counts.
    pub(super) fn new(counted: impl Iterator<Item = (u64, u64)>, saturated: u64) -> Self {
        let mut buckets: Vec<(u64, u64)> = Vec::new();
        for (number, count) in counted {
            match buckets.last_mut() {
                Some((last, counts)) if *last == number => *counts += count,
                _ => buckets.push((number, count)),
            }
        }
        Self { buckets, saturated }
    }

    /// The numbers and how often each came.
    pub fn buckets(&self) -> &[(u64, u64)] {
        &self.buckets
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The number that the share `quantile` (0 to 1) of all is at most; 0 if there is none.
    pub fn quantile(&self, quantile: f64) -> u64 {
        let rank = ((self.count() as f64 * quantile).ceil() as u64).max(1);
        let mut before = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            before += count;
            before >= rank
        });
        found.or(self.buckets.last()).map_or(0, |(number, _)| *number)
    }

    /// In a few figures; `None` if nothing was recorded.
    pub fn summary(&self) -> Option<Summary> {
        let (min, max) = (self.buckets.first()?.0, self.buckets.last()?.0);
        let count = self.count();
        let sum: f64 =
            self.buckets.iter().map(|(number, count)| *number as f64 * *count as f64).sum();
        Some(Summary {
            min,
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max,
            mean: sum / count as f64,
            count,
            saturated: self.saturated,
        })
    }

    /// Every number less by as much; those that are smaller become 0.
    #[must_use]
    pub fn less(&self, by: u64) -> Self {
        let counted =
            self.buckets.iter().map(|(number, count)| (number.saturating_sub(by), *count));
        Self::new(counted, self.saturated)
    }

    /// Divided into at most `n` ranges, for drawing.
    ///
    /// The ranges adjoin, reach from the smallest number to the largest and are equally wide on a logarithmic scale.
    /// They are fewer than `n` where one would be narrower than 1. Every number is counted in exactly one.
    pub fn bars(&self, n: u16) -> Vec<(Range<u64>, u64)> {
        let (Some((smallest, _)), Some((largest, _))) = (self.buckets.first(), self.buckets.last())
        else {
            return Vec::new();
        };
        let (scale, end) = ((*smallest).max(1) as f64, largest + 1);
        let spread = end as f64 / scale;

        let mut bars = Vec::with_capacity(usize::from(n));
        let mut start = *smallest;
        for bar in 1..=n {
            let inner = (scale * spread.powf(f64::from(bar) / f64::from(n))).round() as u64;
            let edge = if bar == n { end } else { inner.min(end) };
            if edge > start {
                bars.push((start..edge, 0));
                start = edge;
            }
        }
        for (number, count) in &self.buckets {
            let place = bars.partition_point(|(range, _)| range.end <= *number);
            if let Some((_, counts)) = bars.get_mut(place) {
                *counts += count;
            }
        }
        bars
    }

    /// As a histogram of HdrHistogram's, at three digits, for its log and its tools.
    ///
    /// # Errors
    /// Its own, which these bounds do not give.
    pub fn to_hdr(&self) -> Result<Histogram<u64>, hdrhistogram::CreationError> {
        let largest = self.buckets.last().map_or(0, |(number, _)| *number).max(2);
        let mut histogram = Histogram::new_with_bounds(1, largest, 3)?;
        for (number, count) in &self.buckets {
            histogram.saturating_record_n(*number, *count);
        }
        Ok(histogram)
    }
}

impl From<Distribution> for Option<Summary> {
    fn from(distribution: Distribution) -> Self {
        distribution.summary()
    }
}

impl SignedSummary {
    /// Of differences in cycles: those below zero, without their signs, and the others. `None` if there are none.
    pub fn new(negative: &Buckets, positive: &Buckets, tsc_hz: NonZeroU64) -> Option<Self> {
        let (negative, positive) = (negative.nanoseconds(tsc_hz), positive.nanoseconds(tsc_hz));
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let below = negative.buckets.iter().rev().map(|(number, count)| (-signed(*number), *count));
        let above = positive.buckets.iter().map(|(number, count)| (signed(*number), *count));
        let all: Vec<(i64, u64)> = below.chain(above).collect();
        let count: u64 = all.iter().map(|(_, count)| count).sum();
        let quantile = |quantile: f64| {
            let rank = ((count as f64 * quantile).ceil() as u64).max(1);
            let mut before = 0;
            all.iter()
                .find(|(_, count)| {
                    before += count;
                    before >= rank
                })
                .map(|(number, _)| *number)
        };
        let sum: f64 = all.iter().map(|(number, count)| number.abs() as f64 * *count as f64).sum();
        Some(Self {
            min: all.first()?.0,
            p1: quantile(0.01)?,
            p50: quantile(0.5)?,
            p99: quantile(0.99)?,
            max: all.last()?.0,
            mean_abs: sum / count as f64,
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ten seconds of a 1 GHz counter, whose cycles are nanoseconds.
    const LARGEST: u64 = 10_000_000_000;

    fn recorded(numbers: impl IntoIterator<Item = u64>) -> Distribution {
        let mut histogram = Buckets::new(LARGEST);
        numbers.into_iter().for_each(|number| {
            histogram.record(number);
        });
        histogram.nanoseconds(NonZeroU64::new(1_000_000_000).unwrap())
    }

    #[test]
    fn a_known_distribution_has_its_percentiles() {
        let summary = recorded(1..=1000).summary().unwrap();
        assert_eq!(
            summary,
            Summary {
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
        let json = serde_json::to_value(recorded([7])).unwrap();
        let expected = serde_json::json!({
            "min": 7, "p50": 7, "p90": 7, "p99": 7, "p999": 7, "max": 7, "mean": 7.0, "count": 1, "saturated": 0,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn nothing_recorded_has_no_summary_and_no_bars() {
        let nothing = recorded([]);
        assert_eq!((nothing.summary(), nothing.quantile(0.5), nothing.bars(10)), (None, 0, vec![]));
        assert_eq!(serde_json::to_value(&nothing).unwrap(), serde_json::Value::Null);
        assert_eq!(nothing.to_hdr().unwrap().len(), 0);
    }

    #[test]
    fn bars_are_wide_where_numbers_are_large() {
        let bars = recorded([1, 5, 50, 50, 500, 999]).bars(3);
        assert_eq!(bars, [(1..10, 2), (10..100, 2), (100..1000, 2)]);
        assert_eq!(recorded([40, 41]).bars(8), [(40..41, 1), (41..42, 1)]);
        assert_eq!(recorded([0, 0]).bars(4), [(0..1, 2)]);
    }

    #[test]
    fn a_bias_is_taken_off() {
        assert_eq!(recorded([10, 30, 31]).less(30).buckets(), [(0, 2), (1, 1)]);
    }

    #[test]
    fn differences_have_their_signs() {
        let (mut negative, mut positive) = (Buckets::new(LARGEST), Buckets::new(LARGEST));
        negative.record(5);
        negative.record(3);
        positive.record(0);
        positive.record(4);
        let hz = NonZeroU64::new(1_000_000_000).unwrap();
        let summary = SignedSummary::new(&negative, &positive, hz).unwrap();
        assert_eq!(
            (summary.min, summary.p1, summary.p50, summary.p99, summary.max),
            (-5, -5, -3, 4, 4)
        );
        assert_eq!((summary.mean_abs, summary.count), (3.0, 4));
        let nothing = Buckets::new(LARGEST);
        assert_eq!(SignedSummary::new(&nothing, &nothing, hz), None);
    }

    proptest! {
        #[test]
        fn a_summary_agrees_with_the_sorted_numbers(mut numbers in prop::collection::vec(0u64..LARGEST, 1..500)) {
            let recorded = recorded(numbers.iter().copied());
            let summary = recorded.summary().unwrap();
            let hdr = recorded.to_hdr().unwrap();
            numbers.sort_unstable();
            let rank = |per_mille: usize| numbers[(numbers.len() * per_mille).div_ceil(1000) - 1];
            for (figure, exact) in [
                (summary.min, numbers[0]),
                (summary.p50, rank(500)),
                (summary.p90, rank(900)),
                (summary.p99, rank(990)),
                (summary.p999, rank(999)),
                (summary.max, *numbers.last().unwrap()),
            ] {
                prop_assert!(figure.abs_diff(exact) <= exact / 1000, "{} for {}", figure, exact);
            }
            prop_assert_eq!(hdr.len(), summary.count);
            prop_assert!(hdr.value_at_quantile(0.5).abs_diff(summary.p50) <= summary.p50 / 1000);
        }

        #[test]
        fn bars_adjoin_and_count_every_number_once(
            numbers in prop::collection::vec((0u64..LARGEST, 0u32..34), 1..300), n in 1u16..60,
        ) {
            let numbers: Vec<u64> = numbers.into_iter().map(|(number, bits)| number >> bits).collect();
            let recorded = recorded(numbers.iter().copied());
            let bars = recorded.bars(n);
            prop_assert!(bars.len() <= usize::from(n));
            prop_assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), numbers.len() as u64);
            prop_assert!(bars.windows(2).all(|pair| pair[0].0.end == pair[1].0.start));
            prop_assert!(bars.iter().all(|(range, _)| !range.is_empty()));
            let summary = recorded.summary().unwrap();
            prop_assert_eq!((bars[0].0.start, bars[bars.len() - 1].0.end), (summary.min, summary.max + 1));
        }
    }
}
