//! Ports come and go, and queues change lcores, while the others forward on.

use super::Session;
use super::control::job;
use crate::failure::Failure;
use dataplane::engine::EngineError;
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, QueueId};
use dataplane::runtime::{Change, RuntimeError, Slot};
use std::time::Duration;

impl Session {
    /// Makes a device, starts its port and forwards it.
    pub(super) fn add_port(&mut self, device: &str) -> Result<String, Failure> {
        let before = self.layout.forwarding().to_vec();
        let id = self.probe(device, self.settings.found_port.clone())?;
        let paused = match self.join(id) {
            Ok(paused) => paused,
            Err(failure) => {
                // What cannot forward is not there, so that nothing has changed.
                self.leave(id)?;
                return Err(failure);
            }
        };
        // A port whose partner has left has found another.
        let others = self.layout.forwarding().iter().filter(|port| **port != id);
        let again: String = others
            .filter(|port| !before.contains(port))
            .map(|port| format!("; port {port} forwards again"))
            .collect();
        Ok(format!("Port {id} is added{}{again}\n", rested(paused)))
    }

    /// Starts a port that has been attached, and has it forward with the others.
    fn join(&mut self, id: PortId) -> Result<Option<Duration>, Failure> {
        self.make_ready(id)?;
        self.forward_on()
    }

    /// Starts a port that has been attached.
    pub(super) fn make_ready(&mut self, id: PortId) -> Result<(), Failure> {
        // Without a plan there are still descriptors to fill.
        let plan = self.plan().unwrap_or_default();
        self.dataplane.provide(&plan).map_err(Failure::running)?;
        self.start_port(id, &mut String::new()).map_err(Failure::running)
    }

    /// Forwards a port no longer, and removes its device.
    pub(super) fn remove_port(&mut self, id: PortId) -> Result<String, Failure> {
        self.existing(id)?;
        let before = self.layout.clone();
        let partner = self.layout.lose(id);
        if self.is_forwarding() && self.layout.forwarding().is_empty() {
            self.layout = before;
            return Err(Failure::input(anyhow::anyhow!(
                "port {id} is the last that forwards; stop forwarding first"
            )));
        }
        let paused = match self.forward_on() {
            Ok(paused) => paused,
            Err(failure) => {
                self.layout = before;
                return Err(failure);
            }
        };
        self.leave(id)?;
        Ok(format!("Port {id} is removed{}{}\n", rested(paused), widowed(partner)))
    }

    /// Stops a port that forwards no longer, and removes its device.
    pub(super) fn leave(&mut self, id: PortId) -> Result<(), Failure> {
        self.dataplane.stop_port(id).map_err(Failure::running)?;
        self.dataplane.remove_port(id).map_err(Failure::running)?.detach();
        self.forget(id);
        Ok(())
    }

    /// Has a certain lcore poll a receive queue, or whichever it is dealt to.
    pub(super) fn place_queue(
        &mut self,
        port: PortId,
        queue: QueueId,
        lcore: Option<LcoreId>,
    ) -> Result<String, Failure> {
        self.existing(port)?;
        let queues = self.dataplane.port(port).map_or(0, |slot: &Slot| slot.wanted.rx_queues);
        if queue.0 >= queues {
            return Err(Failure::input(anyhow::anyhow!(
                "Invalid RX queue {queue} (must be < nb_rxq={queues})"
            )));
        }
        let before = self.layout.asked.placed.clone();
        match lcore {
            Some(lcore) => self.layout.asked.placed.insert((port, queue), lcore),
            None => self.layout.asked.placed.remove(&(port, queue)),
        };
        // Whether it can be is said now, and not at the next start.
        match self.plan().and_then(|_| self.forward_on()) {
            Ok(paused) => {
                let by = lcore.map_or("any lcore".to_owned(), |lcore| format!("lcore {lcore}"));
                Ok(format!("RX queue {queue} of port {port} is polled by {by}{}\n", rested(paused)))
            }
            Err(failure) => {
                self.layout.asked.placed = before;
                Err(failure)
            }
        }
    }

    /// Forwards on as the layout has it now, and returns for how long nothing was polled; where nothing forwards, the next
    /// start does.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for a layout that cannot be, and [`Failure::Running`]; forwarding goes on as before.
    pub(super) fn forward_on(&mut self) -> Result<Option<Duration>, Failure> {
        if !self.is_forwarding() {
            return Ok(None);
        }
        let plan = self.plan()?;
        let ran = self.dataplane.engine.plan().clone();
        let (forwarding, switching) = (&self.forwarding, &self.switching);
        let Change { before, paused } = self
            .dataplane
            .exchange(plan, &mut |stream, ground| job(forwarding, switching, stream, ground))
            .map_err(|error| match error {
                RuntimeError::Engine(EngineError::Plan(error)) => Failure::input(error),
                error => Failure::running(error),
            })?;
        self.earlier.take_in(&ran, before, &mut self.baseline);
        self.looked = None;
        self.note_delay();
        Ok(Some(paused))
    }
}

/// What becomes of the port that one which has left was paired with.
pub(super) fn widowed(partner: Option<PortId>) -> String {
    let alone = |port| format!("; port {port}, which it was paired with, no longer forwards");
    partner.map_or_else(String::new, alone)
}

/// How long the other ports waited.
fn rested(paused: Option<Duration>) -> String {
    paused
        .map_or_else(String::new, |time| format!("; the others rested for {} us", time.as_micros()))
}
