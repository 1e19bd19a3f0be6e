//! The generator on real ports: what it says it sent and got back is what went and came.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::on_main_lcore;
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::StreamAt;
use dataplane::engine::plan::{Plan, PortRequest, Work};
use dataplane::forward::{Ground, Job, ModeError};
use dataplane::lcore::{LcoreId, SocketId, cycles_hz};
use dataplane::mempool::DEFAULT_MBUF_SIZE;
use dataplane::port::{Port, PortConfig, QueueId, Queues, Started, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::traffic::generator::{Measure, Outcome, Stamp, Traffic, outcome};
use dataplane::traffic::rate::Rate;
use dataplane::traffic::template::{PacketSpec, Template};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A generator on lcore 1 whose port leads to queues that the test holds: the device under test is the test itself.
struct Rig {
    dataplane: Dataplane,
    under_test: (Port<Started>, Queues),
    halt: Arc<AtomicBool>,
}

fn jobs(traffic: Traffic) -> impl FnMut(StreamAt<'_>, &Ground) -> Result<Job, ModeError> {
    let hz = NonZeroU64::new(cycles_hz()).unwrap();
    move |stream, ground| {
        Ok(match stream.plan.work {
            Work::Generate => {
                let (_, pool) = ground.pools.iter().next().unwrap();
                Job::of(Box::new(Stamp::new(traffic.clone(), pool.clone(), 32, hz).unwrap()))
            }
            Work::Measure => Job::of(Box::new(Measure::new(0, hz))),
            _ => Job::default(),
        })
    }
}

impl Rig {
    fn new(eal: &Eal, name: &str, rate: Rate, packets: u64) -> Self {
        let (generator, under_test) = wire_pair(eal, name, 1, (256, 256), SocketId::ANY).unwrap();
        let port =
            PortRequest { id: generator.id(), rx_queues: 1, tx_queues: 1, socket: SocketId(0) };
        let mut plan = Plan::without_forwarding(32);
        plan.add_traffic_port(&port);
        plan.add_generator(LcoreId(1), (generator.id(), QueueId(0)), (generator.id(), QueueId(0)));
        plan.validate().unwrap();
        let halt = Arc::new(AtomicBool::new(false));
        let template = Template::new(&PacketSpec::default()).unwrap();
        let traffic = Traffic { template, rate, packets: Some(packets), halt: Arc::clone(&halt) };
        let setup = PoolSetup { mbufs: None, held: 0, cache: 64, mbuf_size: DEFAULT_MBUF_SIZE };
        let ports = vec![(generator, PortConfig::default())];
        let dataplane = Dataplane::bring_up(eal, ports, plan, &setup, &mut jobs(traffic)).unwrap();
        let mut port = under_test;
        let pool = dataplane.pools().iter().next().unwrap().1;
        port.configure(&PortConfig::default(), pool).unwrap();
        let under_test = port.start().map_err(|refused| refused.error).unwrap();
        Self { dataplane, under_test, halt }
    }

    /// Runs the generator; `device` does with each burst what it likes and returns how many packets it consumed for good.
    fn run(mut self, packets: u64, mut device: impl FnMut(&mut Batch)) -> Outcome {
        self.dataplane.engine.start().unwrap();
        let (rx, tx) = (&mut self.under_test.1.rx[0], &mut self.under_test.1.tx[0]);
        let (mut batch, mut out) = (Batch::new(), Batch::new());
        let (mut seen, deadline) = (0, Instant::now() + Duration::from_secs(20));
        while seen < packets {
            assert!(Instant::now() < deadline, "{seen} of {packets} packets came");
            seen += rx.rx_burst(&mut batch, 32) as u64;
            device(&mut batch);
            batch.drain_each(|mbuf| out.push(mbuf).unwrap());
            while !out.is_empty() {
                tx.tx_burst(&mut out);
            }
            std::thread::yield_now();
        }
        self.halt.store(true, Ordering::Relaxed);
        let settled = |dataplane: &Dataplane| {
            dataplane.engine.figures().streams().map(|stream| stream.figures.received).sum::<u64>()
        };
        let mut before = u64::MAX;
        while before != settled(&self.dataplane) {
            before = settled(&self.dataplane);
            std::thread::sleep(Duration::from_millis(50));
        }
        self.dataplane.engine.stop().unwrap();
        let outcome = outcome(&self.dataplane.engine, 10).unwrap();
        let (port, queues) = self.under_test;
        port.stop(queues).map_err(|refused| refused.error).unwrap();
        assert_eq!(self.dataplane.take_down().unwrap().missing, 0);
        outcome
    }
}

fn sequence(frame: &[u8]) -> u64 {
    dataplane::traffic::probe::Probe::read(&frame[Template::PROBE_OFFSET..])
        .unwrap()
        .sequence
        .into()
}

#[test]
fn an_echo_returns_everything_once_and_in_order() {
    on_main_lcore(|eal| {
        let outcome = Rig::new(eal, "echo", Rate::FlatOut, 50_000).run(50_000, |_| {});
        let account = outcome.account;
        assert_eq!((account.sent, account.received, account.lost), (50_000, 50_000, 0));
        assert_eq!(
            (account.duplicated, account.reordered, account.foreign, account.corrupted),
            (0, 0, 0, 0)
        );
        let rtt = account.rtt_ns.unwrap();
        assert_eq!(rtt.count, 50_000);
        assert!(rtt.min > 0 && rtt.min <= rtt.p50 && rtt.p50 <= rtt.p99 && rtt.p99 <= rtt.max);
        assert_eq!(outcome.histogram.iter().map(|(_, count)| count).sum::<u64>(), 50_000);
    });
}

#[test]
fn drops_doubles_swaps_and_damage_are_found_exactly() {
    on_main_lcore(|eal| {
        let rate = Rate::Pps(NonZeroU64::new(50_000).unwrap());
        let rig = Rig::new(eal, "impair", rate, 20_000);
        let pool = rig.dataplane.pools().iter().next().unwrap().1.clone();
        let (mut swapped, mut doubled) = (0, 0);
        let outcome = rig.run(20_000, |batch| {
            // A packet changes places with its neighbour where neither is touched below.
            if batch.len() >= 2
                && batch[..2].iter().all(|mbuf| !sequence(mbuf.data()).is_multiple_of(10))
            {
                batch.swap(0, 1);
                swapped += 1;
            }
            // One in 1000 is dropped, one in 1000 damaged beyond recognition or in its probe, one in 500 doubled.
            batch.retain(|mbuf| sequence(mbuf.data()) % 1000 != 10);
            let mut doubles = Batch::new();
            for mbuf in batch.iter_mut() {
                match sequence(mbuf.data()) % 2000 {
                    20 => mbuf.data_mut().unwrap()[Template::PROBE_OFFSET + 9] ^= 1,
                    1020 => mbuf.data_mut().unwrap()[Template::PROBE_OFFSET] ^= 0xff,
                    30 | 530 | 1030 | 1530 => {
                        assert!(pool.alloc_bulk(&mut doubles, 1));
                        let double = doubles.last_mut().unwrap();
                        double.resize(mbuf.data_len()).unwrap().copy_from_slice(mbuf.data());
                        doubled += 1;
                    }
                    _ => {}
                }
            }
            doubles.drain_each(|mbuf| batch.push(mbuf).unwrap());
        });
        let account = outcome.account;
        assert_eq!((account.sent, account.received, account.lost), (20_000, 20_000 - 40, 40));
        assert_eq!((account.foreign, account.corrupted), (10, 10));
        assert_eq!((account.duplicated, account.reordered), (doubled, swapped));
        assert_eq!(doubled, 40);
        assert!(swapped > 0, "no burst had two packets to swap");
        assert_eq!(account.sent, account.received + account.lost);
    });
}

#[test]
fn a_device_that_takes_nothing_makes_the_generator_wait_and_skip() {
    on_main_lcore(|eal| {
        let rate = Rate::Pps(NonZeroU64::new(1_000_000).unwrap());
        let mut rig = Rig::new(eal, "deaf", rate, 1_000_000);
        rig.dataplane.engine.start().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        rig.dataplane.engine.stop().unwrap();
        let outcome = outcome(&rig.dataplane.engine, 10).unwrap();
        // The wire holds 255; what was kept for the next try is not counted as sent.
        assert_eq!(
            (outcome.account.sent, outcome.account.received, outcome.account.lost),
            (255, 0, 255)
        );
        assert!(outcome.skipped > 100_000, "{} departures were skipped", outcome.skipped);
        assert!(outcome.account.rtt_ns.is_none());
        let (port, queues) = rig.under_test;
        let (port, drained) = port.stop(queues).map_err(|refused| refused.error).unwrap();
        assert_eq!(drained, 255);
        drop(port);
        assert_eq!(rig.dataplane.take_down().unwrap().missing, 0);
    });
}
