//! The program as a bridge: VLANs and mirrors as Open vSwitch has them, learning, aging and moves as the kernel has them.

use crate::common::on_main_lcore;
use crate::contest::{Ruled, compare};
use crate::draw::Draw;
use crate::kernel::{self, Kernel};
use crate::lab::{self, ovs, wait_for};
use crate::open_vswitch::{self, OpenVSwitch};
use crate::packets;
use crate::program::Program;

const PORTS: u16 = 5;
/// Ways to divide the ports up, and packets that each is given.
const DIVISIONS: usize = 6;
const PACKETS: usize = 40;
/// Ports of a kernel's bridge, and packets that it is given.
const STATIONS: u16 = 4;
const STEPS: usize = 120;

/// What a port can be: in our words, and the columns of Open vSwitch's.
const POLICIES: [(&[&str], &[&str]); 7] = [
    (&["trunk all"], &[]),
    (&["access 5"], &["tag=5"]),
    (&["access 100"], &["tag=100"]),
    (&["trunk 1,5"], &["trunks=1,5"]),
    (&["trunk 0,100"], &["trunks=0,100"]),
    (&["trunk 1", "native 5 untagged"], &["trunks=1", "tag=5", "vlan_mode=native-untagged"]),
    (&["trunk all", "native 100 tagged"], &["tag=100", "vlan_mode=native-tagged"]),
];

#[test]
fn access_ports_and_trunks_carry_the_same_vlans() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("access_ports_and_trunks_carry_the_same_vlans", &reason);
    }
    let mut ours = Program::new(PORTS);
    let mut theirs = OpenVSwitch::new(&ours.ports);
    theirs.ovs.ofctl("add-flow", &["priority=0,actions=normal"]);
    let ports = ours.ports.clone();
    let mut draw = Draw::new(11);
    for _ in 0..DIVISIONS {
        for port in &ports {
            let (own, columns) = draw.of(&POLICIES);
            let name = open_vswitch::name(*port);
            theirs.ovs.vsctl(&["clear", "port", &name, "tag", "trunks", "vlan_mode"]);
            if !columns.is_empty() {
                theirs.ovs.vsctl(&[&["set", "port", &name], columns].concat());
            }
            // Which makes it forget a native VLAN.
            for policy in ["access 1"].iter().chain(own) {
                ours.tell(&format!("set switch port {port} {policy}"));
            }
        }
        ours.switch.shell.ask("fdb flush");
        theirs.ovs.appctl("fdb/flush", &[]);
        for _ in 0..PACKETS {
            let packet = packets::packet(&mut draw);
            compare(&mut ours, &mut theirs, draw.of(&ports), &[packet]);
        }
    }
    ours.end();
}

/// Sets of mirrors: the way, the ports, and where the copies go. In all but the first two a packet meets a mirror twice, or two
/// mirrors with one target, or several.
const MIRRORS: [&[(&str, &[u16], u16)]; 8] = [
    &[("received", &[2], 5)],
    &[("sent", &[2], 5)],
    &[("both", &[1, 2], 5)],
    &[("sent", &[1, 2, 3], 5)],
    &[("received", &[1, 2], 5), ("sent", &[2, 3], 5)],
    &[("received", &[1, 2], 5), ("received", &[2, 3], 4)],
    &[("both", &[1, 2], 5), ("sent", &[2, 3], 4)],
    &[("sent", &[2], 5), ("both", &[1, 2, 3], 4)],
];

#[test]
fn mirrors_get_the_same_copies() {
    if let Some(reason) = ovs::lacks() {
        return lab::skip("mirrors_get_the_same_copies", &reason);
    }
    let mut ours = Program::new(PORTS);
    let mut theirs = OpenVSwitch::new(&ours.ports);
    let ports = ours.ports.clone();
    let mut draw = Draw::new(13);
    for mirrors in MIRRORS {
        let names = |ports: &[u16]| ports.iter().map(|port| open_vswitch::name(*port)).collect();
        let theirs_are = mirrors.iter().map(|(way, ports, to)| ovs::Mirror {
            received: if *way == "sent" { Vec::new() } else { names(ports) },
            sent: if *way == "received" { Vec::new() } else { names(ports) },
            to: open_vswitch::name(*to),
        });
        theirs.ovs.mirrors(&theirs_are.collect::<Vec<_>>());
        for (way, ports, to) in mirrors {
            let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
            ours.tell(&format!("set switch mirror {way} {ports} to {to}"));
        }
        for rule in [
            "actions=normal",
            "actions=output:1,output:2,mod_dl_src:02:00:00:00:00:07,output:3,output:2",
        ] {
            ours.clear();
            theirs.clear();
            ours.add_rule(rule);
            theirs.add_rule(rule);
            for number in 0..PACKETS {
                let frame = kernel::frame(draw.below(6), draw.below(5), number);
                compare(&mut ours, &mut theirs, draw.of(&ports), &[frame]);
            }
        }
        ours.tell("set switch mirror off");
        theirs.ovs.no_mirror();
    }
    ours.end();
}

#[test]
fn addresses_are_learned_move_and_age_as_in_a_kernels_bridge() {
    let name = "addresses_are_learned_move_and_age_as_in_a_kernels_bridge";
    if let Some(reason) = lab::lacks(&["ip"]) {
        return lab::skip(name, &reason);
    }
    on_main_lcore(|eal| {
        let mut ours = Program::new(STATIONS);
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
        ours.tell(&format!("set switch aging {}", kernel::AGING.as_secs()));
        theirs.forget();
        std::thread::sleep(2 * kernel::AGING);
        wait_for("the addresses to be forgotten", || {
            (ours.switch.shell.ask("show fdb").lines().count() == 1).then_some(())
        });
        for to in 0..homes.len() {
            let frame = kernel::frame(to, homes.len(), to);
            compare(&mut ours, &mut theirs, homes[0], &[frame]);
        }
        theirs.end();
        ours.end();
    });
}
