//! VLANs, against a plain bridge that knows who is in which and who was seen where.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{frame, tagged};
use dataplane::switch::{Native, PortPolicy, SwitchConfig, VlanPolicy};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

const PORTS: usize = 4;

#[derive(Clone, Debug)]
struct Sent {
    at: usize,
    src: u8,
    dst: u8,
    /// Of the packet's tag, if it has one.
    tci: Option<u16>,
}

fn policies() -> impl Strategy<Value = PortPolicy> {
    let native = prop::option::of((1u16..4, any::<bool>()));
    let trunk = (prop::option::of(prop::collection::btree_set(0u16..4, 0..4)), native);
    let vlan = prop_oneof![
        (1u16..4).prop_map(VlanPolicy::Access),
        trunk.prop_map(|(vlans, native)| VlanPolicy::Trunk {
            vlans,
            native: native.map(|(vlan, tagged)| Native { vlan, tagged }),
        }),
    ];
    (vlan, prop::bool::weighted(0.3), prop::bool::weighted(0.8)).prop_map(
        |(vlan, isolated, unknown_unicast)| PortPolicy {
            vlan,
            isolated,
            unknown_unicast,
            ..PortPolicy::default()
        },
    )
}

fn packets() -> impl Strategy<Value = Vec<Sent>> {
    let tci = prop::option::of((0u16..5, 0u16..8).prop_map(|(vid, pcp)| pcp << 13 | vid));
    let packet =
        (0..PORTS, 1u8..6, 1u8..6, tci).prop_map(|(at, src, dst, tci)| Sent { at, src, dst, tci });
    prop::collection::vec(packet, 1..30)
}

/// The VLAN of a packet on a port, by the words of IEEE 802.1Q and OVS's manual.
fn classify(policy: &PortPolicy, tci: Option<u16>) -> Option<u16> {
    let vid = tci.map_or(0, |tci| tci & 0xfff);
    match &policy.vlan {
        VlanPolicy::Access(vlan) => (vid == 0).then_some(*vlan),
        VlanPolicy::Trunk { native, .. } => {
            let vlan = match native {
                Some(native) if vid == 0 => native.vlan,
                _ => vid,
            };
            carries(policy, vlan).then_some(vlan)
        }
    }
}

fn carries(policy: &PortPolicy, vlan: u16) -> bool {
    match &policy.vlan {
        VlanPolicy::Access(own) => *own == vlan,
        VlanPolicy::Trunk { vlans, native } => {
            let listed = vlans.as_ref().is_none_or(|vlans| vlans.contains(&vlan));
            native.map_or(listed, |native| native.vlan == vlan || (listed && vlan != 0))
        }
    }
}

/// The frame as it leaves by a port.
fn on_wire(policy: &PortPolicy, vlan: u16, tci: Option<u16>, plain: &[u8]) -> Vec<u8> {
    let untagged = match &policy.vlan {
        VlanPolicy::Access(_) => true,
        VlanPolicy::Trunk { native: Some(native), .. } => native.vlan == vlan && !native.tagged,
        VlanPolicy::Trunk { native: None, .. } => false,
    };
    let tci = tci.unwrap_or(0) & 0xe000 | vlan;
    // A tag that tells nothing is none.
    if untagged || tci == 0 { plain.to_vec() } else { tagged(plain, tci) }
}

#[test]
fn packets_leave_where_and_how_a_plain_bridge_has_them() {
    on_main_lcore(|eal| {
        let make = Make { ports: PORTS, ..Make::default() };
        let mut board = Switchboard::new(eal, "vlans", make, SwitchConfig::default());
        let strategy = (prop::collection::vec(policies(), PORTS), packets());
        let mut runner =
            TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
        // The board is one for all cases, as ports are few.
        let shared = RefCell::new(&mut board);
        runner
            .run(&strategy, |(policies, packets)| {
                let mut board = shared.borrow_mut();
                check(&mut board, &policies, &packets)
            })
            .unwrap();
        board.end();
    });
}

fn check(
    board: &mut Switchboard,
    policies: &[PortPolicy],
    packets: &[Sent],
) -> Result<(), TestCaseError> {
    board.switch.flush(&Default::default());
    for (at, policy) in policies.iter().enumerate() {
        board.switch.set_port_policy(board.port(at), policy.clone()).unwrap();
    }
    let mut seen: BTreeMap<(u8, u16), usize> = BTreeMap::new();
    for (number, Sent { at, src, dst, tci }) in packets.iter().enumerate() {
        let plain = frame(*src, *dst, number as u32);
        let sent = tci.map_or_else(|| plain.clone(), |tci| tagged(&plain, tci));
        board.send(*at, &[&sent]);
        let came = board.collect();
        let vlan = classify(&policies[*at], *tci);
        let goes = |to: usize, vlan: u16, known: Option<usize>| {
            to != *at
                && carries(&policies[to], vlan)
                && !(policies[to].isolated && policies[*at].isolated)
                && known.map_or(policies[to].unknown_unicast, |known| known == to)
        };
        let known = vlan.and_then(|vlan| {
            seen.insert((*src, vlan), *at);
            seen.get(&(*dst, vlan)).copied()
        });
        for (to, came) in came.iter().enumerate() {
            let expected: Vec<Vec<u8>> = vlan
                .filter(|vlan| goes(to, *vlan, known))
                .map(|vlan| on_wire(&policies[to], vlan, *tci, &plain))
                .into_iter()
                .collect();
            prop_assert_eq!(came, &expected, "packet {} on port {}", number, to);
        }
    }
    Ok(())
}

#[test]
fn policies_that_cannot_be_are_refused() {
    let refused = |policy: PortPolicy| policy.check().unwrap_err().to_string();
    let vlan = |vlan| PortPolicy { vlan, ..PortPolicy::default() };
    assert!(refused(vlan(VlanPolicy::Access(0))).contains("no VLAN 0"));
    assert!(refused(vlan(VlanPolicy::Access(4095))).contains("1 to 4094"));
    let trunk = VlanPolicy::Trunk { vlans: Some([7, 5000].into()), native: None };
    assert!(refused(vlan(trunk)).contains("no VLAN 5000"));
    let none = PortPolicy { mac_limit: Some(0), ..PortPolicy::default() };
    assert!(refused(none).contains("leaves nothing"));
}
