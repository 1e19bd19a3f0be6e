//! What the generator itself adds to every delay, measured over a ring in memory that hears itself.

use super::flags::CalibrateFlags;
use super::rig;
use super::settings::{GenSettings, mbuf_size, without_ports};
use crate::failure::Failure;
use crate::out::print;
use crate::render::chart;
use crate::render::time::nanoseconds;
use crate::session::open;
use dataplane::eal::Eal;
use dataplane::engine::plan::{Plan, PortRequest};
use dataplane::forward::Job;
use dataplane::lcore::LcoreId;
use dataplane::mempool::DEFAULT_MBUF_SIZE;
use dataplane::port::{Port, PortConfig, QueueId};
use dataplane::runtime::{DEFAULT_CACHE, Dataplane, MakeJob, PoolSetup};
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::result::Calibration;
use dataplane::traffic::spec::{Load, Sizes, StreamSpec, TrafficSpec};
use dataplane::traffic::trial;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The ring's device.
const RING: &str = "net_ring_own";
/// Bars of the histogram.
const BARS: u16 = 16;
/// How long the generator measures itself before a trial.
const BEFORE_TRIALS: Duration = Duration::from_secs(1);

/// A generator that measures itself.
pub(super) struct Own<'a> {
    pub(super) eal: &'a Eal,
    pub(super) clock: TscClock,
    /// Where it sends and receives.
    pub(super) lcore: LcoreId,
    pub(super) burst: u16,
}

/// Runs `pollway gen calibrate`.
///
/// # Errors
///
/// What cannot be had on this machine, or what failed meanwhile.
pub(super) fn run(flags: &CalibrateFlags) -> Result<(), Failure> {
    let eal = open::start(&without_ports(flags.eal.clone())?)?.eal;
    let clock = TscClock::of_machine(false).map_err(Failure::input)?;
    let lcore = eal.worker_lcores().first().copied().ok_or_else(rig::no_worker)?;
    let stream = StreamSpec {
        size: Sizes::Fixed(flags.size),
        rate: Load::Steady(flags.rate),
        ..StreamSpec::default()
    };
    let own = Own { eal: &eal, clock, lcore, burst: flags.burst };
    let measured = own.measure(&stream, Duration::from_secs_f64(flags.duration));
    eal.remove_files();
    let calibration = measured?;
    if flags.json {
        let object = serde_json::to_string(&calibration).map_err(std::io::Error::from)?;
        return Ok(print(&format!("{object}\n"))?);
    }
    let Calibration { bias_ns, spread_ns, delay_ns } = &calibration;
    Ok(print(&format!(
        "At {} of {} bytes, in bursts of {} at most, over a ring in memory, the generator itself takes\n  {} (median), \
         spread over {} (1 % to 99 %)\n{}",
        flags.rate,
        flags.size,
        flags.burst,
        nanoseconds(*bias_ns),
        nanoseconds(*spread_ns),
        chart::histogram(&delay_ns.bars(BARS))
    ))?)
}

/// What the generator itself adds, at the load of its first stream. This comes before its ports: two dataplanes at a time would
/// want pools of one name.
pub(super) fn own_delay(
    settings: &GenSettings,
    eal: &Eal,
    clock: TscClock,
) -> Result<Calibration, Failure> {
    let named = settings.map.as_ref().and_then(|map| map.lcores().next());
    let lcore = named.filter(|lcore| eal.worker_lcores().contains(lcore));
    let lcore = lcore.or(eal.worker_lcores().first().copied()).ok_or_else(rig::no_worker)?;
    let first = settings.traffic.as_ref().and_then(|traffic| traffic.stream.first());
    Own { eal, clock, lcore, burst: settings.burst }
        .measure(&first.cloned().unwrap_or_default(), BEFORE_TRIALS)
}

impl Own<'_> {
    /// Measures with packets and rate of a stream.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for a stream that cannot be sent, [`Failure::Running`] for what failed meanwhile.
    pub(super) fn measure(
        &self,
        stream: &StreamSpec,
        duration: Duration,
    ) -> Result<Calibration, Failure> {
        let port = Port::probe(self.eal, RING).map_err(Failure::running)?;
        let id = port.id();
        let alike =
            StreamSpec { port: id.0, queue: 0, expect: None, count: None, ..stream.clone() };
        let duration = Some(duration.as_secs_f64());
        let spec = TrafficSpec { stream: vec![alike], duration, ..TrafficSpec::default() };
        let mut generator = Generator::new(spec, self.clock).map_err(Failure::input)?;
        let mbuf_size = DEFAULT_MBUF_SIZE.max(mbuf_size(generator.room()));
        let setup = PoolSetup { mbufs: None, held: 0, cache: DEFAULT_CACHE, mbuf_size };
        let mut plan = Plan::without_forwarding(self.burst);
        let socket = self.eal.socket_of(self.lcore);
        plan.add_traffic_port(&PortRequest { id, rx_queues: 1, tx_queues: 1, socket });
        plan.add_sender(self.lcore, 0, (id, QueueId(0)));
        plan.add_receiver(self.lcore, (id, QueueId(0)));
        let ports = vec![(port, PortConfig { tx_desc: 0, ..PortConfig::default() })];
        let mut nobody: Box<MakeJob<'_>> = Box::new(|_, _| Ok(Job::default()));
        let mut dataplane = Dataplane::bring_up(self.eal, ports, plan, &setup, &mut nobody)
            .map_err(Failure::running)?;
        let never = AtomicBool::new(false);
        let result = trial::run(&mut dataplane, &mut generator, &mut nobody, &never, &mut |_| ())
            .map_err(Failure::running)?;
        dataplane.take_down().map_err(Failure::running)?;
        let delays = result.streams.into_iter().next().and_then(|stream| stream.delay.actual_ns);
        let delay_ns = delays.ok_or_else(|| {
            Failure::running(anyhow::anyhow!("the generator received nothing of its own"))
        })?;
        let quantile = |share| delay_ns.quantile(share);
        let (bias_ns, spread_ns) = (quantile(0.5), quantile(0.99) - quantile(0.01));
        Ok(Calibration { bias_ns, spread_ns, delay_ns })
    }
}
