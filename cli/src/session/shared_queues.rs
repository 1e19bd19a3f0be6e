//! Receive queues that ports share: only one lcore may poll what is one queue of the device.

use super::{Session, refused};
use crate::failure::Failure;
use dataplane::engine::plan::{Plan, Source};
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, QueueId, ShareGroup};

impl Session {
    /// # Errors
    ///
    /// [`Failure::Running`] in testpmd's words if a plan has several lcores poll a shared queue.
    pub(super) fn shared_queues_are_apart(&self, plan: &Plan) -> Result<(), Failure> {
        let group = |port| self.port(port)?.share_group();
        match torn(plan, group) {
            None => Ok(()),
            Some(Torn { group, queue, polls }) => {
                let poll = |(lcore, port): (LcoreId, PortId)| {
                    format!("  lcore {lcore} Port {port} queue {queue}\n")
                };
                Err(refused(format!(
                    "Shared Rx queue group {} queue {queue} can't be scheduled on different cores:\n{}Please use --nb-cores=1 \
                     to limit number of forwarding cores, or port N rxq {queue} lcore LCORE to name one",
                    group.group,
                    polls.map(poll).concat()
                )))
            }
        }
    }
}

/// A shared queue that two lcores would poll.
#[derive(Debug, PartialEq, Eq)]
struct Torn {
    group: ShareGroup,
    queue: QueueId,
    /// The lcores, and the ports that they would poll it by.
    polls: [(LcoreId, PortId); 2],
}

/// The first of a plan that is torn apart.
fn torn(plan: &Plan, group: impl Fn(PortId) -> Option<ShareGroup>) -> Option<Torn> {
    let mut polled: Vec<(ShareGroup, QueueId, (LcoreId, PortId))> = Vec::new();
    for worker in &plan.workers {
        for stream in &worker.streams {
            let Source::Rx(port, queue) = stream.source else { continue };
            let Some(group) = group(port) else { continue };
            let by = (worker.lcore, port);
            let same = polled.iter().find(|(of, number, _)| (*of, *number) == (group, queue));
            match same {
                Some((_, _, first)) if first.0 != worker.lcore => {
                    return Some(Torn { group, queue, polls: [*first, by] });
                }
                _ => polled.push((group, queue, by)),
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::engine::plan::{PortRequest, Request};
    use dataplane::lcore::SocketId;

    /// Four ports of two queues in run-to-completion on so many lcores.
    fn plan(lcores: u32) -> Plan {
        let port =
            |id| PortRequest { id: PortId(id), rx_queues: 2, tx_queues: 2, socket: SocketId::ANY };
        Request {
            ring_size: 64,
            ..Request::new((0..4).map(port).collect(), (1..=lcores).map(LcoreId).collect())
        }
        .plan()
        .unwrap()
    }

    fn in_twos(port: PortId) -> Option<ShareGroup> {
        Some(ShareGroup { group: port.0 / 2 + 1, domain: 0, rx_domain: 0 })
    }

    #[test]
    fn one_lcore_polls_what_is_one_queue() {
        assert_eq!(torn(&plan(1), in_twos), None);
        assert_eq!(torn(&plan(8), |_| None), None);
        let Torn { group, queue, polls } = torn(&plan(8), in_twos).unwrap();
        assert_eq!((group.group, queue), (1, QueueId(0)));
        assert_eq!(polls.map(|(_, port)| port), [PortId(0), PortId(1)]);
        assert_ne!(polls[0].0, polls[1].0);
        // Other parts of a device share nothing.
        let apart = |port: PortId| Some(ShareGroup { group: 1, domain: 0, rx_domain: port.0 });
        assert_eq!(torn(&plan(8), apart), None);
    }
}
