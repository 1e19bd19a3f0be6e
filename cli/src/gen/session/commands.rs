//! Pktgen's commands have ports send, or show what they do.

use super::{LOOK, Session};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::r#gen::pktgen::command::{Feature, PktgenCommand};
use crate::r#gen::pktgen::table::TABLE;
use crate::out::note;
use crate::shell::grammar::{PortList, PortWords, Table, Vocabulary};
use crate::shell::prompt::{Executor, Flow};
use dataplane::port::PortId;
use dataplane::traffic::spec::{CaptureSpec, HostSpec, TrafficSpec};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

impl Session {
    fn answer(&mut self, command: PktgenCommand) -> Result<String, Failure> {
        use PktgenCommand as Command;
        if self.pktgen.apply(&command).map_err(Failure::input)? {
            return Ok(String::new());
        }
        match command {
            Command::Start(list) => {
                let ports = self.pktgen.select(&list).map_err(Failure::input)?;
                self.send(|sending| sending.extend(ports))?;
            }
            Command::Stop(list) => {
                let ports = self.pktgen.select(&list).map_err(Failure::input)?;
                self.send(|sending| sending.retain(|port| !ports.contains(port)))?;
            }
            Command::Sleep { ms } => self.wait(Duration::from_millis(ms))?,
            Command::Clear => self.cleared = self.rig.stats(),
            Command::Page(page) => {
                self.page = page;
                return Ok(self.page(page));
            }
            Command::Port(port) => {
                let list = PortList::These(vec![port]);
                self.pktgen.select(&list).map_err(Failure::input)?;
                self.chosen = port;
            }
            Command::Screen(on) => self.screen = on,
            Command::Save(file) => {
                fs::write(&file, self.pktgen.save()).map_err(|error| {
                    Failure::running(anyhow::anyhow!("cannot write {}: {error}", file.display()))
                })?;
            }
            Command::Quit => {}
            // `apply` has seen to these.
            Command::Set(..)
            | Command::Range(..)
            | Command::Sequence(..)
            | Command::Pcap(..)
            | Command::Feature(..)
            | Command::Reset(_) => {}
        }
        Ok(String::new())
    }

    /// Changes which ports send: the trial that runs ends, and the next one has the ports that are left.
    fn send(&mut self, change: impl FnOnce(&mut BTreeSet<PortId>)) -> Result<(), Failure> {
        // A port that has sent everything sends no more.
        if self.rig.has_sent_all() {
            self.end()?;
        }
        let mut sending = self.sending.clone();
        change(&mut sending);
        let ports: Vec<PortId> = sending.iter().copied().collect();
        // What cannot be sent leaves what is being sent alone.
        let stream = self.pktgen.streams(&ports).map_err(Failure::input)?;
        self.end()?;
        if !ports.is_empty() {
            let (host, capture) = (self.hosts(), self.captures());
            let traffic = TrafficSpec { stream, host, capture, ..TrafficSpec::default() };
            self.begin(traffic, self.pktgen.burst(&ports))?;
            self.sending = sending;
        }
        Ok(())
    }

    /// The files of ports whose packets are captured, where `enable capture` says so: none that is there already.
    fn captures(&self) -> Vec<CaptureSpec> {
        let capturing = |port: &PortId| {
            self.pktgen.port(*port).is_some_and(|state| state.has(Feature::Capture))
        };
        let ports = self.rig.ports().map(|port| port.id()).filter(capturing);
        let file = |port: PortId| {
            let mut names = (1..).map(|number: u32| format!("capture-{port}-{number}.pcap").into());
            names.find(|file: &PathBuf| !file.exists()).unwrap_or_default()
        };
        ports.map(|port| CaptureSpec { port: port.0, file: file(port) }).collect()
    }

    /// The addresses that ports answer for, where `enable icmp` says so.
    fn hosts(&self) -> Vec<HostSpec> {
        let ports = self.rig.ports().map(|port| port.id());
        let states = ports.filter_map(|id| Some((id, self.pktgen.port(id)?)));
        states
            .filter(|(_, state)| state.has(Feature::Icmp))
            .flat_map(|(PortId(port), state)| {
                let packet = &state.single;
                let host = |ip| HostSpec { port, ip, mac: Some(packet.src_mac) };
                [host(packet.src_ip4.into()), host(packet.src_ip6.into())]
            })
            .collect()
    }

    fn wait(&mut self, time: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < time && !self.stop.load(Ordering::Relaxed) {
            self.look()?;
            sleep(LOOK.min(time.saturating_sub(start.elapsed())));
        }
        Ok(())
    }
}

impl Executor for Session {
    type Command = PktgenCommand;

    fn table(&self) -> Table<PktgenCommand> {
        TABLE
    }

    fn vocabulary(&self) -> Vocabulary {
        let words = |id| PortWords { id, rx_queues: 1, tx_queues: 1 };
        let ports = self.rig.ports().map(|port| words(port.id())).collect();
        Vocabulary { ports, ..Vocabulary::default() }
    }

    fn separator(&self) -> Option<char> {
        Some(';')
    }

    fn execute(&mut self, command: PktgenCommand) -> (Result<Answer, Failure>, Flow) {
        let flow = if command == PktgenCommand::Quit { Flow::Quit } else { Flow::Continue };
        (self.answer(command).map(Answer::from), flow)
    }

    fn idle(&mut self) {
        if let Err(failure) = self.look() {
            note(&failure.to_string());
            self.running = None;
        }
    }
}
