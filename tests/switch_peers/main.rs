//! Our switch beside others, given the same rules and the same packets: they send the same, byte for byte, by the same ports.
//! Rules and what they count are held against Open vSwitch's, learning, aging and moves against the kernel's bridge.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

#[path = "../../dataplane/tests/common/mod.rs"]
mod common;
#[path = "../lab/mod.rs"]
mod lab;

mod contest;
mod draw;
mod kernel;
mod open_vswitch;
mod ours;
mod packets;
mod rules;

use common::on_main_lcore;
use contest::{Counts, Ruled, compare, compare_rules};
use dataplane::switch::SwitchConfig;
use draw::Draw;
use kernel::Kernel;
use lab::ovs;
use open_vswitch::OpenVSwitch;
use ours::Ours;

/// Ports of each switch.
const PORTS: usize = 5;
/// Sets of rules, and rules in a set.
const SETS: u64 = 6;
const RULES: usize = 40;
/// Bursts that each set is given, and packets in a burst.
const BURSTS: usize = 40;
const BURST: usize = 16;
/// Ports of a bridge, and packets that it is given.
const STATIONS: usize = 4;
const STEPS: usize = 120;
/// Packets that come alone.
const SINGLES: usize = 80;

/// Both switches with the same ports; nothing where there is no Open vSwitch.
fn pair(eal: &dataplane::eal::Eal, name: &str) -> (Ours, OpenVSwitch) {
    let ours = Ours::new(eal, name, PORTS, SwitchConfig::default());
    let theirs = OpenVSwitch::new(&ours.ports);
    (ours, theirs)
}

#[test]
fn rules_send_the_same_packets() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("rules_send_the_same_packets", &reason);
    }
    on_main_lcore(|eal| {
        let (mut ours, mut theirs) = pair(eal, "rules");
        let ports = ours.ports.clone();
        for group in rules::groups(&ports) {
            ours.add_group(&group);
            theirs.add_group(&group);
        }
        for seed in 0..SETS {
            let mut draw = Draw::new(seed);
            give_rules(&mut draw, &mut ours, &mut theirs, false);
            for _ in 0..BURSTS {
                let frames: Vec<_> = (0..BURST).map(|_| packets::packet(&mut draw)).collect();
                compare(&mut ours, &mut theirs, draw.of(&ports), &frames);
            }
            // Where several packets come at once, Open vSwitch counts one too few now and then.
            compare_rules(&mut ours, &mut theirs, Counts::LeftOut);
        }
        ours.board.end();
    });
}

#[test]
fn packets_one_by_one_are_bridged_alike_and_count_the_same() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("packets_one_by_one_are_bridged_alike_and_count_the_same", &reason);
    }
    on_main_lcore(|eal| {
        let (mut ours, mut theirs) = pair(eal, "learn");
        let ports = ours.ports.clone();
        for group in rules::groups(&ports) {
            ours.add_group(&group);
            theirs.add_group(&group);
        }
        let mut draw = Draw::new(SETS);
        give_rules(&mut draw, &mut ours, &mut theirs, true);
        // What no other rule is for.
        for switch in [&mut ours as &mut dyn Ruled, &mut theirs] {
            switch.add_rule("priority=0,actions=normal");
        }
        for _ in 0..SINGLES {
            let frame = packets::packet(&mut draw);
            compare(&mut ours, &mut theirs, draw.of(&ports), &[frame]);
        }
        compare_rules(&mut ours, &mut theirs, Counts::Shown);
        ours.board.end();
    });
}

#[test]
fn addresses_are_learned_move_and_age_as_in_a_kernels_bridge() {
    let name = "addresses_are_learned_move_and_age_as_in_a_kernels_bridge";
    if let Some(reason) = lab::lacks(&["ip"]) {
        return lab::skip(name, &reason);
    }
    on_main_lcore(|eal| {
        let mut ours = Ours::new(eal, "kernel", STATIONS, SwitchConfig::default());
        let mut theirs = Kernel::new(eal, &ours.ports);
        let mut draw = Draw::new(1);
        // Stations that are where they were, mostly.
        let mut homes: Vec<u16> = (0..2 * STATIONS).map(|_| draw.of(&ours.ports)).collect();
        for number in 0..STEPS {
            let from = draw.below(homes.len());
            if draw.in_hundred(20) {
                homes[from] = draw.of(&ours.ports);
            }
            let frame = kernel::frame(draw.below(homes.len() + 2), from, number);
            compare(&mut ours, &mut theirs, homes[from], &[frame]);
        }
        // All of them are forgotten.
        ours.board.switch.set_aging(kernel::AGING).unwrap();
        theirs.forget();
        std::thread::sleep(2 * kernel::AGING);
        ours.board.switch.expire(std::time::Instant::now());
        assert!(ours.board.switch.mac_table().is_empty());
        for to in 0..homes.len() {
            let frame = kernel::frame(to, homes.len(), to);
            compare(&mut ours, &mut theirs, homes[0], &[frame]);
        }
        theirs.end();
        ours.board.end();
    });
}

/// Gives both a set of rules and no others.
fn give_rules(draw: &mut Draw, ours: &mut Ours, theirs: &mut OpenVSwitch, learns: bool) {
    ours.clear();
    theirs.clear();
    let ports = ours.ports.clone();
    for priority in 1..=RULES {
        let rule = rules::rule(draw, priority, &ports, learns);
        ours.add_rule(&rule);
        theirs.add_rule(&rule);
    }
}
