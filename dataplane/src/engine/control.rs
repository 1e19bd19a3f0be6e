//! The hand that steers: starts, changes, reads and stops a plan's workers.

use super::assemble::{self, PortQueues, Prepared};
use super::figures::Figures;
use super::jobs::{self, MakeJob};
use super::orders::Order;
use super::plan::{Plan, PlanError};
use super::post::{self, Post, lock};
use super::worker::Worker;
use crate::eal::Eal;
use crate::forward::{Mode, ModeError};
use crate::lcore::{LcoreError, LcoreId, Running};
use crate::port::{PortId, QueueId, Queues};
use crate::ring::RingError;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// A stream cannot have its mode.
    #[error(transparent)]
    Mode(#[from] ModeError),
    /// The plan names a queue that it was not given.
    #[error(
        "the plan uses {kind} queue {queue} of port {port}, which the port was not started with"
    )]
    QueueMissing {
        /// `receive` or `transmit`.
        kind: &'static str,
        /// The port.
        port: PortId,
        /// The queue.
        queue: QueueId,
    },
    /// A ring has two readers, or writers on two lcores.
    #[error("ring {0} of the plan is used by two lcores at one end")]
    RingEndTaken(usize),
    /// A worker panicked: its queues are gone, and the plan cannot run without it.
    #[error(
        "the worker on lcore {0} has died, so this plan cannot run any more: end the program and start it again"
    )]
    WorkerDied(LcoreId),
    /// Start while running.
    #[error("forwarding runs already: stop it first")]
    Running,
    /// Stop while stopped.
    #[error("forwarding is not running: start it first")]
    NotRunning,
}

/// A plan with its queues, ready to run or running.
pub struct Engine {
    eal: Eal,
    plan: Plan,
    /// By worker, in the plan's order.
    posts: Vec<Post>,
    /// While running: by worker, in the plan's order.
    running: Vec<Running<()>>,
    /// Queues that the plan does not use.
    spare: PortQueues,
}

/// What came of an exchange of plans.
pub struct Exchanged {
    /// All counts of the plan that ran before; the new one counts from zero.
    pub before: Figures,
    /// How long nothing was polled.
    pub paused: Duration,
    /// The queues of ports that are not in the new plan.
    pub gone: Vec<Queues>,
}

impl Engine {
    /// Lays the plan's streams over `queues`; `make` gives each stream its job.
    ///
    /// # Errors
    /// The queues, all of them, and why.
    pub fn assemble(
        eal: &Eal,
        plan: Plan,
        queues: Vec<Queues>,
        make: &mut MakeJob<'_>,
    ) -> Result<Self, (Vec<Queues>, EngineError)> {
        let mut parts = PortQueues::new(queues);
        let prepared = assemble::prepare(eal, plan, make);
        match prepared.and_then(|prepared| assemble::workers(prepared, &mut parts)) {
            Ok((plan, workers)) => {
                let posts = workers.into_iter().map(Post::new).collect();
                Ok(Self { eal: eal.clone(), plan, posts, running: Vec::new(), spare: parts })
            }
            Err(error) => Err((parts.into_queues(), error)),
        }
    }

    /// An engine that has nothing to run.
    pub fn idle(eal: &Eal) -> Self {
        let (posts, running, spare) = (Vec::new(), Vec::new(), PortQueues::default());
        Self { eal: eal.clone(), plan: Plan::default(), posts, running, spare }
    }

    /// The plan that it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether workers were started and not stopped.
    pub fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether every worker is alive.
    ///
    /// # Errors
    /// [`EngineError::WorkerDied`], naming the first that is not.
    pub fn health(&self) -> Result<(), EngineError> {
        let ended = self.running.iter().find(|worker| worker.has_ended()).map(Running::lcore);
        let lost = || self.posts.iter().find(|post| post.is_lost()).map(|post| post.lcore);
        match ended.or_else(|| if self.is_running() { None } else { lost() }) {
            Some(lcore) => Err(EngineError::WorkerDied(lcore)),
            None => Ok(()),
        }
    }

    /// Sets the counts to zero and launches the workers.
    ///
    /// # Errors
    /// [`EngineError::Running`], [`EngineError::WorkerDied`], or [`EngineError::Lcore`] with everything stopped again.
    pub fn start(&mut self) -> Result<(), EngineError> {
        self.get_ready()?;
        self.launch()
    }

    /// As [`Self::start`], after every stream has been polled `rounds` times with another job: that of a mode that makes
    /// packets begins a run with them (testpmd's `start tx_first`).
    ///
    /// # Errors
    /// As [`Self::start`], or [`EngineError::Mode`] with nothing started.
    pub fn start_after(&mut self, rounds: u32, make: &mut MakeJob<'_>) -> Result<(), EngineError> {
        self.get_ready()?;
        for (post, jobs) in self.posts.iter().zip(jobs::make_all(&self.plan, make)?) {
            post.run_first(jobs, rounds);
        }
        self.launch()
    }

    /// Counts from zero.
    fn get_ready(&self) -> Result<(), EngineError> {
        if self.is_running() {
            return Err(EngineError::Running);
        }
        self.health()?;
        self.posts.iter().for_each(Post::reset);
        Ok(())
    }

    fn launch(&mut self) -> Result<(), EngineError> {
        for post in &self.posts {
            let worker = Arc::clone(&post.worker);
            let launched = self.eal.launch(post.lcore, move || {
                let taken = lock(&worker).take();
                let returned = taken.map(Worker::run);
                *lock(&worker) = returned;
            });
            match launched {
                Ok(running) => self.running.push(running),
                Err(error) => {
                    self.stop_launched()?;
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Stops the workers after every packet between them has reached its end.
    ///
    /// # Errors
    /// [`EngineError::NotRunning`], or [`EngineError::Lcore`] if a worker panicked; its queues are lost then, and the
    /// others are stopped all the same.
    pub fn stop(&mut self) -> Result<(), EngineError> {
        if !self.is_running() {
            return Err(EngineError::NotRunning);
        }
        self.stop_launched()
    }

    /// Exchanges the plan that runs for another, with the queues of the ports that come. What takes time is made before
    /// the workers stop; from their stop to their start nothing is polled, and packets wait in the devices' queues.
    /// Returns the queues of the ports that are not in the new plan.
    ///
    /// # Errors
    /// The queues that were given, and why, with the old plan running on. [`EngineError::Lcore`] and
    /// [`EngineError::QueueMissing`] come too late for that: nothing runs then.
    pub fn exchange(
        &mut self,
        plan: Plan,
        coming: Vec<Queues>,
        make: &mut MakeJob<'_>,
    ) -> Result<Exchanged, (Vec<Queues>, EngineError)> {
        let ready = if self.is_running() { self.health() } else { Err(EngineError::NotRunning) };
        let prepared = match ready.and_then(|()| assemble::prepare(&self.eal, plan, make)) {
            Ok(prepared) => prepared,
            Err(error) => return Err((coming, error)),
        };
        let begun = Instant::now();
        let stopped = self.stop_launched();
        let before = self.figures();
        let relaunched = stopped.and_then(|()| self.relaunch(prepared, coming));
        let paused = begun.elapsed();
        match relaunched {
            Ok(()) => Ok(Exchanged { before, paused, gone: self.spare.take_beyond(&self.plan) }),
            Err(error) => Err((Vec::new(), error)),
        }
    }

    /// Has the streams end that poll a port or make packets for it, and returns its queues; the others run on after a moment, with
    /// their modes, what these hold and all counts as they were. For modes that cannot begin anew, as [`Self::exchange`] has them.
    ///
    /// # Errors
    /// [`EngineError::NotRunning`]; [`EngineError::Lcore`] if a worker panicked or does not start: then nothing runs.
    pub fn give_up(&mut self, port: PortId) -> Result<Vec<Queues>, EngineError> {
        if !self.is_running() {
            return Err(EngineError::NotRunning);
        }
        self.halt()?;
        for post in &self.posts {
            if let Some(worker) = lock(&post.worker).as_mut() {
                self.spare.put(vec![worker.give_up(port)]);
            }
            post.orders.give(Order::Run);
        }
        self.plan.ports.retain(|planned| planned.id != port);
        let gone = self.spare.take_beyond(&self.plan);
        self.launch().map(|()| gone)
    }

    /// Lays a prepared plan over the queues of the one that has stopped and those that come, and starts it.
    fn relaunch(&mut self, prepared: Prepared, coming: Vec<Queues>) -> Result<(), EngineError> {
        let mut parts = self.take_apart();
        parts.put(coming);
        let laid_out = assemble::workers(prepared, &mut parts);
        self.spare = parts;
        let (plan, workers) = laid_out?;
        self.plan = plan;
        self.posts = workers.into_iter().map(Post::new).collect();
        self.launch()
    }

    /// Stops those workers that were launched, perhaps none, and frees what their streams hold.
    fn stop_launched(&mut self) -> Result<(), EngineError> {
        let halted = self.halt();
        for post in &self.posts {
            if let Some(worker) = lock(&post.worker).as_mut() {
                worker.let_go();
            }
        }
        halted
    }

    /// Stops those workers that were launched; what their streams hold they keep.
    fn halt(&mut self) -> Result<(), EngineError> {
        let running = std::mem::take(&mut self.running);
        let give = |order| self.posts.iter().for_each(|post| post.orders.give(order));
        // The first round ends what enters; each further one empties the rings one hop further on.
        for round in 1..=self.plan.depth() as u32 + 1 {
            give(Order::Drain(round));
            for (worker, post) in running.iter().zip(&self.posts) {
                post::wait_until(|| worker.has_ended() || post.orders.has_drained(round));
            }
        }
        give(Order::Exit);
        let ends: Vec<Result<(), LcoreError>> = running.into_iter().map(Running::join).collect();
        ends.into_iter().collect::<Result<(), _>>().map_err(EngineError::from)
    }

    /// Gives every stream a new job, also under load; returns when all workers have taken theirs.
    ///
    /// # Errors
    /// [`EngineError::Mode`], with nothing changed; [`EngineError::WorkerDied`]: the others have their new jobs all the
    /// same.
    pub fn set_jobs(&mut self, make: &mut MakeJob<'_>) -> Result<(), EngineError> {
        let sets = jobs::make_all(&self.plan, make)?;
        let mut died = None;
        for (at, (post, jobs)) in self.posts.iter_mut().zip(sets).enumerate() {
            if post.change(jobs, self.running.get(at)).is_none() {
                died = Some(post.lcore);
            }
        }
        died.map_or(Ok(()), |lcore| Err(EngineError::WorkerDied(lcore)))
    }

    /// Looks at every mode of type `M`, and its lcore, in the plan's order. While running there is none to look at.
    pub fn visit<M: Mode>(&self, mut look: impl FnMut(LcoreId, &M)) {
        for post in &self.posts {
            let worker = lock(&post.worker);
            let running = worker.iter().flat_map(|worker| &worker.streams).map(|it| &it.job);
            let retired = worker.iter().flat_map(|worker| &worker.retired);
            let modes = running.chain(retired).filter_map(|job| job.mode.as_deref());
            for mode in modes.filter_map(|mode| (mode as &dyn Any).downcast_ref()) {
                look(post.lcore, mode);
            }
        }
    }

    /// All counts now.
    pub fn figures(&self) -> Figures {
        let planned = self.posts.iter().zip(&self.plan.workers);
        Figures { workers: planned.map(|(post, plan)| post.report(plan)).collect() }
    }

    /// Stops what runs, takes the engine apart and returns the ports' queues, all but those of workers that panicked.
    ///
    /// # Errors
    /// Beside the queues, [`EngineError::Lcore`] if a worker panicked.
    pub fn dismantle(&mut self) -> (Vec<Queues>, Result<(), EngineError>) {
        let stopped = if self.is_running() { self.stop_launched() } else { Ok(()) };
        (self.take_apart().into_queues(), stopped)
    }

    /// All queues, but those of workers that panicked. Only while nothing runs.
    fn take_apart(&mut self) -> PortQueues {
        let mut parts = std::mem::take(&mut self.spare);
        for post in self.posts.drain(..) {
            if let Some(worker) = lock(&post.worker).take() {
                parts.put_worker(worker);
            }
        }
        parts
    }
}

impl Drop for Engine {
    /// Workers hold queues and packets: they end before anything that they use is freed.
    fn drop(&mut self) {
        // A worker that panicked was reported by its panic; there is nobody left to tell.
        let _ = self.stop_launched();
    }
}
