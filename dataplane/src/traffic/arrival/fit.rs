//! A device's clock in terms of the timestamp counter: a straight line through moments at which both were read.

use crate::traffic::clock::Beside;
use std::collections::VecDeque;

/// Moments that a line is laid through: a clock's speed changes with its temperature, so old ones are forgotten.
const KEPT: usize = 64;
/// How many times less exact than the best a moment may be. In between another program has run.
const DISTURBED: u64 = 4;

/// What a device's clock said, in its ticks, and the counter at that moment.
pub(super) type Moment = Beside<u64>;

/// A line from a device's ticks to the counter's cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fit {
    /// A point of it.
    pub(super) ticks: u64,
    pub(super) tsc: u64,
    pub(super) cycles_a_tick: f64,
}

impl Fit {
    /// The counter when the device's clock said `ticks`.
    #[inline]
    pub(super) fn tsc(&self, ticks: u64) -> u64 {
        let since = ticks.wrapping_sub(self.ticks) as i64;
        self.tsc.wrapping_add_signed((since as f64 * self.cycles_a_tick) as i64)
    }

    /// The line with the least squares of distances to the moments; `None` if there is none that goes up.
    fn through(moments: &VecDeque<Moment>) -> Option<Self> {
        let last = moments.back()?;
        // From the last one, so that differences are small enough to be exact.
        let points = || {
            moments.iter().map(|moment| {
                let ticks = moment.read.wrapping_sub(last.read) as i64;
                (ticks as f64, moment.tsc.wrapping_sub(last.tsc) as i64 as f64)
            })
        };
        let count = moments.len() as f64;
        let (ticks, tsc) = points().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
        let (mean_ticks, mean_tsc) = (ticks / count, tsc / count);
        let (mut square, mut product) = (0.0, 0.0);
        for (ticks, tsc) in points() {
            square += (ticks - mean_ticks) * (ticks - mean_ticks);
            product += (ticks - mean_ticks) * (tsc - mean_tsc);
        }
        let cycles_a_tick = product / square;
        let beside = mean_tsc - cycles_a_tick * mean_ticks;
        let goes_up = cycles_a_tick.is_finite() && cycles_a_tick > 0.0;
        goes_up.then(|| Self {
            ticks: last.read,
            tsc: last.tsc.wrapping_add_signed(beside.round() as i64),
            cycles_a_tick,
        })
    }
}

/// Follows a clock: each new moment tests the line that there is, makes a new one, and tests that. So a line is tested at both ends
/// of the time for which it is gone by, and a clock whose speed is steady meanwhile is no further off it in between.
#[derive(Debug)]
pub(super) struct Follower {
    moments: VecDeque<Moment>,
    fit: Option<Fit>,
    /// How exact the best moment was.
    best: u64,
    /// Cycles that a clock can be off its line only by a step.
    step: u64,
    tested: Tested,
}

/// How a clock's lines stood the tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tested {
    /// Moments.
    pub(super) moments: u64,
    /// The furthest that the clock may have been off its lines there, in cycles.
    pub(super) error: u64,
    /// How many were off by more than a clock can be that runs.
    pub(super) steps: u64,
}

impl Tested {
    /// Holds a line against a moment; returns by how many cycles they differ.
    fn test(&mut self, fit: &Fit, moment: &Moment) -> u64 {
        let off = fit.tsc(moment.read).abs_diff(moment.tsc);
        self.error = self.error.max(off + moment.within);
        off
    }
}

impl Follower {
    /// One for whom a clock steps that is off its line by more than `step` cycles.
    pub(super) fn new(step: u64) -> Self {
        let (moments, tested) = (VecDeque::with_capacity(KEPT), Tested::default());
        Self { moments, fit: None, best: u64::MAX, step, tested }
    }

    /// Takes one more moment in; returns the new line, unless there is none or the moment is too inexact to tell.
    pub(super) fn follow(&mut self, moment: Moment) -> Option<Fit> {
        self.best = self.best.min(moment.within.max(1));
        if moment.within > DISTURBED * self.best {
            return None;
        }
        if let Some(fit) = &mut self.fit {
            let off = self.tested.test(fit, &moment);
            self.tested.moments += 1;
            if off > self.step {
                self.tested.steps += 1;
                self.moments.clear();
                // A clock that was set runs on at its speed.
                *fit = Fit { ticks: moment.read, tsc: moment.tsc, ..*fit };
            }
        }
        if self.moments.len() == KEPT {
            self.moments.pop_front();
        }
        self.moments.push_back(moment);
        self.fit = Fit::through(&self.moments).or(self.fit);
        self.fit.inspect(|fit| {
            self.tested.test(fit, &moment);
        })
    }

    /// The line that there is.
    pub(super) fn fit(&self) -> Option<Fit> {
        self.fit
    }

    /// How the lines stood the tests since the last call of [`forget`](Self::forget).
    pub(super) fn tested(&self) -> Tested {
        self.tested
    }

    /// Begins to test anew.
    pub(super) fn forget(&mut self) {
        self.tested = Tested::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A step in the tests: 100 µs of a counter of 2.5 GHz.
    const STEP: u64 = 250_000;
    /// A tenth of a second of it.
    const TENTH: u64 = 250_000_000;

    /// A clock that has `ticks` for `cycles` of the counter, and began at `from`.
    fn at(from: u64, tsc: u64, (ticks, cycles): (u64, u64)) -> u64 {
        from.wrapping_add((u128::from(tsc) * u128::from(ticks) / u128::from(cycles)) as u64)
    }

    #[test]
    fn a_clock_that_stands_has_no_line() {
        let mut follower = Follower::new(STEP);
        for tenth in 1..10 {
            assert_eq!(follower.follow(Moment { read: 7, tsc: tenth * TENTH, within: 500 }), None);
        }
        assert_eq!(Follower::new(STEP).fit(), None);
    }

    #[test]
    fn a_clock_that_is_set_is_followed_again_and_the_step_is_counted() {
        let mut follower = Follower::new(STEP);
        let moment = |tsc, ahead| Moment { read: tsc * 2 / 5 + ahead, tsc, within: 100 };
        for tenth in 1..20 {
            follower.follow(moment(tenth * TENTH, 0));
        }
        assert_eq!(follower.tested().steps, 0);
        assert!(follower.tested().error <= 102, "{:?}", follower.tested());
        // By a second of a clock that counts nanoseconds.
        for tenth in 20..30 {
            let moment = moment(tenth * TENTH, 1_000_000_000);
            let fit = follower.follow(moment).unwrap();
            assert!(fit.tsc(moment.read).abs_diff(moment.tsc) <= 2, "{fit:?}");
        }
        assert_eq!(follower.tested().steps, 1);
        assert!(follower.tested().error >= 2_500_000_000);
        follower.forget();
        assert_eq!(follower.tested(), Tested::default());
    }

    #[test]
    fn a_reading_that_was_disturbed_changes_nothing() {
        let mut follower = Follower::new(STEP);
        for tenth in 1..20 {
            follower.follow(Moment { read: tenth * TENTH, tsc: tenth * TENTH, within: 100 });
        }
        let (fit, tested) = (follower.fit(), follower.tested());
        let away = Moment { read: 20 * TENTH, tsc: 20 * TENTH + 900_000, within: 1_000_000 };
        assert_eq!(follower.follow(away), None);
        assert_eq!((follower.fit(), follower.tested()), (fit, tested));
    }

    proptest! {
        /// Each tenth of a second a reading that is off by up to what it says, and a drift that changes on the way: what the
        /// follower says of its error holds for every time in between, but for what the drift bends the clock there.
        #[test]
        fn times_are_as_exact_as_the_follower_says(
            from: u64,
            ticks in 20_000_000u64..2_000_000_000,
            warming in -100i64..100,
            readings in prop::collection::vec((0u64..1200, -1.0f64..1.0, 0.0f64..1.0), 120),
        ) {
            // A quartz that warms up: by a hundred millionths of a millionth of a cycle each cycle, at most.
            let truth = |tsc: u64| {
                let seconds = tsc as f64 / 2.5e9;
                let ahead = (seconds * seconds * warming as f64 * 2.5) as i64;
                at(from, tsc.wrapping_add_signed(ahead), (ticks, 2_500_000_000))
            };
            let mut follower = Follower::new(STEP);
            // Packets since the last moment: the furthest that one's time was off.
            let (mut fit, mut off, mut worst) = (None::<Fit>, 0, 0);
            let (mut followed, mut longest) = (0, 0);
            for (tenth, (within, share, between)) in (1u64..).zip(readings) {
                let tsc = tenth * TENTH;
                if let Some(fit) = fit {
                    let came = tsc - (between * TENTH as f64) as u64;
                    off = off.max(fit.tsc(truth(came)).abs_diff(came));
                }
                let seen = tsc.wrapping_add_signed((share * within as f64) as i64);
                let moment = Moment { read: truth(tsc), tsc: seen, within: within + 1 };
                if let Some(newer) = follower.follow(moment) {
                    (fit, worst, off) = (Some(newer), worst.max(off), 0);
                    (followed, longest) = (tenth, longest.max(tenth - followed));
                }
            }
            let Tested { error, steps, .. } = follower.tested();
            prop_assert_eq!(steps, 0);
            // The clock tells no less than a tick apart, wherever it is read.
            let tick = 2_500_000_000 / ticks + 1;
            // A parabola is furthest off its chord in the middle, by a quarter of what the length's square says.
            let seconds = longest as f64 / 10.0;
            let bend = (seconds * seconds * warming.abs() as f64 * 2.5 / 4.0).ceil() as u64;
            prop_assert!(
                worst <= error + bend + 2 * tick,
                "off by {} where {} was said, bent by {}", worst, error, bend
            );
        }
    }
}
