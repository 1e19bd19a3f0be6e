//! Forwarding starts and stops.

use super::Session;
use super::figures::{Baseline, Earlier};
use super::switch::Switching;
use crate::answer::Answer;
use crate::command::ControlCommand;
use crate::failure::Failure;
use dataplane::engine::StreamAt;
use dataplane::forward::{self, Forwarding, Ground, Job, ModeError};
use dataplane::port::PortId;
use dataplane::runtime::Slot;

impl Session {
    /// Carries out a command that starts, stops or ends.
    pub(super) fn control(&mut self, command: ControlCommand) -> Result<Answer, Failure> {
        match command {
            ControlCommand::Start { tx_first } => {
                self.start(tx_first)?;
                let (forwarding, setup) = (self.forwarding_page()?, self.rxtx_page());
                Ok(Answer::Pages(vec![Ok(Answer::page(forwarding)), Ok(Answer::page(setup))]))
            }
            ControlCommand::Stop => {
                self.stop()?;
                let table = self.forward_stats();
                Ok(format!(
                    "Telling cores to stop...\nWaiting for lcores to finish...\n{table}\nDone.\n"
                )
                .into())
            }
            // The shell ends, and with it the session.
            ControlCommand::Quit => Ok(String::new().into()),
            ControlCommand::Apply { file, dry_run } => self.apply(&file, dry_run),
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
        if tx_first > 0 && self.switching.is_some() {
            return refused("a switch makes no packets of its own; start without tx_first");
        }
        let plan = self.plan()?;
        self.shared_queues_are_apart(&plan)?;
        if self.settings.run.flush_rx && self.switching.is_none() {
            self.flush()?;
        }
        let (forwarding, switching) = (&self.forwarding, &self.switching);
        self.dataplane
            .lay_out(plan, &mut |stream, ground| job(forwarding, switching, stream, ground))
            .map_err(Failure::input)?;
        self.baseline = Baseline::at_start(&self.dataplane);
        self.earlier = Earlier::default();
        self.looked = None;
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

    /// Frees what waits in receive queues. What is in a capture does not wait: it is there to be forwarded.
    fn flush(&mut self) -> Result<(), Failure> {
        let is_capture = |id: &PortId| {
            let info = self.port(*id).and_then(|port| port.info().ok());
            info.is_some_and(|info| info.driver == "net_pcap")
        };
        let ports = self.layout.forwarding().iter().copied();
        let ports: Vec<PortId> = ports.filter(|id| !is_capture(id)).collect();
        self.dataplane.flush(&ports).map_err(Failure::running)
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

/// The job of a stream: the switch's, or that of the forwarding mode.
pub(super) fn job(
    forwarding: &Forwarding,
    switching: &Option<Switching>,
    stream: StreamAt<'_>,
    ground: &Ground,
) -> Result<Job, ModeError> {
    match switching {
        Some(switching) => switching.switch.job(stream, ground),
        None => forwarding.job(stream, ground),
    }
}
