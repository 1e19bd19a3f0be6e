//! What drivers told of their ports is printed, in testpmd's words and place, which scripts wait for.

use super::Session;
use crate::failure::Failure;
use crate::out::{complain, note, print};
use dataplane::port::take_events;

impl Session {
    /// Prints the events that happened since this was last called, of the kinds that are wanted.
    ///
    /// # Errors
    ///
    /// Standard output's.
    pub(super) fn say_events(&self) -> Result<(), Failure> {
        let happened = take_events();
        let wanted = &self.settings.records.events;
        let lines: String = happened
            .events
            .iter()
            .filter(|event| wanted.contains(&event.kind))
            .map(|event| format!("\nPort {}: {} event\n", event.port, event.kind.words))
            .collect();
        if happened.missed > 0 {
            note(&format!("{} more events of ports came too fast to be printed", happened.missed));
        }
        // With --json standard output carries the final object alone.
        match self.settings.run.json {
            _ if lines.is_empty() => {}
            true => complain(&lines),
            false => print(&lines)?,
        }
        Ok(())
    }
}
