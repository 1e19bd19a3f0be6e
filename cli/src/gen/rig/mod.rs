//! The generator's ports and lcores, from when they are opened ([`open`]) through trials ([`trial`]) to their end.

mod open;
mod trial;

use super::cores::CoreMap;
use super::environment::Environment;
use super::pktgen::PortFacts;
use crate::failure::Failure;
use crate::out::note;
use dataplane::eal::Eal;
use dataplane::forward::Forwarding;
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, PortStats};
use dataplane::runtime::{Dataplane, Slot};
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::trial::Trial;
use std::collections::BTreeMap;

/// Slots of the rings to and from the forwarder in this process, and of those that carry answers to a transmit queue.
const WIRE_SLOTS: u16 = 4096;

/// The ports of a generator, and the trial that runs on them.
pub(super) struct Rig {
    // Before `eal`: ports and pools go before DPDK does.
    dataplane: Dataplane,
    eal: Eal,
    /// The processors that this process could run on before EAL bound its main thread to one.
    allowed: Vec<usize>,
    map: CoreMap,
    burst: u16,
    clock: TscClock,
    forwarder: Option<Forwarder>,
    /// Whether it measures itself before each trial.
    calibrates: bool,
    running: Option<(Generator, Trial)>,
}

/// A device under test in this process.
struct Forwarder {
    port: PortId,
    lcore: LcoreId,
    forwarding: Forwarding,
}

impl Rig {
    /// The generator's ports, without that of the forwarder in this process.
    pub(super) fn ports(&self) -> impl Iterator<Item = &Slot> + Clone {
        let inside = self.forwarder.as_ref().map(|forwarder| forwarder.port);
        self.dataplane.ports().filter(move |slot| Some(slot.id()) != inside)
    }

    /// What commands need to know of the ports.
    pub(super) fn facts(&self) -> BTreeMap<PortId, PortFacts> {
        let facts = |slot: &Slot| {
            let speed_mbps = slot.port().link().and_then(|link| link.speed_mbps);
            let mac = slot.port().mac().ok()?;
            Some((slot.id(), PortFacts { mac, speed_mbps, burst: self.burst }))
        };
        self.ports().filter_map(facts).collect()
    }

    /// What makes this run's figures what they are.
    pub(super) fn environment(&self) -> Environment {
        Environment::look(&self.eal, &self.allowed, self.clock, self.ports())
    }

    /// What devices have counted, those that count.
    pub(super) fn stats(&self) -> BTreeMap<PortId, PortStats> {
        self.ports().filter_map(|slot| Some((slot.id(), slot.port().stats()?))).collect()
    }

    /// Lets go of ports whose devices are being taken away, while the others measure on; returns them.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker or a port does not do as it is told.
    pub(super) fn let_go(&mut self) -> Result<Vec<PortId>, Failure> {
        let leaving = self.dataplane.ports().filter(|slot| slot.port().is_leaving());
        let leaving: Vec<(PortId, String)> =
            leaving.map(|slot| (slot.id(), slot.port().name().to_owned())).collect();
        for (port, name) in &leaving {
            if let Some((generator, _)) = &mut self.running {
                generator.lose(*port);
                self.dataplane.give_up(*port).map_err(Failure::running)?;
            }
            self.map.0.remove(port);
            self.forwarder.take_if(|inside| inside.port == *port);
            self.dataplane.stop_port(*port).map_err(Failure::running)?;
            self.dataplane.remove_port(*port).map_err(Failure::running)?.detach();
            note(&format!("port {port} ({name}) was taken away"));
        }
        Ok(leaving.into_iter().map(|(port, _)| port).collect())
    }

    /// Whether every worker is alive.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if one is not.
    pub(super) fn health(&self) -> Result<(), Failure> {
        self.dataplane.engine.health().map_err(Failure::running)
    }

    /// Stops and closes everything.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker died or packets are missing from a pool.
    pub(super) fn close(self) -> Result<(), Failure> {
        let home = self.dataplane.take_down().map_err(Failure::running)?;
        self.eal.remove_files();
        match home.missing {
            0 => Ok(()),
            missing => Err(Failure::running(anyhow::anyhow!(
                "{missing} packets did not come back to their pools"
            ))),
        }
    }
}

/// Nobody is left to send.
pub(super) fn no_worker() -> Failure {
    Failure::input(anyhow::anyhow!("there is no worker lcore: give two or more, as in -l 0-1"))
}
