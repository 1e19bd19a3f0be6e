//! The switch on a worker: one receive queue's mode.

use super::cache::Cache;
use super::classifier::NONE;
use super::control::Station;
use super::edit;
use super::extract::{self, Reach};
use super::limits::Limits;
use super::mac_table::MacTable;
use super::rules::GroupKind;
use super::snapshot::{Program, Snapshot, Step};
use crate::batch::Batch;
use crate::forward::{Context, Counts, DropReason, Mode, Retry};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crate::port::PortId;
use crate::wire::ethernet::HEADER_LEN;
use crate::wire::flow::flow_hash;
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
    pub(super) ingress: PortId,
    /// How many queues share the port's limits.
    pub(super) queues: u16,
    /// The worker's place in a rule's cells.
    pub(super) slot: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) station: Arc<Station>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) cache: Cache,
    pub(super) limits: Limits,
    pub(super) pool: Mempool,
}

impl Mode for Switching {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if let Some(snapshot) = self.station.mailbox.take() {
            // Control keeps the old one until nobody has it, so nothing is freed here.
            self.snapshot = snapshot;
            self.cache.clear();
            self.limits.set(&self.snapshot.port(self.ingress).policy, self.queues);
        }
        if batch.iter().fold(u16::MAX, |least, mbuf| least.min(mbuf.data_len())) < HEADER_LEN as u16
        {
            let cut = batch.retain(|mbuf| usize::from(mbuf.data_len()) >= HEADER_LEN);
            context.dropped(DropReason::Truncated, cut);
        }
        if self.limits.has_rate() {
            let now = cycles();
            let over = batch.retain(|mbuf| self.limits.admits_bytes(now, mbuf.pkt_len()));
            context.dropped(DropReason::Rate, over);
        }
        let snapshot = Arc::clone(&self.snapshot);
        let view = snapshot.port(self.ingress);
        if view.for_copies {
            context.dropped(DropReason::Mirror, batch.len());
            return batch.clear();
        }
        if let Some(to) = view.copy_received {
            batch.iter().for_each(|mbuf| self.copy_to(to, mbuf, context));
        }
        match snapshot.reach {
            Reach::Port => self.switch_burst(&snapshot, batch, context),
            reach => self.switch_each(&snapshot, reach, batch, context),
        }
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(Arc::clone(&self.station.tally) as Arc<dyn Counts>)
    }

    fn retry(&self, port: PortId) -> Option<Retry> {
        self.snapshot.port(port).policy.retry
    }
}

impl Switching {
    /// A burst of which no rule asks more than where it came: one rule is for all of it.
    fn switch_burst(&mut self, snapshot: &Snapshot, batch: &mut Batch, context: &mut Context<'_>) {
        let key = extract::key(self.ingress, &[], 0, Reach::Port);
        let find = || snapshot.classifier.find(&key);
        let (rule, hit) = self.cache.find(&key, snapshot.words, find);
        self.station.tally.add(if hit { HITS } else { MISSES }, batch.len() as u64);
        if let Some(rule) = snapshot.rules.get(rule as usize)
            && let Program::Output(port) = rule.program
            && port != self.ingress
        {
            let bytes = batch.iter().map(|mbuf| u64::from(mbuf.pkt_len())).sum();
            rule.cells[self.slot].add(batch.len() as u64, bytes);
            return context.leave_all(port, batch);
        }
        batch.drain_each(|mbuf| self.switch(snapshot, rule, mbuf, context));
    }

    /// A burst of packets that rules tell apart.
    fn switch_each(
        &mut self,
        snapshot: &Snapshot,
        reach: Reach,
        batch: &mut Batch,
        context: &mut Context<'_>,
    ) {
        let (count, mut hits) = (batch.len() as u64, 0);
        batch.drain_each(|mbuf| {
            let key = extract::key(self.ingress, mbuf.data(), mbuf.pkt_len() as usize, reach);
            let key = key.masked(&snapshot.classifier.asked);
            let find = || snapshot.classifier.find(&key);
            let (rule, hit) = self.cache.find(&key, snapshot.words, find);
            hits += u64::from(hit);
            self.switch(snapshot, rule, mbuf, context);
        });
        self.station.tally.add(HITS, hits);
        self.station.tally.add(MISSES, count - hits);
    }

    /// Does with a packet what the rule of this number says.
    #[inline]
    fn switch(&mut self, snapshot: &Snapshot, rule: u32, mbuf: Mbuf, context: &mut Context<'_>) {
        let Some(rule) = snapshot.rules.get(rule as usize) else {
            debug_assert_eq!(rule, NONE, "a rule of another snapshot");
            return context.dropped(DropReason::NoRule, 1);
        };
        rule.cells[self.slot].add(1, mbuf.pkt_len().into());
        match &rule.program {
            Program::Drop => context.dropped(DropReason::Rule, 1),
            Program::Output(port) if *port == self.ingress => {
                context.dropped(DropReason::SamePort, 1);
            }
            Program::Output(port) => context.leave(*port, mbuf),
            Program::Normal => self.normal(snapshot, mbuf, context),
            Program::Steps(steps) => self.take_steps(snapshot, steps, mbuf, context),
        }
    }

    /// Takes one step after the other; the last one takes the packet, the others that send a copy.
    fn take_steps(
        &mut self,
        snapshot: &Snapshot,
        steps: &[Step],
        mut mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
        let Some((last, steps)) = steps.split_last() else {
            return context.dropped(DropReason::Rule, 1);
        };
        for step in steps {
            match step {
                Step::Change(action) => {
                    if let Err(reason) = edit::change(&mut mbuf, action) {
                        return context.dropped(reason, 1);
                    }
                }
                step => {
                    if let Some(copy) = self.copy(&mbuf, context) {
                        self.send_step(snapshot, *step, copy, context);
                    }
                }
            }
        }
        self.send_step(snapshot, *last, mbuf, context);
    }

    fn send_step(
        &mut self,
        snapshot: &Snapshot,
        step: Step,
        mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
        match step {
            Step::Output(port) if port == self.ingress => context.dropped(DropReason::SamePort, 1),
            Step::Output(port) => self.send(snapshot, port, mbuf, context),
            Step::InPort => self.send(snapshot, self.ingress, mbuf, context),
            Step::Flood { all } => {
                let takes = |port: PortId| {
                    let view = snapshot.port(port);
                    !view.for_copies && (all || view.policy.flood)
                };
                self.flood(mbuf, context, takes, |this, port, mbuf, context| {
                    this.send(snapshot, port, mbuf, context);
                });
            }
            Step::Normal => self.normal(snapshot, mbuf, context),
            Step::Group(place) => self.group(snapshot, place, mbuf, context),
            Step::Change(_) => context.dropped(DropReason::Rule, 1),
        }
    }

    fn group(&mut self, snapshot: &Snapshot, place: usize, mbuf: Mbuf, context: &mut Context<'_>) {
        let Some(group) = snapshot.groups.get(place) else {
            return context.dropped(DropReason::NoExit, 1);
        };
        if group.kind == GroupKind::Select {
            let hash = mbuf.rss_hash().unwrap_or_else(|| flow_hash(mbuf.data()));
            return match group.select(hash) {
                Some(bucket) => self.take_steps(snapshot, &bucket.steps, mbuf, context),
                None => context.dropped(DropReason::NoExit, 1),
            };
        }
        let Some((last, others)) = group.buckets.split_last() else {
            return context.dropped(DropReason::NoExit, 1);
        };
        for bucket in others {
            if let Some(copy) = self.copy(&mbuf, context) {
                self.take_steps(snapshot, &bucket.steps, copy, context);
            }
        }
        self.take_steps(snapshot, &last.steps, mbuf, context);
    }

    /// Sends a packet, or a copy of it, by every port but its own for which `takes` says so.
    pub(super) fn flood(
        &mut self,
        mbuf: Mbuf,
        context: &mut Context<'_>,
        takes: impl Fn(PortId) -> bool,
        mut send: impl FnMut(&mut Self, PortId, Mbuf, &mut Context<'_>),
    ) {
        let mut last = None;
        for place in 0..context.exits() {
            let Some(port) = context.exit(place) else { continue };
            if port == self.ingress || !takes(port) {
                continue;
            }
            if let Some(before) = last.replace(port)
                && let Some(copy) = self.copy(&mbuf, context)
            {
                send(self, before, copy, context);
            }
        }
        match last {
            Some(port) => send(self, port, mbuf, context),
            None => context.dropped(DropReason::Unknown, 1),
        }
    }

    /// Sends a packet by a port, and a copy to where its packets are copied.
    #[inline]
    pub(super) fn send(
        &mut self,
        snapshot: &Snapshot,
        port: PortId,
        mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
        if let Some(to) = snapshot.port(port).copy_sent {
            self.copy_to(to, &mbuf, context);
        }
        context.leave(port, mbuf);
    }

    fn copy_to(&mut self, port: PortId, mbuf: &Mbuf, context: &mut Context<'_>) {
        if let Some(copy) = self.copy(mbuf, context) {
            context.leave(port, copy);
        }
    }

    /// A copy of a packet; without room for one, that is counted.
    fn copy(&mut self, mbuf: &Mbuf, context: &mut Context<'_>) -> Option<Mbuf> {
        let copy = self.pool.copy(mbuf);
        if copy.is_none() {
            context.dropped(DropReason::NoBuffer, 1);
        }
        copy
    }

    /// The time, in tenths of a second.
    #[inline]
    pub(super) fn now(&self) -> u32 {
        self.shared.clock.load(Ordering::Relaxed)
    }
}
