//! What statistics show is chosen.

use super::Session;
use crate::command::RecordsCommand;

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
}
