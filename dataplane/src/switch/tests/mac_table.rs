//! The MAC table against a map, and under several threads at once.

use crate::port::PortId;
use crate::switch::mac_table::{Learned, MacTable};
use crate::wire::ethernet::MacAddr;
use proptest::prelude::*;
use std::collections::BTreeMap;

const AGING: u32 = 5;

/// The same table, plainly.
struct Plain {
    entries: BTreeMap<(u64, u16), (PortId, u32, bool)>,
    limit: usize,
}

impl Plain {
    fn learned(&self, port: Option<PortId>) -> usize {
        let learned = self.entries.values().filter(|(_, _, is_static)| !is_static);
        learned.filter(|(at, ..)| port.is_none_or(|port| port == *at)).count()
    }

    fn learn(&mut self, mac: u64, vlan: u16, port: PortId, now: u32, limit: usize) -> Learned {
        let full = self.learned(Some(port)) >= limit;
        let all = self.learned(None);
        match self.entries.get_mut(&(mac, vlan)) {
            Some((at, _, true)) => match *at == port {
                true => Learned::Known,
                false => Learned::Static,
            },
            Some((at, seen, false)) if *at == port => {
                *seen = now;
                Learned::Known
            }
            Some(_) if full => Learned::Full,
            Some(entry) => {
                *entry = (port, now, false);
                Learned::Moved
            }
            None if full || all >= self.limit => Learned::Full,
            None => {
                self.entries.insert((mac, vlan), (port, now, false));
                Learned::New
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Deed {
    Learn { mac: u64, vlan: u16, port: u16 },
    Find { mac: u64, vlan: u16 },
    Static { mac: u64, vlan: u16, port: u16 },
    Pass(u32),
    Flush { port: u16 },
}

fn deeds() -> impl Strategy<Value = Deed> {
    let (mac, vlan, port) = (0u64..24, 0u16..2, 0u16..4);
    prop_oneof![
        8 => (mac.clone(), vlan.clone(), port.clone())
            .prop_map(|(mac, vlan, port)| Deed::Learn { mac, vlan, port }),
        4 => (mac.clone(), vlan.clone()).prop_map(|(mac, vlan)| Deed::Find { mac, vlan }),
        1 => (mac, vlan, port.clone()).prop_map(|(mac, vlan, port)| Deed::Static { mac, vlan, port }),
        2 => (0u32..4).prop_map(Deed::Pass),
        1 => port.prop_map(|port| Deed::Flush { port }),
    ]
}

proptest! {
    #[test]
    fn it_learns_ages_and_moves_as_a_map_does(
        limit in 4u32..40, port_limit in 2u32..20, deeds in prop::collection::vec(deeds(), 1..200),
    ) {
        // Room for more than is learned, so that no bucket is full by chance: that alone a map does not know.
        let table = MacTable::with_room(1024, limit);
        let mut plain = Plain { entries: BTreeMap::new(), limit: limit as usize };
        let mut now = 0;
        for deed in deeds {
            match deed {
                Deed::Learn { mac, vlan, port } => prop_assert_eq!(
                    table.learn(mac, vlan, PortId(port), now, port_limit),
                    plain.learn(mac, vlan, PortId(port), now, port_limit as usize)
                ),
                Deed::Find { mac, vlan } => prop_assert_eq!(
                    table.find(mac, vlan),
                    plain.entries.get(&(mac, vlan)).map(|(port, ..)| *port)
                ),
                Deed::Static { mac, vlan, port } => {
                    prop_assert!(table.set_static(address(mac), vlan, PortId(port)));
                    plain.entries.insert((mac, vlan), (PortId(port), 0, true));
                }
                Deed::Pass(time) => {
                    now += time;
                    let old = |seen: u32, is_static: bool| !is_static && now - seen >= AGING;
                    table.remove(|found| old(found.seen, found.is_static));
                    plain.entries.retain(|_, (_, seen, is_static)| !old(*seen, *is_static));
                }
                Deed::Flush { port } => {
                    table.remove(|found| found.port == PortId(port));
                    plain.entries.retain(|_, (at, ..)| *at != PortId(port));
                }
            }
            let mut entries: Vec<_> = table.entries()
                .map(|found| ((found.mac.to_bits(), found.vlan), found.port)).collect();
            entries.sort_unstable();
            let expected: Vec<_> = plain.entries.iter().map(|(who, (port, ..))| (*who, *port)).collect();
            prop_assert_eq!(entries, expected);
        }
    }
}

fn address(bits: u64) -> MacAddr {
    let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
    MacAddr([a, b, c, d, e, f])
}

#[test]
fn a_table_takes_as_many_as_it_is_for() {
    let table = MacTable::new(8192);
    let learn = |mac| table.learn(mac, 1, PortId(0), 0, u32::MAX) == Learned::New;
    let first = (0..8192).filter(|mac| learn(*mac)).count();
    // Two full buckets are met by few, if any.
    assert!(first > 8000, "{first}");
    assert_eq!(first + (8192..30_000).filter(|mac| learn(*mac)).count(), 8192);
}

/// Whatever workers do at once, an address is found where one of them saw it, and the counts come out even.
#[test]
fn workers_learn_at_the_same_time() {
    let table = MacTable::new(512);
    std::thread::scope(|scope| {
        for worker in 0..3u16 {
            let table = &table;
            scope.spawn(move || {
                for round in 0..20_000u64 {
                    let mac = round.wrapping_mul(2_654_435_761) % 300;
                    table.learn(mac, 0, PortId(worker), round as u32, u32::MAX);
                    if let Some(port) = table.find(mac, 0) {
                        assert!(port.0 < 3, "{port}");
                    }
                }
            });
        }
        for _ in 0..200 {
            table.remove(|found| found.mac.to_bits() % 7 == 0);
        }
    });
    let everything = table.entries().count();
    assert!(everything > 0);
    assert!(table.entries().all(|found| found.mac.to_bits() < 300 && found.port.0 < 3));
    table.remove(|_| true);
    assert_eq!(table.entries().count(), 0);
    // Nothing is counted that is not there: a port may have as many again as it ever could.
    let learned =
        (0..400).filter(|mac| table.learn(1 << 30 | mac, 0, PortId(0), 0, 400) == Learned::New);
    assert!(learned.count() > 390);
}
