//! The engine on real packets: in-process ports, both models, start, stop and change under traffic.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a rig that cannot be built fails the test")]

mod common;

use common::{EGRESS, PATIENCE, PEER, context, on_main_lcore, pool};
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::plan::{ModelRequest, Plan, PortRequest, Request, Work};
use dataplane::engine::{Engine, StreamAt};
use dataplane::forward::{Job, Mode, ModeError, ModeOptions, Retry, mode};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::mempool::Mempool;
use dataplane::port::{Port, PortConfig, Queues, Started, Stopped, wire_pair};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Two wire pairs: the test holds the outer ends, the engine forwards between the inner ones.
struct Rig {
    pool: Mempool,
    outer: Vec<(Port<Started>, Queues)>,
    inner: Vec<Port<Started>>,
    engine: Engine,
}

fn start(mut port: Port<Stopped>, queues: u16, pool: &Mempool) -> (Port<Started>, Queues) {
    let config = PortConfig { rx_queues: queues, tx_queues: queues, ..PortConfig::default() };
    port.configure(&config, pool).unwrap();
    port.start().map_err(|refused| refused.error).unwrap()
}

/// The jobs of a mode whose packets come from `pool`.
fn jobs(
    name: &'static str,
    pool: &Mempool,
) -> impl FnMut(StreamAt<'_>) -> Result<Job, ModeError> + use<> {
    let (entry, pool, options) = (mode(name).unwrap(), pool.clone(), ModeOptions::default());
    move |stream| {
        let mode = match stream.plan.work {
            Work::Forward { .. } => (entry.make)(&context(&pool, &options))?,
            _ => None,
        };
        Ok(Job::new(mode, None))
    }
}

impl Rig {
    fn new(
        eal: &Eal,
        name: &str,
        queues: u16,
        cores: u32,
        model: ModelRequest,
        mode: &'static str,
    ) -> Self {
        let pool = pool(eal, name, 8191);
        let (mut outer, mut inner, mut inner_queues, mut ports) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for side in ["l", "r"] {
            let (out, inn) =
                wire_pair(eal, &format!("{name}{side}"), queues, (1024, 1024), SocketId::ANY)
                    .unwrap();
            outer.push(start(out, queues, &pool));
            let (port, its_queues) = start(inn, queues, &pool);
            ports.push(PortRequest {
                id: port.id(),
                rx_queues: queues,
                tx_queues: queues,
                socket: SocketId(0),
            });
            inner.push(port);
            inner_queues.push(its_queues);
        }
        let plan = plan(ports, cores, model);
        let engine = Engine::assemble(eal, plan, inner_queues, &mut jobs(mode, &pool))
            .map_err(|(_, error)| error)
            .unwrap();
        Self { pool, outer, inner, engine }
    }

    /// Sends a numbered packet of `flow` into `side`; it stays in the batch if the wire is full.
    fn send(&mut self, side: usize, flow: u8, number: u32) {
        let mut batch = Batch::new();
        assert!(self.pool.alloc_bulk(&mut batch, 1));
        batch[0].resize(60).unwrap().copy_from_slice(&frame(flow, number));
        let deadline = Instant::now() + PATIENCE;
        let queues = self.outer[side].1.tx.len();
        while self.outer[side].1.tx[usize::from(flow) % queues].tx_burst(&mut batch) == 0 {
            assert!(Instant::now() < deadline, "the wire stays full");
            std::thread::yield_now();
        }
    }

    /// Receives on `side` until `count` packets came or nothing more does.
    fn receive(&mut self, side: usize, count: usize) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut batch = Batch::new();
        let deadline = Instant::now() + PATIENCE;
        while frames.len() < count && Instant::now() < deadline {
            for queue in &mut self.outer[side].1.rx {
                queue.rx_burst(&mut batch, 64);
            }
            frames.extend(batch.iter().map(|mbuf| mbuf.data().to_vec()));
            batch.clear();
            std::thread::yield_now();
        }
        frames
    }

    /// Takes everything down and checks that every packet came home.
    fn end(mut self) {
        let queues = dismantled(&mut self.engine);
        for (port, queues) in self.inner.into_iter().zip(queues) {
            port.stop(queues).map_err(|refused| refused.error).unwrap();
        }
        for (port, queues) in self.outer {
            port.stop(queues).map_err(|refused| refused.error).unwrap();
        }
        assert_eq!(self.pool.in_use(), 0, "packets are missing from the pool");
    }
}

fn dismantled(engine: &mut Engine) -> Vec<Queues> {
    let (queues, stopped) = engine.dismantle();
    stopped.unwrap();
    queues
}

fn plan(ports: Vec<PortRequest>, cores: u32, model: ModelRequest) -> Plan {
    let lcores = (1..=cores).map(LcoreId).collect();
    Request { model, ..Request::new(ports, lcores) }.plan().unwrap()
}

/// An Ethernet, IPv4 and UDP frame of a flow, with a number in its payload.
fn frame(flow: u8, number: u32) -> [u8; 60] {
    let builder = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([198, 18, 0, flow], [198, 19, 0, 1], 64)
        .udp(1000, 2000);
    let mut payload = [0; 18];
    payload[..4].copy_from_slice(&number.to_be_bytes());
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &payload).unwrap();
    bytes.try_into().unwrap()
}

/// The numbers of each flow, in the order in which they came.
fn by_flow(frames: &[Vec<u8>]) -> BTreeMap<u8, Vec<u32>> {
    let mut flows: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    for frame in frames {
        flows
            .entry(frame[29])
            .or_default()
            .push(u32::from_be_bytes(frame[42..46].try_into().unwrap()));
    }
    flows
}

const FLOWS: u8 = 40;

/// Sends the same traffic through a rig; returns what came out, and the engine's own account of it.
fn exchange(rig: &mut Rig, packets: u32) -> Vec<Vec<u8>> {
    rig.engine.start().unwrap();
    let mut frames = Vec::new();
    for number in 0..packets {
        rig.send(0, (number % u32::from(FLOWS)) as u8, number);
        if number % 256 == 255 {
            frames.extend(rig.receive(1, 256));
        }
    }
    let missing = packets as usize - frames.len();
    frames.extend(rig.receive(1, missing));
    rig.engine.stop().unwrap();
    frames
}

fn sent_and_dropped(rig: &Rig) -> (u64, u64) {
    let figures = rig.engine.figures();
    let forward =
        figures.streams().filter(|stream| matches!(stream.plan.work, Work::Forward { .. }));
    forward.fold((0, 0), |(sent, dropped), stream| {
        (sent + stream.figures.sent, dropped + stream.figures.dropped_total())
    })
}

#[test]
fn the_pipeline_puts_out_what_run_to_completion_does_per_flow_and_in_order() {
    on_main_lcore(|eal| {
        let mut outputs = Vec::new();
        let models = [
            ("rtc", 2, 1, ModelRequest::RunToCompletion),
            ("pip1", 2, 1, ModelRequest::Pipeline),
            ("pip2", 1, 2, ModelRequest::Pipeline),
            ("pip3", 2, 3, ModelRequest::Pipeline),
            (
                "pipx",
                2,
                3,
                ModelRequest::PipelineOn {
                    receive: vec![LcoreId(3)],
                    work: vec![LcoreId(1)],
                    transmit: vec![LcoreId(2)],
                },
            ),
        ];
        for (name, queues, cores, model) in models {
            let mut rig = Rig::new(eal, name, queues, cores, model, "macswap");
            let frames = exchange(&mut rig, 4096);
            assert_eq!(frames.len(), 4096, "{name}");
            assert_eq!(sent_and_dropped(&rig), (4096, 0), "{name}");
            for frame in &frames {
                assert_eq!(
                    frame[..12],
                    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2],
                    "{name}: addresses are exchanged"
                );
            }
            outputs.push(by_flow(&frames));
            rig.end();
        }
        let expected: BTreeMap<u8, Vec<u32>> = (0..FLOWS)
            .map(|flow| {
                (
                    flow,
                    (0..4096)
                        .filter(|number| number % u32::from(FLOWS) == u32::from(flow))
                        .collect(),
                )
            })
            .collect();
        for output in outputs {
            assert_eq!(output, expected);
        }
    });
}

#[test]
fn a_mode_changes_under_traffic_and_nothing_is_lost() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "change", 1, 1, ModelRequest::RunToCompletion, "io");
        rig.engine.start().unwrap();
        let original = frame(0, 1);
        for (name, expected) in [
            ("mac", [PEER.0, EGRESS.0].concat()),
            ("macswap", [&original[6..12], &original[..6]].concat()),
            ("io", original[..12].to_vec()),
        ] {
            rig.engine.set_jobs(&mut jobs(name, &rig.pool)).unwrap();
            rig.send(0, 0, 1);
            let frames = rig.receive(1, 1);
            assert_eq!(frames[0][..12], expected, "{name}");
            assert_eq!(frames[0][12..42], original[12..42], "{name}: only the addresses change");
        }
        rig.engine.stop().unwrap();
        assert_eq!(sent_and_dropped(&rig), (3, 0));
        rig.end();
    });
}

#[test]
fn a_thousand_starts_stops_and_changes_leave_every_packet_accounted_for() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "leaks", 1, 2, ModelRequest::Pipeline, "io");
        let names = ["io", "mac", "macswap"];
        let (mut sent, mut received, mut number) = (0_u64, 0_u64, 0);
        for round in 0..1000 {
            // Packets are on their way before the start, at the change and at the stop.
            for _ in 0..4 {
                rig.send(0, (number % 7) as u8, number);
                number += 1;
            }
            rig.engine.start().unwrap();
            rig.send(1, 3, number);
            number += 1;
            rig.engine.set_jobs(&mut jobs(names[round % 3], &rig.pool)).unwrap();
            rig.engine.stop().unwrap();
            sent += 5;
            for side in [0, 1] {
                let mut batch = Batch::new();
                received += rig.outer[side].1.rx[0].rx_burst(&mut batch, 512) as u64;
            }
            // What is not back yet waits in front of the engine: 4 + 1 packets a round never fill the wire.
            assert!(sent - received <= 64, "round {round}: {sent} sent, {received} received");
        }
        rig.engine.start().unwrap();
        received += rig.receive(1, (sent - received) as usize).len() as u64;
        rig.engine.stop().unwrap();
        for side in [0, 1] {
            let mut batch = Batch::new();
            received += rig.outer[side].1.rx[0].rx_burst(&mut batch, 512) as u64;
        }
        assert_eq!(received, sent);
        rig.end();
    });
}

#[test]
fn stop_counts_what_it_could_not_send() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "full", 1, 1, ModelRequest::RunToCompletion, "io");
        rig.engine.start().unwrap();
        // Nobody reads the other end, whose wire holds 1023.
        for number in 0..3000 {
            rig.send(0, 0, number);
        }
        while rig.engine.figures().streams().map(|stream| stream.figures.received).sum::<u64>()
            < 3000
        {
            std::thread::yield_now();
        }
        rig.engine.stop().unwrap();
        let figures = rig.engine.figures();
        let dropped: Vec<_> =
            figures.streams().flat_map(|stream| stream.figures.dropped.clone()).collect();
        assert_eq!(dropped.len(), 1);
        assert_eq!(
            (dropped[0].reason, dropped[0].packets),
            (dataplane::forward::DropReason::TxFull, 3000 - 1023)
        );
        let workers = &figures.workers[0];
        assert!(workers.polls.busy_polls > 0 && workers.polls.busy_cycles > 0);
        assert!(workers.polls.idle_polls > 0 && workers.polls.idle_cycles > 0);
        rig.end();
    });
}

#[test]
fn what_a_full_queue_does_not_take_is_tried_again() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "again", 1, 1, ModelRequest::RunToCompletion, "io");
        let retry = Retry { delay: Duration::from_millis(1), times: 60_000 };
        rig.engine.set_jobs(&mut |_| Ok(Job::new(None, Some(retry)))).unwrap();
        rig.engine.start().unwrap();
        // The wire behind holds 1023, and the worker waits with the rest of a burst until somebody reads.
        for number in 0..1500 {
            rig.send(0, 0, number);
        }
        let came = rig.receive(1, 1500);
        assert!(by_flow(&came)[&0].iter().copied().eq(0..1500));
        rig.engine.stop().unwrap();
        assert_eq!(sent_and_dropped(&rig), (1500, 0));
        rig.end();
    });
}

#[test]
fn short_packets_are_dropped_under_their_reason() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "short", 1, 1, ModelRequest::RunToCompletion, "mac");
        rig.engine.start().unwrap();
        let mut batch = Batch::new();
        assert!(rig.pool.alloc_bulk(&mut batch, 2));
        batch[0].resize(13).unwrap();
        batch[1].resize(14).unwrap();
        assert_eq!(rig.outer[0].1.tx[0].tx_burst(&mut batch), 2);
        assert_eq!(rig.receive(1, 1)[0].len(), 14);
        rig.engine.stop().unwrap();
        assert_eq!(sent_and_dropped(&rig), (1, 1));
        rig.end();
    });
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "orders", 1, 1, ModelRequest::RunToCompletion, "io");
        assert!(rig.engine.stop().unwrap_err().to_string().contains("start it first"));
        rig.engine.start().unwrap();
        assert!(rig.engine.start().unwrap_err().to_string().contains("stop it first"));
        rig.engine.stop().unwrap();
        rig.end();
    });
}

#[test]
fn an_lcore_that_is_not_there_is_named_and_the_queues_survive() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "nolcore", 1, 1, ModelRequest::RunToCompletion, "io");
        let mut plan = rig.engine.plan().clone();
        plan.workers[0].lcore = LcoreId(77);
        let queues = dismantled(&mut rig.engine);
        rig.engine = Engine::assemble(eal, plan, queues, &mut jobs("io", &rig.pool))
            .map_err(|(_, error)| error)
            .unwrap();
        assert!(rig.engine.start().unwrap_err().to_string().contains("lcore 77"));
        assert!(!rig.engine.is_running());
        rig.end();
    });
}

/// A mode that panics at its first packet.
struct Fatal;

impl Mode for Fatal {
    fn process(&mut self, _batch: &mut Batch, _context: &mut dataplane::forward::Context<'_>) {
        panic!("this mode always does");
    }
}

#[test]
fn a_worker_that_panics_is_named_and_the_others_go_on() {
    on_main_lcore(|eal| {
        let mut rig = Rig::new(eal, "fatal", 1, 2, ModelRequest::RunToCompletion, "io");
        rig.engine.start().unwrap();
        // Port 0's stream is the first lcore's.
        let fatal = rig.engine.plan().workers[0].streams[0].clone();
        rig.engine
            .set_jobs(&mut |stream| {
                Ok(if *stream.plan == fatal { Job::of(Box::new(Fatal)) } else { Job::default() })
            })
            .unwrap();
        rig.engine.health().unwrap();
        rig.send(0, 0, 1);
        let deadline = Instant::now() + PATIENCE;
        while rig.engine.health().is_ok() {
            assert!(Instant::now() < deadline, "nobody noticed");
            std::thread::yield_now();
        }
        // The other direction still works, and a change of modes does not wait for the dead.
        rig.send(1, 0, 2);
        assert_eq!(rig.receive(0, 1).len(), 1);
        let changed = rig.engine.set_jobs(&mut jobs("macswap", &rig.pool)).unwrap_err().to_string();
        assert!(changed.contains("lcore 1 has died"), "{changed}");
        let stopped = rig.engine.stop().unwrap_err().to_string();
        assert!(stopped.contains("this mode always does"), "{stopped}");
        assert!(rig.engine.start().unwrap_err().to_string().contains("lcore 1 has died"));
        let (queues, _) = rig.engine.dismantle();
        // The dead worker had one port's receive queue and the other's transmit queue.
        let left: usize = queues.iter().map(|queues| queues.rx.len() + queues.tx.len()).sum();
        assert_eq!(left, 2);
    });
}
