//! What is shown.

use super::{Session, figures};
use crate::command::{PortSelection, ShowCommand};
use crate::failure::Failure;
use crate::render::forward_stats::{ForwardStats, Show};
use crate::render::port_info::PortPage;
use crate::render::port_stats::PortReport;
use dataplane::engine::plan::Surroundings;
use dataplane::lcore::LcoreId;

impl Session {
    /// Carries out a command that shows something.
    pub(super) fn show(&mut self, command: ShowCommand) -> Result<String, Failure> {
        match command {
            ShowCommand::PortStats(ports) => {
                Ok(self.port_stats(ports)?.iter().map(PortReport::to_string).collect())
            }
            ShowCommand::PortInfo(ports) => self.port_pages(ports),
            ShowCommand::FwdStats => Ok(self.forward_table()),
            ShowCommand::ConfigFwd => Ok(self.forwarding_page()),
        }
    }

    /// Device statistics, with rates since they were last shown.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for a port that is not there.
    pub(crate) fn port_stats(
        &mut self,
        selection: PortSelection,
    ) -> Result<Vec<PortReport>, Failure> {
        let ports = self.selected(selection)?;
        let ports = self.dataplane.ports().iter().filter(|port| ports.contains(&port.id()));
        Ok(ports.map(|port| figures::port_report(port, &mut self.shown)).collect())
    }

    /// The forward statistics as testpmd's table.
    pub(crate) fn forward_table(&self) -> String {
        let run = &self.settings.run;
        let show = Show { bursts: run.burst_stats, cycles: run.core_cycles };
        self.forward_stats().table(show).to_string()
    }

    /// The forward statistics.
    pub(super) fn forward_stats(&self) -> ForwardStats {
        figures::forward_stats(&self.dataplane, self.forwarding.mode.name, &self.baseline)
    }

    /// Which lcore forwards what.
    pub(super) fn forwarding_page(&self) -> String {
        let surroundings = Surroundings {
            mode: self.forwarding.mode.name,
            socket: &|lcore: LcoreId| self.eal.socket_of(lcore),
            peer: &|port| self.forwarding.peer(port).to_string().to_uppercase(),
        };
        format!("{}\n", self.dataplane.engine.plan().describe(&surroundings))
    }

    fn port_pages(&self, selection: PortSelection) -> Result<String, Failure> {
        let mut pages = String::new();
        for port in self.selected(selection)?.into_iter().filter_map(|id| self.port(id)) {
            let info = port.info().map_err(Failure::running)?;
            let pool_socket = port.socket().unwrap_or(self.eal.socket_of(self.eal.main_lcore()));
            let page = PortPage { port: port.id(), info, pool_socket, link: port.link() };
            pages += &page.to_string();
        }
        Ok(pages)
    }
}
