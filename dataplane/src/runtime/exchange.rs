//! Another plan while packets are forwarded: ports come and go, and queues change lcores, while the others forward on.

use super::{Dataplane, MakeJob, RuntimeError, watched};
use crate::engine::plan::Plan;
use crate::engine::{EngineError, Exchanged, Figures};
use crate::mempool::Mempool;
use crate::port::PortId;
use std::time::Duration;

/// What came of an exchange.
pub struct Change {
    /// What had been counted; the new plan counts from zero.
    pub before: Figures,
    /// How long nothing was polled.
    pub paused: Duration,
}

impl Dataplane {
    /// Has another plan run instead of the one that does; its ports are started. Jobs and rings are made before the workers
    /// stop, so that they rest only while queues change hands: what the ports that stay receive waits in their devices'
    /// queues.
    ///
    /// # Errors
    /// [`RuntimeError`]; the old plan runs on, unless an lcore could not be launched
    /// ([`EngineError::Lcore`]): then nothing runs.
    pub fn exchange(&mut self, plan: Plan, make: &mut MakeJob<'_>) -> Result<Change, RuntimeError> {
        self.fits(&plan)?;
        let (ports, spare, burst) = self.prepare_ground(&plan)?;
        let planned = |slot: &&mut super::Slot| plan.port(slot.id()).is_some();
        // The queues of ports that forward already are with the engine.
        let coming =
            self.slots.values_mut().filter(planned).filter_map(super::Slot::lend_queues).collect();
        match self.engine.exchange(plan, coming, &mut |stream| self.ground.job(stream, make)) {
            Ok(Exchanged { before, paused, gone }) => {
                self.take_back(gone);
                if let Some(watch) = &mut self.watch {
                    watch.look(watched(&self.slots))?;
                }
                Ok(Change { before, paused })
            }
            Err((queues, error)) => {
                self.take_back(queues);
                self.ground.ports = ports;
                self.ground.spare = spare;
                self.ground.burst = burst;
                Err(error.into())
            }
        }
    }

    /// Has the streams of a port end while the others run on as they are ([`Engine::give_up`](crate::engine::Engine::give_up)): the
    /// port can be stopped then.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn give_up(&mut self, port: PortId) -> Result<(), EngineError> {
        let queues = self.engine.give_up(port)?;
        self.take_back(queues);
        Ok(())
    }

    /// Whether the ports have a plan's queues, and the pools its packets.
    fn fits(&self, plan: &Plan) -> Result<(), RuntimeError> {
        for port in &plan.ports {
            let slot = self.slots.get(&port.id).ok_or(RuntimeError::NoSuchPort(port.id))?;
            if !slot.has_queues(port.rx_queues, port.tx_queues) {
                return Err(RuntimeError::NotAsPlanned(port.id));
            }
        }
        let needs = self.demand(plan).mbufs()?;
        let smallest = self.pools().iter().map(|(_, pool)| Mempool::size(pool)).min();
        match smallest.filter(|has| *has < needs && self.setup.mbufs.is_none()) {
            Some(has) => Err(RuntimeError::PoolTooSmall { has, needs }),
            None => Ok(()),
        }
    }
}
