//! Counts are set to zero.

use super::Session;
use crate::command::{ClearCommand, PortSelection};
use crate::failure::Failure;
use crate::render::port_stats;

impl Session {
    /// Carries out a command that sets counts to zero.
    pub(super) fn clear(&mut self, command: ClearCommand) -> Result<String, Failure> {
        match command {
            ClearCommand::PortStats(ports) => self.clear_port_stats(ports),
        }
    }

    fn clear_port_stats(&mut self, selection: PortSelection) -> Result<String, Failure> {
        let mut answer = String::new();
        for id in self.selected(selection)? {
            let Some(port) = self.port(id) else { continue };
            if port.reset_stats() {
                answer += &port_stats::cleared(id);
                self.shown.remove(&id);
                self.baseline.forget(id);
            } else {
                answer += &format!("port {id} ({}) cannot reset its statistics\n", port.name());
            }
        }
        Ok(answer)
    }
}
