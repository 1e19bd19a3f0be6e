//! A switch, and a station on the other end of every port's wire.

use super::{PATIENCE, pool};
use dataplane::batch::Batch;
use dataplane::eal::Eal;
use dataplane::engine::Figures;
use dataplane::engine::plan::{ModelRequest, PortRequest, Request};
use dataplane::forward::DropReason;
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::mempool::Mempool;
use dataplane::port::{Port, PortConfig, PortId, Queues, Started, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup};
use dataplane::switch::{Switch, SwitchConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Slots of each wire, each way.
const WIRE: u16 = 1024;

/// What a switch is put together of.
#[derive(Clone, Copy)]
pub(crate) struct Make {
    pub(crate) ports: usize,
    pub(crate) queues: u16,
    pub(crate) tx_queues: u16,
    pub(crate) workers: u32,
}

impl Default for Make {
    fn default() -> Self {
        Self { ports: 3, queues: 1, tx_queues: 1, workers: 1 }
    }
}

pub(crate) struct Switchboard {
    pub(crate) switch: Arc<Switch>,
    dataplane: Dataplane,
    pool: Mempool,
    /// By port: its number, and the other end of its wire.
    ports: Vec<PortId>,
    stations: Vec<(Port<Started>, Queues)>,
    sent: u64,
}

impl Switchboard {
    pub(crate) fn new(eal: &Eal, name: &str, make: Make, config: SwitchConfig) -> Self {
        let pool = pool(eal, name, 8191);
        let (mut stations, mut inner, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..make.ports {
            let name = format!("{name}{at}");
            let sizes = (WIRE.into(), WIRE.into());
            let (mut outer, port) =
                wire_pair(eal, &name, make.queues, sizes, SocketId::ANY).unwrap();
            let queues = PortConfig {
                rx_queues: make.queues,
                tx_queues: make.queues,
                ..PortConfig::default()
            };
            outer.configure(&queues, &pool).unwrap();
            stations.push(outer.start().map_err(|refused| refused.error).unwrap());
            requests.push(PortRequest {
                id: port.id(),
                rx_queues: make.queues,
                tx_queues: make.tx_queues,
                socket: SocketId(0),
            });
            inner.push((port, PortConfig { tx_queues: make.tx_queues, ..queues }));
        }
        let ports: Vec<PortId> = requests.iter().map(|port| port.id).collect();
        let lcores: Vec<LcoreId> = (1..=make.workers).map(LcoreId).collect();
        let request =
            Request { model: ModelRequest::Switch, ..Request::new(requests, lcores.clone()) };
        let plan = request.plan().unwrap();
        let switch = Arc::new(Switch::new(lcores, config).unwrap());
        let setup = PoolSetup { mbufs: Some(8191), cache: 32, ..PoolSetup::default() };
        let jobs = Arc::clone(&switch);
        let mut dataplane =
            Dataplane::bring_up(eal, inner, plan, &setup, &mut |at, ground| jobs.job(at, ground))
                .unwrap();
        dataplane.engine.start().unwrap();
        Self { switch, dataplane, pool, ports, stations, sent: 0 }
    }

    /// The number of the port at a place.
    pub(crate) fn port(&self, at: usize) -> PortId {
        self.ports[at]
    }

    /// Text in which `{N}` stands for the number of the port at N.
    pub(crate) fn text(&self, text: &str) -> String {
        let number = |text: String, (at, port): (usize, &PortId)| {
            text.replace(&format!("{{{at}}}"), &port.to_string())
        };
        self.ports.iter().enumerate().fold(text.to_owned(), number)
    }

    /// Sets the rules, and no others.
    pub(crate) fn rules(&self, rules: &[&str]) {
        self.switch.del_flows(&dataplane::switch::FlowSelect::default());
        for rule in rules {
            self.switch.add_flow(&self.text(rule)).unwrap();
        }
    }

    /// Has the station at a port send frames.
    pub(crate) fn send<F: AsRef<[u8]>>(&mut self, at: usize, frames: &[F]) {
        self.send_by(at, 0, frames);
    }

    /// As [`Self::send`], by one of its queues.
    pub(crate) fn send_by<F: AsRef<[u8]>>(&mut self, at: usize, queue: usize, frames: &[F]) {
        let mut batch = Batch::new();
        let deadline = Instant::now() + PATIENCE;
        for frame in frames {
            let frame = frame.as_ref();
            assert!(self.pool.alloc_bulk(&mut batch, 1), "the pool is dry");
            batch[0].resize(frame.len() as u16).unwrap().copy_from_slice(frame);
            while self.stations[at].1.tx[queue].tx_burst(&mut batch) == 0 {
                assert!(Instant::now() < deadline, "the wire stays full");
                std::thread::yield_now();
            }
        }
        self.sent += frames.len() as u64;
    }

    /// Waits until the switch has received everything, and stops it, so that all of it has left too.
    pub(crate) fn settle(&mut self) -> Figures {
        let deadline = Instant::now() + PATIENCE;
        while received(&self.dataplane.engine.figures()) < self.sent {
            assert!(Instant::now() < deadline, "{} sent", self.sent);
            std::thread::yield_now();
        }
        self.dataplane.engine.stop().unwrap();
        self.sent = 0;
        self.dataplane.engine.figures()
    }

    /// What every station has received, once the switch is done with all that was sent; it goes on then.
    pub(crate) fn collect(&mut self) -> Vec<Vec<Vec<u8>>> {
        self.account().0
    }

    /// As [`Self::collect`], with what was dropped on the way, by reason. The sums are checked: nothing may be missing.
    pub(crate) fn account(&mut self) -> (Vec<Vec<Vec<u8>>>, BTreeMap<DropReasonName, u64>) {
        let sent = self.sent;
        let figures = self.settle();
        let came: Vec<Vec<Vec<u8>>> = (0..self.stations.len()).map(|at| self.receive(at)).collect();
        let out: u64 =
            figures.workers.iter().flat_map(|worker| &worker.exits).map(|exit| exit.sent).sum();
        let arrived = came.iter().map(Vec::len).sum::<usize>() as u64;
        let relayed: u64 = figures
            .streams()
            .filter(|stream| stream.plan.work == dataplane::engine::plan::Work::Pass)
            .map(|stream| stream.figures.dropped_total())
            .sum();
        assert_eq!(out - relayed, arrived, "what left has arrived");
        let mut dropped: BTreeMap<DropReasonName, u64> = BTreeMap::new();
        for drop in figures.streams().flat_map(|stream| &stream.figures.dropped) {
            *dropped.entry(name(drop.reason)).or_default() += drop.packets;
        }
        // A packet that leaves nowhere is dropped under a reason, and one that leaves is not lost.
        assert!(arrived + dropped.values().sum::<u64>() >= sent, "{sent} sent: {dropped:?}");
        self.dataplane.engine.start().unwrap();
        (came, dropped)
    }

    fn receive(&mut self, at: usize) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut batch = Batch::new();
        for queue in &mut self.stations[at].1.rx {
            while queue.rx_burst(&mut batch, 64) > 0 {
                frames.extend(batch.iter().map(|mbuf| mbuf.chunks().flatten().copied().collect()));
                batch.clear();
            }
        }
        frames
    }

    /// Takes everything down and checks that every packet came home.
    pub(crate) fn end(mut self) {
        if self.dataplane.engine.is_running() {
            self.dataplane.engine.stop().unwrap();
        }
        for at in 0..self.stations.len() {
            self.receive(at);
        }
        let homecoming = self.dataplane.take_down().unwrap();
        assert_eq!(homecoming.missing, 0, "{homecoming:?}");
        for (port, queues) in self.stations {
            port.stop(queues).map_err(|refused| refused.error).unwrap();
        }
        assert_eq!(self.pool.in_use(), 0, "packets are missing from the pool");
    }
}

/// A reason as it is written in figures.
pub(crate) type DropReasonName = String;

pub(crate) fn name(reason: DropReason) -> DropReasonName {
    serde_json::to_value(reason).unwrap().as_str().unwrap().to_owned()
}

/// Packets from ports; those that rings carried on are not counted twice.
fn received(figures: &Figures) -> u64 {
    let streams = figures.streams();
    let from_ports = streams
        .filter(|stream| matches!(stream.plan.source, dataplane::engine::plan::Source::Rx(..)));
    from_ports.map(|stream| stream.figures.received).sum()
}
