//! A worker's place: what control keeps of it, runs or not.

use super::counters::{StreamCounters, WorkerCounters};
use super::exits::ExitCounters;
use super::figures::{StreamReport, WorkerReport};
use super::orders::{JobSet, Order, Orders};
use super::plan::WorkerPlan;
use super::worker::Worker;
use crate::forward::{Counts, Job};
use crate::lcore::{LcoreId, Running};
use crate::port::PortId;
use std::hint::spin_loop;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long control watches for a worker's answer, which comes within microseconds where the worker has a processor to itself.
const STARE: Duration = Duration::from_micros(200);

/// How often it looks after that: the worker may be waiting for this very processor.
const GLANCE: Duration = Duration::from_micros(50);

/// A worker's place, and what control keeps of it while it runs.
pub(super) struct Post {
    pub(super) lcore: LcoreId,
    /// The worker while it does not run; empty for ever once it panicked.
    pub(super) worker: Arc<Mutex<Option<Worker>>>,
    pub(super) orders: Arc<Orders>,
    polls: Arc<WorkerCounters>,
    streams: Vec<Arc<StreamCounters>>,
    exits: Vec<(PortId, Arc<ExitCounters>)>,
    /// The modes' own counts, by stream.
    own_counts: Vec<Option<Arc<dyn Counts>>>,
}

impl Post {
    /// A worker's place.
    pub(super) fn new(worker: Worker) -> Self {
        Self {
            lcore: worker.lcore,
            orders: Arc::clone(&worker.orders),
            polls: Arc::clone(&worker.counters),
            streams: worker.streams.iter().map(|stream| Arc::clone(&stream.counters)).collect(),
            exits: worker.sinks.exits.counters(),
            own_counts: own_counts(worker.streams.iter().map(|stream| &stream.job)),
            worker: Arc::new(Mutex::new(Some(worker))),
        }
    }

    /// Counts from zero and runs at the next launch. Only while the worker does not run.
    pub(super) fn reset(&self) {
        self.polls.reset();
        self.streams.iter().for_each(|stream| stream.reset());
        self.exits.iter().for_each(|(_, exit)| exit.reset());
        self.own_counts.iter().flatten().for_each(|own| own.reset());
        self.orders.give(Order::Run);
    }

    /// Whether the worker is gone for ever. Only while nothing runs.
    pub(super) fn is_lost(&self) -> bool {
        lock(&self.worker).is_none()
    }

    /// Gives its streams new jobs; `None` if the worker has ended.
    pub(super) fn change(&mut self, jobs: JobSet, running: Option<&Running<()>>) -> Option<()> {
        self.own_counts = own_counts(&jobs);
        match running {
            Some(running) => self.change_running(jobs, running),
            None => self.change_stopped(jobs),
        }
    }

    /// Polls every stream so many times with other jobs. Only while the worker does not run.
    pub(super) fn run_first(&self, jobs: JobSet, rounds: u32) {
        if let Some(worker) = lock(&self.worker).as_mut() {
            worker.run_first(jobs, rounds);
        }
    }

    /// All of its counts now.
    pub(super) fn report(&self, planned: &WorkerPlan) -> WorkerReport {
        let counts = self.streams.iter().zip(&self.own_counts);
        let streams = planned.streams.iter().zip(counts);
        WorkerReport {
            lcore: self.lcore,
            polls: self.polls.figures(),
            streams: streams
                .map(|(plan, (counters, own))| StreamReport {
                    plan: plan.clone(),
                    figures: counters.figures(),
                    mode: own.as_ref().map_or_else(Vec::new, |own| own.figures()),
                })
                .collect(),
            exits: self.exits.iter().map(|(port, exit)| exit.figures(*port)).collect(),
        }
    }

    /// Sends new jobs and waits until the worker has taken them; `None` if it has ended instead.
    fn change_running(&self, jobs: JobSet, running: &Running<()>) -> Option<()> {
        self.orders.send_jobs(jobs).ok()?;
        let mut taken = false;
        wait_until(|| {
            taken = self.orders.take_old_jobs().is_ok();
            taken || running.has_ended()
        });
        taken.then_some(())
    }

    /// Exchanges the jobs of a worker that does not run; `None` if it is lost.
    fn change_stopped(&self, jobs: JobSet) -> Option<()> {
        lock(&self.worker).as_mut().map(|worker| drop(worker.replace_jobs(jobs)))
    }
}

/// The modes' own counts.
fn own_counts<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Option<Arc<dyn Counts>>> {
    jobs.into_iter().map(|job| job.mode.as_ref().and_then(|mode| mode.counts())).collect()
}

/// Waits until a worker has answered.
pub(super) fn wait_until(mut answered: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !answered() {
        if begun.elapsed() < STARE { spin_loop() } else { sleep(GLANCE) }
    }
}

/// The worker, unless it runs or is lost.
pub(super) fn lock(worker: &Mutex<Option<Worker>>) -> MutexGuard<'_, Option<Worker>> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}
