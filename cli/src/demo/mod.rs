//! `pollway demo`: what a newcomer runs. No NIC, no hugepages, no root needed.
//!
//! First generator and forwarder in one process, for both models; then, as root, two kernels through `pollway fwd`.

mod kernel;
mod loopback;
mod namespaces;
mod place;
mod show;

use crate::failure::Failure;
use crate::flags::DemoFlags;
use crate::lcores;
use crate::out::{note, print};
use crate::render::chart;
use crate::stop;
use dataplane::eal::{self, Eal, EalRequest};
use dataplane::engine::plan::ModelRequest;
use dataplane::forward::{self, MODES};
use dataplane::machine::Machine;
use dataplane::traffic::packet::Template;
use dataplane::traffic::spec::{Sizes, StreamSpec};
use dataplane::traffic::trial::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kernel::Kernel;
use loopback::{Run, Setup};
use place::Placement;
use show::{DemoReport, RunReport};
use std::time::Duration;

/// What the figures mean where the generator could not keep its rate.
const SHORT_OF_TIME: &str = "\
Many departures were skipped: the forwarder did not keep up, or other programs ran on these processors meanwhile. The
long round trips are then times of waiting. Stop the other programs, or give a lower rate, as in --rate 100k.
";

/// Packet memory of the largest plan here, in MiB, for EAL's heap where there are no hugepages.
const MEMORY_MIB: u64 = 128;

/// Runs the subcommand.
///
/// # Errors
///
/// What was asked for and cannot be had, or what failed while running.
pub(crate) fn run(flags: &DemoFlags) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let mode = forward::mode(&flags.forward_mode).ok_or_else(|| {
        let names: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
        Failure::input(anyhow::anyhow!(
            "--forward-mode={}: there is no such mode; use one of {}",
            flags.forward_mode,
            names.join(", ")
        ))
    })?;
    // A size that cannot be is wrong input, whatever the machine has.
    let stream = StreamSpec { size: Sizes::Fixed(flags.frame_size), ..StreamSpec::default() };
    Template::new(&stream).map_err(Failure::input)?;
    let processors = lcores::processors();
    if processors.is_empty() {
        return Err(Failure::running(anyhow::anyhow!(
            "the system does not say which processors this process may use"
        )));
    }
    let placement = Placement::on(&processors);
    let eal = start_eal(&placement)?;
    // With --json standard output carries the final object alone.
    let say = |text: &str| if flags.json { Ok(()) } else { print(text) };
    say(&format!(
        "pollway demo on {}, {} processor(s), {} hugepages\n",
        eal::version(),
        processors.len(),
        if eal.has_hugepages() { "with" } else { "without" }
    ))?;

    let mut runs = Vec::new();
    for (name, model) in [("rtc", ModelRequest::RunToCompletion), ("pipe", ModelRequest::Pipeline)]
    {
        let setup = Setup {
            eal: &eal,
            generator: placement.generator,
            forwarders: placement.forwarders(&model),
            model,
            mode,
            frame_bytes: flags.frame_size,
            rate: flags.rate,
            duration: Duration::from_secs_f64(flags.duration),
            stop: &stop,
        };
        // An interrupted demo shows what it has; it starts nothing new.
        let Some(run) = watched(&setup, name, flags).map_err(Failure::running)? else { break };
        runs.push(run);
    }
    if !runs.is_empty() {
        say(&shown_runs(&runs))?;
    }
    say("\nTwo kernels, each in a network namespace, through `pollway fwd` on af_packet ports:\n")?;
    let kernel = Kernel::measure(&processors, &stop);
    if flags.json {
        let report = DemoReport {
            dpdk: eal::version(),
            hugepages: eal.has_hugepages(),
            run_to_completion: runs.first().map(|run| RunReport::of(run, mode.name)),
            pipeline: runs.get(1).map(|run| RunReport::of(run, mode.name)),
            kernel: &kernel,
        };
        let object = serde_json::to_string(&report).map_err(std::io::Error::from)?;
        print(&format!("{object}\n"))?;
    } else {
        print(&shown_kernel(&kernel))?;
    }
    let missing: u32 = runs.iter().map(|run| run.missing).sum();
    if missing > 0 {
        return Err(Failure::running(anyhow::anyhow!(
            "{missing} packets did not come back to their pools"
        )));
    }
    match kernel {
        Kernel::Failed { reason } => {
            Err(Failure::running(anyhow::anyhow!("the kernels' part failed: {reason}")))
        }
        Kernel::Measured(_) | Kernel::Skipped { .. } => Ok(()),
    }
}

/// EAL for in-process ports: no devices, no files that outlive it, and silent unless something is wrong.
fn start_eal(placement: &Placement) -> Result<Eal, Failure> {
    let quiet =
        ["--no-pci", "--no-telemetry", "--in-memory", "--log-level=error"].map(str::to_owned);
    let lcores = format!("--lcores={}", placement.lcores);
    let flags = quiet.into_iter().chain([lcores]).collect();
    let request = EalRequest {
        flags,
        shares_memory: false,
        ordinary_memory_will_do: true,
        memory_mib: MEMORY_MIB,
    };
    let prepared = eal::prepare(&request, &Machine::default()).map_err(Failure::input)?;
    for text in &prepared.notes {
        note(text);
    }
    Eal::init(&prepared.flags).map_err(Failure::input)
}

/// Runs with a progress bar and live figures.
fn watched(setup: &Setup<'_>, name: &str, flags: &DemoFlags) -> anyhow::Result<Option<Run>> {
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("{prefix:18} [{bar:30}] {msg}")?.progress_chars("=> "),
    );
    bar.set_prefix(match setup.model {
        ModelRequest::RunToCompletion => "run-to-completion",
        _ => "pipeline",
    });
    bar.set_message("finding the rate that this machine carries");
    let run = setup.run(name, &mut |Progress { elapsed, sent, received }| {
        bar.set_position((elapsed.as_secs_f64() / flags.duration * 1000.0) as u64);
        let rate = show::mpps(received, elapsed);
        bar.set_message(format!(
            "{rate:6.2} Mpps  {received} back, {} on their way",
            sent.saturating_sub(received)
        ));
    });
    bar.finish_and_clear();
    run
}

/// The table of the runs, what to make of it, and a histogram each.
fn shown_runs(runs: &[Run]) -> String {
    let mut text = format!("{}\n", show::table(runs));
    if runs.iter().any(show::is_short_of_time) {
        text += SHORT_OF_TIME;
    }
    for run in runs {
        text += &format!("\nRound trip, {}:\n", show::name(run.model));
        text += &chart::histogram(&run.outcome.histogram);
    }
    text
}

fn shown_kernel(kernel: &Kernel) -> String {
    match kernel {
        Kernel::Measured(figures) => {
            let rtt = &figures.ping_rtt_ms;
            format!(
                "  ping    {} of {} came back, round trip {} / {} / {} ms (min / avg / max)\n  \
                 iperf3  {:.0} Mbit/s over one TCP connection\n",
                figures.ping_received,
                figures.ping_sent,
                rtt.min,
                rtt.avg,
                rtt.max,
                figures.tcp_mbps
            )
        }
        Kernel::Failed { .. } => "  failed\n".to_owned(),
        Kernel::Skipped { reason } => format!("  skipped: {reason}\n"),
    }
}
