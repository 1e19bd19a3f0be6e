//! A worker's own cache in front of the classifier: what was found for exact keys.
//!
//! Keys are masked by all that any rule asks for, so packets that no rule tells apart share an entry, whatever connections
//! they are of. That is also why the device's hash over a connection is not used: it would spread them over many.
//!
//! An entry is as long as what rules ask for: with few words there are more entries, and each is on one cache line.

use super::key::{Field, Key, hash, same};
use std::ops::Range;

/// Words of memory, which as many entries share as fit: 1 MiB.
const ROOM: usize = 1 << 17;

/// What was found for the keys of one receive queue.
pub(super) struct Cache {
    /// Entries of `stride` words, a power of two: the rule and the generation, then the key's words. An entry can be in two places.
    words: Box<[u64]>,
    stride: usize,
    /// The words of a key that rules tell packets of the queue apart by.
    asked: Range<usize>,
    /// Entries of others are stale. Never 0, as in the entries that nothing was written to.
    generation: u32,
}

impl Default for Cache {
    /// An empty one, for rules that ask for nothing.
    fn default() -> Self {
        let words = vec![0; ROOM].into_boxed_slice();
        Self { words, stride: 1, asked: 0..0, generation: 1 }
    }
}

impl Cache {
    /// Forgets everything: there are other rules, which ask for these bits.
    pub(super) fn renew(&mut self, asked: &Key) {
        // A queue's packets have their port in common.
        self.asked = asked.without(Field::InPort).span();
        self.generation = self.generation.wrapping_add(1);
        let stride = (self.asked.len() + 1).next_power_of_two();
        // Where entries get other places a key's word could pass for a generation; and the numbers come round some day.
        if stride != self.stride || self.generation == 0 {
            self.words.fill(0);
            self.stride = stride;
            self.generation = 1;
        }
    }

    /// The rule for a key, and whether it was remembered; otherwise it is what `find` says.
    #[inline]
    pub(super) fn find(&mut self, key: &Key, find: impl FnOnce() -> u32) -> (u32, bool) {
        let key = &key.0[self.asked.clone()];
        let hash = hash(key);
        let places =
            [hash, hash >> 32].map(|hash| (hash as usize).wrapping_mul(self.stride) % ROOM);
        for at in places {
            let entry = &self.words[at..at + self.stride];
            if entry[0] as u32 == self.generation && same(&entry[1..], key) {
                return ((entry[0] >> 32) as u32, true);
            }
        }
        (self.remember(places, key, find()), false)
    }

    /// Puts a rule into the place that is free, or else into the first.
    #[cold]
    fn remember(&mut self, places: [usize; 2], key: &[u64], rule: u32) -> u32 {
        let stale = places.into_iter().find(|at| self.words[*at] as u32 != self.generation);
        let entry = &mut self.words[stale.unwrap_or(places[0])..];
        entry[0] = u64::from(rule) << 32 | u64::from(self.generation);
        entry[1..=key.len()].copy_from_slice(key);
        rule
    }
}
