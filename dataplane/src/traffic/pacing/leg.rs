//! A stretch of time, its departures one after the other.

use super::WHENEVER;
use crate::traffic::random::Random;
use std::sync::Arc;

/// Bits of a time behind the cycle. What a step's rounding adds up to in a day of 100 Mpps is a thirtieth of a cycle.
pub(super) const FRACTION_BITS: u32 = 48;

/// TSC cycles since the pacer's origin, with [`FRACTION_BITS`] behind the point.
pub(super) type Time = u128;

/// A stretch of time with one course of departures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leg {
    /// When it ends, in cycles since the origin.
    pub(super) end: u64,
    /// How far back a late sender goes, in cycles.
    pub(super) catch_up: u64,
    pub(super) next: Time,
    pub(super) course: Course,
}

/// What leads from a departure to the next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Course {
    /// None is late: as many as fit.
    FlatOut,
    /// `packets` departures one step apart, then a gap, then again. Equal spacing is a train of one.
    Train { packets: u64, step: Time, gap: Time, left: u64 },
    /// Independent arrivals.
    Poisson { mean: f64, random: Random },
    /// Times that were recorded, and the time from one round's beginning to the next one's.
    Recorded { times: Arc<[Time]>, round: Time, start: Time, at: usize },
    /// A rate that changes evenly: departure `index` is when as many are due, at `from` a cycle and `slope` more each cycle.
    Ramp { start: u64, from: f64, slope: f64, index: u64 },
}

impl Leg {
    /// The departures due at `now`, and how many were skipped because they were due too long ago.
    #[inline]
    pub(super) fn due(
        &mut self,
        now: u64,
        origin_tsc: u64,
        departures: &mut [u64],
    ) -> (usize, u64) {
        if let Course::FlatOut = self.course {
            let runs = now < self.end && ceiled(self.next) <= now;
            let count = if runs { departures.len() } else { 0 };
            departures[..count].fill(WHENEVER);
            return (count, 0);
        }
        if ceiled(self.next) > now {
            return (0, 0);
        }
        let skipped = self.skip_before(now.saturating_sub(self.catch_up).min(self.end));
        let mut count = 0;
        for departure in departures {
            let next = ceiled(self.next);
            if next > now || next >= self.end {
                break;
            }
            *departure = origin_tsc + next;
            count += 1;
            self.advance();
        }
        (count, skipped)
    }

    /// Goes to the following departure.
    #[inline]
    fn advance(&mut self) {
        match &mut self.course {
            Course::FlatOut => {}
            Course::Train { packets, step, gap, left } => {
                *left -= 1;
                if *left == 0 {
                    *left = *packets;
                    self.next += *gap;
                } else {
                    self.next += *step;
                }
            }
            Course::Poisson { mean, random } => self.next += fixed(*mean * random.exponential()),
            Course::Recorded { times, round, start, at } => {
                *at += 1;
                if *at == times.len() {
                    *at = 0;
                    *start += *round;
                }
                self.next = *start + times.get(*at).copied().unwrap_or_default();
            }
            Course::Ramp { start, from, slope, index } => {
                *index += 1;
                self.next =
                    (Time::from(*start) << FRACTION_BITS) + ramp_time(*from, *slope, *index);
            }
        }
    }

    /// Skips the departures before `horizon` and says how many there were.
    fn skip_before(&mut self, horizon: u64) -> u64 {
        let fixed_horizon = Time::from(horizon) << FRACTION_BITS;
        if self.next >= fixed_horizon {
            return 0;
        }
        match &mut self.course {
            // Every packet of a file is sent, however late: which ones arrive is what a replay is for.
            Course::FlatOut | Course::Recorded { .. } => 0,
            Course::Train { packets, step, gap, left } => {
                let gone = *packets - *left;
                let burst = self.next - Time::from(gone) * *step;
                let period = Time::from(*packets - 1) * *step + *gap;
                let (bursts, rest) =
                    ((fixed_horizon - burst) / period, (fixed_horizon - burst) % period);
                // A burst's departures before `rest` is over.
                let begun = match rest {
                    0 => 0,
                    _ if *step == 0 => *packets,
                    _ => saturated(rest.div_ceil(*step)).min(*packets),
                };
                let (bursts, begun) =
                    if begun == *packets { (bursts + 1, 0) } else { (bursts, begun) };
                self.next = burst + bursts * period + Time::from(begun) * *step;
                *left = *packets - begun;
                saturated(bursts * Time::from(*packets) + Time::from(begun) - Time::from(gone))
            }
            Course::Poisson { mean, random } => {
                // Arrivals have no memory: as many as the time has on average, and the next one from here.
                let skipped = (fixed_horizon - self.next) as f64 / fixed(*mean).max(1) as f64;
                self.next = fixed_horizon + fixed(*mean * random.exponential());
                (skipped as u64).saturating_add(1)
            }
            Course::Ramp { start, from, slope, index } => {
                let time = horizon.saturating_sub(*start) as f64;
                let before = (time * (*from + *slope * time / 2.0)).ceil() as u64;
                let skipped = before.saturating_sub(*index);
                *index += skipped;
                self.next =
                    (Time::from(*start) << FRACTION_BITS) + ramp_time(*from, *slope, *index);
                skipped
            }
        }
    }
}

/// When a ramp has made `index` packets due, in cycles since its start: the root of `from × t + slope × t² ÷ 2 = index`, in the form
/// that loses no digits where the slope is small. A ramp that falls to nothing before that has no such time.
fn ramp_time(from: f64, slope: f64, index: u64) -> Time {
    let square = from * from + 2.0 * slope * index as f64;
    if square < 0.0 { Time::MAX >> 8 } else { fixed(2.0 * index as f64 / (from + square.sqrt())) }
}

fn fixed(cycles: f64) -> Time {
    (cycles * (1u64 << FRACTION_BITS) as f64) as Time
}

/// The first whole cycle at or after a time.
#[inline]
fn ceiled(time: Time) -> u64 {
    saturated((time + ((1 << FRACTION_BITS) - 1)) >> FRACTION_BITS)
}

/// The number, or the largest that fits: a TSC that runs for decades ends the grid, it does not wrap it.
#[inline]
pub(super) fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
