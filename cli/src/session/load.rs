//! How busy ports and workers are, since that was last looked at.

use super::Session;
use crate::render::load::{BurstLoad, DropLoad, LoadPage, PortLoad, WorkerLoad};
use crate::render::port_stats::Rates;
use dataplane::engine::counters::{BurstCount, PollFigures};
use dataplane::engine::{Figures, WorkerReport};
use dataplane::forward::DropReason;
use dataplane::lcore::cycles_hz;
use dataplane::port::{PortId, PortStats};
use dataplane::runtime::Slot;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What had been counted when the load was last looked at.
pub(super) struct Looked {
    at: Instant,
    figures: Figures,
    ports: BTreeMap<PortId, PortStats>,
}

impl Session {
    /// How busy ports and workers are, since the last look or the start of forwarding.
    pub(crate) fn load(&mut self) -> LoadPage {
        let stats = |slot: &Slot| (slot.id(), slot.port().stats().unwrap_or_default());
        let now = Looked {
            at: Instant::now(),
            figures: self.dataplane.engine.figures(),
            ports: self.dataplane.ports().map(stats).collect(),
        };
        let mut figures = now.figures.clone();
        let time = match &self.looked {
            Some(before) => {
                figures.subtract(&before.figures);
                now.at.duration_since(before.at)
            }
            None => longest(&figures),
        };
        let seconds = time.as_secs_f64();
        let load = LoadPage {
            mode: self.mode().to_owned(),
            seconds,
            ports: self.dataplane.ports().map(|slot| self.port_load(slot, &now, time)).collect(),
            workers: figures.workers.iter().map(|worker| worker_load(worker, seconds)).collect(),
            dropped: dropped(&figures, seconds),
            bursts: bursts(&figures),
        };
        self.looked = Some(now);
        load
    }

    fn port_load(&self, slot: &Slot, now: &Looked, time: Duration) -> PortLoad {
        let stats = now.ports.get(&slot.id()).copied().unwrap_or_default();
        let before = match &self.looked {
            Some(before) => before.ports.get(&slot.id()).copied().unwrap_or_default(),
            None => self.baseline.of_port(slot.id()),
        };
        PortLoad {
            port: slot.id(),
            device: slot.port().name().to_owned(),
            link_up: slot.port().link().map(|link| link.up),
            rates: Rates::between(&before, &stats, time),
            missed: stats.rx_missed.saturating_sub(before.rx_missed),
        }
    }
}

/// How long the workers have run, by the cycles that they counted.
fn longest(figures: &Figures) -> Duration {
    let cycles = figures.workers.iter().map(|worker| cycles(&worker.polls)).max().unwrap_or(0);
    Duration::from_secs_f64(cycles as f64 / cycles_hz() as f64)
}

fn cycles(polls: &PollFigures) -> u64 {
    polls.busy_cycles + polls.idle_cycles
}

fn worker_load(worker: &WorkerReport, seconds: f64) -> WorkerLoad {
    // What a stream makes itself is not received.
    let packets = worker.streams.iter().map(|of| of.figures.received.max(of.figures.sent)).sum();
    let busy = worker.polls.busy_cycles as f64;
    WorkerLoad {
        lcore: worker.lcore,
        busy_percent: share(busy, cycles(&worker.polls) as f64),
        packets_per_second: per_second(packets, seconds),
        cycles_per_packet: (packets > 0).then(|| busy / packets as f64),
    }
}

fn dropped(figures: &Figures, seconds: f64) -> Vec<DropLoad> {
    let of = |reason| {
        let all = figures.streams().flat_map(|stream| &stream.figures.dropped);
        let packets = all.filter(|of| of.reason == reason).map(|of| of.packets).sum();
        DropLoad { reason, packets, packets_per_second: per_second(packets, seconds) }
    };
    DropReason::ALL.into_iter().map(of).filter(|of| of.packets > 0).collect()
}

fn bursts(figures: &Figures) -> Vec<BurstLoad> {
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    for BurstCount { size, count } in figures.streams().flat_map(|of| &of.figures.received_bursts) {
        *sizes.entry(*size).or_default() += count;
    }
    // An empty poll is no burst; how many there are says a worker's idle share.
    sizes.remove(&0);
    let all: u64 = sizes.values().sum();
    sizes
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(size, count)| BurstLoad { size, percent: share(count as f64, all as f64) })
        .collect()
}

/// A part of a whole in percent, nothing of nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}
