//! The classifier and the cache find what a search through the list of rules finds.

use crate::switch::cache::Cache;
use crate::switch::classifier::{Classifier, NONE};
use crate::switch::key::{Field, Key};
use crate::switch::rules::FlowSpec;
use proptest::prelude::*;

/// Fields of few values, so that rules overlap and packets meet them.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..3).prop_map(|port| format!("in_port={port}")),
        (0..3).prop_map(|mac| format!("dl_dst=02:00:00:00:00:0{mac}")),
        (0..3, 24..=32).prop_map(|(net, length)| format!("ip,nw_dst=10.0.{net}.1/{length}")),
        (0..3, 0..4).prop_map(|(port, mask)| format!("udp,tp_dst={port}/{mask}")),
        (0..3).prop_map(|vid| format!("dl_vlan={vid}")),
        (0..2).prop_map(|half| format!("ipv6,ipv6_src={half}::/16")),
        Just("arp,arp_tha=02:00:00:00:00:01".to_owned()),
    ]
}

/// Rules, each with a priority of its own, as which of two with one priority is found is nobody's business.
fn rules() -> impl Strategy<Value = Vec<FlowSpec>> {
    let rules = prop::collection::vec(prop::collection::vec(words(), 0..4), 0..40);
    (rules, any::<prop::sample::Index>()).prop_map(|(rules, turn)| {
        let count = rules.len();
        let priority = |at: usize| (at * 7 + turn.index(100)) % 1009;
        let text = |(at, words): (usize, Vec<String>)| {
            format!("priority={},{},actions=output:{at}", priority(at), words.join(","))
        };
        let parsed = rules.into_iter().enumerate().map(text).filter_map(|text| text.parse().ok());
        parsed.take(count).collect()
    })
}

prop_compose! {
    fn keys()(
        port in 0u128..3, mac in 0u128..3, net in 0u128..3, host in 0u128..4, tp in 0u128..4, vid in 0u128..3,
        kind in 0..4, half in 0u128..2,
    ) -> Key {
        let mut key = Key::default();
        key.put(Field::InPort, port);
        key.put(Field::DlDst, 0x0200_0000_0000 | mac);
        if vid > 0 {
            key.put(Field::VlanTci, 0x1000 | vid);
        }
        match kind {
            0 => {
                key.put(Field::DlType, 0x0800);
                key.put(Field::NwDst, 0x0a00_0000 | net << 8 | host);
                key.put(Field::NwProto, 17);
                key.put(Field::TpDst, tp);
            }
            1 => {
                key.put(Field::DlType, 0x86dd);
                key.put(Field::Ipv6Src, half << 112 | host);
            }
            2 => {
                key.put(Field::DlType, 0x0806);
                key.put(Field::ArpTha, 0x0200_0000_0000 | mac);
            }
            _ => key.put(Field::DlType, 0x1234),
        }
        key
    }
}

proptest! {
    #[test]
    fn the_rule_with_the_highest_priority_is_found(
        rules in rules(), keys in prop::collection::vec(keys(), 1..40),
    ) {
        let classifier = Classifier::new((0..).zip(&rules));
        // A queue's packets have one port.
        let mut caches: [Cache; 3] = Default::default();
        caches.iter_mut().for_each(|cache| cache.renew(&classifier.asked));
        for key in keys.iter().chain(&keys) {
            let fitting = rules.iter().zip(0..).filter(|(rule, _)| rule.matching.covers(key));
            let expected = fitting.max_by_key(|(rule, _)| rule.priority).map_or(NONE, |(_, at)| at);
            prop_assert_eq!(classifier.find(key), expected);
            let key = key.masked(&classifier.asked);
            let cache = &mut caches[key.get(Field::InPort) as usize];
            let (found, _) = cache.find(&key, || classifier.find(&key));
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_is_remembered_is_forgotten_with_the_rules() {
    let key = |field: Field, value| {
        let mut key = Key::default();
        key.put(field, value);
        key
    };
    let link = key(Field::DlDst, Field::DlDst.ones());
    let mut cache = Cache::default();
    cache.renew(&link);
    assert_eq!(cache.find(&Key::default(), || 3), (3, false), "an empty cache knows nothing");
    assert_eq!(cache.find(&Key::default(), || 4), (3, true));
    assert_eq!(cache.find(&key(Field::DlDst, 7), || 5), (5, false));
    assert_eq!(cache.find(&key(Field::DlDst, 7), || 6), (5, true));
    cache.renew(&link);
    assert_eq!(cache.find(&key(Field::DlDst, 7), || 6), (6, false));
    // Longer entries, and shorter ones, where longer ones have been.
    let long = key(Field::Ipv6Dst, Field::Ipv6Dst.ones());
    for (asked, rule) in [(&long, 7), (&Key::default(), 8), (&link, 9)] {
        cache.renew(asked);
        let masked = key(Field::Ipv6Dst, u128::MAX).masked(asked);
        assert_eq!(cache.find(&masked, || rule), (rule, false));
        assert_eq!(cache.find(&masked, || 0), (rule, true));
    }
}
