//! What statistics show is chosen.

use super::Session;
use crate::command::RecordsCommand;
use crate::out::note;
use dataplane::port::PortId;

impl Session {
    /// Carries out a command that chooses what statistics show; it answers nothing, as in testpmd.
    pub(super) fn choose_records(&mut self, command: RecordsCommand) -> String {
        match command {
            RecordsCommand::HideZero(on) => self.hides_zero = on,
            RecordsCommand::CoreCycles(on) => self.settings.run.core_cycles = on,
            RecordsCommand::BurstStats(on) => self.settings.run.burst_stats = on,
        }
        String::new()
    }

    /// Says which of the extended statistics that are to be shown a port does not have, in testpmd's words.
    pub(super) fn say_unknown_stats(&self, id: PortId) {
        let names = &self.settings.records.xstats;
        let Some(port) = self.port(id).filter(|_| !names.is_empty()) else { return };
        let known = port.extended_stats().unwrap_or_default();
        for (at, name) in names.iter().enumerate() {
            if !known.iter().any(|stat| stat.name == *name) {
                note(&format!("No xstat '{name}' on port {id} - skip it {at}"));
            }
        }
    }
}
