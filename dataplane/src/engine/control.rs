//! The hand that steers: assembles workers from a plan, starts, changes, reads and stops them.

use super::counters::{PollFigures, StreamCounters, StreamFigures, WorkerCounters};
use super::orders::{ModeSet, Order, Orders};
use super::plan::{Plan, PlanError, RingPlan, Sink, Source, StreamPlan};
use super::worker::{FanOut, SinkEnd, Sinks, SourceEnd, Stream, Worker};
use crate::batch::Batch;
use crate::eal::Eal;
use crate::forward::Mode;
use crate::lcore::{LcoreError, LcoreId, Running};
use crate::mbuf::Mbuf;
use crate::port::{PortId, QueueId, Queues, RxQueue, TxQueue};
use crate::ring::{Consumer, Producer, RingError, Single, ring};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// How often control looks whether a worker has answered.
const GLANCE: Duration = Duration::from_micros(50);

/// Why the engine could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The plan is not sound.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A ring could not be made.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// An lcore could not be launched, or its work panicked.
    #[error(transparent)]
    Lcore(#[from] LcoreError),
    /// The plan names a queue that it was not given.
    #[error("the plan uses {kind} queue {queue} of port {port}, which the port does not have")]
    QueueMissing {
        /// `receive` or `transmit`.
        kind: &'static str,
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
    },
    /// Start while running.
    #[error("forwarding runs already: stop it first")]
    Running,
    /// Stop while stopped.
    #[error("forwarding is not running: start it first")]
    NotRunning,
}

/// Makes the mode of a stream; `None` for one that only passes packets on.
pub type MakeMode<'a> = dyn FnMut(&StreamPlan) -> Option<Box<dyn Mode>> + 'a;

/// A plan with its queues, ready to run or running.
pub struct Engine {
    eal: Eal,
    plan: Plan,
    state: State,
    gauges: Vec<Gauge>,
    spare: PortQueues,
}

enum State {
    Stopped(Vec<Worker>),
    Running(Vec<Running<Option<Worker>>>),
}

/// What control keeps of a worker while it runs.
struct Gauge {
    lcore: LcoreId,
    orders: Arc<Orders>,
    worker: Arc<WorkerCounters>,
    streams: Vec<Arc<StreamCounters>>,
}

impl Engine {
    /// Lays the plan's streams over `queues`; `make` gives each stream its mode.
    ///
    /// # Errors
    /// The queues, untouched, and why.
    pub fn assemble(
        eal: &Eal,
        plan: Plan,
        queues: Vec<Queues>,
        make: &mut MakeMode<'_>,
    ) -> Result<Self, (Vec<Queues>, EngineError)> {
        let mut parts = PortQueues::new(queues);
        match parts
            .check(&plan)
            .and_then(|()| Ok(plan.validate()?))
            .and_then(|()| Rings::new(eal, &plan.rings))
        {
            Ok(mut rings) => {
                let workers: Vec<Worker> = plan
                    .workers
                    .iter()
                    .map(|worker| {
                        let mut sinks = SinkTable::default();
                        let streams = worker
                            .streams
                            .iter()
                            .filter_map(|stream| {
                                assemble_stream(stream, &mut parts, &mut rings, &mut sinks, make)
                            })
                            .collect();
                        Worker {
                            lcore: worker.lcore,
                            burst: plan.burst,
                            streams,
                            sinks: sinks.sinks,
                            counters: Arc::default(),
                            orders: Arc::default(),
                        }
                    })
                    .collect();
                let gauges = workers.iter().map(Gauge::of).collect();
                Ok(Self {
                    eal: eal.clone(),
                    plan,
                    state: State::Stopped(workers),
                    gauges,
                    spare: parts,
                })
            }
            Err(error) => Err((parts.into_queues(), error)),
        }
    }

    /// The plan that it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether workers are polling.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Sets the counts to zero and launches the workers.
    ///
    /// # Errors
    /// [`EngineError::Running`], or [`EngineError::Lcore`] with everything stopped again.
    pub fn start(&mut self) -> Result<(), EngineError> {
        let State::Stopped(workers) = &mut self.state else { return Err(EngineError::Running) };
        let mut waiting = std::mem::take(workers);
        for gauge in &self.gauges {
            gauge.reset();
        }
        let mut running = Vec::with_capacity(waiting.len());
        while let Some(worker) = waiting.pop() {
            let lcore = worker.lcore;
            // The worker waits in a slot, so that a launch that is refused does not lose its queues.
            let slot = Arc::new(Mutex::new(Some(worker)));
            let theirs = Arc::clone(&slot);
            let take = |slot: &Mutex<Option<Worker>>| {
                slot.lock().unwrap_or_else(PoisonError::into_inner).take()
            };
            match self.eal.launch(lcore, move || take(&theirs).map(Worker::run)) {
                Ok(launched) => running.push(launched),
                Err(error) => {
                    waiting.extend(take(&slot));
                    self.state = State::Running(running);
                    self.stop()?;
                    if let State::Stopped(stopped) = &mut self.state {
                        stopped.extend(waiting);
                        stopped.sort_by_key(|worker| place_of(&self.plan, worker));
                    }
                    return Err(error.into());
                }
            }
        }
        self.state = State::Running(running);
        Ok(())
    }

    /// Stops the workers after every packet between them has reached its end.
    ///
    /// # Errors
    /// [`EngineError::NotRunning`], or [`EngineError::Lcore`] if a worker panicked; its queues are lost then.
    pub fn stop(&mut self) -> Result<(), EngineError> {
        let State::Running(running) = &mut self.state else { return Err(EngineError::NotRunning) };
        let running = std::mem::take(running);
        let give = |order| self.gauges.iter().for_each(|gauge| gauge.orders.give(order));
        // The first round ends what enters; each further one empties the rings one hop further on.
        for round in 1..=self.plan.depth() as u32 + 1 {
            give(Order::Drain(round));
            for worker in &running {
                let gauge = self.gauges.iter().find(|gauge| gauge.lcore == worker.lcore());
                while !worker.has_ended()
                    && gauge.is_some_and(|gauge| !gauge.orders.has_drained(round))
                {
                    sleep(GLANCE);
                }
            }
        }
        give(Order::Exit);
        let ended: Vec<Result<Option<Worker>, LcoreError>> =
            running.into_iter().map(Running::join).collect();
        let mut workers = Vec::new();
        let mut failure = None;
        for end in ended {
            match end {
                Ok(worker) => workers.extend(worker),
                Err(error) => failure = Some(error),
            }
        }
        workers.sort_by_key(|worker| place_of(&self.plan, worker));
        self.state = State::Stopped(workers);
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Gives every stream a new mode, also under load; returns when all workers have taken theirs.
    ///
    /// # Errors
    /// [`EngineError::NotRunning`] if the workers ended meanwhile.
    pub fn set_modes(&mut self, make: &mut MakeMode<'_>) -> Result<(), EngineError> {
        let sets: Vec<ModeSet> = self
            .plan
            .workers
            .iter()
            .map(|worker| worker.streams.iter().map(&mut *make).collect())
            .collect();
        match &mut self.state {
            State::Stopped(workers) => {
                for (worker, modes) in workers.iter_mut().zip(sets) {
                    worker.replace_modes(modes);
                }
            }
            State::Running(running) => {
                for (gauge, modes) in self.gauges.iter().zip(sets) {
                    gauge.orders.send_modes(modes).map_err(|_| EngineError::NotRunning)?;
                }
                for gauge in &self.gauges {
                    while gauge.orders.take_old_modes().is_err() {
                        if running.iter().all(Running::has_ended) {
                            return Err(EngineError::NotRunning);
                        }
                        sleep(GLANCE);
                    }
                }
            }
        }
        Ok(())
    }

    /// The streams and their modes, while stopped; empty while running.
    pub fn modes(&self) -> impl Iterator<Item = &dyn Mode> {
        let workers = match &self.state {
            State::Stopped(workers) => workers.as_slice(),
            State::Running(_) => &[],
        };
        workers
            .iter()
            .flat_map(|worker| &worker.streams)
            .filter_map(|stream| stream.mode.as_deref())
    }

    /// All counts now.
    pub fn figures(&self) -> Figures {
        let report = |(gauge, plan): (&Gauge, &super::plan::WorkerPlan)| WorkerReport {
            lcore: gauge.lcore,
            polls: gauge.worker.figures(),
            streams: plan
                .streams
                .iter()
                .zip(&gauge.streams)
                .map(|(stream, counters)| StreamReport {
                    plan: stream.clone(),
                    figures: counters.figures(),
                })
                .collect(),
        };
        Figures { workers: self.gauges.iter().zip(&self.plan.workers).map(report).collect() }
    }

    /// Sets all counts to zero while stopped; while running only `start` can.
    ///
    /// # Errors
    /// [`EngineError::Running`].
    pub fn reset_figures(&mut self) -> Result<(), EngineError> {
        if self.is_running() {
            return Err(EngineError::Running);
        }
        self.gauges.iter().for_each(Gauge::reset);
        Ok(())
    }

    /// Stops what runs, takes the engine apart and returns the ports' queues.
    ///
    /// # Errors
    /// [`EngineError::Lcore`] if a worker panicked; its queues are lost then.
    pub fn dismantle(mut self) -> Result<Vec<Queues>, EngineError> {
        if self.is_running() {
            self.stop()?;
        }
        let State::Stopped(workers) = &mut self.state else { return Err(EngineError::Running) };
        let workers = std::mem::take(workers);
        let mut parts = std::mem::take(&mut self.spare);
        for worker in workers {
            for queue in worker.sinks.tx {
                parts.tx.insert((queue.port(), queue.id()), queue);
            }
            for stream in worker.streams {
                if let SourceEnd::Rx(queue) = stream.source {
                    parts.rx.insert((queue.port(), queue.id()), queue);
                }
            }
        }
        Ok(parts.into_queues())
    }
}

impl Drop for Engine {
    /// Workers hold queues and packets: they end before anything that they use is freed.
    fn drop(&mut self) {
        if self.is_running() {
            // A worker that panicked was reported by its panic; there is nobody left to tell.
            let _ = self.stop();
        }
    }
}

/// Where a worker stands in the plan.
fn place_of(plan: &Plan, worker: &Worker) -> Option<usize> {
    plan.workers.iter().position(|planned| planned.lcore == worker.lcore)
}

impl Gauge {
    fn of(worker: &Worker) -> Self {
        Self {
            lcore: worker.lcore,
            orders: Arc::clone(&worker.orders),
            worker: Arc::clone(&worker.counters),
            streams: worker.streams.iter().map(|stream| Arc::clone(&stream.counters)).collect(),
        }
    }

    /// Counts from zero and runs at the next launch. Only while the worker does not run.
    fn reset(&self) {
        self.worker.reset();
        self.streams.iter().for_each(|stream| stream.reset());
        self.orders.give(Order::Run);
    }
}

/// Queues of several ports, by port and number.
#[derive(Default)]
struct PortQueues {
    rx: BTreeMap<(PortId, QueueId), RxQueue>,
    tx: BTreeMap<(PortId, QueueId), TxQueue>,
}

impl PortQueues {
    fn new(queues: Vec<Queues>) -> Self {
        let mut parts = Self::default();
        for port in queues {
            parts.rx.extend(port.rx.into_iter().map(|queue| ((queue.port(), queue.id()), queue)));
            parts.tx.extend(port.tx.into_iter().map(|queue| ((queue.port(), queue.id()), queue)));
        }
        parts
    }

    /// Whether every queue of the plan is here.
    fn check(&self, plan: &Plan) -> Result<(), EngineError> {
        let missing = |kind, port, queue| Err(EngineError::QueueMissing { kind, port, queue });
        for stream in plan.workers.iter().flat_map(|worker| &worker.streams) {
            match stream.source {
                Source::Rx(port, queue) if !self.rx.contains_key(&(port, queue)) => {
                    return missing("receive", port, queue);
                }
                _ => {}
            }
            match stream.sink {
                Sink::Tx(port, queue) if !self.tx.contains_key(&(port, queue)) => {
                    return missing("transmit", port, queue);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The queues by port, each port's in the order of their numbers.
    fn into_queues(self) -> Vec<Queues> {
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

/// The plan's rings, each end to be taken once.
struct Rings(Vec<RingEnds>);

type RingEnds = (Option<Producer<Mbuf, Single>>, Option<Consumer<Mbuf, Single>>);

/// Tells apart the rings of engines that live at the same time.
static ENGINES: AtomicU32 = AtomicU32::new(0);

impl Rings {
    fn new(eal: &Eal, plans: &[RingPlan]) -> Result<Self, EngineError> {
        let engine = ENGINES.fetch_add(1, Ordering::Relaxed);
        let ends = plans.iter().enumerate().map(|(at, plan)| {
            let (producer, consumer) =
                ring(eal, &format!("pw{engine}_ring{at}"), plan.size, plan.socket)?;
            Ok((Some(producer), Some(consumer)))
        });
        ends.collect::<Result<_, RingError>>().map(Self).map_err(EngineError::from)
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
    fn tx(&mut self, port: PortId, queue: QueueId, parts: &mut PortQueues) -> Option<usize> {
        if let Some(at) = self.tx.get(&(port, queue)) {
            return Some(*at);
        }
        self.sinks.tx.push(parts.tx.remove(&(port, queue))?);
        let at = self.sinks.tx.len() - 1;
        self.tx.insert((port, queue), at);
        Some(at)
    }

    fn ring(&mut self, ring: usize, rings: &mut Rings) -> Option<usize> {
        if let Some(at) = self.rings.get(&ring) {
            return Some(*at);
        }
        self.sinks.rings.push(rings.0.get_mut(ring)?.0.take()?);
        let at = self.sinks.rings.len() - 1;
        self.rings.insert(ring, at);
        Some(at)
    }
}

/// A stream with its queues and ring ends. A validated plan has them all, so `None` does not happen.
fn assemble_stream(
    plan: &StreamPlan,
    parts: &mut PortQueues,
    rings: &mut Rings,
    sinks: &mut SinkTable,
    make: &mut MakeMode<'_>,
) -> Option<Stream> {
    let source = match plan.source {
        Source::Rx(port, queue) => SourceEnd::Rx(parts.rx.remove(&(port, queue))?),
        Source::Ring(ring) => SourceEnd::Ring(rings.0.get_mut(ring.0)?.1.take()?),
        Source::Nothing => SourceEnd::Nothing,
    };
    let sink = match &plan.sink {
        Sink::Tx(port, queue) => SinkEnd::Tx(sinks.tx(*port, *queue, parts)?),
        Sink::Ring(ring) => SinkEnd::Ring(sinks.ring(ring.0, rings)?),
        Sink::FanOut(to) => SinkEnd::FanOut(Box::new(FanOut {
            rings: to.iter().map(|ring| sinks.ring(ring.0, rings)).collect::<Option<_>>()?,
            staged: to.iter().map(|_| Batch::new()).collect(),
        })),
        Sink::Nothing => SinkEnd::Nothing,
    };
    Some(Stream { source, mode: make(plan), sink, batch: Batch::new(), counters: Arc::default() })
}

/// All counts of an engine at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// By worker, in the plan's order.
    pub workers: Vec<WorkerReport>,
}

/// One worker's counts.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerReport {
    /// Its lcore.
    pub lcore: LcoreId,
    /// Its polls, busy and idle.
    pub polls: PollFigures,
    /// Its streams' counts, in the plan's order.
    pub streams: Vec<StreamReport>,
}

/// One stream's counts.
#[derive(Clone, Debug, Serialize)]
pub struct StreamReport {
    /// What it is.
    pub plan: StreamPlan,
    /// Its counts.
    pub figures: StreamFigures,
}

impl Figures {
    /// All streams' reports.
    pub fn streams(&self) -> impl Iterator<Item = &StreamReport> {
        self.workers.iter().flat_map(|worker| &worker.streams)
    }
}
