//! Our side: the switch itself, between rings in memory.

use crate::common::switchboard::{Make, Switchboard};
use crate::contest::{Contender, Ruled, Sent};
use crate::lab::capture::Frame;
use dataplane::eal::Eal;
use dataplane::switch::{FlowSelect, SwitchConfig};

/// A switch with a station on every port.
pub(crate) struct Ours {
    pub(crate) board: Switchboard,
    pub(crate) ports: Vec<u16>,
}

impl Ours {
    /// One with so many ports, which does as a bridge until it is given other rules.
    pub(crate) fn new(eal: &Eal, name: &str, ports: usize, config: SwitchConfig) -> Self {
        let make = Make { ports, ..Make::default() };
        let board = Switchboard::new(eal, name, make, config);
        let ports = (0..ports).map(|at| board.port(at).0).collect();
        Self { board, ports }
    }
}

impl Ruled for Ours {
    fn clear(&mut self) {
        self.board.switch.del_flows(&FlowSelect::default());
    }

    fn add_rule(&mut self, rule: &str) {
        self.board.switch.add_flow(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }

    fn add_group(&mut self, group: &str) {
        self.board.switch.add_group(group).unwrap_or_else(|error| panic!("{group}: {error}"));
    }

    fn rules(&mut self) -> String {
        let rules = self.board.switch.dump_flows(&FlowSelect::default());
        rules.iter().map(|rule| format!("{rule}\n")).collect()
    }
}

impl Contender for Ours {
    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent> {
        let at = self.ports.iter().position(|own| *own == port).unwrap();
        self.board.send(at, frames);
        let came = self.ports.iter().zip(self.board.collect());
        came.flat_map(|(port, frames)| frames.into_iter().map(|frame| (*port, frame))).collect()
    }
}
