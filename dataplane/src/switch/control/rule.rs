//! A rule as control keeps it, and its counts.

use crate::counter::Counter;
use crate::switch::rules::{FlowSpec, RuleFigures};
use std::sync::Arc;
use std::time::Instant;

/// What each worker counts of a rule, a cell a worker.
pub(in crate::switch) type Cells = Arc<[Cell]>;

/// What one worker counts, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(in crate::switch) struct Cell {
    packets: Counter,
    bytes: Counter,
}

impl Cell {
    /// Counts packets; only the worker whose cell it is may call this.
    #[inline]
    pub(in crate::switch) fn add(&self, packets: u64, bytes: u64) {
        self.packets.add(packets);
        self.bytes.add(bytes);
    }
}

/// A rule as control keeps it.
pub(in crate::switch) struct Rule {
    pub(in crate::switch) spec: FlowSpec,
    pub(in crate::switch) cells: Cells,
    /// When it was added.
    added: Instant,
    /// When it was added or changed.
    changed: Instant,
    /// When its last packet was noticed, or it was added or changed.
    used: Instant,
    /// Packets up to then.
    packets_then: u64,
}

impl Rule {
    /// A rule for so many workers.
    pub(super) fn new(spec: FlowSpec, workers: usize, now: Instant) -> Self {
        let cells = (0..workers).map(|_| Cell::default()).collect();
        Self { spec, cells, added: now, changed: now, used: now, packets_then: 0 }
    }

    /// Its actions were changed.
    pub(super) fn touch(&mut self, now: Instant) {
        (self.changed, self.used) = (now, now);
    }

    fn packets(&self) -> u64 {
        self.cells.iter().map(|cell| cell.packets.get()).sum()
    }

    /// Notes whether it was used since this was last asked.
    pub(super) fn note_use(&mut self, now: Instant) {
        let packets = self.packets();
        if packets != self.packets_then {
            self.packets_then = packets;
            self.used = now;
        }
    }

    /// Whether its time is up.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let reached = |timeout: u16, since| {
            timeout > 0 && now.saturating_duration_since(since).as_secs() >= timeout.into()
        };
        reached(self.spec.idle_timeout, self.used) || reached(self.spec.hard_timeout, self.changed)
    }

    /// The rule and its counts now.
    pub(super) fn figures(&self, now: Instant) -> RuleFigures {
        RuleFigures {
            cookie: self.spec.cookie,
            duration: now.saturating_duration_since(self.added),
            packets: self.packets(),
            bytes: self.cells.iter().map(|cell| cell.bytes.get()).sum(),
            idle_timeout: self.spec.idle_timeout,
            hard_timeout: self.spec.hard_timeout,
            idle_age: now.saturating_duration_since(self.used),
            hard_age: now.saturating_duration_since(self.changed),
            priority: self.spec.priority,
            matching: self.spec.matching,
            actions: self.spec.actions_text(),
        }
    }
}
