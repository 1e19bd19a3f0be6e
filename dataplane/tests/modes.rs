//! Modes that hold, lose or make packets, on real ports: the test is the station on the other end of the wire.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::{on_main_lcore, station::Station};
use dataplane::forward::{DelayOptions, ImpairOptions, ModeOptions, Pick};
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

fn every(nth: u64) -> Pick {
    Pick::Every(NonZeroU64::new(nth).unwrap())
}

#[test]
fn impair_does_to_a_million_packets_exactly_what_it_counts() {
    const PACKETS: u64 = 1_000_000;
    on_main_lcore(|eal| {
        let impair = ImpairOptions {
            drop: every(1000),
            duplicate: every(777),
            swap: every(500),
            corrupt: every(333),
            ..ImpairOptions::default()
        };
        let options = ModeOptions { impair, ..ModeOptions::default() };
        let mut station = Station::new(eal, "impair", "impair", options);

        // What is to come back, by the rules as the documentation has them.
        let (mut wanted, mut waiting) = (Vec::new(), None);
        let (mut dropped, mut duplicated, mut swapped, mut corrupted) = (0, 0, 0, 0);
        for number in 1..=PACKETS {
            if number % 1000 == 0 {
                dropped += 1;
                continue;
            }
            let damaged = number % 333 == 0;
            corrupted += u64::from(damaged);
            if number % 777 == 0 {
                duplicated += 1;
                wanted.push((number, damaged));
            }
            if number % 500 == 0 && waiting.is_none() {
                waiting = Some((number, damaged));
            } else {
                wanted.push((number, damaged));
                if let Some(earlier) = waiting.take() {
                    swapped += 1;
                    wanted.push(earlier);
                }
            }
        }

        station.start();
        let mut wanted_next = wanted.iter();
        station.exchange(PACKETS, wanted.len(), |number, damaged| {
            assert_eq!(Some(&(number, damaged)), wanted_next.next());
        });
        let figures = station.stop();
        let count = |name| figures.mode.iter().find(|figure| figure.name == name).unwrap().count;
        assert_eq!(
            ["dropped", "duplicated", "swapped", "corrupted", "delayed"].map(count),
            [dropped, duplicated, swapped, corrupted, 0]
        );
        assert_eq!(
            (figures.figures.received, figures.figures.sent, figures.figures.dropped_total()),
            (PACKETS, wanted.len() as u64, dropped)
        );
        station.end();
    });
}

#[test]
fn impair_delays_those_it_picks_and_no_others() {
    on_main_lcore(|eal| {
        let impair = ImpairOptions {
            delay: every(10),
            delay_time: Duration::from_millis(20),
            ..ImpairOptions::default()
        };
        let options = ModeOptions { impair, ..ModeOptions::default() };
        let mut station = Station::new(eal, "impdelay", "impair", options);
        station.start();
        let (mut picked, mut others) = (Vec::new(), Vec::new());
        let begin = Instant::now();
        let mut first_picked = None;
        station.exchange(320, 320, |number, _| {
            if number % 10 == 0 {
                first_picked.get_or_insert(begin.elapsed());
                picked.push(number);
            } else {
                others.push(number);
            }
        });
        assert!(first_picked.unwrap() >= Duration::from_millis(20), "{first_picked:?}");
        assert_eq!(picked, (1..=320).filter(|number| number % 10 == 0).collect::<Vec<_>>());
        assert_eq!(others, (1..=320).filter(|number| number % 10 != 0).collect::<Vec<_>>());
        assert_eq!(station.stop().mode[4].count, 32);
        station.end();
    });
}

#[test]
fn delay_holds_every_packet_its_time_and_keeps_the_order() {
    on_main_lcore(|eal| {
        let time = Duration::from_millis(5);
        let options = ModeOptions { delay: DelayOptions { time }, ..ModeOptions::default() };
        let mut station = Station::new(eal, "delay", "delay", options);
        station.start();
        let mut next = 1;
        let shortest = station.exchange(2000, 2000, |number, damaged| {
            assert_eq!((number, damaged), (next, false));
            next += 1;
        });
        assert!(shortest >= time, "a packet was back after {shortest:?}");
        let figures = station.stop();
        let count = |name| figures.mode.iter().find(|figure| figure.name == name).unwrap().count;
        assert_eq!(count("held"), 2000);
        assert_eq!(figures.figures.dropped_total(), 0);
        station.end();
    });
}

#[test]
fn delay_counts_what_it_has_no_room_for_and_what_it_holds_at_the_end() {
    on_main_lcore(|eal| {
        let time = Duration::from_secs(3600);
        let options = ModeOptions { delay: DelayOptions { time }, ..ModeOptions::default() };
        let mut station = Station::new(eal, "overflow", "delay", options);
        station.start();
        let room = u64::from(station.spare());
        station.send(1, room + 100);
        let figures = station.stop_after_receiving(room + 100);
        let dropped: Vec<_> = figures
            .figures
            .dropped
            .iter()
            .map(|dropped| (dropped.reason, dropped.packets))
            .collect();
        use dataplane::forward::DropReason::{HoldFull, Stopped};
        assert_eq!(dropped, [(Stopped, room), (HoldFull, 100)]);
        station.end();
    });
}
