//! How packets are forwarded is changed.

use super::{Session, refused};
use crate::command::{ConfigCommand, PortSelection};
use crate::failure::Failure;
use dataplane::forward::{Forwarding, ModeEntry, Retry};

impl Session {
    /// Carries out a command that changes how packets are forwarded.
    pub(super) fn configure(&mut self, command: ConfigCommand) -> Result<String, Failure> {
        match command {
            ConfigCommand::Fwd { mode, retry } => self.set_mode(mode, retry),
            ConfigCommand::Ports(ports) => self.set_ports(ports),
            ConfigCommand::PortMask(mask) => self.set_port_mask(mask),
            ConfigCommand::NbPorts(count) => self.set_nb_ports(count),
            ConfigCommand::Cores(lcores) => self.set_cores(lcores),
            ConfigCommand::CoreMask(mask) => self.set_core_mask(mask),
            ConfigCommand::NbCores(count) => self.set_nb_cores(count),
            ConfigCommand::Burst(burst) => self.set_burst(burst),
            ConfigCommand::EthPeer(port, address) => {
                self.selected(PortSelection::One(port))?;
                let mut forwarding = self.forwarding.clone();
                forwarding.peers.insert(port, address);
                self.forward_as(forwarding).map(|()| String::new())
            }
            ConfigCommand::Log { types, level } => {
                match self.eal.set_log_level(types.as_deref(), level) {
                    true => Ok(String::new()),
                    false => Err(refused("Unable to set log level")),
                }
            }
            ConfigCommand::Verbose(level) => self.set_verbose(level),
        }
    }

    fn set_mode(&mut self, mode: &'static ModeEntry, retry: bool) -> Result<String, Failure> {
        let retry = retry.then(|| self.forwarding.retry.unwrap_or_default());
        self.forward_as(Forwarding { mode, retry, ..self.forwarding.clone() })?;
        Ok(format!("Set {} packet forwarding mode{}\n", mode.name, with_retry(retry)))
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

/// testpmd's words behind a mode that tries again.
fn with_retry(retry: Option<Retry>) -> &'static str {
    if retry.is_some() { " with retry" } else { "" }
}
