//! All counts of an engine at one moment.

use super::counters::{PollFigures, StreamFigures};
use super::exits::ExitFigures;
use super::plan::StreamPlan;
use crate::forward::TallyFigure;
use crate::lcore::LcoreId;
use serde::Serialize;

/// All counts of an engine at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// By worker, in the plan's order.
    pub workers: Vec<WorkerReport>,
}

/// One worker's counts.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerReport {
    /// Its lcore.
    pub lcore: LcoreId,
    /// Its polls, busy and idle.
    pub polls: PollFigures,
    /// Its streams' counts, in the plan's order.
    pub streams: Vec<StreamReport>,
    /// What left by its exits, if it switches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<ExitFigures>,
}

/// One stream's counts.
#[derive(Clone, Debug, Serialize)]
pub struct StreamReport {
    /// What it is.
    pub plan: StreamPlan,
    /// Its counts.
    pub figures: StreamFigures,
    /// What its mode counts itself.
    pub mode: Vec<TallyFigure>,
}

impl Figures {
    /// All streams' reports.
    pub fn streams(&self) -> impl Iterator<Item = &StreamReport> {
        self.workers.iter().flat_map(|worker| &worker.streams)
    }

    /// Takes off what had been counted `before`, by the same plan's workers.
    pub fn subtract(&mut self, before: &Self) {
        for (worker, before) in self.workers.iter_mut().zip(&before.workers) {
            worker.polls.subtract(&before.polls);
            for (exit, before) in worker.exits.iter_mut().zip(&before.exits) {
                exit.subtract(before);
            }
            for (stream, before) in worker.streams.iter_mut().zip(&before.streams) {
                stream.figures.subtract(&before.figures);
                for figure in &mut stream.mode {
                    let before = before.mode.iter().find(|before| before.name == figure.name);
                    figure.count -= before.map_or(0, |before| before.count).min(figure.count);
                }
            }
        }
    }
}
