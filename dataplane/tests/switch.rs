//! The switch on real packets: rules, the bridge, ports and limits.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod common;

use common::on_main_lcore;
use common::switchboard::{Make, Switchboard};
use dataplane::switch::SwitchConfig;

/// A frame from and to stations by their numbers, of a kind, with a number in it.
fn frame(src: u8, dst: u8, number: u32) -> Vec<u8> {
    let mut frame = [&[2, 0, 0, 0, 0, dst][..], &[2, 0, 0, 0, 0, src], &[0x12, 0x34]].concat();
    frame.extend(number.to_be_bytes());
    frame.resize(60, 0);
    frame
}

#[test]
fn a_new_switch_floods_learns_and_sends_to_one() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "learn", Make::default(), SwitchConfig::default());
        board.send(0, &[frame(1, 2, 1)]);
        assert_eq!(board.collect(), [vec![], vec![frame(1, 2, 1)], vec![frame(1, 2, 1)]]);
        board.send(1, &[frame(2, 1, 2)]);
        assert_eq!(board.collect(), [vec![frame(2, 1, 2)], vec![], vec![]]);
        board.send(0, &[frame(1, 2, 3)]);
        assert_eq!(board.collect(), [vec![], vec![frame(1, 2, 3)], vec![]]);
        board.end();
    });
}

#[test]
fn a_rule_joins_two_ports_and_counts() {
    on_main_lcore(|eal| {
        for (name, workers, tx_queues) in [("join1", 1, 1), ("join2", 2, 1), ("join3", 3, 3)] {
            let make = Make { workers, tx_queues, queues: tx_queues, ..Make::default() };
            let mut board = Switchboard::new(eal, name, make, SwitchConfig::default());
            board.rules(&["in_port={0},actions=output:{2}"]);
            let frames: Vec<_> = (0..700).map(|number| frame(1, 2, number)).collect();
            board.send(0, &frames);
            board.send(1, &[frame(3, 1, 0), frame(3, 1, 1)]);
            let (came, dropped) = board.account();
            assert_eq!(came, [vec![], vec![], frames], "{name}");
            assert_eq!(dropped, [("no_rule".to_owned(), 2)].into(), "{name}");
            let rules = board.switch.dump_flows(&Default::default());
            assert_eq!((rules[0].packets, rules[0].bytes), (700, 700 * 60), "{name}");
            board.end();
        }
    });
}
