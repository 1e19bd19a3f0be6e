//! A worker's own cache in front of the classifier: what was found for exact keys.
//!
//! Keys are masked by all that any rule asks for, so packets that no rule tells apart share an entry, whatever connections
//! they are of. That is also why the device's hash over a connection is not used: it would spread them over many.

use super::key::Key;

/// Entries; two places an entry can be in.
const ENTRIES: usize = 8192;

/// What was found for exact keys.
pub(super) struct Cache {
    entries: Box<[Entry]>,
    /// Entries of other snapshots are stale.
    snapshot: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    key: Key,
    rule: u32,
    snapshot: u32,
}

impl Cache {
    pub(super) fn new() -> Self {
        let empty = Entry { key: Key::default(), rule: 0, snapshot: 0 };
        Self { entries: vec![empty; ENTRIES].into_boxed_slice(), snapshot: 0 }
    }

    /// Forgets everything: there are other rules.
    pub(super) fn clear(&mut self) {
        self.snapshot = self.snapshot.wrapping_add(1);
        if self.snapshot == 0 {
            // The numbers have come round: what was filled in with this one is stale too.
            self.entries.iter_mut().for_each(|entry| entry.snapshot = 0);
            self.snapshot = 1;
        }
    }

    /// The rule for a key of `words` words, and whether it was remembered; otherwise it is what `find` says.
    #[inline]
    pub(super) fn find(
        &mut self,
        key: &Key,
        words: usize,
        find: impl FnOnce() -> u32,
    ) -> (u32, bool) {
        let hash = key.hash(words) as usize;
        let places = [hash % ENTRIES, (hash >> 32) % ENTRIES];
        for at in places {
            let entry = &self.entries[at];
            if entry.snapshot == self.snapshot && entry.key.is(key) {
                return (entry.rule, true);
            }
        }
        let stale = places.into_iter().find(|at| self.entries[*at].snapshot != self.snapshot);
        let rule = find();
        self.entries[stale.unwrap_or(places[0])] =
            Entry { key: *key, rule, snapshot: self.snapshot };
        (rule, false)
    }
}
