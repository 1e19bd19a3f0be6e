//! The clock of all times: the processor's timestamp counter, and whether it can be believed.

use super::invalid::Invalid;
use std::num::NonZeroU64;
use std::time::Instant;

use crate::lcore::{cycles, cycles_hz};

/// A drift beyond any that a clock's regulation makes, in millionths.
const DRIFT_PPM: f64 = 1000.0;
/// What reading two clocks one after the other on a machine that is shared may be wrong by, in seconds.
const READING: f64 = 0.02;

/// What Linux calls a counter that runs at one speed in every power state.
const INVARIANT: [&str; 2] = ["constant_tsc", "nonstop_tsc"];
const CPUINFO: &str = "/proc/cpuinfo";
/// Readings of which the quickest counts: between the two clocks another program may run.
const TRIES: usize = 8;

/// Why the counter is no clock.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// EAL found no frequency.
    #[error("EAL does not know the timestamp counter's frequency: without it there are no times")]
    Frequency,
    /// Its speed changes.
    #[error(
        "the processor does not say that its timestamp counter runs at one speed ({} in {CPUINFO}): times would be wrong; \
         measure on another machine, or force it and do not believe the figures",
        INVARIANT.join(" and ")
    )]
    Varying,
}

/// A counter of known speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TscClock {
    /// Cycles a second.
    pub hz: NonZeroU64,
    /// Whether the processor says that it always runs at that speed.
    pub invariant: bool,
}

impl TscClock {
    /// The counter of this machine, which EAL has measured.
    ///
    /// # Errors
    /// [`ClockError`]; a counter of changing speed is taken only if `force` says so.
    pub fn of_machine(force: bool) -> Result<Self, ClockError> {
        let hz = NonZeroU64::new(cycles_hz()).ok_or(ClockError::Frequency)?;
        let invariant = std::fs::read_to_string(CPUINFO).is_ok_and(|text| is_invariant(&text));
        if invariant || force { Ok(Self { hz, invariant }) } else { Err(ClockError::Varying) }
    }

    /// So many nanoseconds in cycles.
    pub fn cycles(&self, ns: u64) -> u64 {
        let cycles = u128::from(ns) * u128::from(self.hz.get()) / 1_000_000_000;
        u64::try_from(cycles).unwrap_or(u64::MAX)
    }
}

/// Whether every processor of a `/proc/cpuinfo` has an invariant counter. Architectures other than x86 list no such flags; their
/// counter is a clock by definition.
fn is_invariant(cpuinfo: &str) -> bool {
    let flags = || cpuinfo.lines().filter(|line| line.starts_with("flags"));
    flags()
        .all(|line| INVARIANT.iter().all(|flag| line.split_whitespace().any(|word| word == *flag)))
}

/// What another clock said, and the counter at that moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<T> {
    pub(super) read: T,
    pub(super) tsc: u64,
    /// The moment is no further from that, in cycles.
    pub(super) within: u64,
}

impl<T> Beside<T> {
    /// Reads the other clock several times; the quickest counts.
    pub(super) fn read(mut clock: impl FnMut() -> T) -> Self {
        let mut reading = || {
            let before = cycles();
            let read = clock();
            let took = cycles().wrapping_sub(before);
            Self { read, tsc: before + took / 2, within: took.div_ceil(2) }
        };
        let first = reading();
        (1..TRIES).fold(first, |best, _| {
            let next = reading();
            if next.within < best.within { next } else { best }
        })
    }
}

/// The counter and the system's clock at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    tsc: u64,
    system: Instant,
}

impl Reading {
    pub(super) fn take() -> Self {
        let Beside { read, tsc, .. } = Beside::read(Instant::now);
        Self { tsc, system: read }
    }

    /// Seconds from an earlier reading, by the system's clock.
    pub(super) fn seconds_since(&self, earlier: &Self) -> f64 {
        self.system.duration_since(earlier.system).as_secs_f64()
    }

    /// By how many millionths the counter ran faster than the system's clock since an earlier reading.
    pub(super) fn drift_ppm(&self, earlier: &Self, hz: NonZeroU64) -> f64 {
        let counted = self.tsc.wrapping_sub(earlier.tsc) as f64 / hz.get() as f64;
        let system = self.seconds_since(earlier);
        if system > 0.0 { (counted / system - 1.0) * 1e6 } else { 0.0 }
    }

    /// Why times since an earlier reading cannot be believed, if so: the counter ran at another speed, or it stepped.
    pub(super) fn fault(&self, earlier: &Self, hz: NonZeroU64) -> Option<Invalid> {
        let drift_ppm = self.drift_ppm(earlier, hz);
        let most = DRIFT_PPM + READING / self.seconds_since(earlier) * 1e6;
        (drift_ppm.abs() > most).then_some(Invalid::Clock { drift_ppm })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_without_the_flags_has_no_clock() {
        let both = "processor: 0\nflags\t\t: fpu tsc constant_tsc nonstop_tsc\n";
        assert!(is_invariant(both));
        assert!(!is_invariant(&both.replace("nonstop_tsc", "")));
        assert!(!is_invariant(&format!("{both}flags : constant_tsc\n")));
        assert!(is_invariant("processor : 0\nFeatures : fp asimd\n"));
        assert!(
            ClockError::Varying
                .to_string()
                .contains("constant_tsc and nonstop_tsc in /proc/cpuinfo")
        );
    }

    #[test]
    fn drift_is_the_counters_lead() {
        let system = Instant::now();
        let earlier = Reading { tsc: 0, system };
        let later = Reading { tsc: 2_002_000, system: system + std::time::Duration::from_secs(2) };
        let drift = later.drift_ppm(&earlier, NonZeroU64::new(1_000_000).unwrap());
        assert!((drift - 1000.0).abs() < 1e-6, "{drift}");
    }

    #[test]
    fn a_counter_that_steps_or_runs_away_is_not_believed() {
        let hz = NonZeroU64::new(1_000_000).unwrap();
        let system = Instant::now();
        let earlier = Reading { tsc: 5_000_000, system };
        let after = |tsc| {
            let system = system + std::time::Duration::from_secs(10);
            Reading { tsc, system }.fault(&earlier, hz).map(|fault| fault.to_string())
        };
        // Ten seconds are ten million cycles; a step of a tenth of a second either way, and a fiftieth that reading may cost.
        assert_eq!((after(15_000_000), after(15_020_000)), (None, None));
        let forward = after(15_100_000).unwrap();
        assert!(forward.contains("ran 10000 millionths faster"), "{forward}");
        assert!(after(14_900_000).unwrap().contains("ran -10000 millionths faster"));
        // Back to before the beginning, as on another socket.
        assert!(after(1_000).is_some());
    }

    #[test]
    fn nanoseconds_become_cycles() {
        let clock = TscClock { hz: NonZeroU64::new(2_400_000_000).unwrap(), invariant: true };
        assert_eq!(clock.cycles(1_000), 2_400);
        assert_eq!(clock.cycles(u64::MAX), u64::MAX);
    }
}
