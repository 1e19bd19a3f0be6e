//! All counts of an engine at one moment.

use super::counters::{PollFigures, StreamFigures};
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
}
