//! Which packets came back: new, reordered, twice, or too late to tell.

use super::histogram::Histogram;

/// Knows every sequence number of a window behind the newest, and counts.
///
/// One bit a packet: the memory is fixed, and observing never allocates.
#[derive(Clone, Debug)]
pub struct SequenceTracker {
    /// Bit `sequence % window`: whether that packet has come.
    seen: Box<[u64]>,
    /// One more than the newest sequence number: RFC 4737's `NextExp`.
    next: u64,
    received: u64,
    reordered: u64,
    duplicated: u64,
    late: u64,
    gaps: Gaps,
    extents: Histogram,
    extent_unknown: u64,
}

/// The latest leaps over numbers that had not come: what a reordered packet arrives in.
#[derive(Clone, Debug)]
struct Gaps {
    /// A ring; the gap of number `n` is at `n` modulo its length.
    ring: Box<[Gap]>,
    /// How many there have been.
    count: u64,
}

/// Numbers that were leapt over.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// The first of them, and the newer one that came instead.
    from: u64,
    newer: u64,
    /// How many packets had been received before that one.
    arrival: u64,
}

/// What an arrival was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The first of its number, newer than all before.
    New,
    /// The first of its number, but a newer one came before it (RFC 4737 §3.3).
    Reordered,
    /// Its number had come already.
    Duplicate,
    /// Older than the window, so that nobody knows whether it had come already.
    Late,
}

impl SequenceTracker {
    /// Packets that may overtake one before it is late: a tenth of a second at 10 Mpps, in 128 KiB.
    pub const DEFAULT_WINDOW: usize = 1 << 20;

    /// The longest extent that is told apart.
    const LONGEST_EXTENT: u64 = 1 << 20;

    const WORD: u64 = u64::BITS as u64;

    /// Makes a tracker of the given window, rounded up to a power of two and to 64; numbers begin with 0.
    pub fn new(window: usize) -> Self {
        let words = window.div_ceil(u64::BITS as usize).next_power_of_two();
        Self {
            seen: vec![0; words].into(),
            next: 0,
            received: 0,
            reordered: 0,
            duplicated: 0,
            late: 0,
            gaps: Gaps::new(),
            extents: Histogram::new(Self::LONGEST_EXTENT),
            extent_unknown: 0,
        }
    }

    /// Counts the arrivals of `packets` with the numbers from `sequence` on, if that is the next one: most are, and leap over
    /// nothing. `false`, and none is counted, if it is not.
    #[inline]
    pub fn observe_next(&mut self, sequence: u64, packets: u64) -> bool {
        if sequence != self.next {
            return false;
        }
        self.next = sequence.saturating_add(packets);
        self.received += packets;
        self.mark(sequence, self.next);
        true
    }

    /// Counts the arrival of a packet.
    pub fn observe(&mut self, sequence: u64) -> Arrival {
        if self.observe_next(sequence, 1) {
            return Arrival::New;
        }
        let arrival = self.classify(sequence);
        match arrival {
            Arrival::New => {
                self.gaps.push(Gap { from: self.next, newer: sequence, arrival: self.received });
                self.forget(self.next.max(sequence.saturating_sub(self.window())), sequence);
                self.next = sequence.saturating_add(1);
                self.received += 1;
                self.mark(sequence, self.next);
            }
            Arrival::Reordered => {
                match self.gaps.find(sequence) {
                    Some(gap) => {
                        self.extents.record(self.received - gap.arrival);
                    }
                    None => self.extent_unknown += 1,
                }
                self.received += 1;
                self.reordered += 1;
                self.mark(sequence, sequence + 1);
            }
            Arrival::Duplicate => self.duplicated += 1,
            Arrival::Late => self.late += 1,
        }
        arrival
    }

    /// Notes that packets of the window have come.
    #[inline]
    fn mark(&mut self, from: u64, to: u64) {
        self.each_word(from, to, |word, bits| *word |= bits);
    }

    /// Completes a sequence number of which the low 32 bits are known: the one nearest to the number expected next.
    #[inline]
    pub fn extend(&self, low: u32) -> u64 {
        let distance = low.wrapping_sub(self.next as u32) as i32;
        // Nothing is before number 0: there, what seems to be behind is far ahead.
        self.next.checked_add_signed(i64::from(distance)).unwrap_or(u64::from(low))
    }

    /// How many different packets came.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many of those came after a newer one.
    pub fn reordered(&self) -> u64 {
        self.reordered
    }

    /// How far behind their places those came: the packets received from the first newer one on until the reordered one came
    /// (RFC 4737 §4.2.2, n = 1 for one that changed places with its successor).
    pub fn extents(&self) -> &Histogram {
        &self.extents
    }

    /// Reordered packets of which that is not known: they were leapt over too many leaps ago.
    pub fn extent_unknown(&self) -> u64 {
        self.extent_unknown
    }

    /// How many came again.
    pub fn duplicated(&self) -> u64 {
        self.duplicated
    }

    /// How many came after their window; they are not among those received.
    pub fn late(&self) -> u64 {
        self.late
    }

    fn classify(&self, sequence: u64) -> Arrival {
        let (word, bit) = self.place(sequence);
        if sequence >= self.next {
            Arrival::New
        } else if self.next - sequence > self.window() {
            Arrival::Late
        } else if self.seen[word] >> bit & 1 == 1 {
            Arrival::Duplicate
        } else {
            Arrival::Reordered
        }
    }

    /// Clears what the window held of numbers that are older by its length.
    fn forget(&mut self, from: u64, to: u64) {
        self.each_word(from, to, |word, bits| *word &= !bits);
    }

    /// Has `change` change the bits of these numbers, word by word.
    #[inline]
    fn each_word(&mut self, mut from: u64, to: u64, change: impl Fn(&mut u64, u64)) {
        while from < to {
            let (word, bit) = self.place(from);
            let bits = (Self::WORD - bit).min(to - from);
            change(&mut self.seen[word], (u64::MAX >> (Self::WORD - bits)) << bit);
            from += bits;
        }
    }

    fn window(&self) -> u64 {
        self.seen.len() as u64 * Self::WORD
    }

    /// The word of a number's bit, and the bit.
    fn place(&self, sequence: u64) -> (usize, u64) {
        let word = (sequence / Self::WORD) as usize & (self.seen.len() - 1);
        (word, sequence % Self::WORD)
    }
}

impl Gaps {
    /// Leaps that are remembered: a packet in a thousand lost, and a million packets.
    const KEPT: usize = 1024;

    fn new() -> Self {
        Self { ring: vec![Gap::default(); Self::KEPT].into(), count: 0 }
    }

    #[cold]
    fn push(&mut self, gap: Gap) {
        let at = self.at(self.count);
        self.ring[at] = gap;
        self.count += 1;
    }

    /// The gap that a number was leapt over in. They are in the order of their numbers.
    #[cold]
    fn find(&self, sequence: u64) -> Option<Gap> {
        let (mut low, mut high) = (self.count.saturating_sub(Self::KEPT as u64), self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ring[self.at(middle)].newer > sequence {
                high = middle
            } else {
                low = middle + 1
            }
        }
        let gap = (low < self.count).then(|| self.ring[self.at(low)])?;
        (gap.from <= sequence).then_some(gap)
    }

    fn at(&self, number: u64) -> usize {
        number as usize % Self::KEPT
    }
}

impl Default for SequenceTracker {
    fn default() -> Self {
        Self::new(Self::DEFAULT_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Arrival::{Duplicate, Late, New, Reordered};
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn observed(tracker: &mut SequenceTracker, numbers: &[u64]) -> Vec<Arrival> {
        numbers.iter().map(|number| tracker.observe(*number)).collect()
    }

    #[test]
    fn every_kind_of_arrival_is_told_apart() {
        let mut tracker = SequenceTracker::new(64);
        let arrivals = observed(&mut tracker, &[0, 1, 3, 2, 2, 3, 70, 6, 5, 7]);
        assert_eq!(
            arrivals,
            [New, New, New, Reordered, Duplicate, Duplicate, New, Late, Late, Reordered]
        );
        let counts =
            (tracker.received(), tracker.reordered(), tracker.duplicated(), tracker.late());
        assert_eq!(counts, (6, 2, 2, 2));
    }

    #[test]
    fn a_leap_too_long_ago_has_no_extent() {
        let mut tracker = SequenceTracker::new(1 << 14);
        // Every second number is leapt over, more often than leaps are remembered.
        (1..=Gaps::KEPT as u64 + 1).for_each(|leap| {
            tracker.observe(leap * 2);
        });
        assert_eq!((tracker.observe(0), tracker.observe(3)), (Reordered, Reordered));
        assert_eq!(tracker.extent_unknown(), 1);
        let extent = tracker.extents().numbers().summary().unwrap();
        assert_eq!((extent.count, extent.max), (1, Gaps::KEPT as u64 + 1));
    }

    #[test]
    fn a_leap_beyond_the_window_forgets_all_of_it() {
        let mut tracker = SequenceTracker::new(100);
        observed(&mut tracker, &(0..128).collect::<Vec<_>>());
        assert_eq!(tracker.observe(10_000), New);
        let behind = observed(&mut tracker, &(9_873..10_000).collect::<Vec<_>>());
        assert_eq!(behind, vec![Reordered; 127]);
        assert_eq!(tracker.observe(9_872), Late);
    }

    #[test]
    fn low_bits_are_extended_next_to_what_is_expected() {
        let mut tracker = SequenceTracker::new(64);
        assert_eq!(tracker.extend(5), 5);
        assert_eq!(tracker.extend(u32::MAX), u64::from(u32::MAX));
        tracker.observe((1 << 32) - 1);
        assert_eq!(tracker.extend(0), 1 << 32);
        assert_eq!(tracker.extend(u32::MAX), (1 << 32) - 1);
        tracker.observe((7 << 32) + 3);
        assert_eq!(tracker.extend(2), (7 << 32) + 2);
        assert_eq!(tracker.extend(u32::MAX - 1), (7 << 32) - 2);
    }

    proptest! {
        #[test]
        fn extending_finds_any_number_within_half_the_range(next in 1u64..1 << 48, distance: i32) {
            let mut tracker = SequenceTracker::new(64);
            tracker.observe(next - 1);
            if let Some(sequence) = next.checked_add_signed(i64::from(distance)) {
                prop_assert_eq!(tracker.extend(sequence as u32), sequence);
            }
        }

        /// Each packet is lost, sent on or doubled, and delayed by up to a bound; the delays reorder.
        #[test]
        fn the_tracker_counts_what_a_set_of_all_numbers_counts(
            window in 1usize..400,
            fates in prop::collection::vec((0u64..300, 0u8..4, 0u64..300), 1..1500),
        ) {
            let mut line: Vec<(u64, u64)> = Vec::new();
            for (number, (delay, copies, second_delay)) in (0u64..).zip(&fates) {
                match copies {
                    0 => {}
                    1 => line.extend([(number + delay, number), (number + second_delay, number)]),
                    _ => line.push((number + delay, number)),
                }
            }
            line.sort_unstable();

            let mut tracker = SequenceTracker::new(window);
            let window = window.div_ceil(64).next_power_of_two() as u64 * 64;
            let (mut seen, mut next, mut late) = (HashSet::new(), 0, 0);
            let (mut duplicated, mut reordered) = (0, 0);
            for (_, number) in line {
                let expected = if number + window < next {
                    late += 1;
                    Late
                } else if !seen.insert(number) {
                    duplicated += 1;
                    Duplicate
                } else if number < next {
                    reordered += 1;
                    Reordered
                } else {
                    New
                };
                next = next.max(number + 1);
                prop_assert_eq!(tracker.observe(number), expected);
            }
            prop_assert_eq!(tracker.received(), seen.len() as u64);
            prop_assert_eq!(
                (tracker.duplicated(), tracker.reordered(), tracker.late()), (duplicated, reordered, late)
            );
        }

        /// RFC 4737 §4.2.2 by its definition, over all arrivals.
        #[test]
        fn extents_are_those_of_the_definition(delays in prop::collection::vec(0u64..40, 1..400)) {
            let mut line: Vec<(u64, u64)> = (0..).zip(&delays).map(|(number, delay)| (number + delay, number)).collect();
            line.sort_unstable();
            let mut tracker = SequenceTracker::new(1024);
            let mut expected = Histogram::new(SequenceTracker::LONGEST_EXTENT);
            for (at, (_, number)) in line.iter().enumerate() {
                tracker.observe(*number);
                if let Some(newer) = line[..at].iter().position(|(_, before)| before > number) {
                    expected.record((at - newer) as u64);
                }
            }
            prop_assert_eq!(tracker.extents(), &expected);
            prop_assert_eq!(tracker.extent_unknown(), 0);
        }

        #[test]
        fn any_numbers_are_observed_without_panic(numbers: Vec<u64>) {
            let mut tracker = SequenceTracker::new(256);
            let arrivals = observed(&mut tracker, &numbers);
            let first = arrivals.iter().filter(|arrival| matches!(arrival, New | Reordered)).count();
            prop_assert_eq!(tracker.received(), first as u64);
        }

        #[test]
        fn many_at_once_are_each_of_them(window in 1usize..400, runs in prop::collection::vec((0u64..900, 1u64..200), 1..40)) {
            let (mut together, mut alone) = (SequenceTracker::new(window), SequenceTracker::new(window));
            for (leap, packets) in runs {
                let from = if leap < 500 { alone.next } else { leap };
                let arrivals = observed(&mut alone, &(from..from + packets).collect::<Vec<_>>());
                if !together.observe_next(from, packets) {
                    prop_assert_eq!(observed(&mut together, &(from..from + packets).collect::<Vec<_>>()), arrivals);
                }
                prop_assert_eq!((&together.seen, together.next), (&alone.seen, alone.next));
            }
            prop_assert_eq!(together.received(), alone.received());
        }
    }
}
