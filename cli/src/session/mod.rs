//! A running dataplane as a person or a script meets it: opened from settings, steered by commands, closed with figures.

mod figures;
mod open;

use crate::command::{Command, PortSelection};
use crate::failure::Failure;
use crate::out::print;
use crate::render::forward_stats::{ForwardStats, Show};
use crate::render::port_info::PortPage;
use crate::render::port_stats::{self, PortReport};
use crate::settings::FwdSettings;
use crate::shell::grammar::Vocabulary;
use crate::shell::prompt::{Executor, Flow};
use dataplane::engine::Figures;
use dataplane::engine::plan::{Plan, Surroundings};
use dataplane::forward::{MODES, ModeEntry};
use dataplane::lcore::LcoreId;
use dataplane::port::{ExtendedStat, Port, PortId, Started};
use dataplane::runtime::Dataplane;
use figures::{Baseline, Shown};
use open::Peers;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

/// A running dataplane.
pub(crate) struct Session {
    settings: FwdSettings,
    // Before `eal`: ports and pools go before DPDK does.
    dataplane: Dataplane,
    eal: dataplane::eal::Eal,
    mode: &'static ModeEntry,
    peers: Peers,
    /// Device statistics at the last start of forwarding: the forward statistics count from there.
    baseline: Baseline,
    /// Device statistics when they were last shown: rates count from there.
    shown: BTreeMap<PortId, Shown>,
}

/// The whole account of a run, as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct Report {
    forward_mode: &'static str,
    plan: Plan,
    forward_stats: ForwardStats,
    engine: Figures,
    ports: Vec<DeviceReport>,
    /// Packets that waited in receive queues at the end and were freed; `None` if the ports did not all stop.
    drained: Option<u64>,
    /// Packets that drivers keep when their ports are closed, as net_af_xdp does.
    mbufs_kept: Option<u32>,
    /// Packets that no pool got back beside those; `None` if the ports did not all stop.
    mbufs_missing: Option<u32>,
}

/// A port's own statistics.
#[derive(Serialize)]
struct DeviceReport {
    port: PortId,
    device: String,
    stats: Option<dataplane::port::PortStats>,
    extended: Vec<ExtendedStat>,
}

impl Session {
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

    /// The forward statistics as testpmd's table.
    pub(crate) fn forward_table(&self) -> String {
        let run = &self.settings.run;
        let show = Show { bursts: run.burst_stats, cycles: run.core_cycles };
        self.forward_stats().table(show).to_string()
    }

    /// All device statistics, with rates since they were last shown.
    pub(crate) fn port_stats(&mut self, selection: PortSelection) -> Vec<PortReport> {
        let ports = selected(self.dataplane.ports(), selection);
        ports.map(|port| figures::port_report(port, &mut self.shown)).collect()
    }

    /// Ends everything in order; the account is there whatever came of it.
    ///
    /// # Errors
    ///
    /// Beside the account, [`Failure::Running`] if a worker panicked or packets are missing from a pool.
    pub(crate) fn close(mut self) -> (Report, Result<(), Failure>) {
        let stopped = if self.is_forwarding() { self.stop() } else { Ok(()) };
        let mut report = Report {
            forward_mode: self.mode.name,
            plan: self.dataplane.engine.plan().clone(),
            forward_stats: self.forward_stats(),
            engine: self.dataplane.engine.figures(),
            ports: self.dataplane.ports().iter().map(DeviceReport::of).collect(),
            drained: None,
            mbufs_kept: None,
            mbufs_missing: None,
        };
        let taken_down = self.dataplane.take_down().map_err(Failure::running).and_then(|home| {
            report.drained = Some(home.drained);
            report.mbufs_kept = Some(home.kept);
            report.mbufs_missing = Some(home.missing);
            match home.missing {
                0 => Ok(()),
                missing => Err(Failure::running(anyhow::anyhow!(
                    "{missing} packets did not come back to their pools"
                ))),
            }
        });
        // A driver that keeps packets keeps EAL too.
        self.eal.remove_files();
        (report, stopped.and(taken_down))
    }

    fn forward_stats(&self) -> ForwardStats {
        figures::forward_stats(&self.dataplane, self.mode.name, &self.baseline)
    }

    fn set_mode(&mut self, mode: &'static ModeEntry) -> Result<String, Failure> {
        let peers = &self.peers;
        self.dataplane
            .set_modes(&mut |stream, _| peers.mode_of(stream, mode))
            .map_err(Failure::running)?;
        self.mode = mode;
        Ok(format!("Set {} packet forwarding mode\n", mode.name))
    }

    fn config(&self) -> String {
        let surroundings = Surroundings {
            mode: self.mode.name,
            socket: &|lcore: LcoreId| self.eal.socket_of(lcore),
            peer: &|port| self.peers.of(port).to_string().to_uppercase(),
        };
        format!("{}\n", self.dataplane.engine.plan().describe(&surroundings))
    }

    fn port_pages(&self, selection: PortSelection) -> Result<String, Failure> {
        let mut pages = String::new();
        for port in selected(self.dataplane.ports(), selection) {
            let info = port.info().map_err(Failure::running)?;
            let pool_socket = port.socket().unwrap_or(self.eal.socket_of(self.eal.main_lcore()));
            let page = PortPage { port: port.id(), info, pool_socket, link: port.link() };
            pages += &page.to_string();
        }
        Ok(pages)
    }

    fn clear_port_stats(&mut self, selection: PortSelection) -> String {
        let mut answer = String::new();
        for port in selected(self.dataplane.ports(), selection) {
            if port.reset_stats() {
                self.shown.remove(&port.id());
                self.baseline.forget(port.id());
                answer += &port_stats::cleared(port.id());
            } else {
                answer +=
                    &format!("port {} ({}) cannot reset its statistics\n", port.id(), port.name());
            }
        }
        answer
    }

    /// What a command answers.
    fn answer(&mut self, command: Command) -> Result<String, Failure> {
        if self.is_forwarding() && !matches!(command, Command::Stop | Command::Quit) {
            self.health()?;
        }
        match command {
            Command::Start => self.start().map(|()| self.config()),
            Command::Stop => {
                self.stop()?;
                let table = self.forward_table();
                Ok(format!(
                    "Telling cores to stop...\nWaiting for lcores to finish...\n{table}\nDone.\n"
                ))
            }
            Command::ShowPortStats(ports) => {
                Ok(self.port_stats(ports).iter().map(PortReport::to_string).collect())
            }
            Command::ShowPortInfo(ports) => self.port_pages(ports),
            Command::ShowFwdStats => Ok(self.forward_table()),
            Command::ShowConfigFwd => Ok(self.config()),
            Command::SetFwd(mode) => self.set_mode(mode),
            Command::ClearPortStats(ports) => Ok(self.clear_port_stats(ports)),
            Command::Quit => Ok(String::new()),
        }
    }
}

impl Executor for Session {
    fn vocabulary(&self) -> Vocabulary {
        Vocabulary {
            ports: self.dataplane.ports().iter().map(Port::id).collect(),
            modes: MODES.iter().map(|mode| mode.name).collect(),
        }
    }

    fn execute(&mut self, command: Command) -> io::Result<Flow> {
        let quits = command == Command::Quit;
        match self.answer(command) {
            Ok(answer) => print(&answer)?,
            Err(failure) => print(&format!("{failure}\n"))?,
        }
        Ok(if quits { Flow::Quit } else { Flow::Continue })
    }
}

impl DeviceReport {
    fn of(port: &Port<Started>) -> Self {
        Self {
            port: port.id(),
            device: port.name().to_owned(),
            stats: port.stats(),
            extended: port.extended_stats(),
        }
    }
}

/// The ports that a command means; the grammar lets only existing ones through.
fn selected(
    ports: &[Port<Started>],
    selection: PortSelection,
) -> impl Iterator<Item = &Port<Started>> {
    ports.iter().filter(move |port| match selection {
        PortSelection::All => true,
        PortSelection::One(id) => port.id() == id,
    })
}
