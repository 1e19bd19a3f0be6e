//! The switching plan: every receive queue a stream, and from every stream a way out to each port.

use super::build::Lane;
use super::{Model, Plan, PlanError, Request, RingId, Sink, Source, StreamPlan, Work};
use crate::lcore::LcoreId;
use crate::port::{PortId, QueueId};
use serde::Serialize;

/// One of a switching stream's ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exit {
    /// The port by which packets leave.
    pub port: PortId,
    /// How they get there.
    pub way: Way,
}

/// How packets reach the port of an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By a transmit queue of the worker's own.
    Tx(QueueId),
    /// By a ring to the worker that feeds one, as the port has fewer queues than there are workers.
    Ring(RingId),
}

impl Request {
    /// Lays a switch over the cores: receive queues are dealt as in run-to-completion, and every worker has an exit to every
    /// port. Of a port with fewer transmit queues than there are workers, the first workers have one each and feed it for
    /// the others too, who reach them by rings.
    pub(super) fn switching(&self, cores: &[LcoreId]) -> Result<Plan, PlanError> {
        let mut plan = self.frame(Model::Switch);
        plan.ports.iter_mut().for_each(|port| port.peer = None);
        let lanes = self.lanes();
        let dealt = self.dealt(&lanes, cores)?;
        let polls = |core: &LcoreId| dealt.iter().any(|(lcore, _)| lcore == core);
        let cores: Vec<LcoreId> = cores.iter().copied().filter(polls).collect();
        let exits = self.exits(&mut plan, &cores);
        for (lcore, Lane { ingress, queue, .. }) in dealt {
            let ingress = (ingress.id, ingress.rx_queues);
            let mine = cores.iter().position(|core| *core == lcore).and_then(|at| exits.get(at));
            let stream = StreamPlan {
                source: Source::Rx(ingress.0, *queue),
                work: Work::Switch { ingress: ingress.0, queues: ingress.1 },
                sink: Sink::Exits(mine.cloned().unwrap_or_default()),
            };
            plan.push_stream(lcore, stream);
        }
        // Behind the switching streams of a worker those that send for others.
        for (worker, exits) in exits.iter().enumerate() {
            for Exit { port, way } in exits {
                if let Way::Ring(ring) = way {
                    let queues = self.tx_queues(*port);
                    let sink = Sink::Tx(*port, QueueId((worker % queues) as u16));
                    let source = Source::Ring(*ring);
                    let stream = StreamPlan { source, work: Work::Pass, sink };
                    plan.push_stream(cores[worker % queues], stream);
                }
            }
        }
        Ok(plan)
    }

    /// The exits of each worker, with the rings that they need.
    fn exits(&self, plan: &mut Plan, cores: &[LcoreId]) -> Vec<Vec<Exit>> {
        let exit = |plan: &mut Plan, worker: usize, at: usize| {
            let port = &self.ports[at];
            let way = if worker < usize::from(port.tx_queues) {
                Way::Tx(QueueId(worker as u16))
            } else {
                let name = format!("tx-p{}-c{}", port.id, cores[worker]);
                Way::Ring(self.push_ring(plan, name, port.socket))
            };
            Exit { port: port.id, way }
        };
        let ports = 0..self.ports.len();
        (0..cores.len())
            .map(|worker| ports.clone().map(|at| exit(plan, worker, at)).collect())
            .collect()
    }

    /// How many transmit queues a port of the request has; [`Request::plan`] saw that there is one.
    fn tx_queues(&self, port: PortId) -> usize {
        let port = self.ports.iter().find(|asked| asked.id == port);
        port.map_or(1, |port| usize::from(port.tx_queues).max(1))
    }
}
