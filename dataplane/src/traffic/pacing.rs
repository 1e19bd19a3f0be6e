//! When to send: departures on an exact grid of TSC cycles.

use super::rate::Rate;
use std::num::NonZeroU64;

/// How far back a late sender goes: a second divided by this, a millisecond.
///
/// What was due within it is sent late and in a burst, which makes good a scheduler's tick or a page fault. What was
/// due earlier is skipped and counted: a sender that made good a long stall would send for a while at a rate that
/// nobody asked for, and measure the queues that it fills itself.
const CATCH_UP_PER_SECOND: u64 = 1000;

/// Says how many packets are due.
///
/// At a rate of `pps`, packet *k* departs `k × hz / pps` cycles after the start, rounded up. The remainder is carried,
/// so the last packet of a day is as exact as the first.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// `None` sends flat out.
    grid: Option<Grid>,
    skipped: u64,
}

impl Pacer {
    /// Makes a pacer whose first packet is due at `start_tsc`, on a counter of `tsc_hz` cycles a second.
    pub fn new(rate: Rate, tsc_hz: NonZeroU64, start_tsc: u64) -> Self {
        let grid = match rate {
            Rate::Pps(pps) => Some(Grid::new(pps, tsc_hz, start_tsc)),
            Rate::FlatOut => None,
        };
        Self { grid, skipped: 0 }
    }

    /// Says how many packets are to be sent at `now_tsc`, at most `max`, and takes them for sent.
    #[inline]
    pub fn due(&mut self, now_tsc: u64, max: u16) -> u16 {
        let Some(grid) = &mut self.grid else { return max };
        if now_tsc < grid.next_tsc {
            return 0;
        }
        self.skipped += grid.skip_before(now_tsc.saturating_sub(grid.catch_up_cycles));
        let mut due = 0;
        while due < max && grid.next_tsc <= now_tsc {
            grid.advance();
            due += 1;
        }
        due
    }

    /// How many departures were given up because the sender came too late for them.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

/// The departures, as the next one and the steps between them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grid {
    pps: u64,
    tsc_hz: u64,
    start_tsc: u64,
    catch_up_cycles: u64,
    /// Whole cycles between departures, and what is left over, in parts of `pps`.
    step: u64,
    step_rest: u64,
    /// The next departure: its number, its time, and by how much rounding up made it late, in parts of `pps`.
    index: u64,
    next_tsc: u64,
    late: u64,
}

impl Grid {
    fn new(pps: NonZeroU64, tsc_hz: NonZeroU64, start_tsc: u64) -> Self {
        let interval = tsc_hz.get().div_ceil(pps.get());
        let mut grid = Self {
            pps: pps.get(),
            tsc_hz: tsc_hz.get(),
            start_tsc,
            // At a slow rate one interval, so that the latest departure is never skipped.
            catch_up_cycles: interval.max(tsc_hz.get() / CATCH_UP_PER_SECOND),
            step: tsc_hz.get() / pps,
            step_rest: tsc_hz.get() % pps,
            index: 0,
            next_tsc: 0,
            late: 0,
        };
        grid.seek(0);
        grid
    }

    /// Goes to the departure of number `index`.
    fn seek(&mut self, index: u64) {
        let pps = u128::from(self.pps);
        let exact = u128::from(index) * u128::from(self.tsc_hz);
        let rounded = exact.div_ceil(pps);
        self.index = index;
        self.next_tsc = self.start_tsc.saturating_add(saturated(rounded));
        self.late = saturated(rounded * pps - exact);
    }

    /// Goes to the following departure; the same as `seek(index + 1)`, without a division.
    #[inline]
    fn advance(&mut self) {
        self.index = self.index.saturating_add(1);
        self.next_tsc = self.next_tsc.saturating_add(self.step);
        if self.late < self.step_rest {
            self.next_tsc = self.next_tsc.saturating_add(1);
            self.late += self.pps - self.step_rest;
        } else {
            self.late -= self.step_rest;
        }
    }

    /// Skips the departures before `horizon_tsc` and says how many there were.
    fn skip_before(&mut self, horizon_tsc: u64) -> u64 {
        if self.next_tsc >= horizon_tsc {
            return 0;
        }
        // Departure k is before the horizon if k × hz / pps, rounded up, is at most the cycles to the one before it.
        let elapsed = u128::from(horizon_tsc - self.start_tsc - 1);
        let before = saturated(elapsed * u128::from(self.pps) / u128::from(self.tsc_hz) + 1);
        let skipped = before - self.index;
        self.seek(before);
        skipped
    }
}

/// The number, or the largest that fits: a TSC that runs for decades ends the grid, it does not wrap it.
fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GHZ: u64 = 1_000_000_000;

    fn pacer(pps: u64, tsc_hz: u64, start_tsc: u64) -> Pacer {
        Pacer::new(
            Rate::Pps(NonZeroU64::new(pps).unwrap()),
            NonZeroU64::new(tsc_hz).unwrap(),
            start_tsc,
        )
    }

    /// How many departures there are up to `elapsed` cycles after the start.
    fn scheduled(pps: u64, tsc_hz: u64, elapsed: u64) -> u64 {
        (u128::from(elapsed) * u128::from(pps) / u128::from(tsc_hz)) as u64 + 1
    }

    #[test]
    fn packets_depart_on_the_grid() {
        let mut pacer = pacer(3, 10, 100);
        // 3 a second on a 10 Hz counter: after 0, 3.3, 6.7, 10 cycles.
        let due: Vec<u16> = (99..=110).map(|now| pacer.due(now, 32)).collect();
        assert_eq!(due, [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
        assert_eq!(pacer.skipped(), 0);
    }

    #[test]
    fn a_day_at_an_awkward_rate_does_not_drift() {
        let (pps, hz) = (1_488_095, 2_399_999_989);
        let mut pacer = pacer(pps, hz, 7);
        let day = 86_400 * hz;
        let sent =
            u64::from(pacer.due(7, 1)) + u64::from(pacer.due(7 + day, u16::MAX)) + pacer.skipped();
        assert_eq!(sent, scheduled(pps, hz, day));
        assert_eq!(sent, 86_400 * pps + 1);
    }

    #[test]
    fn a_short_stall_is_made_good_and_a_long_one_is_counted() {
        let mut pacer = pacer(1_000_000, GHZ, 0);
        assert_eq!(pacer.due(0, 32), 1);
        // 500 µs late: 500 packets, 32 at a time, none skipped.
        let late: u32 = (0..20).map(|_| u32::from(pacer.due(500_000, 32))).sum();
        assert_eq!((late, pacer.skipped()), (500, 0));
        // A second late: only the last millisecond's 1001 are sent, both of its ends included.
        let later: u32 = (0..40).map(|_| u32::from(pacer.due(GHZ, 32))).sum();
        assert_eq!((later, pacer.skipped()), (1001, 1_000_000 - 500 - 1001));
    }

    #[test]
    fn at_a_slow_rate_the_latest_departure_is_not_skipped() {
        let mut pacer = pacer(1, GHZ, 0);
        assert_eq!(pacer.due(900_000_000, 32), 1);
        assert_eq!(pacer.due(4 * GHZ + 900_000_000, 32), 1);
        assert_eq!(pacer.skipped(), 3);
    }

    #[test]
    fn flat_out_sends_what_fits() {
        let mut pacer = Pacer::new(Rate::FlatOut, NonZeroU64::new(GHZ).unwrap(), 50);
        assert_eq!((pacer.due(0, 32), pacer.due(100, 64), pacer.skipped()), (32, 64, 0));
    }

    proptest! {
        #[test]
        fn stepping_and_seeking_meet(
            pps in 1u64..200_000_000, tsc_hz in 1u64..6_000_000_000, start: u32, index in 0u64..1 << 40, steps in 1u64..100,
        ) {
            let mut stepped = pacer(pps, tsc_hz, u64::from(start)).grid.unwrap();
            let mut sought = stepped.clone();
            stepped.seek(index);
            (0..steps).for_each(|_| stepped.advance());
            sought.seek(index + steps);
            prop_assert_eq!(stepped, sought);
        }

        #[test]
        fn every_departure_is_sent_or_skipped_or_still_within_reach(
            pps in 1u64..50_000_000, tsc_hz in 1_000u64..6_000_000_000, start: u32,
            pauses in prop::collection::vec((0u64..10_000_000, 0u16..64), 1..200),
        ) {
            let start = u64::from(start);
            let mut pacer = pacer(pps, tsc_hz, start);
            let mut now = start;
            let mut sent = 0;
            for (pause, max) in pauses {
                now += pause;
                let due = pacer.due(now, max);
                sent += u64::from(due);
                let pending = scheduled(pps, tsc_hz, now - start) - sent - pacer.skipped();
                prop_assert!(due <= max);
                prop_assert!(due == max || pending == 0);
                // What is left lies within the time that is made good.
                let reach = (tsc_hz / CATCH_UP_PER_SECOND).max(tsc_hz.div_ceil(pps));
                prop_assert!(pending <= scheduled(pps, tsc_hz, reach + 1));
            }
        }

        #[test]
        fn any_time_is_taken_without_panic(pps in 1u64.., tsc_hz in 1u64.., start: u64, times: Vec<u64>) {
            let mut pacer = pacer(pps, tsc_hz, start);
            for now in times {
                let due = pacer.due(now, 8);
                prop_assert!(due == 0 || now >= start);
            }
        }
    }
}
