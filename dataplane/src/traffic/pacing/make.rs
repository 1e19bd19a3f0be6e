//! From a load and a spacing to legs.

use super::PacingError;
use super::leg::{Course, FRACTION_BITS, Leg, Time, saturated};
use crate::traffic::random::Random;
use crate::traffic::rate::{Rate, Volume};
use crate::traffic::spec::Spacing;
use std::sync::Arc;
use std::time::Duration;

/// How far back a late sender goes: a second divided by this, a millisecond.
///
/// What was due within it is sent late and in a burst, which makes good a scheduler's tick or a page fault. What was
/// due earlier is skipped and counted: a sender that made good a long stall would send for a while at a rate that
/// nobody asked for, and measure the queues that it fills itself.
pub(super) const CATCH_UP_PER_SECOND: u64 = 1000;

/// Makes legs.
pub(super) struct Maker {
    pub(super) spacing: Spacing,
    pub(super) volume: Volume,
    pub(super) hz: u64,
}

impl Maker {
    pub(super) fn leg(
        &self,
        start: u64,
        end: u64,
        rate: Rate,
        to: Option<Rate>,
    ) -> Result<Leg, PacingError> {
        let next = Time::from(start) << FRACTION_BITS;
        let course = match to {
            Some(to) => self.ramp(start, end, rate, to)?,
            None => self.course(rate)?,
        };
        let interval = match &course {
            Course::FlatOut | Course::Recorded { .. } => 0,
            Course::Train { step, gap, .. } => saturated((*step).max(*gap) >> FRACTION_BITS) + 1,
            Course::Poisson { mean, .. } => mean.ceil() as u64,
            Course::Ramp { from, slope, .. } => {
                (1.0 / from.min(from + slope * (end - start) as f64)).ceil() as u64
            }
        };
        // At a slow rate one interval, so that the latest departure is never skipped.
        let catch_up = interval.max(self.hz / CATCH_UP_PER_SECOND);
        Ok(Leg { end, catch_up, next, course })
    }

    fn course(&self, rate: Rate) -> Result<Course, PacingError> {
        let step = self.step(rate);
        Ok(match (self.spacing, step) {
            (Spacing::Constant, None) => Course::FlatOut,
            (Spacing::Constant, Some(step)) => train(1, step, step),
            (Spacing::Poisson { .. }, None) => return Err(PacingError::FlatOutPoisson),
            (Spacing::Poisson { seed }, Some(step)) => Course::Poisson {
                mean: step as f64 / (1u64 << FRACTION_BITS) as f64,
                random: Random::new(seed),
            },
            (Spacing::Bursts { packets: 0, .. }, _) => return Err(PacingError::EmptyBurst),
            (Spacing::Bursts { gap_ns: 0, .. }, None) => Course::FlatOut,
            (Spacing::Bursts { packets, gap_ns }, step) => {
                let gap = (Time::from(gap_ns) * Time::from(self.hz)) << FRACTION_BITS;
                let step = step.unwrap_or(0);
                // A gap shorter than a step would let bursts run into one another.
                train(packets.into(), step, (gap / 1_000_000_000).max(step))
            }
        })
    }

    fn ramp(&self, start: u64, end: u64, from: Rate, to: Rate) -> Result<Course, PacingError> {
        if self.spacing != Spacing::Constant {
            return Err(PacingError::RampSpacing);
        }
        let per_cycle = |rate: Rate| match self.step(rate) {
            Some(step) => Ok((1u64 << FRACTION_BITS) as f64 / step as f64),
            None => Err(PacingError::FlatOutRamp),
        };
        let (from, to) = (per_cycle(from)?, per_cycle(to)?);
        Ok(Course::Ramp { start, from, slope: (to - from) / (end - start) as f64, index: 0 })
    }

    /// From one departure to the next.
    fn step(&self, rate: Rate) -> Option<Time> {
        let (packets, seconds) = rate.pps(self.volume)?;
        let cycles = (Time::from(self.hz) << FRACTION_BITS).saturating_mul(seconds);
        Some((cycles / packets.max(1)).max(1))
    }
}

fn train(packets: u64, step: Time, gap: Time) -> Course {
    Course::Train { packets, step, gap, left: packets }
}

/// One round of recorded times after the other, without end.
pub(super) fn recorded(times: &[Duration], speed: f64, hz: u64) -> Leg {
    let scale = hz as f64 / speed * (1u64 << FRACTION_BITS) as f64;
    let times: Arc<[Time]> =
        times.iter().map(|time| (time.as_secs_f64() * scale) as Time).collect();
    let last = times.last().copied().unwrap_or_default();
    let gaps = times.len().saturating_sub(1).max(1);
    let round = last + last / gaps as Time;
    let course = Course::Recorded { times, round: round.max(1), start: 0, at: 0 };
    Leg { end: u64::MAX, catch_up: u64::MAX, next: 0, course }
}
