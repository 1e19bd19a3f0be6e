//! Changes under load: rules, groups, policies and addresses come and go, and no packet is lost over it.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{frame, udp};
use dataplane::switch::{FlowSelect, PortPolicy, SwitchConfig};
use std::time::{Duration, Instant};

#[test]
fn rules_change_under_load_and_every_packet_is_accounted_for() {
    on_main_lcore(|eal| {
        let make = Make { workers: 2, ..Make::default() };
        let mut board = Switchboard::new(eal, "change", make, SwitchConfig::default());
        let start = Instant::now();
        let frames: Vec<_> =
            (0..8).map(|n| udp(None, [10, 0, 0, n], [10, 0, 0, 2], (5, 6))).collect();
        for round in 0..200_u64 {
            board.send(0, &frames);
            let number = (round % 7).to_string();
            let rule =
                format!("priority={number},udp,nw_src=10.0.0.{number},actions=mod_nw_tos:4,normal");
            board.switch.add_flow(&rule).unwrap();
            board.send(1, &[frame(2, 1, round as u32)]);
            let isolated = round % 2 == 0;
            let policy = PortPolicy { isolated, ..PortPolicy::default() };
            board.switch.set_port_policy(board.port(2), policy).unwrap();
            if round % 5 == 0 {
                let select =
                    FlowSelect::parse(&format!("udp,nw_src=10.0.0.{number}"), false).unwrap();
                assert_eq!(board.switch.del_flows(&select), 1);
            }
            board.switch.expire(start + Duration::from_secs(round));
            if round % 20 == 0 {
                board.account();
            }
        }
        let (_, dropped) = board.account();
        assert_eq!(
            dropped.keys().filter(|reason| *reason != "same_port").count(),
            0,
            "{dropped:?}"
        );
        board.end();
    });
}

#[test]
fn ten_thousand_rules_are_added_at_once() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "many", Make::default(), SwitchConfig::default());
        let rules: Vec<String> = (0..10_000_u32)
            .map(|at| {
                let [_, _, c, d] = at.to_be_bytes();
                let length = 23 + at % 10;
                board.text(&format!(
                    "priority={length},ip,nw_dst=10.{c}.{d}.0/{length},actions=output:{{1}}"
                ))
            })
            .collect();
        board.switch.add_flows(rules.iter().map(String::as_str)).unwrap();
        board.send(
            0,
            &[udp(None, [1; 4], [10, 0, 9, 0], (5, 6)), udp(None, [1; 4], [10, 39, 15, 0], (5, 6))],
        );
        assert_eq!(board.collect()[1].len(), 2);
        board.end();
    });
}
