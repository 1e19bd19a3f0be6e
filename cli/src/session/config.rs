//! How packets are forwarded is changed.

use super::{Session, refused};
use crate::command::{ConfigCommand, PortSelection};
use crate::failure::Failure;
use dataplane::forward::{Forwarding, ModeEntry, Retry};
use std::collections::BTreeMap;

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
            ConfigCommand::Retry(retry) => self.set_retry(retry),
            ConfigCommand::FlushRx(on) => {
                self.settings.run.flush_rx = on;
                Ok(String::new())
            }
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
            ConfigCommand::LinkCheck(on) => {
                self.settings.run.link_check = on;
                Ok(String::new())
            }
            ConfigCommand::Default => self.set_default(),
        }
    }

    fn set_default(&mut self) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        let (ports, lcores) = (self.port_ids(), self.eal.worker_lcores());
        self.layout.reset(ports, lcores, self.settings.nb_cores);
        let odd = self.layout.odd_port();
        self.forward_as(Forwarding { peers: BTreeMap::new(), ..self.forwarding.clone() })?;
        Ok(format!("Reset to default forwarding configuration...\n{odd}"))
    }

    fn set_mode(&mut self, mode: &'static ModeEntry, retry: bool) -> Result<String, Failure> {
        self.forward_as(Forwarding { mode, retries: retry, ..self.forwarding.clone() })?;
        let with_retry = if retry { " with retry" } else { "" };
        Ok(format!("Set {} packet forwarding mode{with_retry}\n", mode.name))
    }

    fn set_retry(&mut self, retry: Retry) -> Result<String, Failure> {
        if retry.in_all() > Retry::LONGEST {
            return Err(refused(format!(
                "{} tries with {} us before each could keep an lcore from its orders for {:?}, and {:?} is the most; give a \
                 shorter delay or fewer tries",
                retry.times,
                retry.delay.as_micros(),
                retry.in_all(),
                Retry::LONGEST,
            )));
        }
        self.forward_as(Forwarding { retry, ..self.forwarding.clone() }).map(|()| String::new())
    }

    /// Changes how packets are forwarded, also while they are.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if the mode cannot be had; then nothing has changed.
    pub(super) fn forward_as(&mut self, forwarding: Forwarding) -> Result<(), Failure> {
        if self.switching.is_some() {
            return Err(Failure::input(anyhow::anyhow!(
                "a switch forwards by its rules and has no modes (help switch)"
            )));
        }
        self.dataplane
            .set_jobs(&mut |stream, ground| forwarding.job(stream, ground))
            .map_err(Failure::running)?;
        self.forwarding = forwarding;
        self.note_delay();
        Ok(())
    }
}
