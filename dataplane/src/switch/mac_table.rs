//! The MAC table: which address was seen last behind which port, shared by all workers.
//!
//! Buckets of four entries, each two atomic words: address and VLAN, and port and time. An address has two buckets that it may
//! be in. Any worker adds an entry by compare and exchange of the first word; control removes what is old. A race between them
//! costs a flood or a learning, or sends one packet to where the entry's former address was: never more, as the words are all
//! there is.

use super::key::mix;
use crate::port::PortId;
use crate::wire::ethernet::MacAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Entries of a bucket: a cache line of them.
const WAYS: usize = 4;

/// Bits of the first word, above the address: the VLAN, and that the entry is in use.
const VLAN_SHIFT: u32 = 48;
const USED: u64 = 1 << 60;

/// The second word: whether it was set by hand, that there is a port, the port, and the time.
const STATIC: u64 = 1 << 63;
const KNOWN: u64 = 1 << 62;
const PORT_SHIFT: u32 = 32;

/// The table.
pub(super) struct MacTable {
    buckets: Box<[Bucket]>,
    /// Addresses learned, by port.
    by_port: Box<[AtomicU32]>,
    learned: AtomicU32,
    limit: u32,
}

#[derive(Default)]
#[repr(align(64))]
struct Bucket([Entry; WAYS]);

#[derive(Default)]
struct Entry {
    who: AtomicU64,
    place: AtomicU64,
}

/// What learning an address came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// It was known there.
    Known,
    /// It is new.
    New,
    /// It was behind another port.
    Moved,
    /// It is set by hand to another port, and stays there.
    Static,
    /// There is no room, or its port has as many as it may.
    Full,
}

/// One address, as control sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) mac: MacAddr,
    pub(super) vlan: u16,
    pub(super) port: PortId,
    pub(super) seen: u32,
    pub(super) is_static: bool,
}

impl MacTable {
    /// A table for so many addresses: half full at most, so that an address rarely finds both of its buckets taken.
    pub(super) fn new(limit: u32) -> Self {
        Self::with_room(limit, limit)
    }

    /// A table with room for more than are learned at most.
    pub(super) fn with_room(room: u32, limit: u32) -> Self {
        let buckets = (room as usize * 2).div_ceil(WAYS).next_power_of_two().max(2);
        let buckets = (0..buckets).map(|_| Bucket::default()).collect();
        let by_port = (0..dpdk_sys::RTE_MAX_ETHPORTS).map(|_| AtomicU32::new(0)).collect();
        Self { buckets, by_port, learned: AtomicU32::new(0), limit }
    }

    /// The port behind which an address is.
    #[inline]
    pub(super) fn find(&self, mac: u64, vlan: u16) -> Option<PortId> {
        let who = who(mac, vlan);
        let place = self.entry(who)?.place.load(Relaxed);
        (place & KNOWN != 0).then(|| port(place))
    }

    /// Notes that a packet from an address came by a port, at a time. `limit` is how many the port may have.
    #[inline]
    pub(super) fn learn(&self, mac: u64, vlan: u16, from: PortId, now: u32, limit: u32) -> Learned {
        let who = who(mac, vlan);
        let wanted = KNOWN | u64::from(from.0) << PORT_SHIFT | u64::from(now);
        match self.entry(who) {
            Some(entry) => {
                let place = entry.place.load(Relaxed);
                if place == wanted {
                    return Learned::Known;
                }
                self.refresh(entry, place, wanted, limit)
            }
            None => self.insert(who, wanted, limit),
        }
    }

    /// An entry that is there gets a new time, or a new port.
    fn refresh(&self, entry: &Entry, place: u64, wanted: u64, limit: u32) -> Learned {
        let same = (place ^ wanted) >> PORT_SHIFT & 0xffff == 0;
        if place & STATIC != 0 {
            return if same { Learned::Known } else { Learned::Static };
        }
        if place & KNOWN == 0 {
            // Another worker is just taking it.
            return Learned::Known;
        }
        if same {
            // If control removes it meanwhile it is learned again from the next packet.
            let _ = entry.place.compare_exchange(place, wanted, Relaxed, Relaxed);
            return Learned::Known;
        }
        if !self.count_in(wanted, limit) {
            return Learned::Full;
        }
        match entry.place.compare_exchange(place, wanted, Relaxed, Relaxed) {
            Ok(_) => {
                self.count_out(place);
                Learned::Moved
            }
            Err(_) => {
                self.count_out(wanted);
                Learned::Known
            }
        }
    }

    #[cold]
    fn insert(&self, who: u64, wanted: u64, limit: u32) -> Learned {
        if self.learned.fetch_add(1, Relaxed) >= self.limit {
            self.learned.fetch_sub(1, Relaxed);
            return Learned::Full;
        }
        if !self.count_in(wanted, limit) {
            self.learned.fetch_sub(1, Relaxed);
            return Learned::Full;
        }
        let learned = self.take_entry(who, wanted);
        if learned != Learned::New {
            self.count_out(wanted);
            self.learned.fetch_sub(1, Relaxed);
        }
        learned
    }

    /// Takes a free entry of either bucket.
    fn take_entry(&self, who: u64, place: u64) -> Learned {
        let mut entries = self.buckets_of(who).into_iter().flat_map(|bucket| &bucket.0);
        let take = |entry: &&Entry| entry.who.compare_exchange(0, who, Relaxed, Relaxed).is_ok();
        let Some(free) = entries.find(take) else { return Learned::Full };
        // Another worker may have taken an entry for the same address at the same time: the first one counts.
        if !self.entry(who).is_some_and(|first| std::ptr::eq(first, free)) {
            free.who.store(0, Relaxed);
            return Learned::Known;
        }
        free.place.store(place, Relaxed);
        Learned::New
    }

    /// Sets an address by hand; `false` if there is no room.
    pub(super) fn set_static(&self, mac: MacAddr, vlan: u16, port: PortId) -> bool {
        self.remove(|found| found.mac == mac && found.vlan == vlan);
        let place = STATIC | KNOWN | u64::from(port.0) << PORT_SHIFT;
        self.take_entry(who(mac.to_bits(), vlan), place) == Learned::New
    }

    /// Removes the addresses for which `gone` says so; returns how many.
    pub(super) fn remove(&self, mut gone: impl FnMut(&Found) -> bool) -> usize {
        let mut removed = 0;
        for entry in self.buckets.iter().flat_map(|bucket| &bucket.0) {
            let Some(found) = entry.read().filter(&mut gone) else { continue };
            let place = entry.place.swap(0, Relaxed);
            entry.who.store(0, Relaxed);
            if !found.is_static {
                self.count_out(place);
                self.learned.fetch_sub(1, Relaxed);
            }
            removed += 1;
        }
        removed
    }

    /// All addresses.
    pub(super) fn entries(&self) -> impl Iterator<Item = Found> + '_ {
        self.buckets.iter().flat_map(|bucket| &bucket.0).filter_map(Entry::read)
    }

    #[inline]
    fn entry(&self, who: u64) -> Option<&Entry> {
        let [first, second] = self.buckets_of(who);
        let is = |entry: &&Entry| entry.who.load(Relaxed) == who;
        // Nearly all are in their first.
        first.0.iter().find(is).or_else(|| second.0.iter().find(is))
    }

    /// The two buckets of an address; perhaps one and the same.
    #[inline]
    fn buckets_of(&self, who: u64) -> [&Bucket; 2] {
        let hash = mix(who);
        let mask = self.buckets.len() - 1;
        [hash as usize, (hash >> 32) as usize].map(|hash| &self.buckets[hash & mask])
    }

    /// Counts an address in at its port, unless that has as many as it may.
    fn count_in(&self, place: u64, limit: u32) -> bool {
        let Some(count) = self.by_port.get(usize::from(port(place).0)) else { return false };
        if count.fetch_add(1, Relaxed) < limit {
            return true;
        }
        count.fetch_sub(1, Relaxed);
        false
    }

    fn count_out(&self, place: u64) {
        if place & KNOWN != 0
            && let Some(count) = self.by_port.get(usize::from(port(place).0))
        {
            count.fetch_sub(1, Relaxed);
        }
    }
}

impl Entry {
    fn read(&self) -> Option<Found> {
        let (who, place) = (self.who.load(Relaxed), self.place.load(Relaxed));
        if who == 0 || place & KNOWN == 0 {
            return None;
        }
        let [_, _, a, b, c, d, e, f] = who.to_be_bytes();
        Some(Found {
            mac: MacAddr([a, b, c, d, e, f]),
            vlan: (who >> VLAN_SHIFT) as u16 & 0xfff,
            port: port(place),
            seen: place as u32,
            is_static: place & STATIC != 0,
        })
    }
}

#[inline]
fn who(mac: u64, vlan: u16) -> u64 {
    USED | u64::from(vlan) << VLAN_SHIFT | mac
}

#[inline]
fn port(place: u64) -> PortId {
    PortId((place >> PORT_SHIFT) as u16)
}
