//! The grid against plain arithmetic.

use super::*;
use crate::traffic::rate::Rate;
use crate::traffic::spec::Phase;
use make::CATCH_UP_PER_SECOND;
use proptest::prelude::*;

const GHZ: u64 = 1_000_000_000;
const ONE: Volume = Volume { packets: 1, bytes: 64 };

fn rate(pps: u64) -> Rate {
    Rate::Pps(NonZeroU64::new(pps).unwrap())
}

fn made(load: &Load, spacing: Spacing, tsc_hz: u64) -> Result<Pacer, PacingError> {
    Pacer::new(load, spacing, ONE, NonZeroU64::new(tsc_hz).unwrap())
}

fn begun(load: &Load, spacing: Spacing, tsc_hz: u64, start_tsc: u64) -> Pacer {
    let mut pacer = made(load, spacing, tsc_hz).unwrap();
    pacer.begin(start_tsc);
    pacer
}

fn even(pps: u64, tsc_hz: u64, start_tsc: u64) -> Pacer {
    begun(&Load::Steady(rate(pps)), Spacing::Constant, tsc_hz, start_tsc)
}

/// The departures due at `now`, at most `max`.
fn due(pacer: &mut Pacer, now: u64, max: usize) -> Vec<u64> {
    let mut departures = vec![u64::MAX; max];
    let count = pacer.due(now, &mut departures);
    departures.truncate(count);
    departures
}

/// How many departures there are up to `elapsed` cycles after the start.
fn scheduled(pps: u64, tsc_hz: u64, elapsed: u64) -> u64 {
    (u128::from(elapsed) * u128::from(pps) / u128::from(tsc_hz)) as u64 + 1
}

#[test]
fn packets_depart_on_the_grid() {
    let mut pacer = even(3, 10, 100);
    // 3 a second on a 10 Hz counter: after 0, 3.3, 6.7, 10 cycles.
    let found: Vec<Vec<u64>> = (99..=110).map(|now| due(&mut pacer, now, 32)).collect();
    let times: Vec<u64> = found.concat();
    assert_eq!(times, [100, 104, 107, 110]);
    assert_eq!((found[1].len(), found[5].len(), pacer.skipped()), (1, 1, 0));
}

#[test]
fn a_day_at_an_awkward_rate_does_not_drift() {
    let (pps, hz) = (1_488_095, 2_399_999_989);
    let mut pacer = even(pps, hz, 7);
    let day = 86_400 * hz;
    let first = due(&mut pacer, 7, 1).len() as u64;
    let sent = first + due(&mut pacer, 7 + day, 65_535).len() as u64 + pacer.skipped();
    assert_eq!(sent, scheduled(pps, hz, day));
    assert_eq!(sent, 86_400 * pps + 1);
}

#[test]
fn a_short_stall_is_made_good_and_a_long_one_is_counted() {
    let mut pacer = even(1_000_000, GHZ, 0);
    assert_eq!(due(&mut pacer, 0, 32), [0]);
    // 500 µs late: 500 packets, 32 at a time, none skipped.
    let late: Vec<u64> = (0..20).flat_map(|_| due(&mut pacer, 500_000, 32)).collect();
    assert_eq!((late.len(), late[0], late[499], pacer.skipped()), (500, 1000, 500_000, 0));
    // A second late: only the last millisecond's 1001 are sent, both of its ends included.
    let later: usize = (0..40).map(|_| due(&mut pacer, GHZ, 32).len()).sum();
    assert_eq!((later, pacer.skipped()), (1001, 1_000_000 - 500 - 1001));
}

#[test]
fn at_a_slow_rate_the_latest_departure_is_not_skipped() {
    let mut pacer = even(1, GHZ, 0);
    assert_eq!(due(&mut pacer, 900_000_000, 32), [0]);
    assert_eq!(due(&mut pacer, 4 * GHZ + 900_000_000, 32), [4 * GHZ]);
    assert_eq!(pacer.skipped(), 3);
}

#[test]
fn flat_out_sends_what_fits() {
    let mut pacer = begun(&Load::Steady(Rate::FlatOut), Spacing::Constant, GHZ, 50);
    assert!(due(&mut pacer, 49, 2).is_empty());
    assert_eq!(
        (due(&mut pacer, 60, 2), due(&mut pacer, 70, 3)),
        (vec![WHENEVER; 2], vec![WHENEVER; 3])
    );
    assert_eq!(pacer.skipped(), 0);
}

#[test]
fn bursts_keep_their_gap() {
    let bursts = Spacing::Bursts { packets: 3, gap_ns: 100 };
    let mut pacer = begun(&Load::Steady(rate(100_000_000)), bursts, GHZ, 0);
    assert_eq!(due(&mut pacer, 250, 32), [0, 10, 20, 120, 130, 140, 240, 250]);
    let mut pacer = begun(&Load::Steady(Rate::FlatOut), bursts, GHZ, 0);
    assert_eq!(due(&mut pacer, 199, 32), [0, 0, 0, 100, 100, 100]);
    // A little more than the millisecond that is made good later: the first burst due is given up.
    assert_eq!(due(&mut pacer, 1_000_205, 4), [300, 300, 300, 400]);
    assert_eq!(pacer.skipped(), 3);
}

#[test]
fn arrivals_are_independent_and_keep_the_rate() {
    let poisson = Spacing::Poisson { seed: 5 };
    let mut pacer = begun(&Load::Steady(rate(1_000_000)), poisson, GHZ, 0);
    let times: Vec<u64> = (0..100).flat_map(|at| due(&mut pacer, at * 1_000_000, 2_000)).collect();
    assert!((98_000..102_000).contains(&times.len()), "{} in 99 ms", times.len());
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let shorter_than_mean = gaps.iter().filter(|gap| **gap < 1000).count() as f64;
    let share = shorter_than_mean / gaps.len() as f64;
    assert!((share - 0.632).abs() < 0.01, "{share} of the gaps, where 1 - 1/e are expected");
    // A second is lost: about a million are given up.
    due(&mut pacer, 1_100_000_000, 1);
    assert!(pacer.skipped().abs_diff(1_000_000) < 10_000, "{}", pacer.skipped());
}

#[test]
fn steps_and_ramps_follow_one_another() {
    let phase =
        |seconds, from, to: Option<u64>| Phase { seconds, rate: rate(from), to: to.map(rate) };
    let load = Load::Phases(vec![
        phase(1.0, 10, None),
        phase(2.0, 10, Some(30)),
        phase(1.0, 30, Some(10)),
    ]);
    let mut pacer = begun(&load, Spacing::Constant, GHZ, 0);
    let mut times = Vec::new();
    for now in (0..=4_000).map(|ms| ms * 1_000_000) {
        times.extend(due(&mut pacer, now, 32));
    }
    let within =
        |from: u64, to: u64| times.iter().filter(|time| (from..to).contains(*time)).count();
    assert_eq!((within(0, GHZ), within(GHZ, 2 * GHZ), within(2 * GHZ, 3 * GHZ)), (10, 15, 25));
    assert_eq!((within(3 * GHZ, 4 * GHZ), times.len(), pacer.skipped()), (20, 70, 0));
    assert_eq!((pacer.seconds(NonZeroU64::new(GHZ).unwrap()), pacer.is_timed()), (Some(4.0), true));
    assert!(due(&mut pacer, 5 * GHZ, 32).is_empty());
}

#[test]
fn recorded_times_are_kept_scaled_and_repeated() {
    let times = [0, 10, 30].map(Duration::from_nanos);
    let hz = NonZeroU64::new(GHZ).unwrap();
    let mut pacer = Pacer::recorded(&times, 2.0, hz).unwrap();
    pacer.begin(100);
    assert_eq!(due(&mut pacer, 140, 32), [100, 105, 115, 123, 128, 138]);
    assert!(due(&mut pacer, 100 + GHZ, 8).starts_with(&[145, 150, 160]), "nothing is skipped");
    assert_eq!(Pacer::recorded(&times, 0.0, hz).unwrap_err(), PacingError::Speed(Given(0.0)));
}

#[test]
fn what_has_no_meaning_is_refused() {
    let flat = Load::Steady(Rate::FlatOut);
    let phase = |seconds, rate, to| Load::Phases(vec![Phase { seconds, rate, to }]);
    let poisson = Spacing::Poisson { seed: 0 };
    for (load, spacing, error) in [
        (&flat, poisson, PacingError::FlatOutPoisson),
        (&flat, Spacing::Bursts { packets: 0, gap_ns: 1 }, PacingError::EmptyBurst),
        (&phase(0.0, rate(1), None), Spacing::Constant, PacingError::Seconds(Given(0.0))),
        (&phase(1.0, rate(1), Some(Rate::FlatOut)), Spacing::Constant, PacingError::FlatOutRamp),
        (&phase(1.0, rate(1), Some(rate(2))), poisson, PacingError::RampSpacing),
    ] {
        assert_eq!(made(load, spacing, GHZ).unwrap_err(), error);
    }
    assert!(made(&phase(f64::NAN, rate(1), None), Spacing::Constant, GHZ).is_err());
}

proptest! {
    #[test]
    fn every_departure_is_sent_or_skipped_or_still_within_reach(
        pps in 1u64..50_000_000, tsc_hz in 1_000u64..6_000_000_000, start: u32,
        pauses in prop::collection::vec((0u64..10_000_000, 0usize..64), 1..200),
    ) {
        let start = u64::from(start);
        let mut pacer = even(pps, tsc_hz, start);
        let mut now = start;
        let mut sent = 0;
        for (pause, max) in pauses {
            now += pause;
            let found = due(&mut pacer, now, max);
            sent += found.len() as u64;
            let pending = scheduled(pps, tsc_hz, now - start) - sent - pacer.skipped();
            prop_assert!(found.len() == max || pending == 0);
            prop_assert!(found.is_sorted() && found.iter().all(|time| *time <= now));
            // What is left lies within the time that is made good.
            let reach = (tsc_hz / CATCH_UP_PER_SECOND).max(tsc_hz.div_ceil(pps) + 1);
            prop_assert!(pending <= scheduled(pps, tsc_hz, reach + 1));
        }
    }

    #[test]
    fn a_train_is_skipped_to_where_it_would_have_come(
        packets in 1u32..20, gap_ns in 1u64..100_000, pps in 1_000_000u64..100_000_000, stall in 1_100_000u64..10_000_000,
    ) {
        let spacing = Spacing::Bursts { packets, gap_ns };
        let (mut stepped, mut stalled) = (
            begun(&Load::Steady(rate(pps)), spacing, GHZ, 0), begun(&Load::Steady(rate(pps)), spacing, GHZ, 0),
        );
        let glances = (0..stall / 1000).map(|at| at * 1000).chain([stall]);
        let all: Vec<u64> = glances.flat_map(|now| due(&mut stepped, now, 2_000)).collect();
        let late = due(&mut stalled, stall, 110_000);
        prop_assert!(all.ends_with(&late));
        prop_assert_eq!(stalled.skipped(), (all.len() - late.len()) as u64);
    }

    #[test]
    fn any_time_is_taken_without_panic(pps in 1u64.., tsc_hz in 1u64.., start: u64, times: Vec<u64>) {
        for spacing in [Spacing::Constant, Spacing::Poisson { seed: 1 }, Spacing::Bursts { packets: 3, gap_ns: 9 }] {
            let mut pacer = begun(&Load::Steady(rate(pps)), spacing, tsc_hz, start);
            for now in &times {
                let found = due(&mut pacer, *now, 8);
                prop_assert!(found.is_empty() || *now >= start);
            }
        }
    }
}
