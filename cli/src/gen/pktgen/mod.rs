//! Pktgen-DPDK's shell: its commands, what they make of each port, and the streams that follow from that.
//!
//! Here is no DPDK: commands in, streams out. Who carries a trial out is `session`.

pub(crate) mod command;
mod range;
mod save;
pub(crate) mod state;
mod streams;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use crate::lcores;
use crate::shell::grammar::PortList;
use command::PktgenCommand;
use dataplane::port::PortId;
use dataplane::traffic::spec::StreamSpec;
use dataplane::wire::ethernet::MacAddr;
use state::{PortState, StateError};
use std::collections::BTreeMap;
pub(crate) use streams::StreamError;

/// What commands need to know of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortFacts {
    /// Its address, which is the packets' source unless set.
    pub(crate) mac: MacAddr,
    /// Its link's speed, of which rates can be a percentage; `None` if the device does not say.
    pub(crate) speed_mbps: Option<u32>,
    /// Packets of a burst at most, unless set.
    pub(crate) burst: u16,
}

/// All ports as the commands have made them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pktgen {
    facts: BTreeMap<PortId, PortFacts>,
    ports: BTreeMap<PortId, PortState>,
}

/// Why a command cannot be carried out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PktgenError {
    /// A port that is not there.
    #[error("there is no port {port}; there are {there}")]
    NoPort { port: PortId, there: String },
    /// A value that a port cannot take.
    #[error(transparent)]
    State(#[from] StateError),
    /// A state that comes to no stream.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Pktgen {
    /// Ports as they are at the beginning.
    pub(crate) fn new(facts: BTreeMap<PortId, PortFacts>) -> Self {
        let state = |(port, facts): (&PortId, &PortFacts)| (*port, PortState::new(port.0, *facts));
        let ports = facts.iter().map(state).collect();
        Self { facts, ports }
    }

    /// Knows a port no longer: it is gone.
    pub(crate) fn forget(&mut self, port: PortId) {
        self.facts.remove(&port);
        self.ports.remove(&port);
    }

    /// A port's state.
    pub(crate) fn port(&self, port: PortId) -> Option<&PortState> {
        self.ports.get(&port)
    }

    /// The ports that a list means.
    ///
    /// # Errors
    ///
    /// [`PktgenError::NoPort`].
    pub(crate) fn select(&self, list: &PortList) -> Result<Vec<PortId>, PktgenError> {
        let PortList::These(ports) = list else { return Ok(self.ports.keys().copied().collect()) };
        match ports.iter().find(|port| !self.ports.contains_key(port)) {
            None => Ok(ports.clone()),
            Some(&port) => {
                Err(PktgenError::NoPort { port, there: lcores::list(self.ports.keys()) })
            }
        }
    }

    /// Carries out a command that changes what ports send; `false` if it is another kind of command.
    ///
    /// # Errors
    ///
    /// [`PktgenError`]; some of several ports may have changed already.
    pub(crate) fn apply(&mut self, command: &PktgenCommand) -> Result<bool, PktgenError> {
        use PktgenCommand as Command;
        let (Command::Set(list, _)
        | Command::Range(list, _)
        | Command::Sequence(_, list, _)
        | Command::Pcap(list, _)
        | Command::Feature(list, ..)
        | Command::Reset(list)) = command
        else {
            return Ok(false);
        };
        for port in self.select(list)? {
            let facts = self.facts.get(&port);
            let Some((state, facts)) = self.ports.get_mut(&port).zip(facts) else { continue };
            match command {
                Command::Set(_, setting) => {
                    state.set(port.0, setting.clone(), facts.speed_mbps)?;
                }
                Command::Range(_, setting) => state.set_range(*setting),
                Command::Sequence(number, _, slot) => {
                    state.slots.insert(*number, slot.clone());
                }
                Command::Pcap(_, file) => state.pcap = Some(file.clone()),
                Command::Feature(_, feature, on) => state.switch(*feature, *on),
                _ => *state = PortState::new(port.0, *facts),
            }
        }
        Ok(true)
    }

    /// The streams of ports.
    ///
    /// # Errors
    ///
    /// [`StreamError`] for a state that comes to none.
    pub(crate) fn streams(&self, ports: &[PortId]) -> Result<Vec<StreamSpec>, StreamError> {
        let states = ports.iter().filter_map(|port| Some((port, self.ports.get(port)?)));
        let streams: Result<Vec<_>, _> =
            states.map(|(port, state)| streams::of_port(port.0, state)).collect();
        streams.map(|streams| streams.concat())
    }

    /// The largest burst of ports: what one trial of all of them has.
    pub(crate) fn burst(&self, ports: &[PortId]) -> Option<u16> {
        ports.iter().filter_map(|port| Some(self.ports.get(port)?.burst)).max()
    }

    /// The commands that make this state of ports as they are at the beginning.
    pub(crate) fn save(&self) -> String {
        self.ports.iter().map(|(port, state)| save::commands(*port, state)).collect()
    }
}
