//! Rules and groups of the program, by `ovs-ofctl`'s commands: what they do, when they go, and how they are shown.

use crate::contest::{Commanded, Contender, Counts, Ruled, compare, compare_rules};
use crate::draw::Draw;
use crate::lab::capture::{DST, Frame, SRC, udp};
use crate::lab::{self, ovs, wait_for};
use crate::open_vswitch::OpenVSwitch;
use crate::packets;
use crate::program::Program;
use etherparse::PacketBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PORTS: u16 = 5;
/// Packets between two commands.
const PACKETS: usize = 12;
/// Flows that are spread over a group's buckets.
const FLOWS: u16 = 64;

fn pair() -> (Program, OpenVSwitch) {
    let ours = Program::new(PORTS);
    let theirs = OpenVSwitch::new(&ours.ports);
    (ours, theirs)
}

fn both(ours: &mut Program, theirs: &mut OpenVSwitch, act: impl Fn(&mut dyn Commanded)) {
    act(ours);
    act(theirs);
}

#[test]
fn commands_do_the_same_and_show_the_same() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("commands_do_the_same_and_show_the_same", &reason);
    }
    let (mut ours, mut theirs) = pair();
    both(&mut ours, &mut theirs, |switch| {
        switch.clear();
        switch.add_group(
            "group_id=7,type=all,bucket=actions=output:4,bucket=actions=mod_dl_src:02:00:00:00:00:09,output:5",
        );
        for rule in [
            "priority=10,in_port=1,actions=output:2",
            "priority=10,in_port=2,ip,nw_dst=10.0.0.0/8,actions=output:2,output:3",
            "priority=11,cookie=0x5,tcp,tp_dst=80,actions=output:3",
            "priority=12,cookie=0x6,udp,actions=drop",
            "priority=9,in_port=3,actions=group:7",
            "priority=8,idle_timeout=600,hard_timeout=700,dl_vlan=5,actions=strip_vlan,output:1",
            "priority=0,actions=normal",
        ] {
            switch.add_rule(rule);
        }
    });
    compare_rules(&mut ours, &mut theirs, Counts::Shown);
    let mut draw = Draw::new(7);
    feed(&mut ours, &mut theirs, &mut draw);

    // An hour passes there; here it has to be more than a second, so that a change is not as old as its rule.
    theirs.ovs.appctl("time/warp", &["5000"]);
    std::thread::sleep(Duration::from_millis(1100));
    for (command, strict, text) in [
        // OpenFlow 1.0 sets the cookie with the actions; without one Open vSwitch sets it to 0, and ours leaves it.
        ("mod-flows", false, "cookie=0x5,ip,actions=output:4"),
        ("mod-flows", true, "cookie=0x6,priority=12,udp,actions=normal"),
        ("mod-flows", true, "cookie=0x6,priority=13,udp,actions=output:5"),
        ("mod-flows", false, "cookie=0x5/-1,actions=mod_nw_tos:32,output:1"),
        ("mod-flows", false, "cookie=0x7,arp,arp_op=1,actions=flood"),
        ("del-flows", true, "priority=10,in_port=1"),
        ("del-flows", true, "priority=77,in_port=2,ip,nw_dst=10.0.0.0/8"),
        ("del-flows", false, "cookie=0x6/-1"),
        ("del-flows", false, "out_port=1"),
        ("del-flows", false, "ip"),
    ] {
        both(&mut ours, &mut theirs, |switch| switch.command(command, strict, text));
        compare_rules(&mut ours, &mut theirs, Counts::Shown);
        feed(&mut ours, &mut theirs, &mut draw);
    }
    both(&mut ours, &mut theirs, |switch| switch.add_rule("priority=9,in_port=3,actions=drop"));
    feed(&mut ours, &mut theirs, &mut draw);
    ours.end();
}

/// Some packets, one by one, are sent and counted alike.
fn feed(ours: &mut Program, theirs: &mut OpenVSwitch, draw: &mut Draw) {
    let ports = ours.ports.clone();
    for _ in 0..PACKETS {
        compare(ours, theirs, draw.of(&ports), &[packets::packet(draw)]);
    }
    compare_rules(ours, theirs, Counts::Shown);
}

#[test]
fn rules_go_when_their_time_is_up() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("rules_go_when_their_time_is_up", &reason);
    }
    let (mut ours, mut theirs) = pair();
    both(&mut ours, &mut theirs, |switch| {
        switch.clear();
        for rule in [
            "in_port=1,actions=output:2",
            "idle_timeout=1,in_port=2,actions=output:1",
            "hard_timeout=1,in_port=3,actions=output:1",
            "idle_timeout=600,in_port=4,actions=output:1",
            "hard_timeout=600,in_port=5,actions=output:1",
        ] {
            switch.add_rule(rule);
        }
    });
    theirs.ovs.appctl("time/warp", &["3000"]);
    let stay = |rules: String| (rules.matches("cookie=").count() == 3).then_some(());
    wait_for("the rules to go", || stay(ours.rules()));
    wait_for("Open vSwitch's rules to go", || stay(theirs.rules()));
    compare_rules(&mut ours, &mut theirs, Counts::Shown);
    for port in ours.ports.clone() {
        compare(&mut ours, &mut theirs, port, &[udp(1, 1, 80)]);
    }
    ours.end();
}

/// Which bucket a flow gets is everyone's own choice; that it stays there, and how they are spread, is not.
#[test]
fn flows_stay_with_their_buckets_and_every_bucket_gets_some() {
    let name = "flows_stay_with_their_buckets_and_every_bucket_gets_some";
    if let Some(reason) = ovs::lacks() {
        return lab::skip(name, &reason);
    }
    let (mut ours, mut theirs) = pair();
    let buckets = [(2, 1), (3, 1), (4, 6), (5, 0)]
        .map(|(port, weight)| format!(",bucket=weight:{weight},actions=output:{port}"))
        .concat();
    both(&mut ours, &mut theirs, |switch| {
        switch.clear();
        switch.add_group(&format!("group_id=1,type=select{buckets}"));
        switch.add_rule("in_port=1,actions=group:1");
    });
    spread(&mut ours, "ours");
    spread(&mut theirs, "theirs");
    ours.end();
}

/// A connection's first packet. Open vSwitch tells connections of TCP apart by their ports for this, and none of UDP.
fn tcp(flow: u16) -> Frame {
    let mut frame = Frame::new();
    let ip = PacketBuilder::ethernet2(SRC, DST).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    ip.tcp(1000 + flow, 80, 0, 1024).syn().write(&mut frame, &[]).unwrap();
    frame
}

fn spread(switch: &mut impl Contender, whose: &str) {
    let flows: Vec<Frame> = (0..FLOWS).map(tcp).collect();
    let mut taken = || -> BTreeMap<Frame, u16> {
        let sent = switch.feed(1, &flows);
        assert_eq!(sent.len(), flows.len());
        sent.into_iter().map(|(port, frame)| (frame, port)).collect()
    };
    let first = taken();
    assert_eq!(first.keys().collect::<BTreeSet<_>>(), flows.iter().collect());
    for _ in 0..3 {
        assert_eq!(taken(), first);
    }
    let share = |port: u16| first.values().filter(|to| **to == port).count();
    let shares = [2, 3, 4, 5].map(share);
    assert!(shares[0] > 0 && shares[1] > 0 && shares[3] == 0, "{whose}: {shares:?}");
    assert!(shares[2] > shares[0] + shares[1], "{whose}: {shares:?}");
}
