//! How packets are forwarded is changed.

use super::Session;
use crate::command::ConfigCommand;
use crate::failure::Failure;
use dataplane::forward::{Forwarding, ModeEntry};

impl Session {
    /// Carries out a command that changes how packets are forwarded.
    pub(super) fn configure(&mut self, command: ConfigCommand) -> Result<String, Failure> {
        match command {
            ConfigCommand::Fwd(mode) => self.set_mode(mode),
            ConfigCommand::Verbose(level) => self.set_verbose(level),
        }
    }

    fn set_mode(&mut self, mode: &'static ModeEntry) -> Result<String, Failure> {
        self.forward_as(Forwarding { mode, ..self.forwarding.clone() })?;
        Ok(format!("Set {} packet forwarding mode\n", mode.name))
    }

    /// Changes how packets are forwarded, also while they are.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if the mode cannot be had; then nothing has changed.
    pub(super) fn forward_as(&mut self, forwarding: Forwarding) -> Result<(), Failure> {
        self.dataplane
            .set_jobs(&mut |stream, ground| forwarding.job(stream, ground))
            .map_err(Failure::running)?;
        self.forwarding = forwarding;
        Ok(())
    }
}
