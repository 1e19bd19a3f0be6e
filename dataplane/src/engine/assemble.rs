//! From a plan and its queues to workers, and back to queues.

use super::control::EngineError;
use super::exits::{Exits, Outlet};
use super::jobs::{self, MakeJob};
use super::orders::JobSet;
use super::plan::{Exit, Plan, RingPlan, Sink, Source, StreamPlan, Way, WorkerPlan};
use super::worker::{FanOut, SinkEnd, Sinks, SourceEnd, Stream, Worker};
use crate::batch::Batch;
use crate::eal::Eal;
use crate::mbuf::Mbuf;
use crate::port::{PortId, QueueId, Queues, RxQueue, TxQueue};
use crate::ring::{Consumer, Producer, RingError, Single, ring};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// Queues of several ports, by port and number.
#[derive(Default)]
pub(super) struct PortQueues {
    rx: BTreeMap<(PortId, QueueId), RxQueue>,
    tx: BTreeMap<(PortId, QueueId), TxQueue>,
}

impl PortQueues {
    pub(super) fn new(queues: Vec<Queues>) -> Self {
        let mut parts = Self::default();
        parts.put(queues);
        parts
    }

    /// Takes ports' queues in.
    pub(super) fn put(&mut self, queues: Vec<Queues>) {
        for Queues { rx, tx } in queues {
            rx.into_iter().for_each(|queue| self.put_rx(queue));
            tx.into_iter().for_each(|queue| self.put_tx(queue));
        }
    }

    /// The queues of ports that a plan does not have, taken out.
    pub(super) fn take_beyond(&mut self, plan: &Plan) -> Vec<Queues> {
        let planned = |port: PortId| plan.port(port).is_some();
        let all = std::mem::take(self);
        let (rx, beyond_rx) = all.rx.into_iter().partition(|((port, _), _)| planned(*port));
        let (tx, beyond_tx) = all.tx.into_iter().partition(|((port, _), _)| planned(*port));
        *self = Self { rx, tx };
        Self { rx: beyond_rx, tx: beyond_tx }.into_queues()
    }

    fn put_rx(&mut self, queue: RxQueue) {
        self.rx.insert((queue.port(), queue.id()), queue);
    }

    fn put_tx(&mut self, queue: TxQueue) {
        self.tx.insert((queue.port(), queue.id()), queue);
    }

    fn take_rx(&mut self, port: PortId, queue: QueueId) -> Result<RxQueue, EngineError> {
        self.rx.remove(&(port, queue)).ok_or(EngineError::QueueMissing {
            kind: "receive",
            port,
            queue,
        })
    }

    fn take_tx(&mut self, port: PortId, queue: QueueId) -> Result<TxQueue, EngineError> {
        self.tx.remove(&(port, queue)).ok_or(EngineError::QueueMissing {
            kind: "transmit",
            port,
            queue,
        })
    }

    /// Takes a worker's queues back.
    pub(super) fn put_worker(&mut self, worker: Worker) {
        worker.sinks.outlets.tx.into_iter().for_each(|queue| self.put_tx(queue));
        for stream in worker.streams {
            if let SourceEnd::Rx(queue) | SourceEnd::Resting(queue) = stream.source {
                self.put_rx(queue);
            }
        }
    }

    /// The queues by port, each port's in the order of their numbers.
    pub(super) fn into_queues(self) -> Vec<Queues> {
        let mut ports: BTreeMap<PortId, Queues> = BTreeMap::new();
        let empty = || Queues { rx: Vec::new(), tx: Vec::new() };
        for ((port, _), queue) in self.rx {
            ports.entry(port).or_insert_with(empty).rx.push(queue);
        }
        for ((port, _), queue) in self.tx {
            ports.entry(port).or_insert_with(empty).tx.push(queue);
        }
        ports.into_values().collect()
    }
}

/// A sound plan with everything that takes time to make; what it lacks are its queues.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    jobs: Vec<JobSet>,
    rings: Rings,
}

/// Makes a plan's jobs and rings.
///
/// # Errors
/// What is not sound, or cannot be had.
pub(super) fn prepare(
    eal: &Eal,
    plan: Plan,
    make: &mut MakeJob<'_>,
) -> Result<Prepared, EngineError> {
    plan.validate()?;
    let jobs = jobs::make_all(&plan, make)?;
    let rings = Rings::new(eal, &plan.rings)?;
    Ok(Prepared { plan, jobs, rings })
}

/// Lays the plan's streams over its queues, which are taken out of `parts`, and gives them their jobs.
///
/// # Errors
/// What is missing; what was taken is back in `parts`.
pub(super) fn workers(
    prepared: Prepared,
    parts: &mut PortQueues,
) -> Result<(Plan, Vec<Worker>), EngineError> {
    let Prepared { plan, jobs, mut rings } = prepared;
    let mut workers = Vec::new();
    for (planned, jobs) in plan.workers.iter().zip(jobs) {
        let mut sinks = SinkTable::default();
        let mut worker = Worker::new(planned.lcore, plan.burst);
        let streams =
            assemble_streams(planned, parts, &mut rings, &mut sinks, jobs, &mut worker.streams);
        worker.sinks = sinks.sinks;
        workers.push(worker);
        if let Err(error) = streams {
            workers.into_iter().for_each(|worker| parts.put_worker(worker));
            return Err(error);
        }
    }
    Ok((plan, workers))
}

fn assemble_streams(
    planned: &WorkerPlan,
    parts: &mut PortQueues,
    rings: &mut Rings,
    sinks: &mut SinkTable,
    jobs: JobSet,
    streams: &mut Vec<Stream>,
) -> Result<(), EngineError> {
    for (plan, job) in planned.streams.iter().zip(jobs) {
        let sink = assemble_sink(plan, parts, rings, sinks)?;
        let source = match plan.source {
            Source::Rx(port, queue) => SourceEnd::Rx(parts.take_rx(port, queue)?),
            Source::Ring(ring) => SourceEnd::Ring(rings.consumer(ring.0)?),
            Source::Nothing => SourceEnd::Nothing,
        };
        streams.push(Stream::new(source, job, sink));
    }
    Ok(())
}

fn assemble_sink(
    plan: &StreamPlan,
    parts: &mut PortQueues,
    rings: &mut Rings,
    sinks: &mut SinkTable,
) -> Result<SinkEnd, EngineError> {
    Ok(match &plan.sink {
        Sink::Tx(port, queue) => SinkEnd::Tx(sinks.tx(*port, *queue, parts)?),
        Sink::Ring(ring) => SinkEnd::Ring(sinks.ring(ring.0, rings)?),
        Sink::FanOut(to) => SinkEnd::FanOut(Box::new(FanOut {
            rings: to.iter().map(|ring| sinks.ring(ring.0, rings)).collect::<Result<_, _>>()?,
            staged: to.iter().map(|_| Batch::new()).collect(),
        })),
        Sink::Exits(exits) => sinks.exits(exits, parts, rings)?,
        Sink::Nothing => SinkEnd::Nothing,
    })
}

/// The plan's rings, each end to be taken once.
struct Rings(Vec<RingEnds>);

type RingEnds = (Option<Producer<Mbuf, Single>>, Option<Consumer<Mbuf, Single>>);

/// Tells apart the rings of engines that live at the same time.
static ENGINES: AtomicU32 = AtomicU32::new(0);

impl Rings {
    fn new(eal: &Eal, plans: &[RingPlan]) -> Result<Self, RingError> {
        let engine = ENGINES.fetch_add(1, Ordering::Relaxed);
        let ends = plans.iter().enumerate().map(|(at, plan)| {
            let (producer, consumer) =
                ring(eal, &format!("pw{engine}_ring{at}"), plan.size, plan.socket)?;
            Ok((Some(producer), Some(consumer)))
        });
        ends.collect::<Result<_, _>>().map(Self)
    }

    fn producer(&mut self, ring: usize) -> Result<Producer<Mbuf, Single>, EngineError> {
        let end = self.0.get_mut(ring).and_then(|(producer, _)| producer.take());
        end.ok_or(EngineError::RingEndTaken(ring))
    }

    fn consumer(&mut self, ring: usize) -> Result<Consumer<Mbuf, Single>, EngineError> {
        let end = self.0.get_mut(ring).and_then(|(_, consumer)| consumer.take());
        end.ok_or(EngineError::RingEndTaken(ring))
    }
}

/// A worker's sinks while its streams are assembled: streams with the same sink share it.
#[derive(Default)]
struct SinkTable {
    sinks: Sinks,
    tx: BTreeMap<(PortId, QueueId), usize>,
    rings: BTreeMap<usize, usize>,
}

impl SinkTable {
    fn tx(
        &mut self,
        port: PortId,
        queue: QueueId,
        parts: &mut PortQueues,
    ) -> Result<usize, EngineError> {
        if let Some(at) = self.tx.get(&(port, queue)) {
            return Ok(*at);
        }
        self.sinks.outlets.tx.push(parts.take_tx(port, queue)?);
        let at = self.sinks.outlets.tx.len() - 1;
        self.tx.insert((port, queue), at);
        Ok(at)
    }

    /// The worker's exits: a sound plan has the same for all of its streams.
    fn exits(
        &mut self,
        exits: &[Exit],
        parts: &mut PortQueues,
        rings: &mut Rings,
    ) -> Result<SinkEnd, EngineError> {
        if self.sinks.exits.len() == 0 {
            let outlet = |exit: &Exit| {
                Ok(match exit.way {
                    Way::Tx(queue) => (exit.port, Outlet::Tx(self.tx(exit.port, queue, parts)?)),
                    Way::Ring(ring) => (exit.port, Outlet::Ring(self.ring(ring.0, rings)?)),
                })
            };
            let outlets: Vec<_> = exits.iter().map(outlet).collect::<Result<_, EngineError>>()?;
            self.sinks.exits = Exits::new(outlets.into_iter());
        }
        Ok(SinkEnd::Exits)
    }

    fn ring(&mut self, ring: usize, rings: &mut Rings) -> Result<usize, EngineError> {
        if let Some(at) = self.rings.get(&ring) {
            return Ok(*at);
        }
        self.sinks.outlets.rings.push(rings.producer(ring)?);
        let at = self.sinks.outlets.rings.len() - 1;
        self.rings.insert(ring, at);
        Ok(at)
    }
}
