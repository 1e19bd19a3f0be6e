//! A mode on one port, and a station on the other end of its wire, which sends it numbered packets and looks at what comes
//! back.

use super::{PATIENCE, context, pool};
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::plan::{PortRequest, Request, Topology};
use dataplane::engine::{Engine, EngineError, StreamReport};
use dataplane::forward::{Job, ModeError, ModeOptions, mode};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::mempool::Mempool;
use dataplane::port::{Port, PortConfig, Queues, Started, wire_pair};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Slots of the wire, each way.
const WIRE: u16 = 1024;
/// Packets on their way at most, so that a mode that doubles them all overruns no wire.
const WINDOW: usize = 256;
/// A packet is an Ethernet header and its number, six times over.
const HEADER: usize = 14;
const FRAME: u16 = 62;

pub(crate) struct Station {
    pool: Mempool,
    wire: (Port<Started>, Queues),
    port: Port<Started>,
    engine: Engine,
    options: ModeOptions,
}

impl Station {
    /// A station on the wire of a port whose packets a mode sends back.
    pub(crate) fn new(eal: &Eal, name: &str, mode_name: &str, options: ModeOptions) -> Self {
        let pool = pool(eal, name, 8191);
        let sizes = (WIRE.into(), WIRE.into());
        let (outer, inner) = wire_pair(eal, name, 1, sizes, SocketId::ANY).unwrap();
        let start = |mut port: Port<_>| {
            port.configure(&PortConfig::default(), &pool).unwrap();
            port.start().map_err(|refused| refused.error).unwrap()
        };
        let (wire, (port, queues)) = (start(outer), start(inner));
        let request = Request {
            topology: Topology::Loop,
            ..Request::new(
                vec![PortRequest {
                    id: port.id(),
                    rx_queues: 1,
                    tx_queues: 1,
                    socket: SocketId(0),
                }],
                vec![LcoreId(1)],
            )
        };
        let plan = request.plan().unwrap();
        let engine =
            Engine::assemble(eal, plan, vec![queues], &mut |_| job(mode_name, &pool, &options));
        let engine = engine.map_err(|(_, error)| error).unwrap();
        Self { pool, wire, port, engine, options }
    }

    /// Packets that the mode may hold.
    pub(crate) fn spare(&self) -> u32 {
        context(&self.pool, &ModeOptions::default()).spare
    }

    /// Changes the mode, perhaps under load.
    pub(crate) fn change(&mut self, mode_name: &str) {
        self.try_change(mode_name).unwrap();
    }

    pub(crate) fn try_change(&mut self, mode_name: &str) -> Result<(), EngineError> {
        let (pool, options) = (&self.pool, &self.options);
        self.engine.set_jobs(&mut |_| job(mode_name, pool, options))
    }

    /// Sends as many bursts as the wire takes, and frees what comes back.
    pub(crate) fn load(&mut self, bursts: usize) {
        let mut batch = Batch::new();
        for burst in 0..bursts {
            self.numbered(&mut batch, 32 * burst as u64, 32);
            self.wire.1.tx[0].tx_burst(&mut batch);
            batch.clear();
            self.wire.1.rx[0].rx_burst(&mut batch, 512);
            batch.clear();
            std::thread::yield_now();
        }
    }

    pub(crate) fn start(&mut self) {
        self.engine.start().unwrap();
    }

    pub(crate) fn stop(&mut self) -> StreamReport {
        self.engine.stop().unwrap();
        self.report()
    }

    fn report(&self) -> StreamReport {
        self.engine.figures().workers[0].streams[0].clone()
    }

    /// Stops once the mode has been given so many packets.
    pub(crate) fn stop_after_receiving(&mut self, packets: u64) -> StreamReport {
        let deadline = Instant::now() + PATIENCE;
        while self.report().figures.received < packets {
            assert!(Instant::now() < deadline, "{:?}", self.report());
            std::thread::yield_now();
        }
        self.stop()
    }

    /// Sends `count` packets, numbered from `first`.
    pub(crate) fn send(&mut self, first: u64, count: u64) {
        let mut batch = Batch::new();
        let mut next = first;
        let deadline = Instant::now() + PATIENCE;
        while next < first + count || !batch.is_empty() {
            assert!(Instant::now() < deadline, "the wire stays full");
            if batch.is_empty() {
                next += self.numbered(&mut batch, next, (first + count - next).min(32));
            }
            if self.wire.1.tx[0].tx_burst(&mut batch) == 0 {
                std::thread::yield_now();
            }
        }
    }

    /// Fills `batch` with packets of these numbers.
    fn numbered(&self, batch: &mut Batch, first: u64, count: u64) -> u64 {
        assert!(self.pool.alloc_bulk(batch, count as usize), "the pool is dry");
        for (mbuf, number) in batch.iter_mut().zip(first..) {
            let frame = mbuf.resize(FRAME).unwrap();
            frame[..HEADER].fill(2);
            frame[HEADER..].as_chunks_mut().0.fill(number.to_be_bytes());
        }
        count
    }

    /// Sends `packets` packets, numbered from 1, while `back` come back; `look` is told the number of each, and whether it
    /// is damaged. Returns the shortest time that one was away.
    pub(crate) fn exchange(
        &mut self,
        packets: u64,
        back: usize,
        mut look: impl FnMut(u64, bool),
    ) -> Duration {
        let (mut next, mut seen) = (1_u64, 0);
        let (mut out, mut came) = (Batch::new(), Batch::new());
        let mut sent_at: VecDeque<(u64, Instant)> = VecDeque::new();
        let mut shortest = Duration::MAX;
        let mut last_news = Instant::now();
        while seen < back {
            assert!(last_news.elapsed() < PATIENCE, "{seen} of {back} packets are back");
            let on_their_way = (next as usize - 1).saturating_sub(seen);
            if out.is_empty() && next <= packets && on_their_way < WINDOW {
                let burst = (packets + 1 - next).min(32);
                sent_at.push_back((next, Instant::now()));
                next += self.numbered(&mut out, next, burst);
            }
            self.wire.1.tx[0].tx_burst(&mut out);
            if self.wire.1.rx[0].rx_burst(&mut came, 64) == 0 {
                std::thread::yield_now();
                continue;
            }
            last_news = Instant::now();
            for mbuf in came.iter() {
                let (number, damaged) = read(mbuf.data());
                while sent_at.get(1).is_some_and(|(first, _)| *first <= number) {
                    sent_at.pop_front();
                }
                if let Some((first, at)) = sent_at.front()
                    && *first <= number
                {
                    shortest = shortest.min(at.elapsed());
                }
                look(number, damaged);
            }
            seen += came.len();
            came.clear();
        }
        shortest
    }

    /// Takes everything down and checks that every packet came home.
    pub(crate) fn end(mut self) {
        let (queues, stopped) = self.engine.dismantle();
        stopped.unwrap();
        let inner = queues.into_iter().next().unwrap();
        self.port.stop(inner).map_err(|refused| refused.error).unwrap();
        self.wire.0.stop(self.wire.1).map_err(|refused| refused.error).unwrap();
        assert_eq!(self.pool.in_use(), 0, "packets are missing from the pool");
    }
}

fn job(mode_name: &str, pool: &Mempool, options: &ModeOptions) -> Result<Job, ModeError> {
    let entry = mode(mode_name).unwrap();
    Ok(Job::new((entry.make)(&context(pool, options))?, None))
}

/// A packet's number, and whether a byte of it was inverted.
fn read(frame: &[u8]) -> (u64, bool) {
    let numbers = frame[HEADER..].as_chunks().0;
    // Of three the majority is sound where one byte is not.
    let number = if numbers[0] == numbers[1] { numbers[0] } else { numbers[2] };
    (u64::from_be_bytes(number), numbers.iter().any(|other| *other != number))
}
