//! The kernel's bridge, with a station of ours on the other end of every veth pair.

use crate::common::pool;
use crate::contest::{Contender, Sent};
use crate::lab::bridge::Bridge;
use crate::lab::capture::Frame;
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::mempool::Mempool;
use dataplane::port::{Port, PortConfig, Queues, Started};
use std::time::{Duration, Instant};

/// After which time an address is to be forgotten, once it is to be.
pub(crate) const AGING: Duration = Duration::from_secs(1);

/// The types of our frames, and of the one that follows them (IEEE 802, for experiments).
const OURS: [u8; 2] = [0x88, 0xb5];
const MARK: [u8; 2] = [0x88, 0xb6];

/// A frame with a number from a station to another, to nobody or to everyone.
pub(crate) fn frame(to: usize, from: usize, number: usize) -> Frame {
    let address = |station: usize| [2, 0xcc, 0, 0, 0, station as u8];
    let to = if to == from { [0xff; 6] } else { address(to) };
    made(to, address(from), OURS, number)
}

fn made(to: [u8; 6], from: [u8; 6], kind: [u8; 2], number: usize) -> Frame {
    let mut frame = [&to[..], &from, &kind, &number.to_be_bytes()].concat();
    frame.resize(60, 0);
    frame
}

/// A bridge of the kernel.
pub(crate) struct Kernel {
    bridge: Bridge,
    pool: Mempool,
    /// The numbers that its ports have elsewhere.
    numbers: Vec<u16>,
    stations: Vec<(Port<Started>, Queues)>,
    marks: usize,
}

impl Kernel {
    /// One with as many ports as there are numbers.
    pub(crate) fn new(eal: &Eal, numbers: &[u16]) -> Self {
        let bridge = Bridge::new("s", numbers.len());
        let pool = pool(eal, "kernel_stations", 8191);
        let station = |side: usize| {
            let sizes = "qpairs=1,blocksz=4096,framesz=2048,framecnt=512";
            let device = format!("net_af_packet{side},iface={},{sizes}", bridge.outer(side));
            let mut port = Port::probe(eal, &device).unwrap();
            port.configure(&PortConfig::default(), &pool).unwrap();
            port.start().map_err(|refused| refused.error).unwrap()
        };
        let stations = (0..numbers.len()).map(station).collect();
        Self { bridge, pool, numbers: numbers.to_vec(), stations, marks: 0 }
    }

    /// Has addresses be forgotten after [`AGING`].
    pub(crate) fn forget(&self) {
        // In hundredths of a second.
        let time = (AGING.as_millis() / 10).to_string();
        self.bridge.ip(&["link", "set", "br0", "type", "bridge", "ageing_time", &time]);
    }

    fn send(&mut self, at: usize, frame: &[u8]) {
        let mut batch = Batch::new();
        assert!(self.pool.alloc_bulk(&mut batch, 1), "the pool is dry");
        batch[0].resize(frame.len() as u16).unwrap().copy_from_slice(frame);
        assert_eq!(self.stations[at].1.tx[0].tx_burst(&mut batch), 1);
    }

    /// What the station at a place has received up to a mark.
    fn receive(&mut self, at: usize, mark: &[u8]) -> Vec<Frame> {
        let deadline = Instant::now() + crate::lab::PATIENCE;
        let (mut frames, mut batch) = (Vec::new(), Batch::new());
        loop {
            self.stations[at].1.rx[0].rx_burst(&mut batch, 32);
            for mbuf in batch.iter() {
                let frame: Frame = mbuf.chunks().flatten().copied().collect();
                if frame == mark {
                    return frames;
                }
                frames.push(frame);
            }
            batch.clear();
            assert!(Instant::now() < deadline, "no mark at {at}");
            std::thread::yield_now();
        }
    }

    /// Takes the stations down and checks that every packet came home.
    pub(crate) fn end(self) {
        for (port, queues) in self.stations {
            port.stop(queues).map_err(|refused| refused.error).unwrap();
        }
        assert_eq!(self.pool.in_use(), 0, "packets are missing from the pool");
    }
}

impl Contender for Kernel {
    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent> {
        let from = self.numbers.iter().position(|number| *number == port).unwrap();
        frames.iter().for_each(|frame| self.send(from, frame));
        // To everyone, so that it comes by each port, behind all that came before.
        self.marks += 1;
        let mark = made([0xff; 6], [2, 0xdd, 0, 0, 0, from as u8], MARK, self.marks);
        self.send(from, &mark);
        let others: Vec<usize> = (0..self.stations.len()).filter(|at| *at != from).collect();
        let mut sent = Vec::new();
        for at in others {
            let number = self.numbers[at];
            sent.extend(self.receive(at, &mark).into_iter().map(|frame| (number, frame)));
        }
        sent
    }
}
