//! The demo's first half: generator and forwarder in one process, joined by in-process ports.
//!
//! ```text
//!   generator                      forwarder
//!   stamp ──► port G ── ring ──► port F ──► receive … mode … transmit ─┐
//!   measure ◄─ port G ◄─ ring ◄─ port F ◄──────────────────────────────┘
//! ```

use anyhow::{Context, Result};
use dataplane::eal::Eal;
use dataplane::engine::StreamAt;
use dataplane::engine::counters::StreamFigures;
use dataplane::engine::plan::{Model, ModelRequest, Plan, PortRequest, Request, Topology, Work};
use dataplane::forward::{Forwarding, Ground, Job, ModeEntry, ModeError, ModeOptions};
use dataplane::lcore::{LcoreId, SocketId, cycles_hz};
use dataplane::mempool::DEFAULT_MBUF_SIZE;
use dataplane::port::{PortConfig, PortId, QueueId, wire_pair};
use dataplane::runtime::{DEFAULT_CACHE, Dataplane, PoolSetup};
use dataplane::traffic::generator::{Measure, Outcome, Stamp, Traffic, outcome};
use dataplane::traffic::rate::Rate;
use dataplane::traffic::template::Template;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Slots of the ring from generator to forwarder: a sender that is faster waits for room here.
const THERE_SLOTS: u16 = 1024;
/// Slots of the rings behind it, a pipeline's and the way back: with room for all that can be on its way, they never fill,
/// so what the table calls lost is lost and not a ring too small.
const BACK_SLOTS: u16 = 4096;
/// How long the rate that the machine carries is looked for.
const TRIAL: Duration = Duration::from_millis(500);
/// How often a run is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// How long packets on their way may take after the last was sent.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bars of the latency histogram.
const BARS: u16 = 16;
const BURST: u16 = 32;
const STREAM: u16 = 1;
const QUEUE: QueueId = QueueId(0);

/// What is to be run.
pub(super) struct Setup<'a> {
    pub(super) eal: &'a Eal,
    pub(super) generator: LcoreId,
    pub(super) forwarders: &'a [LcoreId],
    pub(super) model: ModelRequest,
    pub(super) mode: &'static ModeEntry,
    pub(super) template: Template,
    /// A quarter of what the machine carries if `None`.
    pub(super) rate: Option<Rate>,
    pub(super) duration: Duration,
    /// Set when the user wants to leave.
    pub(super) stop: &'a AtomicBool,
}

/// What a run came to.
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) model: Model,
    /// Packets a second that came back in the trial, if there was one.
    pub(super) flat_out: Option<u64>,
    pub(super) rate: Rate,
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
    /// Packets that the forwarder dropped.
    pub(super) dropped: u64,
    /// Packets that no pool got back.
    pub(super) missing: u32,
}

/// A look at a run that goes on.
pub(super) struct Glance {
    pub(super) elapsed: Duration,
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Setup<'_> {
    /// Brings the dataplane up, runs it and takes it down; `watch` is told how it goes. `None` if the user left before the
    /// measurement had begun.
    pub(super) fn run(&self, name: &str, watch: &mut dyn FnMut(&Glance)) -> Result<Option<Run>> {
        let tsc_hz = NonZeroU64::new(cycles_hz())
            .context("EAL does not know the timestamp counter's frequency")?;
        let (generator, forwarder) =
            wire_pair(self.eal, name, 1, (BACK_SLOTS.into(), THERE_SLOTS.into()), SocketId::ANY)?;
        let plan = self.plan(generator.id(), forwarder.id())?;
        // In-process ports hold packets in their rings: that is what their descriptors are for the pool's size.
        let config = |rx_desc| PortConfig {
            rx_desc,
            tx_desc: 0,
            promiscuous: false,
            ..PortConfig::default()
        };
        let ports = vec![(generator, config(BACK_SLOTS)), (forwarder, config(THERE_SLOTS))];
        let pools =
            PoolSetup { mbufs: None, held: 0, cache: DEFAULT_CACHE, mbuf_size: DEFAULT_MBUF_SIZE };
        let halt = Arc::new(AtomicBool::new(false));
        let traffic = |rate| Traffic {
            template: self.template.clone(),
            rate,
            packets: None,
            halt: Arc::clone(&halt),
        };

        let first = self.rate.unwrap_or(Rate::FlatOut);
        let mut make = self.jobs(traffic(first), tsc_hz);
        let mut dataplane = Dataplane::bring_up(self.eal, ports, plan.clone(), &pools, &mut make)?;
        let (rate, flat_out) = match self.rate {
            Some(rate) => (rate, None),
            None => {
                let carried = trial(&mut dataplane, &halt, self.stop)?;
                // At half of it a machine that is shared falls behind now and then, and then measures its own queue.
                let pps = NonZeroU64::new(two_digits(carried / 4)).unwrap_or(NonZeroU64::MIN);
                halt.store(false, Ordering::Relaxed);
                dataplane.set_jobs(&mut self.jobs(traffic(Rate::Pps(pps)), tsc_hz))?;
                (Rate::Pps(pps), Some(carried))
            }
        };

        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        dataplane.engine.start()?;
        let start = Instant::now();
        while start.elapsed() < self.duration && !self.stop.load(Ordering::Relaxed) {
            sleep(GLANCE.min(self.duration.saturating_sub(start.elapsed())));
            let (sent, received) = counts(&dataplane);
            watch(&Glance { elapsed: start.elapsed(), sent, received });
        }
        let duration = start.elapsed();
        finish(&mut dataplane, &halt)?;
        let outcome = outcome(&dataplane.engine, BARS).context("the generator left no figures")?;
        let figures = dataplane.engine.figures();
        let forwarding = figures
            .streams()
            .filter(|stream| !matches!(stream.plan.work, Work::Generate | Work::Measure));
        let dropped = forwarding.map(|stream| stream.figures.dropped_total()).sum();
        let home = dataplane.take_down()?;
        let missing = home.missing;
        let model = plan.model;
        Ok(Some(Run { plan, model, flat_out, rate, duration, outcome, dropped, missing }))
    }

    fn plan(&self, generator: PortId, forwarder: PortId) -> Result<Plan> {
        let port = |id| PortRequest { id, rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
        let request = Request {
            ports: vec![port(forwarder)],
            lcores: self.forwarders.to_vec(),
            nb_cores: None,
            topology: Topology::Loop,
            model: self.model.clone(),
            burst: BURST,
            ring_size: BACK_SLOTS.into(),
        };
        let mut plan = request.plan()?;
        plan.add_traffic_port(&port(generator));
        plan.add_generator(self.generator, (generator, QUEUE), (generator, QUEUE));
        plan.validate()?;
        Ok(plan)
    }

    /// Gives the generator's streams their jobs, and forwarding streams the forwarding mode's.
    fn jobs(
        &self,
        traffic: Traffic,
        tsc_hz: NonZeroU64,
    ) -> impl FnMut(StreamAt<'_>, &Ground) -> Result<Job, ModeError> + use<> {
        let forwarding = Forwarding {
            mode: self.mode,
            options: ModeOptions::default(),
            retry: None,
            peers: BTreeMap::new(),
        };
        move |stream, ground| match stream.plan.work {
            Work::Pass | Work::Forward { .. } => forwarding.job(stream, ground),
            Work::Generate => {
                let stamp = ground.pools.iter().next().and_then(|(_, pool)| {
                    Stamp::new(traffic.clone(), pool.clone(), BURST, tsc_hz).ok()
                });
                Ok(stamp.map_or_else(Job::default, |stamp| Job::of(Box::new(stamp))))
            }
            Work::Measure => Ok(Job::of(Box::new(Measure::new(STREAM, tsc_hz)))),
        }
    }
}

/// Sends flat out for a moment; returns the packets a second that came back.
fn trial(dataplane: &mut Dataplane, halt: &AtomicBool, stop: &AtomicBool) -> Result<u64> {
    dataplane.engine.start()?;
    let start = Instant::now();
    while start.elapsed() < TRIAL && !stop.load(Ordering::Relaxed) {
        sleep(GLANCE);
    }
    let (_, received) = counts(dataplane);
    let pps = received as f64 / start.elapsed().as_secs_f64();
    finish(dataplane, halt)?;
    Ok(pps as u64)
}

/// A number's first two digits and zeros: no more is known of a rate from a moment's trial.
fn two_digits(number: u64) -> u64 {
    let unit = 10_u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    number / unit * unit
}

/// Ends the sending, waits for packets on their way, and stops.
fn finish(dataplane: &mut Dataplane, halt: &AtomicBool) -> Result<()> {
    halt.store(true, Ordering::Relaxed);
    let deadline = Instant::now() + PATIENCE;
    let mut before = counts(dataplane);
    loop {
        sleep(GLANCE);
        let now = counts(dataplane);
        if now.0 == now.1 || now == before || Instant::now() > deadline {
            break;
        }
        before = now;
    }
    dataplane.engine.stop()?;
    Ok(())
}

/// Packets that the generator sent and received.
fn counts(dataplane: &Dataplane) -> (u64, u64) {
    let figures = dataplane.engine.figures();
    let sum = |work: Work, count: fn(&StreamFigures) -> u64| -> u64 {
        figures
            .streams()
            .filter(|stream| stream.plan.work == work)
            .map(|stream| count(&stream.figures))
            .sum()
    };
    (sum(Work::Generate, |figures| figures.sent), sum(Work::Measure, |figures| figures.received))
}

#[cfg(test)]
mod tests {
    use super::two_digits;

    #[test]
    fn a_rate_is_rounded_down_to_two_digits() {
        assert_eq!([0, 7, 42, 199, 3_760_532].map(two_digits), [0, 7, 42, 190, 3_700_000]);
    }
}
