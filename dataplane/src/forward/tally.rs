//! A mode's own counts: what it did beside receiving, sending and dropping.

use crate::counter::Counter;
use crossbeam_utils::CachePadded;
use serde::Serialize;

/// The most names that a mode has.
const MOST: usize = 16;

/// Counts that a mode's lcore writes and anyone reads.
pub trait Counts: Send + Sync {
    /// The counts now.
    fn figures(&self) -> Vec<TallyFigure>;

    /// Sets all to zero. Only while the mode's worker does not run.
    fn reset(&self);
}

/// Named counts on cache lines of their own.
#[derive(Debug)]
pub struct Tally {
    names: &'static [&'static str],
    counts: CachePadded<[Counter; MOST]>,
}

/// One of a mode's counts at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TallyFigure {
    /// What was counted.
    pub name: &'static str,
    /// How often.
    pub count: u64,
}

impl Tally {
    /// Counts of these names, at most 16, from zero.
    pub fn new(names: &'static [&'static str]) -> Self {
        debug_assert!(names.len() <= MOST, "{names:?}");
        Self { names, counts: CachePadded::default() }
    }

    /// Adds to the count of the name at `at`; only the lcore that runs the mode may call this.
    #[inline]
    pub fn add(&self, at: usize, count: u64) {
        if let Some(counter) = self.counts.get(at) {
            counter.add(count);
        }
    }
}

impl Counts for Tally {
    fn figures(&self) -> Vec<TallyFigure> {
        let named = self.names.iter().zip(self.counts.iter());
        named.map(|(name, counter)| TallyFigure { name, count: counter.get() }).collect()
    }

    fn reset(&self) {
        self.counts.iter().for_each(Counter::reset);
    }
}
