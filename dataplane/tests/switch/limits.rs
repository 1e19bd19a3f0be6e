//! Storms and rates: what goes beyond a limit is dropped under its reason.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::frame;
use dataplane::lcore::{cycles, cycles_hz};
use dataplane::port::Meter;
use dataplane::switch::{PortPolicy, RateLimit, StormLimits, SwitchConfig};

#[test]
fn each_kind_of_storm_has_a_limit_of_its_own() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "storm", Make::default(), SwitchConfig::default());
        // So slow that nothing is added to the first packets however long the test takes.
        let storm = StormLimits { broadcast: Some(5), multicast: Some(7), unknown: Some(9) };
        let policy = PortPolicy { storm, ..PortPolicy::default() };
        board.switch.set_port_policy(board.port(0), policy).unwrap();
        let with = |dst: [u8; 6]| {
            let mut frame = frame(1, 2, 0);
            frame[..6].copy_from_slice(&dst);
            vec![frame; 500]
        };
        for (dst, most) in [([0xff; 6], 5), ([1, 0, 0x5e, 0, 0, 1], 7), ([2, 0, 0, 0, 0, 9], 9)] {
            board.send(0, &with(dst));
            let (came, dropped) = board.account();
            // As many as there is room for, and those that the seconds of a slow machine add.
            let passed = came[1].len();
            assert!((most..most + 300).contains(&passed), "{passed} of {most}");
            assert_eq!(dropped, [("storm".to_owned(), 500 - passed as u64)].into());
        }
        // Others have none.
        board.send(1, &with([0xff; 6]));
        assert_eq!(board.collect()[2].len(), 500);
        board.end();
    });
}

#[test]
fn a_port_sends_no_more_than_its_rate() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "rate", Make::default(), SwitchConfig::default());
        board.rules(&["in_port={0},actions=output:{1}"]);
        let rate = Some(RateLimit { bytes_per_second: 60, burst: 60 * 100 });
        let policy = PortPolicy { rate, ..PortPolicy::default() };
        board.switch.set_port_policy(board.port(0), policy).unwrap();
        board.send(0, &vec![frame(1, 2, 0); 500]);
        let (came, dropped) = board.account();
        let passed = came[1].len();
        assert!((100..400).contains(&passed), "{passed}");
        assert_eq!(dropped, [("rate".to_owned(), 500 - passed as u64)].into());
        let none =
            |rate| PortPolicy { rate: Some(rate), ..PortPolicy::default() }.check().unwrap_err();
        assert!(
            none(RateLimit { bytes_per_second: 0, burst: 9000 }).to_string().contains("the rate")
        );
        assert!(none(RateLimit { bytes_per_second: 1, burst: 60 }).to_string().contains("1518"));
        board.end();
    });
}

#[test]
fn a_meter_counts_by_the_clock_that_it_is_given() {
    on_main_lcore(|_| {
        let (second, start) = (cycles_hz(), cycles() + cycles_hz());
        let mut meter = Meter::new(1000, 500).unwrap();
        assert!(meter.admits(start, 500));
        assert!(!meter.admits(start, 1));
        // A tenth of a second is worth a hundred, to the length of a period.
        assert!(meter.admits(start + second / 10, 90));
        assert!(!meter.admits(start + second / 10, 20));
        // And no pause worth more than the burst.
        assert!(!meter.admits(start + 1000 * second, 501));
        assert!(meter.admits(start + 1000 * second, 500));
        assert!(Meter::new(0, 1).is_none() && Meter::new(1, 0).is_none());
    });
}
