//! Modes that hold, lose or make packets, on real ports: the test is the station on the other end of the wire.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::{on_main_lcore, station::Station};
use dataplane::forward::{
    DelayOptions, ImpairOptions, MODES, ModeOptions, NoisyInner, NoisyOptions, Pick, TxOptions,
};
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
        let options = ModeOptions {
            delay: DelayOptions { time, ..DelayOptions::default() },
            ..ModeOptions::default()
        };
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
        let options = ModeOptions {
            delay: DelayOptions { time, ..DelayOptions::default() },
            ..ModeOptions::default()
        };
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

#[test]
fn every_mode_starts_stops_and_gives_way_under_load_without_losing_a_packet() {
    on_main_lcore(|eal| {
        let noisy = NoisyOptions {
            buffer: 512,
            flush: Duration::from_millis(1),
            memory_mib: 1,
            writes: 1,
            reads: 2,
            reads_writes: 1,
            inner: NoisyInner::Mac,
        };
        let impair = ImpairOptions {
            duplicate: Pick::Share(0.5),
            swap: Pick::Share(0.3),
            delay: Pick::Share(0.2),
            ..ImpairOptions::default()
        };
        let tx =
            TxOptions { segments: vec![64, 100, 30], multi_flow: true, ..TxOptions::default() };
        let options = ModeOptions { noisy, impair, tx, ..ModeOptions::default() };
        let mut station = Station::new(eal, "leaks", "io", options);
        for round in 0..10 {
            for mode in MODES.iter().filter(|mode| mode.name != "ieee1588") {
                station.start();
                station.load(20);
                station.change(mode.name);
                station.load(20);
                let figures = station.stop().figures;
                assert!(figures.received + figures.sent > 0, "{round} {}: {figures:?}", mode.name);
            }
        }
        station.end();
    });
}

#[test]
fn a_device_without_timestamps_is_refused_by_ieee1588_and_the_old_mode_stays() {
    on_main_lcore(|eal| {
        let mut station = Station::new(eal, "timesync", "io", ModeOptions::default());
        station.start();
        let refused = station.try_change("ieee1588").unwrap_err().to_string();
        assert!(
            refused.contains("hardware timestamps") && refused.contains("not supported"),
            "{refused}"
        );
        station.exchange(100, 100, |_, damaged| assert!(!damaged));
        station.stop();
        station.end();
    });
}
