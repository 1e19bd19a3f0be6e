//! Groups and mirrors: packets that go several ways, or one of several.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{frame, tagged, udp};
use dataplane::port::PortId;
use dataplane::switch::{Mirror, SwitchConfig};
use std::collections::BTreeSet;

#[test]
fn a_flow_keeps_to_its_bucket_and_weights_are_kept() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "select", Make::default(), SwitchConfig::default());
        let group =
            "group_id=1,type=select,bucket=weight:3,actions=output:{1},bucket=actions=output:{2}";
        board.switch.add_group(&board.text(group)).unwrap();
        board.rules(&["in_port={0},actions=group:1"]);
        let frames: Vec<_> =
            (0..400).map(|port| udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (port, 9))).collect();
        let mut sides = Vec::new();
        for _ in 0..2 {
            board.send(0, &frames);
            let came = board.collect();
            assert_eq!(came[1].len() + came[2].len(), 400);
            // Four standard deviations around three of four.
            assert!((265..=335).contains(&came[1].len()), "{}", came[1].len());
            sides.push(came);
        }
        assert_eq!(sides[0], sides[1]);

        let equal =
            "group_id=1,type=select,bucket=weight:0,actions=output:{1},bucket=actions=output:{2}";
        board.switch.mod_group(&board.text(equal)).unwrap();
        board.send(0, &frames[..50]);
        assert_eq!(board.collect()[2].len(), 50, "a bucket of no weight gets nothing");

        // A group that goes takes the rules along that name it.
        assert_eq!(board.switch.del_groups(Some(1)), Ok((1, 1)));
        assert_eq!(board.switch.flows(), []);
        assert!(board.switch.del_groups(Some(1)).is_err());
        board.end();
    });
}

#[test]
fn every_bucket_of_type_all_has_a_copy_of_its_own() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "all", Make::default(), SwitchConfig::default());
        let group = "group_id=2,type=all,bucket=actions=mod_vlan_vid:5,output:{1},bucket=actions=output:{2}";
        board.switch.add_group(&board.text(group)).unwrap();
        let once = board.switch.add_group("group_id=2,type=all").unwrap_err().to_string();
        assert!(once.contains("a group 2 already"), "{once}");
        board.rules(&["in_port={0},actions=group:2,mod_dl_src:02:00:00:00:00:77,in_port"]);
        board.send(0, &[frame(1, 2, 3)]);
        let back = {
            let mut back = frame(1, 2, 3);
            back[11] = 0x77;
            back
        };
        assert_eq!(
            board.collect(),
            [vec![back], vec![tagged(&frame(1, 2, 3), 5)], vec![frame(1, 2, 3)]]
        );
        board.end();
    });
}

#[test]
fn a_mirror_gets_what_comes_and_what_leaves_and_nothing_else() {
    on_main_lcore(|eal| {
        let make = Make { ports: 4, ..Make::default() };
        let mut board = Switchboard::new(eal, "mirror", make, SwitchConfig::default());
        let all: Vec<_> = (0..4).map(|at| board.port(at)).collect();
        let ports = |at: &[usize]| -> BTreeSet<_> { at.iter().map(|at| all[*at]).collect() };
        let mirror = Mirror { received: ports(&[0]), sent: ports(&[1]), to: board.port(3) };
        board.switch.set_mirrors(vec![mirror.clone()]).unwrap();
        // Floods do not reach the mirror's port beside its copies.
        board.send(0, &[frame(1, 2, 0)]);
        let one = || vec![frame(1, 2, 0)];
        assert_eq!(board.collect(), [vec![], one(), one(), one()]);
        board.send(2, &[frame(3, 1, 1)]);
        assert_eq!(board.collect(), [vec![frame(3, 1, 1)], vec![], vec![], vec![]]);
        // What comes by it goes nowhere.
        board.send(3, &[frame(9, 1, 2)]);
        assert_eq!(board.account().1, [("mirror".to_owned(), 1)].into());
        // A rule's packets are copied as they leave: with its changes.
        board.rules(&["in_port={2},actions=mod_vlan_vid:9,output:{1}"]);
        board.send(2, &[frame(3, 2, 4)]);
        let changed = || vec![tagged(&frame(3, 2, 4), 9)];
        assert_eq!(board.collect(), [vec![], changed(), vec![], changed()]);

        let chain = Mirror { received: ports(&[3]), sent: BTreeSet::new(), to: board.port(2) };
        let error = board.switch.set_mirrors(vec![mirror, chain]).unwrap_err().to_string();
        assert!(error.contains("cannot be mirrored itself"), "{error}");
        let to = |port| Mirror {
            received: all[..1].iter().copied().collect(),
            sent: [].into(),
            to: PortId(port),
        };
        let error = board.switch.set_mirrors((100..133).map(to).collect()).unwrap_err();
        assert!(error.to_string().starts_with("copies go to 33 ports, and to 32 at most"));
        board.end();
    });
}
