//! The generator as a person or a script meets it: Pktgen's commands, trials that start and end, and their results.

use super::environment::Environment;
use super::flags::OutputFlags;
use super::output::{self, Done, Results};
use super::page::{self, PortView};
use super::pktgen::Pktgen;
use super::pktgen::command::{Feature, Page, PktgenCommand};
use super::pktgen::table::TABLE;
use super::rig::Rig;
use super::{table, terminal};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::out::{note, print};
use crate::shell::grammar::{PortList, PortWords, Table, Vocabulary};
use crate::shell::prompt::{Executor, Flow};
use dataplane::port::{PortId, PortStats};
use dataplane::traffic::spec::{CaptureSpec, HostSpec, TrafficSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// How often a trial is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often a page is repainted.
const REPAINT: Duration = Duration::from_secs(1);

/// A generator that is open.
pub(super) struct Session {
    rig: Rig,
    pktgen: Pktgen,
    environment: Environment,
    output: OutputFlags,
    began: (Instant, SystemTime),
    /// The ports that send.
    sending: BTreeSet<PortId>,
    /// What is being sent, and since when.
    running: Option<(TrafficSpec, Instant)>,
    done: Vec<Done>,
    page: Page,
    chosen: PortId,
    screen: bool,
    painted: Instant,
    /// Devices' counts at the last `clr`.
    cleared: BTreeMap<PortId, PortStats>,
    /// Devices' counts when they were last shown.
    shown: BTreeMap<PortId, (Instant, PortStats)>,
    /// Set when the user wants to leave.
    stop: Arc<AtomicBool>,
}

impl Session {
    pub(super) fn new(rig: Rig, output: OutputFlags, stop: Arc<AtomicBool>) -> Self {
        let pktgen = Pktgen::new(rig.facts());
        let environment = rig.environment();
        let chosen = rig.ports().next().map_or(PortId(0), |port| port.id());
        Self {
            pktgen,
            environment,
            output,
            began: (Instant::now(), SystemTime::now()),
            sending: BTreeSet::new(),
            running: None,
            done: Vec::new(),
            page: Page::Main,
            chosen,
            screen: io::stdout().is_terminal(),
            painted: Instant::now(),
            cleared: BTreeMap::new(),
            shown: BTreeMap::new(),
            rig,
            stop,
        }
    }

    /// Carries out one trial from its beginning to its end.
    ///
    /// # Errors
    ///
    /// What cannot be sent, or what failed meanwhile.
    pub(super) fn run(&mut self, traffic: TrafficSpec) -> Result<(), Failure> {
        self.begin(traffic, None)?;
        self.linger()
    }

    /// Waits until what was started has been sent, or the user wants to leave.
    ///
    /// # Errors
    ///
    /// What failed meanwhile.
    pub(super) fn linger(&mut self) -> Result<(), Failure> {
        while self.running.is_some() && !self.stop.load(Ordering::Relaxed) {
            self.look()?;
            sleep(LOOK);
        }
        self.end()
    }

    /// Ends what runs, writes the results, and takes everything down.
    ///
    /// # Errors
    ///
    /// What failed on the way; the results are written all the same.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        let ended = self.end();
        let results = Results { environment: &self.environment, trials: &self.done };
        let written = match self.done.is_empty() {
            true => Ok(()),
            false => output::write(&self.output, &results, self.began.1),
        };
        ended.and(written).and(self.rig.close())
    }

    fn begin(&mut self, traffic: TrafficSpec, burst: Option<u16>) -> Result<(), Failure> {
        self.rig.start(&traffic, burst, &self.stop)?;
        for CaptureSpec { port, file } in &traffic.capture {
            note(&format!("what port {port} receives is written to {}", file.display()));
        }
        self.running = Some((traffic, Instant::now()));
        Ok(())
    }

    /// Ends the trial that runs, if one does.
    fn end(&mut self) -> Result<(), Failure> {
        let Some((traffic, start)) = self.running.take() else { return Ok(()) };
        let interrupted = !self.rig.has_sent_all();
        let draws = self.draws();
        self.sending.clear();
        let Some(result) = self.rig.finish()? else { return Ok(()) };
        let start = start.duration_since(self.began.0);
        for capture in &result.captured {
            note(&capture.to_string());
        }
        let forwarder = self.rig.forwarder_counts();
        let done = Done::new(traffic, result, forwarder, start, interrupted);
        // With --json on standard output nothing else is there.
        if self.output.json.as_deref() != Some(Path::new("-")) {
            let drawn = done.drawn.iter().filter(|_| draws).map(terminal::draw);
            print(&format!("{}{}", table::text(&done.drawn), drawn.collect::<String>()))?;
        }
        self.done.push(done);
        Ok(())
    }

    /// Whether the round trips of the trial that runs are to be drawn: always without commands, with them where a port that
    /// sends has the feature.
    fn draws(&self) -> bool {
        let has =
            |port: &PortId| self.pktgen.port(*port).is_some_and(|port| port.has(Feature::Latency));
        self.sending.is_empty() || self.sending.iter().any(has)
    }

    /// Looks at the trial: ends it when its time has come, and repaints the page.
    fn look(&mut self) -> Result<(), Failure> {
        self.rig.health()?;
        for port in self.rig.let_go()? {
            self.sending.remove(&port);
            self.pktgen.forget(port);
        }
        self.rig.watch();
        if self.running.is_some() && self.rig.has_sent_all() {
            self.end()?;
        } else if self.running.is_some() && self.screen && self.painted.elapsed() >= REPAINT {
            // Clears the terminal and begins at its upper left corner.
            let page = self.page(self.page);
            print(&format!("\x1b[2J\x1b[1;1H{page}"))?;
            self.painted = Instant::now();
        }
        Ok(())
    }

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

    fn page(&mut self, page: Page) -> String {
        let now = Instant::now();
        let stats = self.rig.stats();
        let mut rates = BTreeMap::new();
        for (port, stats) in &stats {
            let before = self.shown.insert(*port, (now, *stats));
            let rate = before.map_or((0.0, 0.0), |(then, before)| {
                let seconds = now.duration_since(then).as_secs_f64().max(f64::MIN_POSITIVE);
                let a_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
                (
                    a_second(stats.tx_packets, before.tx_packets),
                    a_second(stats.rx_packets, before.rx_packets),
                )
            });
            rates.insert(*port, rate);
        }
        let view = |port| -> Option<PortView<'_>> {
            let port: &dataplane::runtime::Slot = port;
            let id = port.id();
            let zero = self.cleared.get(&id);
            Some(PortView {
                id,
                device: port.port().name(),
                link: port.port().link(),
                sending: self.sending.contains(&id),
                stats: stats.get(&id).map(|stats| zero.map_or(*stats, |zero| since(stats, zero))),
                rates: rates.get(&id).copied().unwrap_or_default(),
                extended: port.port().extended_stats().unwrap_or_default(),
                state: self.pktgen.port(id)?,
            })
        };
        let views: Vec<PortView<'_>> = self.rig.ports().filter_map(view).collect();
        page::text(page, &views, self.chosen, &self.done)
    }
}

/// What a device has counted since.
fn since(now: &PortStats, then: &PortStats) -> PortStats {
    PortStats {
        rx_packets: now.rx_packets.saturating_sub(then.rx_packets),
        tx_packets: now.tx_packets.saturating_sub(then.tx_packets),
        rx_bytes: now.rx_bytes.saturating_sub(then.rx_bytes),
        tx_bytes: now.tx_bytes.saturating_sub(then.tx_bytes),
        rx_missed: now.rx_missed.saturating_sub(then.rx_missed),
        rx_errors: now.rx_errors.saturating_sub(then.rx_errors),
        tx_errors: now.tx_errors.saturating_sub(then.tx_errors),
        rx_nombuf: now.rx_nombuf.saturating_sub(then.rx_nombuf),
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
