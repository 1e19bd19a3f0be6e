//! What the generator itself adds to a delay: it measures itself over an in-process loop.
//!
//! ```text
//!   stamp ──► port A ── ring ──► port B ──► measure      all in one poll loop
//! ```
//!
//! Nothing is in between but a ring. What is found is the writing of a burst's probes, the send call, the rest of the poll
//! loop's round and the receive call; a device under test adds its delay to that.

use super::clock::TscClock;
use super::generator::{Generator, GeneratorError};
use super::result::Calibration;
use super::spec::{StreamSpec, TrafficSpec};
use super::trial;
use crate::eal::Eal;
use crate::engine::EngineError;
use crate::engine::plan::{Plan, PortRequest};
use crate::forward::Job;
use crate::lcore::{LcoreId, SocketId};
use crate::mempool::DEFAULT_MBUF_SIZE;
use crate::port::{PortConfig, PortError, PortId, QueueId, wire_pair};
use crate::runtime::{Dataplane, PoolSetup, RuntimeError};
use dpdk_sys::RTE_PKTMBUF_HEADROOM;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What its ports and its pool are called: those of the dataplane that is to be used live beside them.
const NAME: &str = "calibration";
/// Slots of the ring: a loop that sends and receives in turn has no more than a burst in it.
const SLOTS: u16 = 1024;

/// Why the generator could not measure itself.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// A port refused.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The stream cannot be sent.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// The loop could not be brought up.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A worker failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Nothing came back.
    #[error(
        "the generator received none of the packets that it sent to itself in {0:?}: give it more time"
    )]
    Nothing(Duration),
}

/// Sends packets like those of `stream`, at its rate and with bursts of `burst`, from `lcore` to itself for as long.
///
/// The engine of no other dataplane runs on that lcore.
///
/// # Errors
/// [`CalibrationError`].
pub fn calibrate(
    eal: &Eal,
    lcore: LcoreId,
    stream: &StreamSpec,
    burst: u16,
    clock: TscClock,
    time: Duration,
) -> Result<Calibration, CalibrationError> {
    let (from, to) = wire_pair(eal, NAME, 1, (SLOTS.into(), SLOTS.into()), SocketId::ANY)?;
    let spec = TrafficSpec {
        stream: vec![StreamSpec {
            port: from.id().0,
            queue: 0,
            expect: Some(to.id().0),
            count: None,
            start: 0.0,
            ..stream.clone()
        }],
        duration: Some(time.as_secs_f64()),
        wait_ms: 100,
        ..TrafficSpec::default()
    };
    let mut generator = Generator::new(spec, clock)?;
    let plan = plan((lcore, eal.socket_of(lcore)), burst, from.id(), to.id());
    let room = generator.room() + RTE_PKTMBUF_HEADROOM as usize;
    let mbuf_size = u16::try_from(room).unwrap_or(u16::MAX).max(DEFAULT_MBUF_SIZE);
    let setup = PoolSetup { name: NAME, mbuf_size, ..PoolSetup::default() };
    let config = || PortConfig { rx_desc: SLOTS, tx_desc: 0, ..PortConfig::default() };
    let ports = vec![(from, config()), (to, config())];
    let others =
        &mut |_: crate::engine::StreamAt<'_>, _: &crate::forward::Ground| Ok(Job::default());
    let mut dataplane = Dataplane::bring_up(eal, ports, plan, &setup, others)?;
    let never = AtomicBool::new(false);
    let result = trial::run(&mut dataplane, &mut generator, others, &never, &mut |_| {})?;
    dataplane.take_down()?;
    let delays = result.streams.into_iter().next().and_then(|stream| stream.delay.actual_ns);
    let delay_ns = delays.ok_or(CalibrationError::Nothing(time))?;
    Ok(Calibration {
        bias_ns: delay_ns.quantile(0.5),
        spread_ns: delay_ns.quantile(0.99) - delay_ns.quantile(0.01),
        delay_ns,
    })
}

fn plan((lcore, socket): (LcoreId, SocketId), burst: u16, from: PortId, to: PortId) -> Plan {
    let mut plan = Plan::without_forwarding(burst);
    for id in [from, to] {
        let port = PortRequest { id, rx_queues: 1, tx_queues: 1, socket };
        plan.add_traffic_port(&port);
        // What nobody sends there nobody has to measure, but each receive queue of a plan is polled.
        plan.add_receiver(lcore, (id, QueueId(0)));
    }
    plan.add_sender(lcore, 0, (from, QueueId(0)));
    plan
}
