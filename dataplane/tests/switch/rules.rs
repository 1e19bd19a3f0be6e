//! Rules: which is for a packet, what is counted, and what goes when its time is up.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{frame, tagged, udp};
use dataplane::switch::{FlowSelect, SwitchConfig};
use std::time::{Duration, Instant};

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
            let rules = board.switch.dump_flows(&FlowSelect::default());
            assert_eq!((rules[0].packets, rules[0].bytes), (700, 700 * 60), "{name}");
            board.end();
        }
    });
}

#[test]
fn a_rule_to_a_port_that_is_not_there_sends_nothing() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "nowhere", Make::default(), SwitchConfig::default());
        // Bursts of one rule go as they are, and packet by packet where rules tell them apart.
        let nowhere = "in_port={0},actions=output:77";
        for rules in [&[nowhere][..], &[nowhere, "dl_vlan=3,actions=drop"]] {
            board.rules(rules);
            board.send(0, &vec![frame(1, 2, 0); 70]);
            let (came, dropped) = board.account();
            assert_eq!((came.concat().len(), dropped), (0, [("no_exit".to_owned(), 70)].into()));
        }
        board.end();
    });
}

#[test]
fn the_highest_priority_that_fits_decides() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "prio", Make::default(), SwitchConfig::default());
        board.rules(&[
            "priority=1,actions=output:{1}",
            "priority=9,udp,tp_dst=53,actions=output:{2}",
            "priority=10,udp,tp_dst=53,nw_src=10.9.0.0/16,actions=drop",
            "priority=11,dl_vlan=7,actions=in_port",
        ]);
        let other = frame(1, 2, 0);
        let [dns, blocked, vlan] = [
            udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (999, 53)),
            udp(None, [10, 9, 0, 1], [10, 0, 0, 2], (999, 53)),
            udp(Some(7), [10, 0, 0, 1], [10, 0, 0, 2], (999, 53)),
        ];
        for _ in 0..2 {
            board.send(0, &[&other, &dns, &blocked, &vlan]);
            let (came, dropped) = board.account();
            assert_eq!(came, [vec![vlan.clone()], vec![other.clone()], vec![dns.clone()]]);
            assert_eq!(dropped, [("rule".to_owned(), 1)].into());
        }
        let counted: Vec<_> = board.switch.dump_flows(&FlowSelect::default());
        assert_eq!(counted.iter().map(|rule| rule.packets).collect::<Vec<_>>(), [2; 4]);
        board.end();
    });
}

#[test]
fn rules_are_changed_and_deleted_as_openflow_has_it() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "modify", Make::default(), SwitchConfig::default());
        board.rules(&[
            "cookie=1,priority=5,in_port={0},actions=output:{1}",
            "cookie=2,priority=6,in_port={0},dl_vlan=3,actions=output:{1}",
        ]);
        board.send(0, &[frame(1, 2, 0), tagged(&frame(1, 2, 1), 3)]);
        assert_eq!(board.collect()[1].len(), 2);
        let shown = |board: &Switchboard| -> Vec<String> {
            let rules = board.switch.flows();
            rules.iter().map(|rule| rule.to_string()).collect()
        };
        let text = |board: &Switchboard, rules: &[&str]| -> Vec<String> {
            rules.iter().map(|rule| board.text(rule)).collect()
        };

        // A changed rule goes on counting.
        let change = board.text("in_port={0},actions=output:{2}");
        assert_eq!(board.switch.mod_flows(&change, false), Ok(2));
        assert_eq!(board.switch.dump_flows(&FlowSelect::default())[0].packets, 1);
        board.send(0, &[frame(1, 2, 0), tagged(&frame(1, 2, 1), 3)]);
        assert_eq!(board.collect()[2].len(), 2);
        assert_eq!(board.switch.dump_flows(&FlowSelect::default())[0].packets, 2);

        // Exactly one, by match and priority; one that selects nothing is added.
        let strict = board.text("cookie=9,priority=5,in_port={0},actions=drop");
        assert_eq!(board.switch.mod_flows(&strict, true), Ok(1));
        let added = board.text("priority=7,in_port={1},actions=drop");
        assert_eq!(board.switch.mod_flows(&added, true), Ok(0));
        let expected = [
            "priority=7,in_port={1} actions=drop",
            "cookie=0x2, priority=6,in_port={0},dl_vlan=3 actions=output:{2}",
            "cookie=0x9, priority=5,in_port={0} actions=drop",
        ];
        assert_eq!(shown(&board), text(&board, &expected));

        // The same packets and priority: the new one takes the old one's place, and counts from zero.
        board
            .switch
            .add_flow(&board.text("priority=6,in_port={0},dl_vlan=3,actions=normal"))
            .unwrap();
        assert_eq!(board.switch.dump_flows(&FlowSelect::default())[1].packets, 0);
        let select = |text: &str, strict| FlowSelect::parse(&board.text(text), strict).unwrap();
        assert_eq!(board.switch.del_flows(&select("in_port={0}", true)), 0, "another priority");
        assert_eq!(board.switch.del_flows(&select("cookie=9/-1", false)), 1);
        assert_eq!(board.switch.del_flows(&select("", false)), 2);
        board.end();
    });
}

#[test]
fn a_refused_rule_changes_nothing() {
    on_main_lcore(|eal| {
        let board = Switchboard::new(eal, "refuse", Make::default(), SwitchConfig::default());
        let before = board.switch.flows();
        let error = board.switch.add_flows(["in_port=1,actions=drop", "in_port=2,actions=group:5"]);
        assert_eq!(error.unwrap_err().to_string(), "there is no group 5: add it first");
        assert!(board.switch.mod_flows("actions=group:5", false).is_err());
        assert_eq!(board.switch.flows(), before);
        board.end();
    });
}

#[test]
fn rules_go_when_their_time_is_up() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "times", Make::default(), SwitchConfig::default());
        board.rules(&[
            "priority=1,in_port={0},idle_timeout=10,actions=output:{1}",
            "priority=2,in_port={1},hard_timeout=15,actions=output:{0}",
            "priority=3,in_port={2},actions=drop",
        ]);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let priorities = |board: &Switchboard| -> Vec<u16> {
            board.switch.flows().iter().map(|rule| rule.priority).collect()
        };
        board.switch.expire(after(8));
        assert_eq!(priorities(&board), [3, 2, 1]);
        // A packet keeps the one and not the other.
        board.send(0, &[frame(1, 2, 0)]);
        board.send(1, &[frame(2, 1, 0)]);
        board.collect();
        board.switch.expire(after(12));
        assert_eq!(priorities(&board), [3, 2, 1]);
        let expired = board.switch.expire(after(16));
        assert_eq!(priorities(&board), [3, 1]);
        assert_eq!((expired.rules[0].priority, expired.rules[0].packets), (2, 1));
        board.switch.expire(after(23));
        assert_eq!(priorities(&board), [3]);
        // Workers go by what is left.
        board.send(0, &[frame(1, 2, 0)]);
        assert_eq!(board.account().1, [("no_rule".to_owned(), 1)].into());
        board.end();
    });
}
