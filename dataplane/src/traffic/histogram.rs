//! Numbers counted by size, at three digits: what a worker keeps of every packet's times.

use super::distribution::Distribution;
use std::num::NonZeroU64;

/// Counts numbers in buckets as wide as a thousandth of what they hold. Recording is one increment: no allocation, no branch
/// that packets decide.
///
/// Below 2048 every number has a bucket of its own; each doubling above has 1024. So the middle of a bucket is within a
/// two-thousandth of every number in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    saturated: u64,
}

/// Buckets of a doubling.
const SUB: usize = 1 << SUB_BITS;
const SUB_BITS: u32 = 10;

impl Histogram {
    /// A histogram of numbers up to `largest`; a greater one is counted as that, and as saturated.
    pub fn new(largest: u64) -> Self {
        Self { counts: vec![0; bucket(largest) + 1].into(), saturated: 0 }
    }

    /// Counts a number; returns its bucket.
    #[inline]
    pub fn record(&mut self, number: u64) -> usize {
        self.record_times(number, 1)
    }

    /// Counts a number so many times; returns its bucket.
    #[inline]
    pub fn record_times(&mut self, number: u64, times: u64) -> usize {
        let bucket = bucket(number);
        match self.counts.get_mut(bucket) {
            Some(count) => *count += times,
            None => self.saturate(times),
        }
        bucket
    }

    #[cold]
    fn saturate(&mut self, times: u64) {
        self.saturated += times;
        if let Some(count) = self.counts.last_mut() {
            *count += times;
        }
    }

    /// Adds what another one of the same size counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.saturated += other.saturated;
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// What was counted, as it is.
    pub fn numbers(&self) -> Distribution {
        Distribution::new(self.counted(|number| number), self.saturated)
    }

    /// What was counted in cycles of a `tsc_hz` counter, in nanoseconds.
    pub fn nanoseconds(&self, tsc_hz: NonZeroU64) -> Distribution {
        let ns = |cycles: u64| nanoseconds(cycles, tsc_hz);
        Distribution::new(self.counted(ns), self.saturated)
    }

    /// The middles of the buckets, converted, and their counts.
    fn counted(&self, convert: impl Fn(u64) -> u64) -> impl Iterator<Item = (u64, u64)> {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(move |(bucket, count)| (convert(middle(bucket)), *count))
    }
}

/// The nanoseconds of so many cycles, rounded.
pub fn nanoseconds(cycles: u64, tsc_hz: NonZeroU64) -> u64 {
    let hz = u128::from(tsc_hz.get());
    let ns = (u128::from(cycles) * 1_000_000_000 + hz / 2) / hz;
    u64::try_from(ns).unwrap_or(u64::MAX)
}

/// Bars that any number's bucket belongs to one of: 32 to a doubling, for records that are kept for each second.
pub const BARS: usize = (u64::BITS as usize - SUB_BITS as usize) * SUB / BAR;
/// Buckets of a bar.
const BAR: usize = SUB / 32;

/// The bar of a bucket.
#[inline]
pub fn bar(bucket: usize) -> usize {
    bucket / BAR
}

/// The number in the middle of a bar.
pub fn bar_middle(bar: usize) -> u64 {
    middle(bar * BAR + BAR / 2)
}

/// The bucket of a number.
#[inline]
fn bucket(number: u64) -> usize {
    let shift = doublings(number);
    (shift as usize) * SUB + (number >> shift) as usize
}

/// By how many bits a number is longer than those that have buckets of their own.
#[inline]
fn doublings(number: u64) -> u32 {
    (u64::BITS - 1 - (number | (2 * SUB as u64 - 1)).leading_zeros()) - SUB_BITS
}

/// The number in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let shift = (bucket / SUB).saturating_sub(1);
    (((bucket - shift * SUB) as u64) << shift) + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_adjoin() {
        let found: Vec<usize> = [0, 2047, 2048, 2049, 2050, 4095, 4096].map(bucket).to_vec();
        assert_eq!(found, [0, 2047, 2048, 2048, 2049, 3071, 3072]);
        assert_eq!([0, 2047, 2048, 3072].map(middle), [0, 2047, 2049, 4098]);
    }

    #[test]
    fn a_number_too_large_is_counted_as_the_largest() {
        let mut histogram = Histogram::new(1_000_000);
        assert!(histogram.is_empty());
        for number in [5, 2_000_000, u64::MAX] {
            histogram.record(number);
        }
        let summary = histogram.numbers().summary().unwrap();
        assert_eq!((summary.count, summary.saturated, summary.min), (3, 2, 5));
        assert!(summary.max.abs_diff(1_000_000) <= 500, "{}", summary.max);
    }

    #[test]
    fn merging_adds() {
        let (mut one, mut other) = (Histogram::new(100), Histogram::new(100));
        one.record(7);
        other.record(7);
        other.record(101);
        one.merge(&other);
        assert_eq!(one.numbers().buckets(), [(7, 2), (100, 1)]);
        assert_eq!(one.numbers().summary().unwrap().saturated, 1);
    }

    proptest! {
        #[test]
        fn a_bucket_is_within_a_two_thousandth_of_its_numbers(bits in 0u32..64, number: u64) {
            let number = number >> bits;
            let middle = middle(bucket(number));
            prop_assert!(middle.abs_diff(number) <= number / 2048, "{} for {}", middle, number);
        }

        #[test]
        fn cycles_become_nanoseconds(tsc_hz in 1_000_000u64..6_000_000_000, cycles in 0u64..1 << 36) {
            let exact = cycles as f64 * 1e9 / tsc_hz as f64;
            let ns = nanoseconds(cycles, NonZeroU64::new(tsc_hz).unwrap());
            prop_assert!((ns as f64 - exact).abs() <= 0.51, "{} for {}", ns, exact);
        }
    }
}
