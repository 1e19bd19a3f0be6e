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
use dataplane::engine::plan::{Model, ModelRequest, Plan, PortRequest, Request, Topology, Work};
use dataplane::forward::{Forwarding, Ground, Job, ModeEntry};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::{PortConfig, PortId, QueueId, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::traffic::account::TrafficAccount;
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::rate::Rate;
use dataplane::traffic::result::{Sending, TrialResult};
use dataplane::traffic::spec::{Load, Sizes, StreamSpec, TrafficSpec};
use dataplane::traffic::trial::{self, Progress};
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Slots of the ring from generator to forwarder: a sender that is faster waits for room here.
const THERE_SLOTS: u16 = 1024;
/// Slots of the rings behind it, a pipeline's and the way back: with room for all that can be on its way, they never fill,
/// so what the table calls lost is lost and not a ring too small.
const BACK_SLOTS: u16 = 4096;
/// How long the rate that the machine carries is looked for.
const TRIAL: Duration = Duration::from_millis(500);
/// Bars of the latency histogram.
const BARS: u16 = 16;
const QUEUE: QueueId = QueueId(0);

/// What is to be run.
pub(super) struct Setup<'a> {
    pub(super) eal: &'a Eal,
    pub(super) generator: LcoreId,
    pub(super) forwarders: &'a [LcoreId],
    pub(super) model: ModelRequest,
    pub(super) mode: &'static ModeEntry,
    /// The size of the frames.
    pub(super) frame_bytes: u16,
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
    pub(super) outcome: Tried,
    /// Packets that the forwarder dropped.
    pub(super) dropped: u64,
    /// Packets that no pool got back.
    pub(super) missing: u32,
}

/// What a trial came to.
pub(super) struct Tried {
    /// Every packet's fate and the round-trip times.
    pub(super) account: TrafficAccount,
    /// Packets that were not the generator's.
    pub(super) foreign: u64,
    /// Departures given up because the sender was late or had no packets: what was asked for was not sent.
    pub(super) skipped: u64,
    /// Round-trip times in bars for drawing: a range in nanoseconds and its packets.
    pub(super) histogram: Vec<(Range<u64>, u64)>,
    /// How long was sent.
    pub(super) seconds: f64,
}

impl Setup<'_> {
    /// Brings the dataplane up, runs it and takes it down; `watch` is told how it goes. `None` if the user left before the
    /// measurement had begun.
    pub(super) fn run(&self, name: &str, watch: &mut dyn FnMut(Progress)) -> Result<Option<Run>> {
        let clock = TscClock::of_machine(true)?;
        let (generator, forwarder) =
            wire_pair(self.eal, name, 1, (BACK_SLOTS.into(), THERE_SLOTS.into()), SocketId::ANY)?;
        let port = generator.id();
        let plan = self.plan(port, forwarder.id())?;
        // In-process ports hold packets in their rings: that is what their descriptors are for the pool's size.
        let config = |rx_desc| PortConfig {
            rx_desc,
            tx_desc: 0,
            promiscuous: false,
            ..PortConfig::default()
        };
        let ports = vec![(generator, config(BACK_SLOTS)), (forwarder, config(THERE_SLOTS))];
        let pools = PoolSetup::default();
        let mut dataplane =
            Dataplane::bring_up(self.eal, ports, plan.clone(), &pools, &mut |_, _| {
                Ok(Job::default())
            })?;
        let forwarding = Forwarding::of(self.mode);
        let mut trial = |rate, duration, watch: &mut dyn FnMut(Progress)| {
            let mut generator = Generator::new(self.traffic(port, rate, duration), clock)?;
            let mut others = |at: StreamAt<'_>, ground: &Ground| forwarding.job(at, ground);
            anyhow::Ok(trial::run(&mut dataplane, &mut generator, &mut others, self.stop, watch)?)
        };
        let (rate, flat_out) = match self.rate {
            Some(rate) => (rate, None),
            None => {
                let tried = Tried::of(&trial(Rate::FlatOut, TRIAL, &mut |_| {})?)?;
                let carried = tried.account.received as f64 / tried.seconds;
                // At half of it a machine that is shared falls behind now and then, and then measures its own queue.
                let pps = two_digits(carried as u64 / 4);
                (Rate::Pps(NonZeroU64::new(pps).unwrap_or(NonZeroU64::MIN)), Some(carried as u64))
            }
        };

        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let result = trial(rate, self.duration, watch)?;
        let outcome = Tried::of(&result)?;
        let duration = Duration::from_secs_f64(outcome.seconds);
        let figures = dataplane.engine.figures();
        let forwarding = figures
            .streams()
            .filter(|stream| !matches!(stream.plan.work, Work::Generate { .. } | Work::Measure));
        let dropped = forwarding.map(|stream| stream.figures.dropped_total()).sum();
        let home = dataplane.take_down()?;
        let missing = home.missing;
        let model = plan.model;
        Ok(Some(Run { plan, model, flat_out, rate, duration, outcome, dropped, missing }))
    }

    fn plan(&self, generator: PortId, forwarder: PortId) -> Result<Plan> {
        let port = |id| PortRequest { id, rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
        let request = Request {
            topology: Topology::Loop,
            model: self.model.clone(),
            ring_size: BACK_SLOTS.into(),
            ..Request::new(vec![port(forwarder)], self.forwarders.to_vec())
        };
        let mut plan = request.plan()?;
        plan.add_traffic_port(&port(generator));
        plan.add_sender(self.generator, 0, (generator, QUEUE));
        plan.add_receiver(self.generator, (generator, QUEUE));
        plan.validate()?;
        Ok(plan)
    }

    /// What is sent from `port`.
    fn traffic(&self, port: PortId, rate: Rate, duration: Duration) -> TrafficSpec {
        let stream = StreamSpec {
            port: port.0,
            rate: Load::Steady(rate),
            size: Sizes::Fixed(self.frame_bytes),
            ..StreamSpec::default()
        };
        TrafficSpec {
            stream: vec![stream],
            duration: Some(duration.as_secs_f64()),
            ..TrafficSpec::default()
        }
    }
}

impl Tried {
    /// Of the one stream there is.
    fn of(result: &TrialResult) -> Result<Self> {
        let stream = result.streams.first().context("the generator left no figures")?;
        let account = stream.account.clone().context("the generator received nothing")?;
        let Sending { skipped, starved, .. } = stream.sending;
        let histogram = stream.delay.actual_ns.as_ref().map(|delays| delays.bars(BARS));
        Ok(Self {
            account,
            foreign: result.foreign,
            skipped: skipped + starved,
            histogram: histogram.unwrap_or_default(),
            seconds: result.seconds,
        })
    }
}

/// A number's first two digits and zeros: no more is known of a rate from a moment's trial.
fn two_digits(number: u64) -> u64 {
    let unit = 10_u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    number / unit * unit
}

#[cfg(test)]
mod tests {
    use super::two_digits;

    #[test]
    fn a_rate_is_rounded_down_to_two_digits() {
        assert_eq!([0, 7, 42, 199, 3_760_532].map(two_digits), [0, 7, 42, 190, 3_700_000]);
    }
}
