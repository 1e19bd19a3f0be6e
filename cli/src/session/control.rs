//! Forwarding starts and stops.

use super::Session;
use super::figures::Baseline;
use crate::command::ControlCommand;
use crate::failure::Failure;

impl Session {
    /// Carries out a command that starts, stops or ends.
    pub(super) fn control(&mut self, command: ControlCommand) -> Result<String, Failure> {
        match command {
            ControlCommand::Start => self.start().map(|()| self.forwarding_page()),
            ControlCommand::Stop => {
                self.stop()?;
                let table = self.forward_table();
                Ok(format!(
                    "Telling cores to stop...\nWaiting for lcores to finish...\n{table}\nDone.\n"
                ))
            }
            // The shell ends, and with it the session.
            ControlCommand::Quit => Ok(String::new()),
        }
    }

    /// Starts forwarding.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if it runs already or an lcore cannot be launched.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let baseline = Baseline::of(self.dataplane.ports());
        self.dataplane.engine.start().map_err(Failure::running)?;
        self.baseline = baseline;
        Ok(())
    }

    /// Stops forwarding. The forward statistics stay until the next start.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if it does not run or a worker panicked.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        self.dataplane.engine.stop().map_err(Failure::running)
    }

    /// Whether every worker is alive.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if one is not.
    pub(crate) fn health(&self) -> Result<(), Failure> {
        self.dataplane.engine.health().map_err(Failure::running)
    }

    /// Whether packets are being forwarded.
    pub(crate) fn is_forwarding(&self) -> bool {
        self.dataplane.engine.is_running()
    }
}
