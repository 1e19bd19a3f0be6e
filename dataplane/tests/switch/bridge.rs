//! The learning bridge: who is where, what is forgotten, what moves.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::frame;
use dataplane::switch::{Flush, MacEntry, PortPolicy, SwitchConfig};
use dataplane::wire::ethernet::MacAddr;
use std::time::{Duration, Instant};

fn station(number: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, number])
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
        let entry = |at, number| MacEntry {
            port: board.port(at),
            vlan: 0,
            mac: station(number),
            age_s: Some(0),
        };
        assert_eq!(board.switch.mac_table(), [entry(0, 1), entry(1, 2)]);
        // What is behind the port where it came from needs no sending.
        board.send(1, &[frame(3, 2, 4)]);
        assert_eq!(board.account().1, [("same_port".to_owned(), 1)].into());
        board.end();
    });
}

#[test]
fn addresses_age_and_move() {
    on_main_lcore(|eal| {
        let config = SwitchConfig { aging: Duration::from_secs(60), ..SwitchConfig::default() };
        let mut board = Switchboard::new(eal, "aging", Make::default(), config);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let known = |board: &Switchboard| -> Vec<_> {
            let table = board.switch.mac_table();
            table.iter().map(|entry| (entry.mac, entry.port, entry.age_s)).collect()
        };
        board.send(0, &[frame(1, 9, 0), frame(2, 9, 0)]);
        board.collect();
        board.switch.expire(after(40));
        board.send(0, &[frame(1, 9, 0)]);
        board.collect();
        let at = [0, 1, 2].map(|at| board.port(at));
        assert_eq!(known(&board), [(station(1), at[0], Some(0)), (station(2), at[0], Some(40))]);
        assert_eq!(board.switch.expire(after(61)).addresses, 1);
        assert_eq!(known(&board), [(station(1), at[0], Some(21))]);

        board.send(2, &[frame(1, 9, 0)]);
        let figures = board.settle();
        assert_eq!(known(&board), [(station(1), at[2], Some(0))]);
        let counted = |name| -> u64 {
            let counts = figures.streams().flat_map(|stream| &stream.mode);
            counts.filter(|figure| figure.name == name).map(|figure| figure.count).sum()
        };
        assert_eq!((counted("mac_moves"), counted("mac_learned")), (1, 0));
        board.switch.expire(after(62));
        let figures = board.switch.mac_figures();
        assert_eq!((figures.moves, figures.moves_per_second), (1, 1));
        board.end();
    });
}

#[test]
fn static_addresses_stay_and_others_are_flushed() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "static", Make::default(), SwitchConfig::default());
        board.switch.add_static(station(1), 0, board.port(2)).unwrap();
        board.send(0, &[frame(1, 9, 0), frame(2, 1, 0)]);
        assert_eq!(board.collect()[2].len(), 2, "a flood, and one for station 1");
        let stays = |board: &Switchboard, count| {
            assert_eq!(board.switch.mac_table().len(), count);
            assert_eq!(board.switch.mac_table()[0].port, board.port(2));
        };
        stays(&board, 2);
        board.switch.expire(Instant::now() + Duration::from_secs(1000));
        stays(&board, 1);
        assert_eq!(board.switch.flush(&Flush::default()), 0);
        stays(&board, 1);
        assert_eq!(board.switch.flush(&Flush { with_static: true, ..Flush::default() }), 1);
        let group = board.switch.add_static(MacAddr([1, 0, 0, 0, 0, 0]), 0, board.port(0));
        assert!(group.unwrap_err().to_string().contains("address of a group"));
        let vlan = board.switch.add_static(station(1), 4095, board.port(0));
        assert!(vlan.unwrap_err().to_string().contains("no VLAN 4095"));
        board.end();
    });
}

#[test]
fn a_port_learns_no_more_than_it_may() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "few", Make::default(), SwitchConfig::default());
        let set = |at, policy| board.switch.set_port_policy(board.port(at), policy).unwrap();
        set(0, PortPolicy { mac_limit: Some(3), ..PortPolicy::default() });
        set(1, PortPolicy { learning: false, ..PortPolicy::default() });
        let frames: Vec<_> = (1..9).map(|number| frame(number, 99, 0)).collect();
        board.send(0, &frames);
        board.send(1, &frames);
        assert_eq!(board.collect()[2].len(), 16, "what is not learned is switched all the same");
        assert_eq!(board.switch.mac_table().len(), 3);
        board.end();

        let config = SwitchConfig { mac_limit: 5, ..SwitchConfig::default() };
        let mut board = Switchboard::new(eal, "fewer", Make::default(), config);
        board.send(0, &frames);
        board.collect();
        let figures = board.switch.mac_figures();
        assert_eq!((figures.learned, figures.limit), (5, 5));
        board.end();
    });
}

#[test]
fn who_is_isolated_or_takes_no_floods() {
    on_main_lcore(|eal| {
        let make = Make { ports: 4, ..Make::default() };
        let mut board = Switchboard::new(eal, "isolate", make, SwitchConfig::default());
        for at in [0, 1] {
            let policy = PortPolicy { isolated: true, ..PortPolicy::default() };
            board.switch.set_port_policy(board.port(at), policy).unwrap();
        }
        let deaf = PortPolicy { unknown_unicast: false, ..PortPolicy::default() };
        board.switch.set_port_policy(board.port(3), deaf).unwrap();
        let counts = |came: &[Vec<Vec<u8>>]| came.iter().map(Vec::len).collect::<Vec<_>>();
        board.send(1, &[frame(2, 9, 0)]);
        assert_eq!(counts(&board.collect()), [0, 0, 1, 0]);
        let mut everyone = frame(1, 0, 0);
        everyone[..6].fill(0xff);
        board.send(0, &[&everyone]);
        assert_eq!(counts(&board.collect()), [0, 0, 1, 1]);
        board.send(0, &[frame(1, 2, 0)]);
        assert_eq!(board.account().1, [("isolated".to_owned(), 1)].into());
        board.send(2, &[frame(3, 2, 0)]);
        assert_eq!(counts(&board.collect()), [0, 1, 0, 0]);
        let mut between_bridges = frame(1, 0, 0);
        between_bridges[..6].copy_from_slice(&[1, 0x80, 0xc2, 0, 0, 0xe]);
        board.send(0, &[between_bridges]);
        assert_eq!(board.account().1, [("reserved".to_owned(), 1)].into());
        board.end();
    });
}
