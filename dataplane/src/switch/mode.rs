//! The switch on a worker: one receive queue's mode.

use super::cache::Cache;
use super::control::Station;
use super::extract::{self, Reach};
use super::limits::Limits;
use super::mac_table::MacTable;
use super::snapshot::{Program, Snapshot, Targets};
use crate::batch::{Batch, MAX_BURST};
use crate::forward::{Context, Counts, DropReason, Mode, Retry};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crate::port::PortId;
use crate::wire::ethernet::HEADER_LEN;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the mode counts beside drops.
pub(super) const COUNTS: [&str; 5] =
    ["cache_hits", "cache_misses", "mac_learned", "mac_moves", "mac_full"];
const HITS: usize = 0;
const MISSES: usize = 1;
pub(super) const LEARNED: usize = 2;
pub(super) const MOVES: usize = 3;
pub(super) const FULL: usize = 4;

/// What all workers share.
pub(super) struct Shared {
    pub(super) macs: MacTable,
    /// Tenths of a second since the switch was made, as control last said.
    pub(super) clock: AtomicU32,
}

/// The mode of one receive queue.
pub(super) struct Switching {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) lane: Lane,
}

/// What packets of one receive queue pass through, by whatever rules.
pub(super) struct Lane {
    pub(super) ingress: PortId,
    /// How many queues share the port's limits.
    pub(super) queues: u16,
    /// The worker's place in a rule's cells.
    pub(super) slot: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) station: Arc<Station>,
    pub(super) cache: Cache,
    pub(super) limits: Limits,
    pub(super) pool: Mempool,
    /// The rule for all packets, where none asks for more than their port.
    pub(super) of_port: u32,
    /// Who gets copies of packets as they come, and who has one of the packet that is being switched: each gets one.
    pub(super) received_copies: Targets,
    pub(super) copied: Targets,
    /// The rules of a burst's packets.
    pub(super) found: Box<[u32; MAX_BURST]>,
}

impl Mode for Switching {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        let Self { snapshot, lane } = self;
        if let Some(newer) = lane.station.mailbox.take() {
            // Control keeps the old one until nobody has it, so nothing is freed here.
            *snapshot = newer;
            lane.follow(snapshot);
        }
        lane.pass(snapshot, batch, context);
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(Arc::clone(&self.lane.station.tally) as Arc<dyn Counts>)
    }

    fn retry(&self, port: PortId) -> Option<Retry> {
        self.snapshot.port(port).policy.retry
    }
}

impl Lane {
    /// Goes by another snapshot from now on.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        self.cache.renew(&snapshot.classifier.asked);
        let view = snapshot.port(self.ingress);
        self.limits.set(&view.policy, self.queues);
        self.received_copies = view.copy_received;
        let key = extract::key(self.ingress, &[], 0, Reach::Port);
        self.of_port = snapshot.classifier.find(&key);
    }

    /// Has a burst pass what its port asks of it, and then the rules.
    fn pass(&mut self, snapshot: &Snapshot, batch: &mut Batch, context: &mut Context<'_>) {
        let bytes = self.admit(batch, context);
        let view = snapshot.port(self.ingress);
        if view.for_copies {
            context.dropped(DropReason::Mirror, batch.len());
            return batch.clear();
        }
        if !view.copy_received.is_empty() {
            let targets = view.copy_received;
            batch.iter().for_each(|mbuf| self.copy_to(snapshot, targets, mbuf, context));
        }
        match snapshot.reach {
            Reach::Port => self.switch_burst(snapshot, bytes, batch, context),
            reach => self.switch_each(snapshot, reach, batch, context),
        }
    }

    /// Drops packets that are cut, or more than their port may send; returns how many bytes the others have.
    fn admit(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> u64 {
        // All of nearly every burst pass, so it is looked through once; by fours, as else a third of that is counting the packets.
        let mut bytes = 0;
        let mut is_whole = |mbuf: &Mbuf| {
            bytes += u64::from(mbuf.pkt_len());
            usize::from(mbuf.data_len()) >= HEADER_LEN
        };
        let (fours, rest) = batch.as_chunks::<4>();
        let all_are = fours.iter().all(|four| four.iter().all(&mut is_whole))
            && rest.iter().all(&mut is_whole);
        if all_are && !self.limits.has_rate() {
            return bytes;
        }
        let cut = batch.retain(|mbuf| usize::from(mbuf.data_len()) >= HEADER_LEN);
        context.dropped(DropReason::Truncated, cut);
        let now = cycles();
        let over = batch.retain(|mbuf| self.limits.admits_bytes(now, mbuf.pkt_len()));
        context.dropped(DropReason::Rate, over);
        batch.iter().map(|mbuf| u64::from(mbuf.pkt_len())).sum()
    }

    /// A burst of which no rule asks more than where it came: one rule is for all of it.
    fn switch_burst(
        &mut self,
        snapshot: &Snapshot,
        bytes: u64,
        batch: &mut Batch,
        context: &mut Context<'_>,
    ) {
        self.station.tally.add(HITS, batch.len() as u64);
        if let Some(rule) = snapshot.rules.get(self.of_port as usize)
            && let Program::Output(port) = rule.program
            && port != self.ingress
        {
            rule.cells[self.slot].add(batch.len() as u64, bytes);
            return context.leave_all(port);
        }
        batch.drain_each(|mbuf| self.switch(snapshot, self.of_port, mbuf, context));
    }

    /// A burst of packets that rules tell apart.
    ///
    /// All are looked up before the first is switched: what a lookup waits for, memory, then comes for several at a time.
    fn switch_each(
        &mut self,
        snapshot: &Snapshot,
        reach: Reach,
        batch: &mut Batch,
        context: &mut Context<'_>,
    ) {
        let mut hits = 0;
        for (mbuf, found) in batch.iter().zip(self.found.iter_mut()) {
            let key = extract::key(self.ingress, mbuf.data(), mbuf.pkt_len() as usize, reach);
            let key = key.masked(&snapshot.classifier.asked);
            let (rule, hit) = self.cache.find(&key, || snapshot.classifier.find(&key));
            *found = rule;
            hits += u64::from(hit);
        }
        self.station.tally.add(HITS, hits);
        self.station.tally.add(MISSES, batch.len() as u64 - hits);
        let mut at = 0;
        batch.drain_each(|mbuf| {
            self.switch(snapshot, self.found[at], mbuf, context);
            at += 1;
        });
    }

    /// The time, in tenths of a second.
    #[inline]
    pub(super) fn now(&self) -> u32 {
        self.shared.clock.load(Ordering::Relaxed)
    }
}
