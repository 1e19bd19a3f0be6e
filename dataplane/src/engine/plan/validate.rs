//! What a sound plan is.

use super::error::{Direction, PlanError};
use super::{Exit, Plan, PortPlan, RingId, Sink, Source, StreamPlan, Work};
use crate::batch::MAX_BURST;
use crate::lcore::LcoreId;
use crate::port::{PortId, QueueId};
use std::collections::{BTreeMap, BTreeSet};

/// A stream and where it stands: its lcore, and its place among that lcore's streams.
pub(super) type Placed<'a> = (LcoreId, usize, &'a StreamPlan);

impl Plan {
    /// Checks that the plan is sound.
    ///
    /// Each receive queue is polled exactly once, each transmit queue used by one lcore; each ring has one reading
    /// stream and one writing lcore (so it may be single-producer, single-consumer), and rings form no cycle; no lcore
    /// has two workers or an empty one; every queue, port and ring named exists; and every packet is worked on once, by
    /// the stream of the port where it entered, and leaves by that port's peer, or by the port of the exit that it was put
    /// into.
    ///
    /// # Errors
    /// The first violation, see the second group of [`PlanError`].
    pub fn validate(&self) -> Result<(), PlanError> {
        if !(1..=MAX_BURST).contains(&usize::from(self.burst)) {
            return Err(PlanError::BadBurst(self.burst));
        }
        self.validate_ports()?;
        self.validate_workers()?;
        self.validate_streams()?;
        self.validate_queues()?;
        self.validate_rings()?;
        self.validate_exits()?;
        self.validate_routes()
    }

    fn validate_ports(&self) -> Result<(), PlanError> {
        if let Some(port) = first_repeated(self.ports.iter().map(|port| port.id)) {
            return Err(PlanError::PortTwice(port));
        }
        for port in &self.ports {
            if let Some(peer) = port.peer
                && self.port(peer).is_none()
            {
                return Err(PlanError::UnknownPeer { port: port.id, peer });
            }
        }
        Ok(())
    }

    fn validate_workers(&self) -> Result<(), PlanError> {
        if let Some(lcore) = first_repeated(self.workers.iter().map(|worker| worker.lcore)) {
            return Err(PlanError::LcoreTwice(lcore));
        }
        match self.workers.iter().find(|worker| worker.streams.is_empty()) {
            Some(idle) => Err(PlanError::IdleWorker(idle.lcore)),
            None => Ok(()),
        }
    }

    /// Each stream for itself: its three parts go together, and what it names exists.
    fn validate_streams(&self) -> Result<(), PlanError> {
        for (lcore, stream, plan) in self.placed_streams() {
            if !well_formed(plan) {
                return Err(PlanError::MalformedStream { lcore, stream });
            }
            if let Source::Rx(port, queue) = plan.source {
                let count = |port: &PortPlan| port.rx_queues;
                self.validate_queue(lcore, Direction::Receive, port, queue, count)?;
            }
            for (port, queue) in plan.sink.queues() {
                let count = |port: &PortPlan| port.tx_queues;
                self.validate_queue(lcore, Direction::Transmit, port, queue, count)?;
            }
            let source_ring = if let Source::Ring(ring) = plan.source { Some(ring) } else { None };
            for ring in plan.sink.rings().chain(source_ring) {
                if ring.0 >= self.rings.len() {
                    return Err(PlanError::NoSuchRing { lcore, ring });
                }
            }
        }
        Ok(())
    }

    fn validate_queue(
        &self,
        lcore: LcoreId,
        direction: Direction,
        port: PortId,
        queue: QueueId,
        count: impl Fn(&PortPlan) -> u16,
    ) -> Result<(), PlanError> {
        let has = count(self.port(port).ok_or(PlanError::UnknownPort { lcore, port })?);
        if queue.0 >= has {
            return Err(PlanError::NoSuchQueue { lcore, direction, port, queue, has });
        }
        Ok(())
    }

    /// The streams together: who polls and who sends.
    fn validate_queues(&self) -> Result<(), PlanError> {
        let mut polled: BTreeMap<(PortId, QueueId), LcoreId> = BTreeMap::new();
        let mut sent: BTreeMap<(PortId, QueueId), LcoreId> = BTreeMap::new();
        for (lcore, _, plan) in self.placed_streams() {
            if let Source::Rx(port, queue) = plan.source
                && let Some(first) = polled.insert((port, queue), lcore)
            {
                return Err(PlanError::RxQueuePolledTwice { port, queue, first, second: lcore });
            }
            for (port, queue) in plan.sink.queues() {
                if let Some(first) = sent.insert((port, queue), lcore)
                    && first != lcore
                {
                    return Err(PlanError::TxQueueShared { port, queue, first, second: lcore });
                }
            }
        }
        for port in &self.ports {
            for queue in (0..port.rx_queues).map(QueueId) {
                if !polled.contains_key(&(port.id, queue)) {
                    return Err(PlanError::RxQueueNotPolled { port: port.id, queue });
                }
            }
        }
        Ok(())
    }

    fn validate_rings(&self) -> Result<(), PlanError> {
        if let Some(name) = first_repeated(self.rings.iter().map(|ring| &ring.name)) {
            return Err(PlanError::RingNameTwice(name.clone()));
        }
        let mut read: BTreeSet<RingId> = BTreeSet::new();
        let mut written: BTreeMap<RingId, LcoreId> = BTreeMap::new();
        for (lcore, _, plan) in self.placed_streams() {
            if let Source::Ring(ring) = plan.source
                && !read.insert(ring)
            {
                return Err(PlanError::RingReadTwice(self.rings[ring.0].name.clone()));
            }
            for ring in plan.sink.rings() {
                if let Some(first) = written.insert(ring, lcore)
                    && first != lcore
                {
                    let ring = self.rings[ring.0].name.clone();
                    return Err(PlanError::RingWrittenByTwo { ring, first, second: lcore });
                }
            }
        }
        for (index, ring) in self.rings.iter().enumerate() {
            check_ring_size(ring.size, self.burst)?;
            if !read.contains(&RingId(index)) {
                return Err(PlanError::RingWithoutReader(ring.name.clone()));
            }
            if !written.contains_key(&RingId(index)) {
                return Err(PlanError::RingWithoutWriter(ring.name.clone()));
            }
        }
        self.longest_chain().map(|_| ()).ok_or(PlanError::RingCycle)
    }

    /// Each worker's switching streams share their exits, one a port.
    fn validate_exits(&self) -> Result<(), PlanError> {
        let mut shared: BTreeMap<LcoreId, &Vec<Exit>> = BTreeMap::new();
        for (lcore, stream, plan) in self.placed_streams() {
            let Sink::Exits(exits) = &plan.sink else { continue };
            if *shared.entry(lcore).or_insert(exits) != exits {
                return Err(PlanError::OtherExits { lcore, stream });
            }
            if let Some(port) = first_repeated(exits.iter().map(|exit| exit.port)) {
                return Err(PlanError::ExitTwice { lcore, stream, port });
            }
        }
        Ok(())
    }

    pub(super) fn placed_streams(&self) -> impl Iterator<Item = Placed<'_>> {
        self.workers.iter().flat_map(|worker| {
            let placed = move |(place, stream)| (worker.lcore, place, stream);
            worker.streams.iter().enumerate().map(placed)
        })
    }
}

/// Whether source, work and sink go together.
fn well_formed(stream: &StreamPlan) -> bool {
    match (&stream.source, &stream.work, &stream.sink) {
        (Source::Nothing, Work::Generate { .. }, Sink::Tx(..))
        | (Source::Rx(..), Work::Measure, Sink::Nothing | Sink::Tx(..) | Sink::Ring(_)) => true,
        (Source::Rx(..), Work::Switch { .. }, Sink::Exits(exits)) => !exits.is_empty(),
        (Source::Rx(..) | Source::Ring(_), Work::Pass | Work::Forward { .. }, sink) => match sink {
            Sink::Tx(..) | Sink::Ring(_) => true,
            Sink::FanOut(rings) => !rings.is_empty(),
            Sink::Exits(_) | Sink::Nothing => false,
        },
        _ => false,
    }
}

/// Refuses a ring that `rte_ring_create` does not make, or that drops a part of every full burst.
pub(super) fn check_ring_size(size: u32, burst: u16) -> Result<(), PlanError> {
    if !size.is_power_of_two() {
        return Err(PlanError::RingNotPowerOfTwo(size));
    }
    if size <= u32::from(burst) {
        return Err(PlanError::RingTooSmall { size, burst });
    }
    Ok(())
}

/// The first item that was there before.
pub(super) fn first_repeated<T: Ord + Copy>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    let mut items = items;
    items.find(|item| !seen.insert(*item))
}
