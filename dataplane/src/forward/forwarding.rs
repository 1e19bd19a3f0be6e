//! From what the user asked of forwarding to the job of each stream.

use super::tagged::Tagged;
use super::unsent::Unsent;
use super::{Feed, Job, Mode, ModeEntry, ModeError, ModeOptions, PortFacts, Retry, StreamContext};
use crate::engine::StreamAt;
use crate::engine::plan::{Sink, Source, StreamPlan, Work};
use crate::engine::segmenter::Segmenter;
use crate::lcore::cycles_hz;
use crate::mbuf::VlanTags;
use crate::offload::port::VLAN_INSERT;
use crate::port::{Direction, PortId, QueueId};
use crate::runtime::{MakeJob, Pools};
use crate::wire::ethernet::MacAddr;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// How packets are forwarded.
#[derive(Clone, Debug)]
pub struct Forwarding {
    /// What is done to them.
    pub mode: &'static ModeEntry,
    /// What was asked of each mode.
    pub options: ModeOptions,
    /// Whether a full transmit queue is tried again.
    pub retries: bool,
    /// How it is, if it is.
    pub retry: Retry,
    /// The station behind each port (testpmd's `--eth-peer`).
    pub peers: BTreeMap<PortId, MacAddr>,
    /// VLAN tags that each port's device puts in front of what it sends, once it has the offload for it.
    pub tx_vlans: BTreeMap<PortId, VlanTags>,
}

/// A queue of a port.
pub type QueueOf = (PortId, Direction, QueueId);

/// What jobs are made from: ports and pools as they run.
pub struct Ground {
    /// The packet pools.
    pub pools: Pools,
    /// The ports, in the plan's order.
    pub ports: Vec<PortFacts>,
    /// Queues that their devices do not serve.
    pub stopped: Vec<QueueOf>,
    /// Packets of a pool that neither queues, rings nor bursts can ever need, by forwarding stream.
    pub spare: u32,
    /// Packets a receive call asks for.
    pub burst: u16,
}

impl Ground {
    /// A stream's job: what `make` makes it, and what is done besides to packets that are too long for a port.
    pub(crate) fn job(&self, at: StreamAt<'_>, make: &mut MakeJob<'_>) -> Result<Job, ModeError> {
        let mut job = make(at, self)?;
        let sends = matches!(at.plan.sink, Sink::Tx(..) | Sink::Exits(_));
        let brings = self.ports.iter().find(|port| port.brings_long && sends);
        let pool = brings.and_then(|port| self.pools.of(port.socket));
        job.segmenter = pool.map(|pool| Box::new(Segmenter::new(pool)));
        Ok(job)
    }

    /// Whether a device does not serve a queue.
    fn is_stopped(&self, port: PortId, direction: Direction, queue: QueueId) -> bool {
        self.stopped.contains(&(port, direction, queue))
    }

    /// Whether the device does not serve the queue that a stream receives from.
    fn receives_not(&self, stream: &StreamPlan) -> bool {
        match stream.source {
            Source::Rx(port, queue) => self.is_stopped(port, Direction::Rx, queue),
            Source::Ring(_) | Source::Nothing => false,
        }
    }

    /// Whether the device does not serve the queue that a stream sends to.
    fn sends_not(&self, stream: &StreamPlan) -> bool {
        match stream.sink {
            Sink::Tx(port, queue) => self.is_stopped(port, Direction::Tx, queue),
            _ => false,
        }
    }
}

impl Forwarding {
    /// A mode as it is unless something else is asked of it.
    pub fn of(mode: &'static ModeEntry) -> Self {
        Self {
            mode,
            options: ModeOptions::default(),
            retries: false,
            retry: Retry::default(),
            peers: BTreeMap::new(),
            tx_vlans: BTreeMap::new(),
        }
    }

    /// The station behind a port: testpmd's 02:00:00:00:00:PORT unless another was named.
    pub fn peer(&self, port: PortId) -> MacAddr {
        let [_, low] = port.0.to_be_bytes();
        self.peers.get(&port).copied().unwrap_or(MacAddr([2, 0, 0, 0, 0, low]))
    }

    /// How a full transmit queue is tried again, if it is.
    pub fn tries_again(&self) -> Option<Retry> {
        self.retries.then_some(self.retry)
    }

    /// The job of a stream: the mode where it forwards.
    ///
    /// # Errors
    /// [`ModeError`] if the mode cannot be had on this stream's ports.
    pub fn job(&self, at: StreamAt<'_>, ground: &Ground) -> Result<Job, ModeError> {
        let mode = match at.plan.work {
            Work::Forward { ingress, egress } => match self.context(at, ground, ingress, egress) {
                Some(context) => self.tagged((self.mode.make)(&context)?, context.egress),
                None => None,
            },
            Work::Pass | Work::Switch { .. } | Work::Generate { .. } | Work::Measure => None,
        };
        let job = Job::new(mode, self.tries_again());
        let rests = Job { rests: true, ..Job::new(None, job.retry) };
        Ok(match (ground.sends_not(at.plan), &at.plan.source) {
            (true, Source::Ring(_)) => Job::of(Box::new(Unsent)),
            (true, _) => rests,
            // A mode that makes all packets itself has no use for the receive queue.
            (false, _) if ground.receives_not(at.plan) && job.feed() != Feed::Itself => rests,
            (false, _) => job,
        })
    }

    /// The mode, and the tags that its packets get behind it.
    fn tagged(&self, mode: Option<Box<dyn Mode>>, egress: PortFacts) -> Option<Box<dyn Mode>> {
        let tags = self.tx_vlans.get(&egress.id).copied();
        match tags.filter(|_| egress.tx_offloads & VLAN_INSERT != 0) {
            Some(tags) => Some(Box::new(Tagged { mode, tags })),
            None => mode,
        }
    }

    /// What the mode is told. There is nothing to tell of ports that do not run, which a plan has none of.
    fn context<'a>(
        &'a self,
        at: StreamAt<'_>,
        ground: &'a Ground,
        ingress: PortId,
        egress: PortId,
    ) -> Option<StreamContext<'a>> {
        let facts = |id| ground.ports.iter().find(|port| port.id == id).copied();
        let (ingress, egress) = (facts(ingress)?, facts(egress)?);
        Some(StreamContext {
            number: at.number,
            lcore: at.lcore,
            ingress,
            egress,
            peer_mac: self.peer(egress.id),
            pool: ground.pools.of(egress.socket)?,
            spare: ground.spare,
            burst: ground.burst,
            tsc_hz: NonZeroU64::new(cycles_hz())?,
            options: &self.options,
        })
    }
}
