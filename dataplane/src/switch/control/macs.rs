//! The MAC table, shown and changed by hand.

use super::{State, Switch};
use crate::forward::Counts;
use crate::port::PortId;
use crate::switch::mac_table::Found;
use crate::switch::mode::{COUNTS, FULL, LEARNED, MOVES};
use crate::switch::policy::{LAST_VLAN, PolicyError};
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fmt;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// An address of the MAC table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MacEntry {
    /// The port behind which it is.
    pub port: PortId,
    /// Its VLAN.
    pub vlan: u16,
    /// The address.
    pub mac: MacAddr,
    /// Seconds since the last packet from it; `None` for one that was set by hand.
    pub age_s: Option<u32>,
}

/// A line of `ovs-appctl fdb/show`.
impl fmt::Display for MacEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, vlan, mac, age_s } = self;
        write!(f, "{port:>5}  {vlan:>4}  {mac}  ")?;
        match age_s {
            Some(age) => write!(f, "{age:>3}"),
            None => f.write_str("static"),
        }
    }
}

/// Which addresses are to be forgotten. What is left out is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flush {
    /// Those behind a port.
    pub port: Option<PortId>,
    /// Those of a VLAN.
    pub vlan: Option<u16>,
    /// One address.
    pub mac: Option<MacAddr>,
    /// Those set by hand too.
    pub with_static: bool,
}

/// The MAC table in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MacFigures {
    /// Addresses learned and not forgotten.
    pub learned: usize,
    /// Addresses set by hand.
    pub set: usize,
    /// How many can be learned.
    pub limit: u32,
    /// How often one was learned, since forwarding started.
    pub learnings: u64,
    /// How often one was seen behind another port than before, since forwarding started.
    pub moves: u64,
    /// Moves in the last second, as [`Switch::expire`] found them: many are a loop, or a theft.
    pub moves_per_second: u64,
    /// How often one found no room, since forwarding started.
    pub refused: u64,
}

/// How many moves there were when it was last looked.
pub(super) struct Moves {
    at: Instant,
    count: u64,
    per_second: u64,
}

impl Moves {
    pub(super) fn new(now: Instant) -> Self {
        Self { at: now, count: 0, per_second: 0 }
    }
}

impl Switch {
    /// The addresses that are known, by VLAN and address.
    pub fn mac_table(&self) -> Vec<MacEntry> {
        let now = self.shared.clock.load(Ordering::Relaxed);
        let entry = |Found { mac, vlan, port, seen, is_static }| MacEntry {
            port,
            vlan,
            mac,
            age_s: (!is_static).then(|| now.saturating_sub(seen) / 10),
        };
        let mut entries: Vec<MacEntry> = self.shared.macs.entries().map(entry).collect();
        entries.sort_by_key(|entry| (entry.vlan, entry.mac));
        entries
    }

    /// The MAC table in numbers.
    pub fn mac_figures(&self) -> MacFigures {
        let (mut learned, mut set) = (0, 0);
        for found in self.shared.macs.entries() {
            *(if found.is_static { &mut set } else { &mut learned }) += 1;
        }
        let state = self.lock();
        MacFigures {
            learned,
            set,
            limit: state.config.mac_limit,
            learnings: state.count(LEARNED),
            moves: state.count(MOVES),
            moves_per_second: state.moves.per_second,
            refused: state.count(FULL),
        }
    }

    /// Sets an address to a port by hand: it neither moves nor ages.
    ///
    /// # Errors
    /// [`PolicyError`]; nothing has changed then.
    pub fn add_static(&self, mac: MacAddr, vlan: u16, port: PortId) -> Result<(), PolicyError> {
        if mac.0[0] & 1 == 1 {
            return Err(PolicyError::Group(mac));
        }
        if vlan > LAST_VLAN {
            return Err(PolicyError::Vlan(vlan));
        }
        match self.shared.macs.set_static(mac, vlan, port) {
            true => Ok(()),
            false => Err(PolicyError::Full(mac)),
        }
    }

    /// Forgets addresses; returns how many.
    pub fn flush(&self, flush: &Flush) -> usize {
        self.shared.macs.remove(|found| {
            flush.port.is_none_or(|port| port == found.port)
                && flush.vlan.is_none_or(|vlan| vlan == found.vlan)
                && flush.mac.is_none_or(|mac| mac == found.mac)
                && (flush.with_static || !found.is_static)
        })
    }
}

impl State {
    /// What the modes count under a name of theirs.
    fn count(&self, name: usize) -> u64 {
        let stations = self.stations.iter().filter_map(Weak::upgrade);
        let figures = stations.flat_map(|station| station.tally.figures());
        figures.filter(|figure| figure.name == COUNTS[name]).map(|figure| figure.count).sum()
    }

    /// Works out how many addresses move in a second.
    pub(super) fn note_moves(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.moves.at);
        if since < Duration::from_millis(500) {
            return;
        }
        let count = self.count(MOVES);
        // Forwarding that starts anew counts from zero.
        let moved = count.saturating_sub(self.moves.count);
        let per_second = (moved as f64 / since.as_secs_f64()).round() as u64;
        self.moves = Moves { at: now, count, per_second };
    }
}
