//! Single queues are changed, and the offloads of ports and queues.

use crate::command::{PortSelection, QueueChange};
use crate::failure::Failure;
use crate::session::{Session, refused};
use dataplane::port::{Direction, Errno, PortConfig, PortId, QueueConfig, QueueId, offload_named};
use dataplane::runtime::Slot;

impl Session {
    pub(super) fn set_offload(
        &mut self,
        (id, queue): (PortId, Option<QueueId>),
        direction: Direction,
        name: &str,
        on: bool,
    ) -> Result<(), Failure> {
        self.existing(id)?;
        if self.is_started(id) {
            return Err(refused(format!(
                "Error: Can't config offload when Port {id} is not stopped"
            )));
        }
        let offload = offload_named(direction, name)
            .ok_or_else(|| refused(format!("Unknown offload name: {name}")))?;
        if let Some(queue) = queue {
            self.queue_exists(id, direction, queue)?;
        }
        let switch = |offloads: &mut u64| {
            *offloads = if on { *offloads | offload } else { *offloads & !offload };
        };
        self.change(PortSelection::One(id), |port| match (direction, queue) {
            (Direction::Rx, None) => switch(&mut port.rx_offloads),
            (Direction::Tx, None) => switch(&mut port.tx_offloads),
            (Direction::Rx, Some(queue)) => switch(&mut port.rx.entry(queue).or_default().offloads),
            (Direction::Tx, Some(queue)) => switch(&mut port.tx.entry(queue).or_default().offloads),
        })
    }

    pub(super) fn change_queue(
        &mut self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
        change: QueueChange,
    ) -> Result<(), Failure> {
        self.existing(id)?;
        self.queue_exists(id, direction, queue)?;
        let of_queue = |port: &mut PortConfig, change: &dyn Fn(&mut QueueConfig)| {
            let queues = match direction {
                Direction::Rx => &mut port.rx,
                Direction::Tx => &mut port.tx,
            };
            change(queues.entry(queue).or_default());
        };
        match change {
            QueueChange::RingSize(desc) => {
                if let Some(slot) = self.dataplane.port_mut(id) {
                    of_queue(&mut slot.wanted, &|queue| queue.desc = Some(desc).filter(|d| *d > 0));
                }
                Ok(())
            }
            QueueChange::Deferred(deferred) => self.change(PortSelection::One(id), |port| {
                of_queue(port, &|queue| queue.deferred = deferred);
            }),
            QueueChange::Run(run) => {
                self.forwarding_is_stopped()?;
                self.on_queue(id, direction, queue, |slot| match direction {
                    Direction::Rx => {
                        slot.rx_queue(queue.0).map(|(port, queue)| port.run_rx(queue, run))
                    }
                    Direction::Tx => {
                        slot.tx_queue(queue.0).map(|(port, queue)| port.run_tx(queue, run))
                    }
                })?
                .map_err(|errno| match errno {
                    Errno::NOT_SUPPORTED => refused("Function not supported in PMD"),
                    errno => {
                        refused(format!("queue {queue} of port {id} could not be changed: {errno}"))
                    }
                })
            }
            QueueChange::SetUp => {
                self.forwarding_is_stopped()?;
                let done = self.on_queue(id, direction, queue, |slot| {
                    let config = slot.wanted.clone();
                    match direction {
                        Direction::Rx => slot
                            .rx_queue(queue.0)
                            .map(|(port, queue)| port.renew_rx(queue, &config)),
                        Direction::Tx => slot
                            .tx_queue(queue.0)
                            .map(|(port, queue)| port.renew_tx(queue, &config)),
                    }
                })?;
                let way = if direction == Direction::Rx { "RX" } else { "TX" };
                done.map_err(|error| refused(format!("Failed to setup {way} queue: {error}")))
            }
        }
    }

    /// Does something to a queue of a port that runs, while the engine does not have it.
    fn on_queue<T>(
        &mut self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
        change: impl FnOnce(&mut Slot) -> Option<T>,
    ) -> Result<T, Failure> {
        self.dataplane.gather().map_err(Failure::running)?;
        let slot = self.dataplane.port_mut(id).filter(|slot| slot.is_started());
        let slot = slot.ok_or_else(|| refused(format!("Please start port {id} first")))?;
        // A port that was given fewer queues than it is to have at its next start.
        change(slot).ok_or_else(|| no_queue(direction, queue, 0))
    }

    fn queue_exists(
        &self,
        id: PortId,
        direction: Direction,
        queue: QueueId,
    ) -> Result<(), Failure> {
        let wanted = self.dataplane.port(id).map(|slot| &slot.wanted);
        let count = wanted.map_or(0, |port| match direction {
            Direction::Rx => port.rx_queues,
            Direction::Tx => port.tx_queues,
        });
        if queue.0 < count { Ok(()) } else { Err(no_queue(direction, queue, count)) }
    }
}

fn no_queue(direction: Direction, queue: QueueId, count: u16) -> Failure {
    let (way, name) = match direction {
        Direction::Rx => ("RX", "nb_rxq"),
        Direction::Tx => ("TX", "nb_txq"),
    };
    refused(format!("Invalid {way} queue {queue} (must be < {name}={count})"))
}
