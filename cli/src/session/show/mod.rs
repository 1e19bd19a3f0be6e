//! What is shown. A page is a value of `render`; its facts are gathered here.

mod config;
mod port;
mod queue;

use super::figures::{self, Account};
use super::{Session, refused};
use crate::answer::Answer;
use crate::command::{PortSelection, PortsPage, ShowCommand};
use crate::failure::Failure;
use crate::render::bus_devices::{BusDevicesPage, DeviceLines, DevicePort};
use crate::render::dcb::DcbPage;
use crate::render::extended_stats::ExtendedStatsPage;
use crate::render::forward_stats::{ForwardStatsPage, Show};
use crate::render::port_info::PortPage;
use crate::render::port_stats::PortReport;
use crate::render::port_summary::{PortSummary, SummaryPage};
use dataplane::port::{Any, Port, PortId, bus_devices};
use dataplane::runtime::Slot;

impl Session {
    /// Carries out a command that shows something.
    pub(super) fn show(&mut self, command: ShowCommand) -> Result<Answer, Failure> {
        match command {
            ShowCommand::Ports(page, ports) => self.ports_page(page, ports),
            ShowCommand::Port(id, page) => port::page(self.existing(id)?, &page),
            ShowCommand::Queue(id, queue, page) => queue::page(self.existing(id)?, queue, page),
            ShowCommand::FwdStats => Ok(Answer::page(self.forward_stats())),
            ShowCommand::Load => Ok(Answer::page(self.load())),
            ShowCommand::Metrics => self.metrics_page().map(Answer::page).ok_or_else(|| {
                refused(
                    "nothing is measured: start the program with --bitrate-stats=LCORE or --latencystats=LCORE",
                )
            }),
            ShowCommand::Config(page) => self.config_page(page),
            ShowCommand::Devices(name) => self.devices_page(name.as_deref()).map(Answer::page),
        }
    }

    /// A page of each of several ports.
    fn ports_page(&mut self, page: PortsPage, selection: PortSelection) -> Result<Answer, Failure> {
        let ports = self.selected(selection)?;
        match page {
            PortsPage::Info => Ok(self.each(&ports, |port| self.info_page(port).map(Answer::page))),
            PortsPage::Summary => self.summary_page(&ports).map(Answer::page),
            PortsPage::Stats => {
                let reports = self.port_stats(selection)?.into_iter();
                Ok(Answer::Pages(reports.map(|report| Ok(Answer::page(report))).collect()))
            }
            PortsPage::ExtendedStats => Ok(self.each(&ports, |port| {
                let mut stats = port.extended_stats().ok();
                if self.hides_zero
                    && let Some(stats) = &mut stats
                {
                    stats.retain(|stat| stat.value > 0);
                }
                Ok(Answer::page(ExtendedStatsPage { port: port.id(), stats }))
            })),
            PortsPage::Dcb => Ok(self.each(&ports, |port| match port.dcb() {
                Ok(dcb) => Ok(Answer::page(DcbPage { port: port.id(), dcb })),
                Err(_) => {
                    Err(refused(format!("\n Failed to get dcb infos on port {:<2}", port.id())))
                }
            })),
        }
    }

    /// A page of each port; a port that fails says so in its place.
    fn each(
        &self,
        ports: &[PortId],
        page: impl Fn(&Port<Any>) -> Result<Answer, Failure>,
    ) -> Answer {
        Answer::Pages(ports.iter().filter_map(|id| self.port(*id)).map(page).collect())
    }

    fn info_page(&self, port: &Port<Any>) -> Result<PortPage, Failure> {
        let info = port.info().map_err(Failure::running)?;
        let slot = self.dataplane.port(port.id());
        let pool_socket = slot.map_or(info.socket, Slot::pool_socket);
        Ok(PortPage { port: port.id(), info, pool_socket, link: port.link() })
    }

    fn summary_page(&self, ports: &[PortId]) -> Result<SummaryPage, Failure> {
        let summary = |port: &Port<Any>| {
            let info = port.info().map_err(Failure::running)?;
            Ok(PortSummary {
                port: port.id(),
                mac: info.mac,
                device: info.device,
                driver: info.driver,
                link: port.link(),
            })
        };
        let ports = ports.iter().filter_map(|id| self.port(*id)).map(summary);
        let ports = ports.collect::<Result<Vec<_>, Failure>>()?;
        Ok(SummaryPage { available: self.dataplane.ports().count(), ports })
    }

    /// The devices of DPDK's buses, or those of one name.
    fn devices_page(&self, name: Option<&str>) -> Result<BusDevicesPage, Failure> {
        let asked = bus_devices(&self.eal)
            .into_iter()
            .filter(|device| name.is_none_or(|name| device.name == name));
        let port = |id: &PortId| {
            let info = self.port(*id)?.info().ok()?;
            Some(DevicePort { port: *id, mac: info.mac, name: info.device, speeds: info.speeds })
        };
        let with_ports = asked.map(|device| {
            let ports = device.ports.iter().filter_map(port).collect();
            DeviceLines { device, ports }
        });
        let devices: Vec<_> = with_ports.collect();
        match name {
            Some(name) if devices.is_empty() => {
                Err(refused(format!("cannot parse identifier: there is no device {name}")))
            }
            _ => Ok(BusDevicesPage(devices)),
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
        let ports = self.dataplane.ports().filter(|slot| ports.contains(&slot.id()));
        let (names, shown) = (&self.settings.records.xstats, &mut self.shown);
        Ok(ports.map(|slot| figures::port_report(slot.port(), names, shown)).collect())
    }

    /// The forward statistics, with what was chosen to be shown of them.
    pub(crate) fn forward_stats(&self) -> ForwardStatsPage {
        let run = &self.settings.run;
        let show = Show { bursts: run.burst_stats, cycles: run.core_cycles };
        ForwardStatsPage { stats: self.account().stats, show }
    }

    /// What was forwarded in this run, or in the last one if none runs.
    pub(super) fn account(&self) -> Account {
        match &self.last {
            Some(last) => last.clone(),
            None => {
                let (mode, ports) = (self.mode(), self.layout.forwarding());
                Account::now(&self.dataplane, mode, ports, &self.baseline, &self.earlier)
            }
        }
    }
}
