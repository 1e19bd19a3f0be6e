//! The generator's part in a plan: ports whose packets are made and measured here instead of forwarded.

use super::{
    Model, Plan, PortPlan, PortRequest, RingId, RingPlan, Sink, Source, StreamPlan, Work,
    WorkerPlan,
};
use crate::lcore::{LcoreId, SocketId};
use crate::port::{PortId, QueueId};

impl Plan {
    /// A plan of nothing yet, to add a generator to where nothing is forwarded.
    #[must_use]
    pub fn without_forwarding(burst: u16) -> Self {
        Self {
            model: Model::RunToCompletion,
            burst,
            ports: Vec::new(),
            rings: Vec::new(),
            workers: Vec::new(),
        }
    }

    /// Adds a port of the generator: it has no peer, and each of its receive queues is to be measured.
    ///
    /// A port that only sends is added with no receive queue.
    pub fn add_traffic_port(&mut self, port: &PortRequest) {
        self.ports.push(PortPlan {
            id: port.id,
            rx_queues: port.rx_queues,
            tx_queues: port.tx_queues,
            socket: port.socket,
            peer: None,
        });
    }

    /// Has `lcore` send the generator's stream of that number to the queue `tx`, after what it does already. Several streams
    /// of one lcore may share a queue.
    ///
    /// The port is in the plan, by [`Plan::add_traffic_port`] or as a forwarding one. What does not fit is found by
    /// [`Plan::validate`].
    pub fn add_sender(&mut self, lcore: LcoreId, stream: u16, tx: (PortId, QueueId)) {
        let (source, work) = (Source::Nothing, Work::Generate { stream });
        self.push_stream(lcore, StreamPlan { source, work, sink: Sink::Tx(tx.0, tx.1) });
    }

    /// Has `lcore` measure what comes on the queue `rx` of a port of the generator.
    pub fn add_receiver(&mut self, lcore: LcoreId, rx: (PortId, QueueId)) {
        let source = Source::Rx(rx.0, rx.1);
        self.push_stream(lcore, StreamPlan { source, work: Work::Measure, sink: Sink::Nothing });
    }

    /// As [`Plan::add_receiver`], with a transmit queue of the same port by which questions are answered. If another lcore feeds
    /// that queue already, the answers reach it through a ring of `slots`.
    pub fn add_answering_receiver(
        &mut self,
        lcore: LcoreId,
        rx: (PortId, QueueId),
        tx: QueueId,
        slots: u32,
    ) {
        let (port, out) = (rx.0, Sink::Tx(rx.0, tx));
        let feeds = |worker: &&WorkerPlan| worker.streams.iter().any(|stream| stream.sink == out);
        let feeder = self.workers.iter().find(feeds).map(|worker| worker.lcore);
        let (source, work) = (Source::Rx(port, rx.1), Work::Measure);
        let Some(feeder) = feeder.filter(|feeder| *feeder != lcore) else {
            return self.push_stream(lcore, StreamPlan { source, work, sink: out });
        };
        let ring = RingId(self.rings.len());
        let socket = self.port(port).map_or(SocketId::ANY, |port| port.socket);
        let name = format!("answers-p{port}-q{}", rx.1);
        self.rings.push(RingPlan { name, size: slots, socket });
        self.push_stream(lcore, StreamPlan { source, work, sink: Sink::Ring(ring) });
        let source = Source::Ring(ring);
        self.push_stream(feeder, StreamPlan { source, work: Work::Pass, sink: out });
    }
}
