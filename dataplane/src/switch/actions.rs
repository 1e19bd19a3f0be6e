//! What rules have done with a packet: changes, copies, and the exits that it leaves by.

use super::classifier::NONE;
use super::edit;
use super::mode::Lane;
use super::rules::GroupKind;
use super::snapshot::{Program, Snapshot, Step, Targets};
use crate::forward::{Context, DropReason};
use crate::mbuf::Mbuf;
use crate::port::PortId;
use crate::wire::flow::flow_hash;

impl Lane {
    /// Does with a packet what the rule of this number says.
    #[inline]
    pub(super) fn switch(
        &mut self,
        snapshot: &Snapshot,
        rule: u32,
        mbuf: Mbuf,
        context: &mut Context<'_>,
    ) {
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
            Program::Normal => {
                self.copied = self.received_copies;
                self.normal(snapshot, mbuf, context);
            }
            Program::Steps(steps) => {
                self.copied = self.received_copies;
                self.take_steps(snapshot, steps, mbuf, context);
            }
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
        let targets = self.copied.add(snapshot.port(port).copy_sent);
        if !targets.is_empty() {
            self.copy_to(snapshot, targets, &mbuf, context);
        }
        context.leave(port, mbuf);
    }

    pub(super) fn copy_to(
        &mut self,
        snapshot: &Snapshot,
        targets: Targets,
        mbuf: &Mbuf,
        context: &mut Context<'_>,
    ) {
        for port in targets.of(&snapshot.targets) {
            if let Some(copy) = self.copy(mbuf, context) {
                context.leave(port, copy);
            }
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
}
