//! Counts are set to zero.

use super::Session;
use super::figures::{Baseline, Earlier};
use crate::command::{ClearCommand, PortSelection};
use crate::failure::Failure;
use crate::render::port_stats;

impl Session {
    /// Carries out a command that sets counts to zero.
    pub(super) fn clear(&mut self, command: ClearCommand) -> Result<String, Failure> {
        match command {
            ClearCommand::PortStats(ports) => self.clear_port_stats(ports),
            ClearCommand::PortXstats(ports) => self.clear_port_xstats(ports),
            ClearCommand::FwdStats => {
                self.baseline = Baseline::now(&self.dataplane);
                self.earlier = Earlier::default();
                self.last = None;
                Ok(String::new())
            }
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

    fn clear_port_xstats(&mut self, selection: PortSelection) -> Result<String, Failure> {
        let mut answer = String::new();
        for port in self.selected(selection)?.into_iter().filter_map(|id| self.port(id)) {
            if let Err(error) = port.reset_extended_stats() {
                answer += &format!(
                    "nic_xstats_clear: Error: failed to reset xstats (port {}): {error}\n",
                    port.id()
                );
            }
        }
        Ok(answer)
    }
}
