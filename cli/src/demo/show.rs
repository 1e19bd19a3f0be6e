//! What the demo shows: both models side by side, and a latency histogram.

use super::kernel::Kernel;
use super::loopback::Run;
use crate::render::time::nanoseconds;
use dataplane::engine::plan::{Model, Plan};
use dataplane::traffic::account::TrafficAccount;
use dataplane::traffic::distribution::Summary;
use dataplane::traffic::rate::Rate;
use serde::Serialize;
use std::time::Duration;

/// A model's run as `--json` prints it.
#[derive(Serialize)]
pub(super) struct RunReport<'a> {
    plan: &'a Plan,
    forward_mode: &'a str,
    flat_out_mpps: Option<f64>,
    rate: String,
    duration_s: f64,
    mpps: f64,
    skipped: u64,
    dropped_by_forwarder: u64,
    mbufs_missing: u32,
    foreign: u64,
    #[serde(flatten)]
    account: &'a TrafficAccount,
}

/// All that `--json` prints.
#[derive(Serialize)]
pub(super) struct DemoReport<'a> {
    pub(super) dpdk: String,
    pub(super) hugepages: bool,
    /// `None` if the user left before it was measured.
    pub(super) run_to_completion: Option<RunReport<'a>>,
    /// As above.
    pub(super) pipeline: Option<RunReport<'a>>,
    pub(super) kernel: &'a Kernel,
}

impl<'a> RunReport<'a> {
    pub(super) fn of(run: &'a Run, forward_mode: &'a str) -> Self {
        Self {
            plan: &run.plan,
            forward_mode,
            flat_out_mpps: run.flat_out.map(|pps| pps as f64 / 1e6),
            rate: run.rate.to_string(),
            duration_s: run.duration.as_secs_f64(),
            mpps: mpps(run.outcome.account.received, run.duration),
            skipped: run.outcome.skipped,
            dropped_by_forwarder: run.dropped,
            mbufs_missing: run.missing,
            foreign: run.outcome.foreign,
            account: &run.outcome.account,
        }
    }
}

/// Million packets a second.
pub(super) fn mpps(packets: u64, duration: Duration) -> f64 {
    packets as f64 / duration.as_secs_f64().max(f64::MIN_POSITIVE) / 1e6
}

/// Whether so much of what was asked for was not sent (1 % or more) that the figures are of another load.
pub(super) fn is_short_of_time(run: &Run) -> bool {
    run.rate != Rate::FlatOut && run.outcome.skipped > run.outcome.account.sent / 100
}

/// A model in words.
pub(super) fn name(model: Model) -> &'static str {
    match model {
        Model::RunToCompletion => "run-to-completion",
        Model::Pipeline => "pipeline",
        Model::Switch => "switch",
    }
}

/// Both runs as a table with one column each.
pub(super) fn table(runs: &[Run]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(std::iter::once("").chain(runs.iter().map(|run| name(run.model))));
    let mut row = |label: &str, figure: &dyn Fn(&Run) -> String| {
        table.add_row(std::iter::once(label.to_owned()).chain(runs.iter().map(figure)));
    };
    row("Mpps flat out (trial)", &|run| {
        run.flat_out.map_or("not tried".to_owned(), |pps| format!("{:.2}", pps as f64 / 1e6))
    });
    row("rate asked", &|run| run.rate.to_string());
    row("Mpps there and back", &|run| {
        format!("{:.2}", mpps(run.outcome.account.received, run.duration))
    });
    let counts: [Row<TrafficAccount>; 5] = [
        ("packets sent", |account| account.sent),
        ("received", |account| account.received),
        ("lost", |account| account.lost),
        ("duplicated", |account| account.duplicated),
        ("reordered", |account| account.reordered),
    ];
    for (label, count) in counts {
        row(label, &|run| count(&run.outcome.account).to_string());
    }
    row("departures skipped", &|run| run.outcome.skipped.to_string());
    for (label, figure) in PERCENTILES {
        row(&format!("round trip {label}"), &|run| {
            run.outcome
                .account
                .rtt_ns
                .as_ref()
                .map_or("none".to_owned(), |rtt| nanoseconds(figure(rtt)))
        });
    }
    table.to_string()
}

/// A row's label and its figure.
type Row<T> = (&'static str, fn(&T) -> u64);

const PERCENTILES: [Row<Summary>; 6] = [
    ("min", |rtt| rtt.min),
    ("p50", |rtt| rtt.p50),
    ("p90", |rtt| rtt.p90),
    ("p99", |rtt| rtt.p99),
    ("p99.9", |rtt| rtt.p999),
    ("max", |rtt| rtt.max),
];
