//! What the generator itself adds to every delay, measured over a ring in memory that hears itself.

use super::flags::CalibrateFlags;
use super::rig;
use super::settings::without_ports;
use crate::failure::Failure;
use crate::out::{note, print};
use crate::render::chart;
use crate::render::time::nanoseconds;
use crate::session::open;
use dataplane::eal::Eal;
use dataplane::lcore::LcoreId;
use dataplane::traffic::calibration::{CalibrationError, calibrate};
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::result::Calibration;
use dataplane::traffic::spec::{Load, Sizes, StreamSpec};
use std::time::Duration;

/// Bars of the histogram.
const BARS: u16 = 16;
/// How long the generator measures itself before each trial.
const BEFORE_TRIALS: Duration = Duration::from_secs(1);

/// Runs `pollway gen calibrate`.
///
/// # Errors
///
/// What cannot be had on this machine, or what failed meanwhile.
pub(super) fn run(flags: &CalibrateFlags) -> Result<(), Failure> {
    let eal = open::start(&without_ports(flags.eal.clone())?)?.eal;
    let clock = TscClock::of_machine(false).map_err(Failure::input)?;
    let lcore = eal.worker_lcores().first().copied().ok_or_else(rig::no_worker)?;
    let stream = StreamSpec {
        size: Sizes::Fixed(flags.size),
        rate: Load::Steady(flags.rate),
        ..StreamSpec::default()
    };
    let time = Duration::from_secs_f64(flags.duration);
    let measured = calibrate(&eal, lcore, &stream, flags.burst, clock, time).map_err(failure);
    eal.remove_files();
    let calibration = measured?;
    if flags.json {
        let object = serde_json::to_string(&calibration).map_err(std::io::Error::from)?;
        return Ok(print(&format!("{object}\n"))?);
    }
    let Calibration { bias_ns, spread_ns, delay_ns } = &calibration;
    Ok(print(&format!(
        "At {} of {} bytes, in bursts of {} at most, over a ring in memory, the generator itself takes\n  {} (median), \
         spread over {} (1 % to 99 %)\n{}",
        flags.rate,
        flags.size,
        flags.burst,
        nanoseconds(*bias_ns),
        nanoseconds(*spread_ns),
        chart::histogram(&delay_ns.bars(BARS))
    ))?)
}

/// What the generator itself adds, at the load of a stream that is about to be sent from `lcore`.
///
/// # Errors
///
/// What cannot be sent, or what failed meanwhile.
pub(super) fn before_trial(
    eal: &Eal,
    lcore: LcoreId,
    stream: &StreamSpec,
    burst: u16,
    clock: TscClock,
) -> Result<Calibration, Failure> {
    note("measuring the generator's own delay");
    calibrate(eal, lcore, stream, burst, clock, BEFORE_TRIALS).map_err(failure)
}

/// A stream that cannot be sent is wrong input.
fn failure(error: CalibrationError) -> Failure {
    match error {
        CalibrationError::Generator(error) => Failure::input(error),
        error => Failure::running(error),
    }
}
