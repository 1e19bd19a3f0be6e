//! When to send: departures on an exact grid of TSC cycles.

mod leg;
mod make;
#[cfg(test)]
mod tests;

use super::rate::Volume;
use super::spec::{Load, Spacing};
use leg::{Course, Leg};
use make::Maker;
use std::num::NonZeroU64;
use std::time::Duration;

/// The departure of a packet that is sent flat out: no time is asked of it, so it is never late.
pub const WHENEVER: u64 = u64::MAX;

/// Says which packets are due.
#[derive(Clone, Debug)]
pub struct Pacer {
    legs: Box<[Leg]>,
    /// The leg that runs.
    at: usize,
    origin_tsc: u64,
    skipped: u64,
}

/// Why no departures can be reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacingError {
    /// A phase without end or of no length.
    #[error("a phase of {0} seconds cannot be: give a number above 0")]
    Seconds(Given),
    /// A ramp from or to no number.
    #[error("a ramp needs a rate at both ends: write packets or bits a second, not flat-out")]
    FlatOutRamp,
    /// A ramp of something else than equal spacing.
    #[error(
        "a ramp is sent with constant spacing: leave the spacing out, or write steps in place of the ramp"
    )]
    RampSpacing,
    /// Independent arrivals at no rate.
    #[error("Poisson spacing needs a rate: write packets or bits a second, not flat-out")]
    FlatOutPoisson,
    /// No speed.
    #[error("a file cannot be sent {0} times as fast: give a number above 0")]
    Speed(Given),
    /// Bursts of nothing.
    #[error("a burst of no packets cannot be sent: give 1 or more")]
    EmptyBurst,
}

/// A number that was given, to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Given(pub f64);

impl Eq for Given {}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Pacer {
    /// Makes a pacer of packets of `volume`, on a counter of `tsc_hz` cycles a second.
    ///
    /// # Errors
    /// [`PacingError`] if the load or the spacing has no meaning.
    pub fn new(
        load: &Load,
        spacing: Spacing,
        volume: Volume,
        tsc_hz: NonZeroU64,
    ) -> Result<Self, PacingError> {
        let maker = Maker { spacing, volume, hz: tsc_hz.get() };
        let legs = match load {
            Load::Steady(rate) => vec![maker.leg(0, u64::MAX, *rate, None)?],
            Load::Phases(phases) => {
                let mut start = 0.0;
                let mut legs = Vec::new();
                for phase in phases {
                    if !(phase.seconds > 0.0 && phase.seconds.is_finite()) {
                        return Err(PacingError::Seconds(Given(phase.seconds)));
                    }
                    let cycles = |seconds: f64| (seconds * tsc_hz.get() as f64).round() as u64;
                    let end = start + phase.seconds;
                    legs.push(maker.leg(cycles(start), cycles(end), phase.rate, phase.to)?);
                    start = end;
                }
                legs
            }
        };
        Ok(Self { legs: legs.into(), at: 0, origin_tsc: 0, skipped: 0 })
    }

    /// Makes a pacer of departures at recorded times, which do not decrease and of which there is one or more, `speed` times as fast
    /// as they were recorded. From a round's last departure to the next one's first it is as long as between two on average.
    ///
    /// # Errors
    /// [`PacingError::Speed`].
    pub fn recorded(
        times: &[Duration],
        speed: f64,
        tsc_hz: NonZeroU64,
    ) -> Result<Self, PacingError> {
        if !(speed > 0.0 && speed.is_finite()) {
            return Err(PacingError::Speed(Given(speed)));
        }
        let leg = make::recorded(times, speed, tsc_hz.get());
        Ok(Self { legs: vec![leg].into(), at: 0, origin_tsc: 0, skipped: 0 })
    }

    /// Starts the clock: the first packet is due now.
    pub fn begin(&mut self, now_tsc: u64) {
        self.origin_tsc = now_tsc;
    }

    /// Writes the times of the departures that are due at `now_tsc` and takes them for sent; returns how many fitted.
    #[inline]
    pub fn due(&mut self, now_tsc: u64, departures: &mut [u64]) -> usize {
        let Some(now) = now_tsc.checked_sub(self.origin_tsc) else { return 0 };
        let mut due = 0;
        while let Some(leg) = self.legs.get_mut(self.at) {
            let rest = departures.get_mut(due..).unwrap_or_default();
            let room = rest.len();
            let (count, skipped) = leg.due(now, self.origin_tsc, rest);
            due += count;
            self.skipped = self.skipped.saturating_add(skipped);
            if now < leg.end || count == room {
                break;
            }
            self.at += 1;
        }
        due
    }

    /// How many departures were given up because the sender came too late for them.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether any packet has a time at which it is to depart.
    pub fn is_timed(&self) -> bool {
        self.legs.iter().any(|leg| leg.course != Course::FlatOut)
    }

    /// How long all phases are together; `None` if there is no end to them.
    pub fn seconds(&self, tsc_hz: NonZeroU64) -> Option<f64> {
        let end = self.legs.last().map_or(0, |leg| leg.end);
        (end < u64::MAX).then(|| end as f64 / tsc_hz.get() as f64)
    }
}
