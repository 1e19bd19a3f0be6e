//! Forwarding starts and stops.

use super::Session;
use super::figures::{Baseline, Earlier};
use crate::command::ControlCommand;
use crate::failure::Failure;
use dataplane::forward::{self, Forwarding};
use dataplane::runtime::Slot;

impl Session {
    /// Carries out a command that starts, stops or ends.
    pub(super) fn control(&mut self, command: ControlCommand) -> Result<String, Failure> {
        match command {
            ControlCommand::Start { tx_first } => {
                self.start(tx_first)?;
                Ok(self.forwarding_page()?.to_string())
            }
            ControlCommand::Stop => {
                self.stop()?;
                let table = self.forward_stats();
                Ok(format!(
                    "Telling cores to stop...\nWaiting for lcores to finish...\n{table}\nDone.\n"
                ))
            }
            // The shell ends, and with it the session.
            ControlCommand::Quit => Ok(String::new()),
        }
    }

    /// Starts forwarding, after `tx_first` bursts of packets that mode txonly makes.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] if it cannot be laid out as asked; [`Failure::Running`] if it runs already, a port is stopped or an
    /// lcore cannot be launched.
    pub(crate) fn start(&mut self, tx_first: u32) -> Result<(), Failure> {
        let refused = |why: &str| Err(Failure::running(anyhow::anyhow!(why.to_owned())));
        if self.is_forwarding() {
            return refused("Packet forwarding already started; stop ends it");
        }
        // A worker that died took its queues along.
        self.health()?;
        if !self.dataplane.ports().all(Slot::is_started) {
            return refused("Not all ports were started; port start all starts them");
        }
        let plan = self.plan()?;
        let forwarding = &self.forwarding;
        self.dataplane
            .lay_out(plan, &mut |stream, ground| forwarding.job(stream, ground))
            .map_err(Failure::input)?;
        self.baseline = Baseline::at_start(&self.dataplane);
        self.earlier = Earlier::default();
        let started = match forward::mode("txonly").filter(|_| tx_first > 0) {
            Some(mode) => {
                let first = Forwarding { mode, ..forwarding.clone() };
                self.dataplane
                    .start_after(tx_first, &mut |stream, ground| first.job(stream, ground))
            }
            None => self.dataplane.engine.start(),
        };
        started.map_err(Failure::running)?;
        self.last = None;
        self.note_delay();
        Ok(())
    }

    /// Stops forwarding. The forward statistics stay until the next start.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if it does not run or a worker panicked.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        if !self.is_forwarding() {
            return Err(Failure::running(anyhow::anyhow!(
                "Packet forwarding not started; start begins it"
            )));
        }
        let stopped = self.dataplane.engine.stop().map_err(Failure::running);
        self.last = Some(self.account());
        self.verbose.flush();
        stopped
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
