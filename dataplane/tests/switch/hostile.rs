//! Any bytes: none makes the switch panic, and every packet goes somewhere or is dropped under a reason.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{frame, tagged, udp};
use dataplane::switch::SwitchConfig;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;

/// Rules that look at everything and change everything.
const RULES: [&str; 8] = [
    "priority=9,udp,tp_src=5,actions=mod_nw_src:1.2.3.4,mod_tp_dst:7,output:{1}",
    "priority=8,ip,ip_frag=yes,actions=dec_ttl,mod_nw_tos:8,output:{1},output:{2}",
    "priority=7,ipv6,nw_ttl=64,actions=mod_tp_src:9,dec_ttl,all",
    "priority=6,arp,arp_op=1,actions=flood",
    "priority=5,dl_vlan=5,actions=strip_vlan,mod_dl_dst:02:00:00:00:00:07,normal",
    "priority=4,vlan_tci=0x1000/0x1000,actions=push_vlan:0x8100,mod_vlan_vid:3,in_port",
    "priority=3,sctp,actions=mod_tp_src:1,output:{1}",
    "priority=0,actions=normal",
];

/// Frames that begin soundly, with a few bytes overwritten and the end cut off.
fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let sound = prop_oneof![
        Just(frame(1, 2, 3)),
        Just(udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (5, 6))),
        Just(udp(Some(5), [10, 0, 0, 1], [10, 0, 0, 2], (5, 6))),
        Just(tagged(&tagged(&frame(1, 2, 3), 5), 6)),
        prop::collection::vec(any::<u8>(), 0..120),
    ];
    let damage = prop::collection::vec((0usize..100, any::<u8>()), 0..6);
    let types = prop::option::weighted(
        0.3,
        prop::sample::select(vec![0x0800u16, 0x86dd, 0x0806, 0x8100, 0x88a8]),
    );
    let one = (sound, damage, types, 0usize..120).prop_map(|(mut frame, damage, kind, kept)| {
        if let (Some(kind), Some(place)) = (kind, frame.get_mut(12..14)) {
            place.copy_from_slice(&kind.to_be_bytes());
        }
        for (at, value) in damage {
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        frame.truncate(kept.max(1));
        frame
    });
    prop::collection::vec(one, 1..60)
}

#[test]
fn no_bytes_do_harm() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "hostile", Make::default(), SwitchConfig::default());
        board.rules(&RULES);
        let shared = RefCell::new(&mut board);
        let mut runner =
            TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        runner
            .run(&frames(), |frames| {
                let mut board = shared.borrow_mut();
                let cut = frames.iter().filter(|frame| frame.len() < 14).count() as u64;
                board.send(0, &frames);
                // Checks that what came in has left or was dropped.
                let (_, dropped) = board.account();
                prop_assert!(dropped.get("truncated").copied().unwrap_or(0) >= cut);
                Ok(())
            })
            .unwrap();
        board.end();
    });
}
