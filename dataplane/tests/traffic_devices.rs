//! The generator against devices whose delay and faults are known: the forwarder's modes `delay` and `impair`.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::on_main_lcore;
use dataplane::eal::Eal;
use dataplane::engine::plan::{Plan, PortRequest, Request, Topology, Work};
use dataplane::forward::{
    DelayOptions, Forwarding, ImpairOptions, Job, ModeOptions, Pick, TallyFigure, mode,
};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::{PortConfig, PortId, QueueId, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::traffic::calibration::calibrate;
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::rate::Rate;
use dataplane::traffic::result::{Path, TrialResult};
use dataplane::traffic::spec::{Load, StreamSpec, TrafficSpec};
use dataplane::traffic::trial;
use std::num::NonZeroU64;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const THERE_SLOTS: u16 = 1024;
const BACK_SLOTS: u16 = 4096;

/// Streams, a forwarder that they pass, and who polls what.
struct Bench {
    name: &'static str,
    mode: &'static str,
    options: ModeOptions,
    streams: Vec<StreamSpec>,
    /// The lcore and queue of each stream's sender, and of each receiver.
    senders: Vec<(u32, u16)>,
    receivers: Vec<(u32, u16)>,
    forwarder: u32,
}

impl Bench {
    fn queues(&self) -> u16 {
        self.receivers.len() as u16
    }

    fn plan(&self, generator: PortId, forwarder: PortId) -> Plan {
        let queues = self.queues();
        let port =
            |id| PortRequest { id, rx_queues: queues, tx_queues: queues, socket: SocketId(0) };
        let request = Request {
            topology: Topology::Loop,
            ring_size: BACK_SLOTS.into(),
            ..Request::new(vec![port(forwarder)], vec![LcoreId(self.forwarder)])
        };
        let mut plan = request.plan().unwrap();
        plan.add_traffic_port(&port(generator));
        for (stream, (lcore, queue)) in (0..).zip(&self.senders) {
            plan.add_sender(LcoreId(*lcore), stream, (generator, QueueId(*queue)));
        }
        for (lcore, queue) in &self.receivers {
            plan.add_receiver(LcoreId(*lcore), (generator, QueueId(*queue)));
        }
        plan.validate().unwrap();
        plan
    }

    /// Runs the trial; returns what it came to, and what the forwarder says it did.
    fn run(self, eal: &Eal) -> (TrialResult, Vec<TallyFigure>) {
        let slots = (BACK_SLOTS.into(), THERE_SLOTS.into());
        let (generator, forwarder) =
            wire_pair(eal, self.name, self.queues(), slots, SocketId::ANY).unwrap();
        let plan = self.plan(generator.id(), forwarder.id());
        let queues = self.queues();
        let config = |rx_desc| PortConfig {
            rx_queues: queues,
            tx_queues: queues,
            rx_desc,
            tx_desc: 0,
            ..PortConfig::default()
        };
        let port = generator.id().0;
        let streams = self.streams.into_iter().map(|stream| StreamSpec { port, ..stream });
        let spec = TrafficSpec { stream: streams.collect(), ..TrafficSpec::default() };
        let ports = vec![(generator, config(BACK_SLOTS)), (forwarder, config(THERE_SLOTS))];
        let setup = PoolSetup { held: 4096, cache: 64, ..PoolSetup::default() };
        let mut dataplane =
            Dataplane::bring_up(eal, ports, plan, &setup, &mut |_, _| Ok(Job::default())).unwrap();
        let mode = mode(self.mode).unwrap();
        let forwarding = Forwarding { options: self.options, ..Forwarding::of(mode) };
        let mut generator = Generator::new(spec, TscClock::of_machine(true).unwrap()).unwrap();
        let others =
            &mut |at: dataplane::engine::StreamAt<'_>, ground: &_| forwarding.job(at, ground);
        let never = AtomicBool::new(false);
        let result =
            trial::run(&mut dataplane, &mut generator, others, &never, &mut |_| {}).unwrap();
        let figures = dataplane.engine.figures();
        let forwarders =
            figures.streams().filter(|stream| matches!(stream.plan.work, Work::Forward { .. }));
        let tally = forwarders.flat_map(|stream| stream.mode.clone()).collect();
        assert_eq!(dataplane.take_down().unwrap().missing, 0);
        for stream in &result.streams {
            let account = stream.account.as_ref().unwrap();
            assert_eq!(account.sent, account.received + account.lost);
        }
        (result, tally)
    }
}

/// Generator and forwarder in one poll loop: whatever else the machine does, each has its turn.
fn alone(
    name: &'static str,
    mode: &'static str,
    options: ModeOptions,
    stream: StreamSpec,
) -> Bench {
    Bench {
        name,
        mode,
        options,
        streams: vec![stream],
        senders: vec![(1, 0)],
        receivers: vec![(1, 0)],
        forwarder: 1,
    }
}

fn pps(pps: u64) -> Load {
    Load::Steady(Rate::Pps(NonZeroU64::new(pps).unwrap()))
}

#[test]
fn the_faults_of_a_million_packets_are_found_exactly() {
    on_main_lcore(|eal| {
        let every = |nth| Pick::Every(NonZeroU64::new(nth).unwrap());
        let impair = ImpairOptions {
            drop: every(1000),
            duplicate: every(777),
            swap: every(500),
            ..ImpairOptions::default()
        };
        let options = ModeOptions { impair, ..ModeOptions::default() };
        let stream = StreamSpec { count: Some(1_000_000), ..StreamSpec::default() };
        let (result, did) = alone("million", "impair", options, stream).run(eal);
        let did = |name| did.iter().find(|figure| figure.name == name).unwrap().count;
        let account = result.streams[0].account.as_ref().unwrap();
        assert_eq!((account.sent, account.lost), (1_000_000, 1_000));
        assert_eq!(did("dropped"), 1_000);
        // Of every 777th packet one is among those dropped, and so is every other of every 500th.
        assert_eq!((did("duplicated"), did("swapped")), (1_286, 1_000));
        // Packet 388500 is both: its copy goes ahead in its place, so that the packet itself comes a second time.
        assert_eq!((account.duplicated, account.reordered), (1_286, 999));
        assert_eq!((account.late, account.corrupted, result.foreign), (0, 0, 0));
        let delay = result.streams[0].delay.actual_ns.as_ref().unwrap();
        assert_eq!(delay.count(), 999_000);
    });
}

#[test]
fn a_known_delay_is_found() {
    on_main_lcore(|eal| {
        for (name, us) in [("us50", 50), ("us500", 500)] {
            let delay = DelayOptions { time: Duration::from_micros(us), ..DelayOptions::default() };
            let options = ModeOptions { delay, ..ModeOptions::default() };
            let stream =
                StreamSpec { count: Some(4_000), rate: pps(20_000), ..StreamSpec::default() };
            let (result, _) = alone(name, "delay", options, stream).run(eal);
            let stream = &result.streams[0];
            let account = stream.account.as_ref().unwrap();
            assert_eq!((account.received, account.reordered), (4_000, 0));
            // A packet is never early; how late it may be is the machine's affair. Three digits are kept.
            let shortest = stream.delay.actual_ns.as_ref().unwrap().quantile(0.0);
            assert!(shortest >= us * 999, "{shortest} ns where {us} µs were added");
            assert_eq!(stream.delay.path, Path::RoundTrip);
        }
    });
}

#[test]
fn queues_and_cores_add_up() {
    on_main_lcore(|eal| {
        let stream =
            |count| StreamSpec { count: Some(count), rate: pps(50_000), ..StreamSpec::default() };
        let bench = Bench {
            name: "cores",
            mode: "io",
            options: ModeOptions::default(),
            streams: vec![stream(5_000), stream(7_000), stream(3_000)],
            // Two streams on one queue; what one lcore sends the other receives.
            senders: vec![(1, 0), (2, 1), (2, 1)],
            receivers: vec![(2, 0), (1, 1)],
            forwarder: 3,
        };
        let (result, _) = bench.run(eal);
        for (stream, count) in result.streams.iter().zip([5_000, 7_000, 3_000]) {
            let account = stream.account.as_ref().unwrap();
            assert_eq!((account.sent, account.duplicated, account.reordered), (count, 0, 0));
            assert_eq!(stream.delay.actual_ns.as_ref().unwrap().count(), account.received);
        }
        assert_eq!(result.foreign, 0);
        let lcores: Vec<u32> = result.polling.iter().map(|polling| polling.lcore).collect();
        assert_eq!(lcores, [1, 2]);
    });
}

#[test]
fn the_generator_measures_itself() {
    on_main_lcore(|eal| {
        let clock = TscClock::of_machine(true).unwrap();
        let stream = StreamSpec { rate: pps(100_000), ..StreamSpec::default() };
        let time = Duration::from_millis(200);
        let calibration = calibrate(eal, LcoreId(1), &stream, 32, clock, time).unwrap();
        assert!(calibration.delay_ns.count() > 100, "{}", calibration.delay_ns.count());
        assert_eq!(calibration.bias_ns, calibration.delay_ns.quantile(0.5));
        assert!(calibration.bias_ns > 0);
    });
}
