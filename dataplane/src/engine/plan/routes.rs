//! Where packets go in a plan: from every receive queue, through rings, to where they leave.

use super::validate::Placed;
use super::{Plan, PlanError, RingId, Sink, Source, Way, Work};
use crate::port::PortId;
use std::collections::{BTreeMap, BTreeSet};

/// Packets on their way through a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Packets {
    entered: PortId,
    bound_for: PortId,
    worked_on: bool,
}

impl Plan {
    /// Follows the packets of every receive queue, through rings, to where they leave.
    pub(super) fn validate_routes(&self) -> Result<(), PlanError> {
        let mut readers: BTreeMap<RingId, Placed> = BTreeMap::new();
        // Streams to visit, and what packets reach them.
        let mut visits: Vec<(Packets, Placed)> = Vec::new();
        for placed in self.placed_streams() {
            match placed.2.source {
                Source::Rx(port, _) => {
                    // What the generator answers leaves where the question came from.
                    let bound_for = self.port(port).and_then(|port| port.peer).unwrap_or(port);
                    let packets = Packets { entered: port, bound_for, worked_on: false };
                    visits.push((packets, placed));
                }
                Source::Ring(ring) => {
                    readers.insert(ring, placed);
                }
                Source::Nothing => {}
            }
        }
        let mut followed: BTreeSet<(RingId, Packets)> = BTreeSet::new();
        while let Some((packets, (lcore, stream, plan))) = visits.pop() {
            let Packets { entered, bound_for, worked_on } = packets;
            let peer = self.port(entered).and_then(|port| port.peer);
            let (fits, worked_on) = match plan.work {
                Work::Pass | Work::Generate { .. } => (true, worked_on),
                Work::Forward { ingress, .. } | Work::Switch { ingress, .. } => {
                    (!worked_on && ingress == entered, true)
                }
                Work::Measure => (peer.is_none(), true),
            };
            if !fits {
                return Err(PlanError::WrongIngress { lcore, stream, entered });
            }
            let says_peer = match plan.work {
                Work::Forward { egress, .. } => peer == Some(egress),
                Work::Switch { .. } => peer.is_none(),
                _ => true,
            };
            let sends_there = match plan.sink {
                Sink::Tx(port, _) => worked_on && bound_for == port,
                _ => true,
            };
            if !says_peer || !sends_there {
                return Err(PlanError::WrongEgress { lcore, stream, entered });
            }
            for (ring, bound_for) in bound(&plan.sink, bound_for) {
                let packets = Packets { entered, bound_for, worked_on };
                if followed.insert((ring, packets))
                    && let Some(&reader) = readers.get(&ring)
                {
                    visits.push((packets, reader));
                }
            }
        }
        Ok(())
    }
}

/// The rings that a sink's packets take, and the port that they are bound for then.
fn bound(sink: &Sink, bound_for: PortId) -> Vec<(RingId, PortId)> {
    match sink {
        Sink::Exits(exits) => exits
            .iter()
            .filter_map(|exit| match exit.way {
                Way::Ring(ring) => Some((ring, exit.port)),
                Way::Tx(_) => None,
            })
            .collect(),
        sink => sink.rings().map(|ring| (ring, bound_for)).collect(),
    }
}
