//! What ports do by themselves: links go down and come up, devices are taken away.

use super::Session;
use super::exchange::widowed;
use crate::failure::Failure;
use crate::out::note;
use dataplane::port::PortId;
use dataplane::runtime::Slot;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often links are looked at: a device without an interrupt for them is asked each time.
const LINKS: Duration = Duration::from_millis(250);

/// The links as they were when they were last looked at.
#[derive(Default)]
pub(super) struct Links {
    up: BTreeMap<PortId, bool>,
    at: Option<Instant>,
}

impl Session {
    /// Sees to what ports have done by themselves: says what was told of them and which links have changed, and lets go of
    /// devices that are being taken away, so that the others forward on.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if forwarding cannot go on after that; standard output's.
    pub(crate) fn watch(&mut self) -> Result<(), Failure> {
        if let Some(switching) = &mut self.switching {
            switching.age();
        }
        self.say_events()?;
        self.measure();
        let leaving = self.dataplane.ports().filter(|slot| slot.port().is_leaving()).map(Slot::id);
        for port in leaving.collect::<Vec<_>>() {
            self.let_go(port)?;
        }
        if self.links.at.is_none_or(|at| at.elapsed() >= LINKS) {
            self.look_at_links();
            self.look_at_guests();
        }
        Ok(())
    }

    fn look_at_links(&mut self) {
        self.links.at = Some(Instant::now());
        let port = |slot: &Slot| Some((slot.id(), slot.port().link()?.up));
        let now =
            self.dataplane.ports().filter(|slot| slot.is_started()).filter_map(port).collect();
        let before = std::mem::replace(&mut self.links.up, now);
        for (id, up) in &self.links.up {
            // A port that was not there before is worth a line if it cannot send.
            let was = before.get(id).copied().unwrap_or(true);
            if *up != was
                && let Some(port) = self.port(*id)
            {
                let state = if *up { "up" } else { "down" };
                note(&format!("port {id} ({}): link {state}", port.name()));
            }
        }
    }

    /// Closes a port whose device is being taken away, and forwards on with the others.
    fn let_go(&mut self, id: PortId) -> Result<(), Failure> {
        let name = self.existing(id)?.name().to_owned();
        let forwards = self.is_forwarding();
        let partner = self.layout.lose(id);
        let alone = self.layout.forwarding().is_empty();
        if forwards && alone {
            self.stop()?;
        } else {
            self.forward_on()?;
        }
        self.leave(id)?;
        note(&format!("port {id} ({name}) was taken away{}", widowed(partner)));
        match forwards && alone {
            true => Err(Failure::running(anyhow::anyhow!("no port is left that could forward"))),
            false => Ok(()),
        }
    }
}
