//! The generator as a person or a script meets it: commands ([`commands`]) and pages ([`pages`]), trials that start and end, and
//! their results.

mod commands;
mod pages;

use super::environment::Environment;
use super::flags::OutputFlags;
use super::output::{self, Done, Results};
use super::pktgen::Pktgen;
use super::pktgen::command::{Feature, Page};
use super::rig::Rig;
use super::{table, terminal};
use crate::failure::Failure;
use crate::out::{note, print};
use dataplane::port::{PortId, PortStats};
use dataplane::traffic::spec::{CaptureSpec, TrafficSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal};
use std::path::Path;
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
}
