//! A running dataplane as a person or a script meets it: opened from settings, steered by commands, closed with figures.
//!
//! A file a section of commands: each is a few methods of [`Session`], of which one carries a command of the section out
//! and returns its answer.

mod address;
mod apply;
mod clear;
mod config;
mod control;
mod csum;
mod device;
mod dump;
mod events;
mod exchange;
mod figures;
mod flow;
mod flow_ctrl;
mod layout;
mod link_check;
mod load;
mod metrics;
mod modes;
pub(crate) mod open;
mod port_config;
mod ports;
mod records;
mod report;
mod segments;
mod shared_queues;
mod show;
mod switch;
mod verbose;
mod vhost;
mod vlan;
mod watch;

use crate::answer::Answer;
use crate::command::{Command, ControlCommand, PortSelection};
use crate::ctl::{Request, Server};
use crate::failure::Failure;
use crate::out::note;
use crate::render::heaps::HeapsTotal;
use crate::render::load::LoadPage;
use crate::settings::FwdSettings;
use crate::shell::grammar::{PortWords, Table, Vocabulary};
use crate::shell::prompt::{Executor, Flow};
use crate::shell::table::{SWITCH_TABLE, TABLE};
use crate::shell::testpmd;
use crossbeam_channel::Receiver;
use dataplane::forward::{Forwarding, MODES};
use dataplane::port::device::DeviceSpec;
use dataplane::port::{Any, Port, PortId};
use dataplane::runtime::{Dataplane, Slot};
use figures::{Account, Baseline, Earlier, Shown};
use layout::Layout;
use load::Looked;
use metrics::Measured;
use pollway_vhost::Guard;
use report::{DeviceReport, Report};
use std::collections::BTreeMap;
use switch::Switching;
use verbose::Verbose;
use watch::Links;

/// A running dataplane.
pub(crate) struct Session {
    settings: FwdSettings,
    /// What libraries measure. Before the ports, whose queues have its callbacks.
    measured: Option<Measured>,
    // Before everything else: who waits for an answer has it before the program ends.
    control: Server,
    // Before `eal`: ports and pools go before DPDK does.
    dataplane: Dataplane,
    eal: dataplane::eal::Eal,
    /// Whether its memory is in one file, which virtio-user ports need.
    shares_memory: bool,
    forwarding: Forwarding,
    /// The switch that joins the ports in place of forwarding modes, if it is one.
    switching: Option<Switching>,
    layout: Layout,
    /// The devices of ports that were named, by which they could be made again.
    devices: BTreeMap<PortId, DeviceSpec>,
    /// What was forwarded in the last run, once it has ended.
    last: Option<Account>,
    /// Device statistics at the last start of forwarding: the forward statistics count from there.
    baseline: Baseline,
    /// What ports forwarded in this run under plans that were exchanged for others.
    earlier: Earlier,
    /// Device statistics when they were last shown: rates count from there.
    shown: BTreeMap<PortId, Shown>,
    /// What had been counted when the load was last looked at, in this run.
    looked: Option<Looked>,
    links: Links,
    /// What looks at guests of vhost-user ports.
    guard: Guard,
    /// Which packets are shown as they pass.
    verbose: Verbose,
    /// Whether extended statistics leave zeros out.
    hides_zero: bool,
    /// DPDK's memory when it was last shown.
    heaps_shown: Option<HeapsTotal>,
}

impl Session {
    /// Ends everything in order; the account is there whatever came of it.
    ///
    /// # Errors
    ///
    /// Beside the account, [`Failure::Running`] if a worker panicked or packets are missing from a pool.
    pub(crate) fn close(mut self) -> (Report, Result<(), Failure>) {
        let stopped = if self.is_forwarding() { self.stop() } else { Ok(()) };
        let Account { plan, figures, stats } = self.account();
        std::mem::take(&mut self.verbose).close();
        let mut report = Report {
            forward_mode: self.mode(),
            plan,
            forward_stats: stats,
            engine: figures,
            metrics: self.metrics_page(),
            ports: self.dataplane.ports().map(|slot| DeviceReport::of(slot.port())).collect(),
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

    /// What a command answers.
    fn answer(&mut self, command: Command) -> Result<Answer, Failure> {
        // With a worker dead, only the end is left.
        let ends = matches!(command, Command::Control(ControlCommand::Stop | ControlCommand::Quit));
        if self.is_forwarding() && !ends {
            self.health()?;
        }
        match command {
            Command::Control(command) => self.control(command),
            Command::Show(command) => self.show(command),
            Command::Clear(command) => self.clear(command).map(Answer::from),
            Command::Config(command) => self.configure(command).map(Answer::from),
            Command::Csum(command) => self.csum(command),
            Command::Segments(command) => self.segments(command),
            Command::Modes(command) => self.modes(command),
            Command::Address(command) => self.address(command).map(Answer::from),
            Command::Vlan(command) => self.vlan(command).map(Answer::from),
            Command::Flow(command) => self.flow(command),
            Command::FlowCtrl(command) => self.flow_ctrl(command).map(Answer::from),
            Command::Vhost(command) => self.vhost(command),
            Command::Device(command) => self.tell_device(command).map(Answer::from),
            Command::Records(command) => Ok(self.choose_records(command).into()),
            Command::Dump(command) => self.dump(command),
            Command::Switch(command) => self.switch(command),
            Command::Ports(command) => self.ports(command).map(Answer::from),
            Command::PortConfig(command) => self.port_config(command).map(Answer::from),
        }
    }

    /// What is done to packets, in a word.
    fn mode(&self) -> &'static str {
        if self.switching.is_some() { "switch" } else { self.forwarding.mode.name }
    }

    /// The ports there are.
    pub(crate) fn port_ids(&self) -> Vec<PortId> {
        self.dataplane.ports().map(Slot::id).collect()
    }

    /// A port by its number.
    fn port(&self, id: PortId) -> Option<&Port<Any>> {
        self.dataplane.port(id).map(Slot::port)
    }

    /// The ports that a command means.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] in testpmd's words for a port that is not there.
    fn selected(&self, selection: PortSelection) -> Result<Vec<PortId>, Failure> {
        let all = self.dataplane.ports().map(Slot::id);
        match selection {
            PortSelection::All => Ok(all.collect()),
            PortSelection::One(id) => self.existing(id).map(|port| vec![port.id()]),
        }
    }

    /// A port by its number.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] in testpmd's words if it is not there.
    fn existing(&self, id: PortId) -> Result<&Port<Any>, Failure> {
        self.port(id).ok_or_else(|| {
            let all = self.dataplane.ports().map(|slot| format!("{} ", slot.id()));
            let all: String = all.collect();
            Failure::input(anyhow::anyhow!("Invalid port {id}\nThe valid ports array is [ {all}]"))
        })
    }
}

/// testpmd's words for a call that a device lacks.
const NOT_IMPLEMENTED: &str = "Function not implemented";

/// What a device did not do, in testpmd's words.
fn refused(words: impl Into<String>) -> Failure {
    Failure::running(anyhow::Error::msg(words.into()))
}

impl Executor for Session {
    type Command = Command;

    fn table(&self) -> Table<Command> {
        if self.switching.is_some() { SWITCH_TABLE } else { TABLE }
    }

    fn vocabulary(&self) -> Vocabulary {
        let words = |slot: &Slot| PortWords {
            id: slot.id(),
            rx_queues: slot.wanted.rx_queues,
            tx_queues: slot.wanted.tx_queues,
        };
        Vocabulary {
            ports: self.dataplane.ports().map(words).collect(),
            modes: MODES.iter().map(|mode| mode.name).collect(),
        }
    }

    fn requests(&self) -> Receiver<Request> {
        self.control.requests().clone()
    }

    fn load(&mut self) -> Option<LoadPage> {
        Some(self.load())
    }

    fn foreign(&self, line: &str) -> Option<String> {
        testpmd::refusal(line)
    }

    fn idle(&mut self) {
        if let Err(failure) = self.watch() {
            note(&failure.to_string());
        }
    }

    fn execute(&mut self, command: Command) -> (Result<Answer, Failure>, Flow) {
        let quits = command == Command::Control(ControlCommand::Quit);
        let flow = if quits { Flow::Quit } else { Flow::Continue };
        let answer = self.answer(command);
        // What came of the command by itself stands before its answer.
        (self.say_events().and(answer), flow)
    }
}
