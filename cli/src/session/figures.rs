//! From the engine's and the devices' counts to testpmd's figures.

use super::switch::{sent_by_exits, stats};
use crate::render::bad_checksums::BadChecksums;
use crate::render::forward_stats::{Bursts, ForwardStats, PortForward, StreamForward};
use crate::render::port_stats::{ExtendedRate, PortReport, Rates, per_second};
use crate::render::switch::SwitchStatsPage;
use dataplane::engine::counters::BurstCount;
use dataplane::engine::plan::{Plan, Sink, Source, Work};
use dataplane::engine::{Figures, StreamReport};
use dataplane::forward::TallyFigure;
use dataplane::lcore::cycles_hz;
use dataplane::port::{self, Any, ExtendedStat, Port, PortId};
use dataplane::runtime::{Dataplane, Slot};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What had been counted at the moment from which forward statistics count.
pub(super) struct Baseline {
    ports: BTreeMap<PortId, port::PortStats>,
    /// What the engine had counted; nothing at the start of forwarding.
    engine: Option<Figures>,
}

impl Baseline {
    /// The start of forwarding, where the engine counts from zero.
    pub(super) fn at_start(dataplane: &Dataplane) -> Self {
        let stats = |slot: &Slot| (slot.id(), slot.port().stats().unwrap_or_default());
        Self { ports: dataplane.ports().map(stats).collect(), engine: None }
    }

    /// Now, whatever was forwarded until now.
    pub(super) fn now(dataplane: &Dataplane) -> Self {
        Self { engine: Some(dataplane.engine.figures()), ..Self::at_start(dataplane) }
    }

    /// The device counts from zero again.
    pub(super) fn forget(&mut self, port: PortId) {
        self.ports.remove(&port);
    }

    /// What had been counted of a port.
    pub(super) fn of_port(&self, port: PortId) -> port::PortStats {
        self.ports.get(&port).copied().unwrap_or_default()
    }
}

/// What was forwarded, and by which plan.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) plan: Plan,
    pub(super) figures: Figures,
    pub(super) stats: ForwardStats,
}

impl Account {
    /// What was forwarded since the baseline on `ports`.
    pub(super) fn now(
        dataplane: &Dataplane,
        mode: &str,
        ports: &[PortId],
        baseline: &Baseline,
        earlier: &Earlier,
    ) -> Self {
        let mut figures = dataplane.engine.figures();
        if let Some(before) = &baseline.engine {
            figures.subtract(before);
        }
        let plan = dataplane.engine.plan().clone();
        let reports: Vec<&StreamReport> = figures.streams().collect();
        let ports = ports.iter().filter_map(|id| dataplane.port(*id));
        let stats = ForwardStats {
            mode: mode.to_owned(),
            ports: ports
                .map(|slot| {
                    let mut passed = Passed::of(slot.id(), &figures, &plan);
                    earlier.add_to(slot.id(), &mut passed);
                    port_stats(slot, passed, &reports, baseline)
                })
                .collect(),
            streams: reports.iter().filter_map(|report| stream(report)).collect(),
            busy_cycles: earlier.busy_cycles + busy_cycles(&figures),
            tsc_hz: cycles_hz(),
        };
        Self { plan, figures, stats }
    }
}

/// Whether a mode's own counts get a line of their own; checksums have testpmd's.
fn shown(counts: &Vec<TallyFigure>) -> bool {
    !counts.is_empty() && BadChecksums::of(counts).is_none()
}

/// What the engine counted of a port's packets.
#[derive(Clone, Default)]
struct Passed {
    received: u64,
    sent: u64,
    dropped: u64,
    bad_checksums: Option<BadChecksums>,
    bursts: Bursts,
}

impl Passed {
    /// What a plan's streams counted.
    fn of(id: PortId, figures: &Figures, plan: &Plan) -> Self {
        let reports: Vec<&StreamReport> = figures.streams().collect();
        let by_exits = figures.workers.iter().map(|worker| sent_by_exits(worker, id));
        let received = reports.iter().filter(|report| ingress(report) == Some(id));
        let sent = reports.iter().filter(|report| sends_to(report) == Some(id));
        let entered = reports.iter().filter(|report| entry(report) == Some(id));
        let for_it = reports.iter().filter(|report| egress(report, plan) == Some(id));
        Self {
            received: received.clone().map(|report| report.figures.received).sum(),
            sent: sent.clone().map(|report| report.figures.sent).chain(by_exits).sum(),
            // Not the device's own errors: drivers count there what they refuse, at each try, and it is dropped here.
            dropped: for_it.map(|report| report.figures.dropped_total()).sum(),
            bad_checksums: BadChecksums::of(entered.flat_map(|report| &report.mode)),
            bursts: Bursts {
                rx: by_size(received.flat_map(|report| &report.figures.received_bursts)),
                tx: by_size(sent.flat_map(|report| &report.figures.sent_bursts)),
            },
        }
    }

    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.bad_checksums = match (self.bad_checksums, other.bad_checksums) {
            (Some(one), Some(other)) => Some(one.plus(other)),
            (one, other) => one.or(other),
        };
        let Bursts { rx, tx } = &self.bursts;
        let rx = by_size(rx.iter().chain(&other.bursts.rx));
        let tx = by_size(tx.iter().chain(&other.bursts.tx));
        self.bursts = Bursts { rx, tx };
    }
}

/// What ports forwarded in a run under plans that were exchanged for others.
#[derive(Clone, Default)]
pub(super) struct Earlier {
    ports: BTreeMap<PortId, Passed>,
    /// What came and left, where a switch joins them.
    pub(super) switched: SwitchStatsPage,
    busy_cycles: u64,
}

impl Earlier {
    /// Takes in what a plan's workers counted in all, less what they had counted before the baseline; what comes after it
    /// counts from zero.
    pub(super) fn take_in(&mut self, plan: &Plan, mut figures: Figures, baseline: &mut Baseline) {
        if let Some(before) = baseline.engine.take() {
            figures.subtract(&before);
        }
        for port in &plan.ports {
            let passed = Passed::of(port.id, &figures, plan);
            self.ports.entry(port.id).or_default().add(&passed);
        }
        self.switched.add(stats(&figures, plan));
        self.busy_cycles += busy_cycles(&figures);
    }

    /// A port is gone; its number may be another's next.
    pub(super) fn forget(&mut self, port: PortId) {
        self.ports.remove(&port);
        self.switched.ports.retain(|switched| switched.port != port);
    }

    fn add_to(&self, port: PortId, passed: &mut Passed) {
        if let Some(earlier) = self.ports.get(&port) {
            passed.add(earlier);
        }
    }
}

fn busy_cycles(figures: &Figures) -> u64 {
    figures.workers.iter().map(|worker| worker.polls.busy_cycles).sum()
}

fn port_stats(
    slot: &Slot,
    passed: Passed,
    reports: &[&StreamReport],
    baseline: &Baseline,
) -> PortForward {
    let id = slot.id();
    let (now, before) = (slot.port().stats().unwrap_or_default(), baseline.of_port(id));
    let entered = reports.iter().filter(|report| entry(report) == Some(id));
    PortForward {
        port: id,
        rx_packets: passed.received,
        rx_dropped: now.rx_missed.saturating_sub(before.rx_missed),
        rx_errors: now.rx_errors.saturating_sub(before.rx_errors),
        rx_nombufs: now.rx_nombuf.saturating_sub(before.rx_nombuf),
        tx_packets: passed.sent,
        bad_checksums: passed.bad_checksums,
        mode_counts: entered.map(|report| report.mode.clone()).filter(shown).collect(),
        tx_dropped: passed.dropped,
        bursts: passed.bursts,
    }
}

/// A stream that leads from a port to a port.
fn stream(report: &StreamReport) -> Option<StreamForward> {
    let (Source::Rx(rx_port, rx_queue), Sink::Tx(tx_port, tx_queue)) =
        (&report.plan.source, &report.plan.sink)
    else {
        return None;
    };
    Some(StreamForward {
        rx_port: *rx_port,
        rx_queue: *rx_queue,
        tx_port: *tx_port,
        tx_queue: *tx_queue,
        rx_packets: report.figures.received,
        tx_packets: report.figures.sent,
        tx_dropped: report.figures.dropped_total(),
        bad_checksums: BadChecksums::of(&report.mode),
        bursts: Bursts {
            rx: report.figures.received_bursts.clone(),
            tx: report.figures.sent_bursts.clone(),
        },
    })
}

/// The port that a stream receives from itself.
fn ingress(report: &StreamReport) -> Option<PortId> {
    match report.plan.source {
        Source::Rx(port, _) => Some(port),
        Source::Ring(_) | Source::Nothing => None,
    }
}

/// The port that the packets which a stream forwards came from, over rings or not.
fn entry(report: &StreamReport) -> Option<PortId> {
    match report.plan.work {
        Work::Forward { ingress, .. } | Work::Switch { ingress, .. } => Some(ingress),
        Work::Pass | Work::Generate { .. } | Work::Measure => None,
    }
}

/// The port that a stream sends to itself.
fn sends_to(report: &StreamReport) -> Option<PortId> {
    match report.plan.sink {
        Sink::Tx(port, _) => Some(port),
        Sink::Ring(_) | Sink::FanOut(_) | Sink::Exits(_) | Sink::Nothing => None,
    }
}

/// The port that a stream's packets are bound for, over rings or not: their drops are counted there, as in testpmd.
fn egress(report: &StreamReport, plan: &Plan) -> Option<PortId> {
    match report.plan.work {
        Work::Forward { egress, .. } => Some(egress),
        Work::Pass => sends_to(report).or_else(|| plan.port(ingress(report)?)?.peer),
        // What a switch drops never was bound for a port: it is counted where it entered.
        Work::Switch { ingress, .. } => Some(ingress),
        Work::Generate { .. } | Work::Measure => None,
    }
}

/// The bursts of several streams together.
fn by_size<'a>(counts: impl IntoIterator<Item = &'a BurstCount>) -> Vec<BurstCount> {
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    for BurstCount { size, count } in counts {
        *sizes.entry(*size).or_default() += count;
    }
    sizes.into_iter().map(|(size, count)| BurstCount { size, count }).collect()
}

/// Device statistics when they were last shown.
pub(super) struct Shown {
    at: Instant,
    stats: port::PortStats,
    extended: Vec<ExtendedStat>,
}

/// A device's statistics, with the extended ones of these names and rates since they were last shown; the first time there are
/// no rates.
pub(super) fn port_report(
    port: &Port<Any>,
    names: &[String],
    shown: &mut BTreeMap<PortId, Shown>,
) -> PortReport {
    let (at, stats) = (Instant::now(), port.stats().unwrap_or_default());
    let extended = chosen(port, names);
    let now = Shown { at, stats, extended: extended.clone() };
    let last = shown.insert(port.id(), now);
    let elapsed = last.as_ref().map_or(Duration::ZERO, |last| at.duration_since(last.at));
    let rates =
        last.as_ref().map_or(Rates::default(), |last| Rates::between(&last.stats, &stats, elapsed));
    let extended = extended.into_iter().map(|stat| {
        let before = last.iter().flat_map(|last| &last.extended).find(|it| it.name == stat.name);
        let before = before.map_or(stat.value, |before| before.value);
        ExtendedRate { per_second: per_second(before, stat.value, elapsed), stat }
    });
    PortReport { port: port.id(), stats, rates, extended: extended.collect() }
}

/// A device's extended statistics of these names, in their order; those that it lacks are left out.
fn chosen(port: &Port<Any>, names: &[String]) -> Vec<ExtendedStat> {
    if names.is_empty() {
        return Vec::new();
    }
    let all = port.extended_stats().unwrap_or_default();
    names.iter().filter_map(|name| all.iter().find(|stat| stat.name == *name)).cloned().collect()
}
