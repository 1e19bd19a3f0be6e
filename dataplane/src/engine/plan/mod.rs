//! The plan: which lcore polls which streams, as a value.
//!
//! A plan is built from a [`Request`], validated, printed and serialised without DPDK; [`Plan::validate`] is the one
//! place that says what a sound plan is. The generator's streams are added to a plan, or to an empty one:
//! [`Plan::add_traffic_port`], [`Plan::add_sender`] and [`Plan::add_receiver`].

mod build;
mod error;
mod routes;
mod show;
mod switching;
#[cfg(test)]
mod tests;
mod traffic;
mod validate;

pub use error::{Direction, PlanError, Stage};
pub use show::Surroundings;
pub use switching::{Exit, Way};

use crate::lcore::{LcoreId, SocketId};
use crate::port::{PortId, QueueId};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the user asked for, and what there is to run it on.
#[derive(Clone, Debug)]
pub struct Request {
    /// The ports that take part, in testpmd's forwarding order.
    pub ports: Vec<PortRequest>,
    /// The lcores that may forward, in order; the main lcore is not among them.
    pub lcores: Vec<LcoreId>,
    /// Receive queues that certain lcores are to poll; the others are dealt out. Not in a pipeline.
    pub placed: BTreeMap<(PortId, QueueId), LcoreId>,
    /// How many of `lcores` to use (`--nb-cores`); all of them if `None`.
    pub nb_cores: Option<usize>,
    /// Which port sends what a port receives (`--port-topology`).
    pub topology: Topology,
    /// Run-to-completion or pipeline.
    pub model: ModelRequest,
    /// Packets a receive call asks for (`--burst`).
    pub burst: u16,
    /// Slots of each pipeline ring, a power of two.
    pub ring_size: u32,
}

/// Packets a receive call asks for, unless told otherwise.
pub const DEFAULT_BURST: u16 = 32;
/// Slots of each pipeline ring, unless told otherwise.
pub const DEFAULT_RING_SIZE: u32 = 1024;

impl Request {
    /// All lcores run to completion on ports in pairs, unless something else is then asked for.
    pub fn new(ports: Vec<PortRequest>, lcores: Vec<LcoreId>) -> Self {
        Self {
            ports,
            lcores,
            placed: BTreeMap::new(),
            nb_cores: None,
            topology: Topology::Paired,
            model: ModelRequest::RunToCompletion,
            burst: DEFAULT_BURST,
            ring_size: DEFAULT_RING_SIZE,
        }
    }
}

/// A port as the plan sees it.
#[derive(Clone, Debug, Serialize)]
pub struct PortRequest {
    /// The port's number.
    pub id: PortId,
    /// How many receive queues it has.
    pub rx_queues: u16,
    /// How many transmit queues it has.
    pub tx_queues: u16,
    /// The NUMA node it belongs to.
    pub socket: SocketId,
}

/// Which port sends what a port receives (testpmd's `--port-topology`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topology {
    /// 0 ↔ 1, 2 ↔ 3, …; an odd last port sends to itself.
    #[default]
    Paired,
    /// 0 → 1 → 2 → … → 0.
    Chained,
    /// Every port sends to itself.
    Loop,
}

impl Topology {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Paired, Self::Chained, Self::Loop];

    /// Its name, as testpmd's `--port-topology` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Chained => "chained",
            Self::Loop => "loop",
        }
    }
}

/// The model asked for, with the cores of each stage where they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelRequest {
    /// One core takes a packet from receive to transmit.
    #[default]
    RunToCompletion,
    /// Stages joined by rings, placed by the number of cores: one core runs all stages, two run receive+transmit and
    /// work, more give the first core to receive, the last to transmit and the rest to work.
    Pipeline,
    /// Stages joined by rings, each on the lcores named.
    PipelineOn {
        /// Lcores that poll receive queues.
        receive: Vec<LcoreId>,
        /// Lcores that run the forwarding mode.
        work: Vec<LcoreId>,
        /// Lcores that feed transmit queues.
        transmit: Vec<LcoreId>,
    },
    /// Every worker can send to every port (`pollway switch`); [`Request::topology`] says nothing then.
    Switch,
}

/// Who runs what; nobody anything, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Run-to-completion or pipeline.
    pub model: Model,
    /// Packets a receive call asks for.
    pub burst: u16,
    /// The ports and where each one's packets leave.
    pub ports: Vec<PortPlan>,
    /// The rings that join streams; a [`RingId`] is an index here.
    pub rings: Vec<RingPlan>,
    /// The lcores and their streams.
    pub workers: Vec<WorkerPlan>,
}

/// The ways to lay streams over cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// One core takes a packet from receive to transmit.
    #[default]
    RunToCompletion,
    /// Receive, work and transmit are stages joined by rings.
    Pipeline,
    /// One core takes a packet from receive to wherever it leaves.
    Switch,
}

/// A port's part in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortPlan {
    /// The port's number.
    pub id: PortId,
    /// How many receive queues are polled.
    pub rx_queues: u16,
    /// How many transmit queues it has.
    pub tx_queues: u16,
    /// The NUMA node it belongs to.
    pub socket: SocketId,
    /// The port that sends what this one receives; `None` where the generator measures that, or where a switch decides.
    pub peer: Option<PortId>,
}

/// An index into [`Plan::rings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RingId(pub usize);

/// A ring between two lcores (or two streams of one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RingPlan {
    /// A short name that says what passes through it, unique in the plan: `rx-p0-c1-c2` carries what port 0 received
    /// from lcore 1 to lcore 2, `tx-p1-c2` what lcore 2 made ready for port 1.
    pub name: String,
    /// Slots, a power of two; a ring holds one packet less.
    pub size: u32,
    /// The NUMA node of the port that it serves.
    pub socket: SocketId,
}

/// One lcore and its streams, in the order in which they are polled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerPlan {
    /// The lcore.
    pub lcore: LcoreId,
    /// Its streams.
    pub streams: Vec<StreamPlan>,
}

/// A source, a mode, a sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamPlan {
    /// Where packets come from.
    pub source: Source,
    /// What is done with them.
    pub work: Work,
    /// Where they go.
    pub sink: Sink,
}

/// Where a stream's packets come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A port's receive queue.
    Rx(PortId, QueueId),
    /// A ring.
    Ring(RingId),
    /// Nowhere: the mode makes packets.
    Nothing,
}

/// What a stream does between source and sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Hands packets on: a pipeline's receive or transmit stage.
    Pass,
    /// Runs the forwarding mode for packets that entered at the one port and leave at the other.
    Forward {
        /// The port where the packets entered.
        ingress: PortId,
        /// The port where they leave.
        egress: PortId,
    },
    /// Decides for each packet by which exits it leaves.
    Switch {
        /// The port where the packets entered.
        ingress: PortId,
        /// How many receive queues that port has, among whose streams its limits are shared out.
        queues: u16,
    },
    /// Makes stamped packets (the generator's sender).
    Generate {
        /// The number of the traffic's stream.
        stream: u16,
    },
    /// Matches stamped packets that came back (the generator's receiver).
    Measure,
}

/// Where a stream's packets go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sink {
    /// A port's transmit queue.
    Tx(PortId, QueueId),
    /// A ring.
    Ring(RingId),
    /// One of several rings, chosen by the packet's flow hash.
    FanOut(Vec<RingId>),
    /// Any of several ports, as the mode decides. All switching streams of an lcore have the same.
    Exits(Vec<Exit>),
    /// Nowhere: the mode consumes packets.
    Nothing,
}

impl Sink {
    /// The rings that packets may go to.
    pub fn rings(&self) -> impl Iterator<Item = RingId> {
        let (plain, exits) = match self {
            Self::Ring(ring) => (std::slice::from_ref(ring), [].as_slice()),
            Self::FanOut(rings) => (rings.as_slice(), [].as_slice()),
            Self::Exits(exits) => ([].as_slice(), exits.as_slice()),
            Self::Tx(..) | Self::Nothing => ([].as_slice(), [].as_slice()),
        };
        let by_ring = |exit: &Exit| match exit.way {
            Way::Ring(ring) => Some(ring),
            Way::Tx(_) => None,
        };
        plain.iter().copied().chain(exits.iter().filter_map(by_ring))
    }

    /// The transmit queues that packets may go to.
    pub fn queues(&self) -> impl Iterator<Item = (PortId, QueueId)> {
        let (plain, exits) = match self {
            Self::Tx(port, queue) => (Some((*port, *queue)), [].as_slice()),
            Self::Exits(exits) => (None, exits.as_slice()),
            Self::Ring(_) | Self::FanOut(_) | Self::Nothing => (None, [].as_slice()),
        };
        let by_queue = |exit: &Exit| match exit.way {
            Way::Tx(queue) => Some((exit.port, queue)),
            Way::Ring(_) => None,
        };
        plain.into_iter().chain(exits.iter().filter_map(by_queue))
    }
}

impl Plan {
    /// The port of that number, if it takes part.
    pub fn port(&self, id: PortId) -> Option<&PortPlan> {
        self.ports.iter().find(|port| port.id == id)
    }

    /// How many streams run the forwarding mode.
    pub fn forwarding_streams(&self) -> usize {
        let streams = self.workers.iter().flat_map(|worker| &worker.streams);
        let works = |work: &Work| matches!(work, Work::Forward { .. } | Work::Switch { .. });
        streams.filter(|stream| works(&stream.work)).count()
    }

    /// How many streams measure what a generator's port receives.
    pub fn measuring_streams(&self) -> usize {
        let streams = self.workers.iter().flat_map(|worker| &worker.streams);
        streams.filter(|stream| stream.work == Work::Measure).count()
    }

    /// How many exits all workers have.
    pub fn exits(&self) -> usize {
        let exits = |worker: &WorkerPlan| {
            worker.streams.iter().find_map(|stream| match &stream.sink {
                Sink::Exits(exits) => Some(exits.len()),
                _ => None,
            })
        };
        self.workers.iter().filter_map(exits).sum()
    }

    /// How many rings a packet passes at most: as many rounds empty them all when no port is polled any more.
    ///
    /// Rings in a cycle, which [`Plan::validate`] refuses, count as one long chain.
    pub fn depth(&self) -> usize {
        self.longest_chain().unwrap_or(self.rings.len())
    }

    /// The length of the longest chain of rings; `None` if there is a cycle.
    fn longest_chain(&self) -> Option<usize> {
        let streams = || self.workers.iter().flat_map(|worker| &worker.streams);
        // The rings that the longest chain found so far needs to reach each ring, itself counted.
        let mut reached: BTreeMap<RingId, usize> = BTreeMap::new();
        // Each round settles one ring more of every chain, so without a cycle nothing changes after as many rounds as
        // there are rings.
        for _ in 0..=self.rings.len() {
            let mut changed = false;
            for stream in streams() {
                let before = match stream.source {
                    Source::Ring(ring) => reached.get(&ring).copied().unwrap_or(0),
                    Source::Rx(..) | Source::Nothing => 0,
                };
                for ring in stream.sink.rings() {
                    let longest = reached.entry(ring).or_default();
                    if *longest < before + 1 {
                        *longest = before + 1;
                        changed = true;
                    }
                }
            }
            if !changed {
                return Some(reached.into_values().max().unwrap_or(0));
            }
        }
        None
    }

    /// Adds a stream to the lcore's worker, which is made if there is none.
    fn push_stream(&mut self, lcore: LcoreId, stream: StreamPlan) {
        match self.workers.iter_mut().find(|worker| worker.lcore == lcore) {
            Some(worker) => worker.streams.push(stream),
            None => self.workers.push(WorkerPlan { lcore, streams: vec![stream] }),
        }
    }
}
