//! The generator's part in a plan: ports whose packets are made and measured here instead of forwarded.

use super::{Model, Plan, PortPlan, PortRequest, Sink, Source, StreamPlan, Work};
use crate::lcore::LcoreId;
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

    /// Adds a generator on `lcore` that sends to the queue `tx` and measures what comes back on `rx`, after the
    /// streams that the lcore has already.
    ///
    /// Both ports are in the plan: `rx` by [`Plan::add_traffic_port`], `tx` so or as a forwarding port. What does not
    /// fit is found by [`Plan::validate`].
    pub fn add_generator(&mut self, lcore: LcoreId, tx: (PortId, QueueId), rx: (PortId, QueueId)) {
        self.push_stream(
            lcore,
            StreamPlan {
                source: Source::Nothing,
                work: Work::Generate,
                sink: Sink::Tx(tx.0, tx.1),
            },
        );
        self.push_stream(
            lcore,
            StreamPlan { source: Source::Rx(rx.0, rx.1), work: Work::Measure, sink: Sink::Nothing },
        );
    }
}
