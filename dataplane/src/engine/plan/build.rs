//! From a request to a plan: how queues are dealt to lcores and which transmit queue a stream uses.

use super::error::{Direction, PlanError, Stage};
use super::validate::{check_ring_size, first_repeated};
use super::{
    Model, ModelRequest, Plan, PortPlan, PortRequest, Request, RingId, RingPlan, Sink, Source,
    StreamPlan, Topology, Work,
};
use crate::lcore::{LcoreId, SocketId};
use crate::port::{PortId, QueueId};
use std::collections::BTreeMap;

impl Request {
    /// Builds the plan, a sound one by [`Plan::validate`].
    ///
    /// *Run-to-completion*: one stream a receive queue, in testpmd's order (queue 0 of every port, then queue 1, …),
    /// dealt to the lcores in runs of equal length, the last lcores one more where it does not come out even. Lcores
    /// beyond the number of streams are left out, and queues that were placed stay out of the dealing. A stream sends to the transmit queue with its receive queue's number
    /// where the egress port has that many, otherwise to one that is its lcore's own. Unlike testpmd, a port with more
    /// receive than transmit queues has all of them polled.
    ///
    /// *Pipeline*: receive queues are dealt to the receive lcores likewise. One ring leads from a receive lcore to a
    /// work lcore for each port, one from a work lcore towards each egress port, and the latter are dealt to the
    /// transmit lcores, port by port, so that a transmit lcore serves as few ports as possible.
    ///
    /// *Switch*: see `switching.rs`.
    ///
    /// # Errors
    /// What was asked for cannot be had, see the first group of [`PlanError`].
    pub fn plan(&self) -> Result<Plan, PlanError> {
        self.check()?;
        let plan = match &self.model {
            ModelRequest::RunToCompletion => self.run_to_completion(self.cores()?)?,
            ModelRequest::Pipeline => self.pipeline(Stages::placed_on(self.cores()?))?,
            ModelRequest::PipelineOn { receive, work, transmit } => {
                let stages = Stages { receive, work, transmit };
                self.check_named(stages)?;
                self.pipeline(stages)?
            }
            ModelRequest::Switch => self.switching(self.cores()?)?,
        };
        plan.validate()?;
        Ok(plan)
    }

    /// Refuses what the plan itself could not show any more, or not as clearly.
    fn check(&self) -> Result<(), PlanError> {
        if self.ports.is_empty() {
            return Err(PlanError::NoPorts);
        }
        if let Some(port) = first_repeated(self.ports.iter().map(|port| port.id)) {
            return Err(PlanError::PortTwice(port));
        }
        if let Some(lcore) = first_repeated(self.lcores.iter().copied()) {
            return Err(PlanError::LcoreTwice(lcore));
        }
        for port in &self.ports {
            for (queues, direction) in
                [(port.rx_queues, Direction::Receive), (port.tx_queues, Direction::Transmit)]
            {
                if queues == 0 {
                    return Err(PlanError::ZeroQueues { port: port.id, direction });
                }
            }
        }
        check_ring_size(self.ring_size, self.burst)
    }

    /// Refuses stages that name an lcore which is not there, or name one twice.
    fn check_named(&self, stages: Stages) -> Result<(), PlanError> {
        let mut named: BTreeMap<LcoreId, Stage> = BTreeMap::new();
        for (stage, lcores) in [
            (Stage::Receive, stages.receive),
            (Stage::Work, stages.work),
            (Stage::Transmit, stages.transmit),
        ] {
            if lcores.is_empty() {
                return Err(PlanError::EmptyStage(stage));
            }
            for &lcore in lcores {
                if !self.lcores.contains(&lcore) {
                    return Err(PlanError::UnknownLcore { lcore, stage });
                }
                if let Some(first) = named.insert(lcore, stage) {
                    return Err(PlanError::StagesShareLcore { lcore, first, second: stage });
                }
            }
        }
        match self.nb_cores {
            Some(asked) if asked != named.len() => {
                Err(PlanError::CoresContradict { asked, named: named.len() })
            }
            _ => Ok(()),
        }
    }

    /// The lcores to use, at least one.
    fn cores(&self) -> Result<&[LcoreId], PlanError> {
        let available = self.lcores.len();
        match self.nb_cores.unwrap_or(available) {
            _ if available == 0 => Err(PlanError::NoLcores),
            0 => Err(PlanError::ZeroCores),
            asked => self.lcores.get(..asked).ok_or(PlanError::TooFewLcores { asked, available }),
        }
    }

    /// The port that sends what the port at `index` receives.
    fn egress(&self, index: usize) -> &PortRequest {
        let ports = &self.ports;
        let egress = match self.topology {
            Topology::Paired if index ^ 1 < ports.len() => index ^ 1,
            Topology::Chained => (index + 1) % ports.len(),
            Topology::Paired | Topology::Loop => index,
        };
        &ports[egress]
    }

    /// Every receive queue and its way through, in the order in which they are dealt.
    pub(super) fn lanes(&self) -> Vec<Lane<'_>> {
        let most = self.ports.iter().map(|port| port.rx_queues).max().unwrap_or(0);
        let mut lanes = Vec::new();
        for queue in 0..most {
            for (index, ingress) in self.ports.iter().enumerate() {
                if queue < ingress.rx_queues {
                    let egress = self.egress(index);
                    lanes.push(Lane { ingress, queue: QueueId(queue), egress });
                }
            }
        }
        lanes
    }

    /// The plan without rings and workers.
    pub(super) fn frame(&self, model: Model) -> Plan {
        let port = |(index, port): (usize, &PortRequest)| PortPlan {
            id: port.id,
            rx_queues: port.rx_queues,
            tx_queues: port.tx_queues,
            socket: port.socket,
            peer: Some(self.egress(index).id),
        };
        let ports = self.ports.iter().enumerate().map(port).collect();
        Plan { model, burst: self.burst, ports, rings: Vec::new(), workers: Vec::new() }
    }

    fn run_to_completion(&self, cores: &[LcoreId]) -> Result<Plan, PlanError> {
        let mut plan = self.frame(Model::RunToCompletion);
        let lanes = self.lanes();
        let mut tx_queues = TxQueues::default();
        for (lcore, lane) in self.dealt(&lanes, cores)? {
            let (ingress, egress) = (lane.ingress, lane.egress);
            let tx_queue = if egress.tx_queues >= ingress.rx_queues {
                lane.queue
            } else {
                tx_queues.own(egress.id, lcore)
            };
            plan.push_stream(
                lcore,
                StreamPlan {
                    source: Source::Rx(ingress.id, lane.queue),
                    work: Work::Forward { ingress: ingress.id, egress: egress.id },
                    sink: Sink::Tx(egress.id, tx_queue),
                },
            );
        }
        tx_queues.check(&self.ports)?;
        Ok(plan)
    }

    /// Which lcore polls which lane: those that were placed where they were, the others dealt out.
    pub(super) fn dealt<'l>(
        &self,
        lanes: &'l [Lane<'l>],
        cores: &[LcoreId],
    ) -> Result<Vec<(LcoreId, &'l Lane<'l>)>, PlanError> {
        let place = |lane: &Lane<'_>| self.placed.get(&(lane.ingress.id, lane.queue)).copied();
        let mut dealt = Vec::new();
        for lane in lanes {
            let Some(lcore) = place(lane) else { continue };
            if !cores.contains(&lcore) {
                let (port, queue) = (lane.ingress.id, lane.queue);
                return Err(PlanError::PlacedElsewhere { port, queue, lcore });
            }
            dealt.push((lcore, lane));
        }
        let others: Vec<&Lane<'_>> = lanes.iter().filter(|lane| place(lane).is_none()).collect();
        let cores = &cores[..cores.len().min(others.len())];
        dealt.extend(deal(&others, cores).map(|(lcore, lane)| (lcore, *lane)));
        Ok(dealt)
    }

    fn pipeline(&self, stages: Stages) -> Result<Plan, PlanError> {
        if let Some((&(port, queue), &lcore)) = self.placed.iter().next() {
            return Err(PlanError::PlacedElsewhere { port, queue, lcore });
        }
        let mut plan = self.frame(Model::Pipeline);

        let lanes = self.lanes();
        check_useful(Stage::Receive, stages.receive, lanes.len())?;
        let mut inbound: BTreeMap<Inbound, RingId> = BTreeMap::new();
        for (receiver, lane) in deal(&lanes, stages.receive) {
            let (ingress, egress) = (lane.ingress.id, lane.egress.id);
            let socket = lane.ingress.socket;
            let to_worker = |&worker: &LcoreId| {
                let key = Inbound { ingress, egress, receiver, worker, socket };
                *inbound.entry(key).or_insert_with(|| {
                    self.push_ring(
                        &mut plan,
                        format!("rx-p{ingress}-c{receiver}-c{worker}"),
                        socket,
                    )
                })
            };
            let rings: Vec<RingId> = stages.work.iter().map(to_worker).collect();
            let sink = match rings.as_slice() {
                [one] => Sink::Ring(*one),
                _ => Sink::FanOut(rings),
            };
            let source = Source::Rx(ingress, lane.queue);
            plan.push_stream(receiver, StreamPlan { source, work: Work::Pass, sink });
        }

        let mut outbound: BTreeMap<(PortId, LcoreId), RingId> = BTreeMap::new();
        for &worker in stages.work {
            for (&Inbound { ingress, egress, socket, .. }, &ring) in
                inbound.iter().filter(|(inbound, _)| inbound.worker == worker)
            {
                let out = *outbound.entry((egress, worker)).or_insert_with(|| {
                    self.push_ring(&mut plan, format!("tx-p{egress}-c{worker}"), socket)
                });
                plan.push_stream(
                    worker,
                    StreamPlan {
                        source: Source::Ring(ring),
                        work: Work::Forward { ingress, egress },
                        sink: Sink::Ring(out),
                    },
                );
            }
        }

        check_useful(Stage::Transmit, stages.transmit, outbound.len())?;
        let outbound: Vec<(PortId, RingId)> =
            outbound.into_iter().map(|((egress, _), ring)| (egress, ring)).collect();
        let mut tx_queues = TxQueues::default();
        for (sender, &(egress, ring)) in deal(&outbound, stages.transmit) {
            let source = Source::Ring(ring);
            let sink = Sink::Tx(egress, tx_queues.own(egress, sender));
            plan.push_stream(sender, StreamPlan { source, work: Work::Pass, sink });
        }
        tx_queues.check(&self.ports)?;
        Ok(plan)
    }

    pub(super) fn push_ring(&self, plan: &mut Plan, name: String, socket: SocketId) -> RingId {
        plan.rings.push(RingPlan { name, size: self.ring_size, socket });
        RingId(plan.rings.len() - 1)
    }
}

/// A receive queue and the ports that its packets enter and leave by.
pub(super) struct Lane<'a> {
    pub(super) ingress: &'a PortRequest,
    pub(super) queue: QueueId,
    egress: &'a PortRequest,
}

/// What a ring from a receive to a work lcore carries. Receive queues of one port share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Inbound {
    ingress: PortId,
    egress: PortId,
    receiver: LcoreId,
    worker: LcoreId,
    socket: SocketId,
}

/// The lcores of a pipeline's stages.
#[derive(Clone, Copy)]
struct Stages<'a> {
    receive: &'a [LcoreId],
    work: &'a [LcoreId],
    transmit: &'a [LcoreId],
}

impl<'a> Stages<'a> {
    /// The stages on as many lcores as there are; on too few for one each, they share.
    fn placed_on(cores: &'a [LcoreId]) -> Self {
        match cores.len() {
            0 | 1 => Self { receive: cores, work: cores, transmit: cores },
            2 => Self { receive: &cores[..1], work: &cores[1..], transmit: &cores[..1] },
            n => Self { receive: &cores[..1], work: &cores[1..n - 1], transmit: &cores[n - 1..] },
        }
    }
}

/// Refuses a stage that names more lcores than there are things to share out among them.
fn check_useful(stage: Stage, lcores: &[LcoreId], useful: usize) -> Result<(), PlanError> {
    if lcores.len() > useful {
        return Err(PlanError::IdleLcores { stage, named: lcores.len(), useful });
    }
    Ok(())
}

/// Deals `items` to `lcores` in runs, the last lcores one more where it does not come out even (as testpmd does).
fn deal<'a, T>(items: &'a [T], lcores: &'a [LcoreId]) -> impl Iterator<Item = (LcoreId, &'a T)> {
    let hands = lcores.len().max(1);
    let short = items.len() / hands;
    let first_long = hands - items.len() % hands;
    lcores.iter().enumerate().flat_map(move |(hand, &lcore)| {
        let start = hand * short + hand.saturating_sub(first_long);
        let length = short + usize::from(hand >= first_long);
        items[start..start + length].iter().map(move |item| (lcore, item))
    })
}

/// Transmit queues handed out so that each lcore has its own of every port that it sends to.
#[derive(Default)]
struct TxQueues {
    senders: BTreeMap<PortId, Vec<LcoreId>>,
}

impl TxQueues {
    /// The queue of `port` that belongs to `lcore`.
    fn own(&mut self, port: PortId, lcore: LcoreId) -> QueueId {
        let senders = self.senders.entry(port).or_default();
        let place = senders.iter().position(|&sender| sender == lcore).unwrap_or_else(|| {
            senders.push(lcore);
            senders.len() - 1
        });
        // A place that is no queue number is one that `check` refuses.
        QueueId(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// Refuses ports that have fewer queues than were handed out.
    fn check(&self, ports: &[PortRequest]) -> Result<(), PlanError> {
        for port in ports {
            let need = self.senders.get(&port.id).map_or(0, Vec::len);
            if need > usize::from(port.tx_queues) {
                return Err(PlanError::TooFewTxQueues { port: port.id, has: port.tx_queues, need });
            }
        }
        Ok(())
    }
}
