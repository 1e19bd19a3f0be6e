//! The jobs of all streams: made as one, so that a mode that cannot be had changes nothing.

use super::orders::JobSet;
use super::plan::{Plan, Source, StreamPlan, Work};
use crate::forward::{Feed, Job, ModeError};
use crate::lcore::LcoreId;
use crate::port::PortId;

/// A stream in its place: what a job is made for.
#[derive(Clone, Copy, Debug)]
pub struct StreamAt<'a> {
    /// Its number among all of the plan's.
    pub number: usize,
    /// The lcore that runs it.
    pub lcore: LcoreId,
    /// What it is.
    pub plan: &'a StreamPlan,
}

/// Makes the job of a stream.
pub type MakeJob<'a> = dyn FnMut(StreamAt<'_>) -> Result<Job, ModeError> + 'a;

/// Makes the jobs of all streams, by worker.
///
/// # Errors
/// The first that `make` could not make.
pub(super) fn make_all(plan: &Plan, make: &mut MakeJob<'_>) -> Result<Vec<JobSet>, ModeError> {
    let mut number = 0;
    let mut sets = Vec::new();
    for worker in &plan.workers {
        let mut jobs = JobSet::new();
        for stream in &worker.streams {
            jobs.push(make(StreamAt { number, lcore: worker.lcore, plan: stream })?);
            number += 1;
        }
        sets.push(jobs);
    }
    let resting = resting_ports(plan, &sets);
    for (stream, job) in streams(plan).zip(sets.iter_mut().flatten()) {
        job.rests |= matches!(stream.source, Source::Rx(port, _) if resting.contains(&port));
    }
    Ok(sets)
}

/// The ports of which no packet is wanted: every mode for what enters there makes its own.
fn resting_ports(plan: &Plan, sets: &[JobSet]) -> Vec<PortId> {
    let jobs = || {
        streams(plan).zip(sets.iter().flatten()).filter_map(|(stream, job)| match stream.work {
            Work::Forward { ingress, .. } => Some((ingress, job.feed() == Feed::Itself)),
            Work::Pass | Work::Switch { .. } | Work::Generate { .. } | Work::Measure => None,
        })
    };
    let wanted = |port| jobs().any(|(ingress, itself)| ingress == port && !itself);
    jobs().map(|(ingress, _)| ingress).filter(|port| !wanted(*port)).collect()
}

fn streams(plan: &Plan) -> impl Iterator<Item = &StreamPlan> {
    plan.workers.iter().flat_map(|worker| &worker.streams)
}
