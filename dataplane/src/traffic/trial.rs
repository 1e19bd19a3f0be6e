//! A trial: a dataplane's generator runs, is watched, ends, and what is on its way is waited for.

use super::generator::Generator;
use super::measure::RECEIVED;
use super::result::TrialResult;
use crate::engine::plan::Work;
use crate::engine::{Engine, EngineError};
use crate::forward::{Job, Rxonly};
use crate::runtime::{Dataplane, MakeJob};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a trial is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// How often those are looked for that are on their way when the sending has ended.
const DRAIN_GLANCE: Duration = Duration::from_millis(5);

/// A look at a trial that goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Since its beginning.
    pub elapsed: Duration,
    /// Packets that left, of all streams.
    pub sent: u64,
    /// Different packets that came in time.
    pub received: u64,
}

/// Runs a trial on a dataplane that is stopped, until it is over or `interrupted`; `watch` is told how it goes.
///
/// The streams of the plan that neither send nor measure get their jobs from `others`.
///
/// # Errors
/// [`EngineError`] if a mode cannot be made or a worker died.
pub fn run(
    dataplane: &mut Dataplane,
    generator: &mut Generator,
    others: &mut MakeJob<'_>,
    interrupted: &AtomicBool,
    watch: &mut dyn FnMut(Progress),
) -> Result<TrialResult, EngineError> {
    generator.rewind();
    dataplane.set_jobs(&mut |at, ground| match at.plan.work {
        Work::Generate { .. } | Work::Measure => generator.job(at, ground),
        Work::Pass | Work::Forward { .. } | Work::Switch { .. } => others(at, ground),
    })?;
    let trial = Trial::begin(&mut dataplane.engine)?;
    while !trial.is_over(generator, &dataplane.engine) && !interrupted.load(Ordering::Relaxed) {
        dataplane.engine.health()?;
        sleep(GLANCE.min(trial.left(generator)));
        generator.gather();
        watch(trial.progress(&dataplane.engine));
    }
    trial.end(&mut dataplane.engine, generator)
}

/// A trial that runs, for whoever has more to do meanwhile than [`run`].
pub struct Trial {
    start: Instant,
}

impl Trial {
    /// Starts an engine whose streams have the generator's jobs, made after [`Generator::rewind`].
    ///
    /// Its receive queues are polled once before: there are devices, such as a memif's client, into whose rings nothing can be sent
    /// before they were. What is found there is of no trial.
    ///
    /// # Errors
    /// [`EngineError`] if it runs already.
    pub fn begin(engine: &mut Engine) -> Result<Self, EngineError> {
        engine.start_after(1, &mut |_| Ok(Job::of(Box::new(Rxonly))))?;
        Ok(Self { start: Instant::now() })
    }

    /// Whether everything has been sent that was to be sent, or the time is over.
    pub fn is_over(&self, generator: &Generator, engine: &Engine) -> bool {
        let seconds = self.start.elapsed().as_secs_f64();
        self.left(generator).is_zero() || generator.has_sent(engine, seconds)
    }

    /// How it goes.
    pub fn progress(&self, engine: &Engine) -> Progress {
        let (sent, received) = counts(engine);
        Progress { elapsed: self.start.elapsed(), sent, received }
    }

    /// How much of its time is left; without end if it has none.
    fn left(&self, generator: &Generator) -> Duration {
        let duration = generator.spec().duration.map(Duration::from_secs_f64);
        duration.map_or(Duration::MAX, |duration| duration.saturating_sub(self.start.elapsed()))
    }

    /// Ends the sending, waits for what is on its way, and stops the engine.
    ///
    /// # Errors
    /// [`EngineError`] if a worker died.
    pub fn end(
        self,
        engine: &mut Engine,
        generator: &mut Generator,
    ) -> Result<TrialResult, EngineError> {
        let early = !self.is_over(generator, engine);
        generator.halt();
        wait_for_the_rest(engine, generator);
        engine.stop()?;
        Ok(generator.result(engine, early))
    }
}

/// Waits until all packets have come, or until those that have not are late.
fn wait_for_the_rest(engine: &Engine, generator: &mut Generator) {
    let wait = Duration::from_millis(generator.spec().wait_ms.into());
    let deadline = Instant::now() + wait;
    // The first glance lets every sender see that it has ended.
    loop {
        sleep(DRAIN_GLANCE);
        generator.gather();
        let (sent, received) = counts(engine);
        if received >= sent || Instant::now() > deadline {
            return;
        }
    }
}

/// Packets that were sent, and different ones that came.
fn counts(engine: &Engine) -> (u64, u64) {
    let figures = engine.figures();
    let (mut sent, mut received) = (0, 0);
    for stream in figures.streams() {
        match stream.plan.work {
            Work::Generate { .. } => sent += stream.figures.sent,
            Work::Measure => {
                let ours = stream.mode.iter().filter(|count| count.name == RECEIVED);
                received += ours.map(|count| count.count).sum::<u64>();
            }
            Work::Pass | Work::Forward { .. } | Work::Switch { .. } => {}
        }
    }
    (sent, received)
}
