//! Rules as text: what is read, how it is printed, and what is refused.

mod refused;

use super::*;
use proptest::prelude::*;

/// Rules as they may be written, and as `ovs-ofctl parse-flow` (3.1) prints them.
const PRINTED: &[(&str, &str)] = &[
    ("in_port=1,actions=output:2", "in_port=1 actions=output:2"),
    (
        "priority=5 tcp,nw_src=10.0.0.0/8,tp_dst=80 actions=mod_nw_dst:1.2.3.4,2",
        "priority=5,tcp,nw_src=10.0.0.0/8,tp_dst=80 actions=mod_nw_dst:1.2.3.4,output:2",
    ),
    (
        "dl_vlan=5,dl_vlan_pcp=3,actions=pop_vlan,normal",
        "dl_vlan=5,dl_vlan_pcp=3 actions=strip_vlan,NORMAL",
    ),
    (
        "arp,arp_op=1,arp_spa=10.0.0.1,arp_sha=02:00:00:00:00:01,actions=flood",
        "arp,arp_spa=10.0.0.1,arp_op=1,arp_sha=02:00:00:00:00:01 actions=FLOOD",
    ),
    ("vlan_tci=0x1000/0x1000,actions=drop", "vlan_tci=0x1000/0x1000 actions=drop"),
    ("vlan_tci=0x1005/0x1fff,actions=1", "dl_vlan=5 actions=output:1"),
    ("dl_vlan=0xffff,actions=all", "vlan_tci=0x0000 actions=ALL"),
    (
        "udp6,ipv6_src=2001:db8::/32,tp_src=0x10/0xf0,actions=in_port",
        "udp6,ipv6_src=2001:db8::/32,tp_src=0x10/0xf0 actions=IN_PORT",
    ),
    (
        "ip,nw_tos=16,nw_ttl=3,ip_frag=later,actions=dec_ttl,push_vlan:0x8100,mod_vlan_vid:7,output:3",
        "ip,nw_tos=16,nw_ttl=3,nw_frag=later actions=dec_ttl,push_vlan:0x8100,mod_vlan_vid:7,output:3",
    ),
    (
        "icmp,icmp_type=8,icmp_code=0,actions=mod_nw_tos:16,group:3",
        "icmp,icmp_type=8,icmp_code=0 actions=mod_nw_tos:16,group:3",
    ),
    (
        "dl_type=0x1234,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions=drop",
        "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,dl_type=0x1234 actions=drop",
    ),
    ("ipv6,nw_proto=132,ip_frag=not_later,actions=1", "sctp6,nw_frag=not_later actions=output:1"),
    ("table=0,priority=32768,actions=NORMAL", "actions=NORMAL"),
    (
        "priority=0,actions=mod_dl_src:02:00:00:00:00:01,mod_tp_dst:9,5",
        "priority=0 actions=mod_dl_src:02:00:00:00:00:01,mod_tp_dst:9,output:5",
    ),
];

#[test]
fn rules_print_as_ovs_prints_them() {
    for (written, printed) in PRINTED {
        let rule: FlowSpec = written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(rule.to_string(), *printed, "{written}");
    }
}

#[test]
fn a_dumped_rule_is_a_line_of_dump_flows() {
    let figures = RuleFigures {
        cookie: 0x2a,
        duration: std::time::Duration::from_millis(12_345),
        packets: 7,
        bytes: 420,
        idle_timeout: 10,
        hard_timeout: 0,
        idle_age: std::time::Duration::from_millis(3_900),
        hard_age: std::time::Duration::from_millis(12_345),
        priority: 100,
        matching: "in_port=1,actions=drop".parse::<FlowSpec>().unwrap().matching,
        actions: "output:2".to_owned(),
    };
    assert_eq!(
        figures.to_string(),
        " cookie=0x2a, duration=12.345s, table=0, n_packets=7, n_bytes=420, idle_timeout=10, idle_age=3, \
         priority=100,in_port=1 actions=output:2"
    );
    let json = serde_json::to_value(&figures).unwrap();
    assert_eq!((&json["match"], &json["idle_age_s"]), (&"in_port=1".into(), &3.9.into()));
}

#[test]
fn rules_are_selected_by_what_they_are_for() {
    let rule: FlowSpec =
        "priority=7,cookie=0x12,tcp,nw_dst=10.1.0.0/16,actions=output:2".parse().unwrap();
    let selects = |text, strict| FlowSelect::parse(text, strict).unwrap().selects(&rule);
    for text in ["", "ip", "tcp", "ip,nw_dst=10.0.0.0/8", "cookie=0x10/0xf0", "out_port=2"] {
        assert!(selects(text, false), "{text}");
    }
    for text in ["udp", "tcp,nw_dst=10.1.2.0/24", "tcp,tp_dst=80", "cookie=0x2", "out_port=3"] {
        assert!(!selects(text, false), "{text}");
    }
    assert!(selects("priority=7,tcp,nw_dst=10.1.0.0/16", true));
    assert!(!selects("priority=8,tcp,nw_dst=10.1.0.0/16", true));
    assert!(!selects("priority=7,tcp,nw_dst=10.1.0.0/17", true));
}

#[test]
fn groups_survive_text() {
    for (written, printed) in [
        (
            "group_id=1,type=select,bucket=weight:3,actions=output:1,bucket=output:2",
            "group_id=1,type=select,bucket=weight:3,actions=output:1,bucket=actions=output:2",
        ),
        (
            "group_id=0x2,type=all,bucket=actions=mod_vlan_vid:5,output:1,bucket=actions=drop",
            "group_id=2,type=all,bucket=actions=mod_vlan_vid:5,output:1,bucket=actions=drop",
        ),
        (
            "group_id=3 type=indirect bucket=output:1",
            "group_id=3,type=indirect,bucket=actions=output:1",
        ),
    ] {
        let group: Group = written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(group.to_string(), printed);
        assert_eq!(printed.parse::<Group>(), Ok(group));
    }
}

/// Words of a rule, any of which may be there.
fn words() -> impl Strategy<Value = String> {
    let addresses =
        ("[0-9]{1,3}", 0u8..=32).prop_map(|(octet, length)| format!("10.0.{octet}.1/{length}"));
    let word = prop_oneof![
        prop::sample::select(vec![
            "ip",
            "arp",
            "tcp",
            "udp6",
            "icmp",
            "ipv6",
            "in_port=3",
            "dl_vlan=7",
            "ip_frag=no",
            "nw_proto=6",
            "tp_src=0x10/0xf0",
            "dl_src=02:00:00:00:00:01",
            "arp_op=2",
            "nw_tos=4",
            "nw_ttl=9",
            "vlan_tci=0x1003/0x1fff",
            "icmp_type=3",
            "priority=9",
            "cookie=0x7",
            "idle_timeout=3"
        ])
        .prop_map(str::to_owned),
        addresses.clone().prop_map(|address| format!("nw_src={address}")),
        addresses.prop_map(|address| format!("arp_tpa={address}")),
        ("[a-z_]{1,10}", "[0-9a-fx:./]{0,12}").prop_map(|(name, value)| format!("{name}={value}")),
    ];
    let action = prop::sample::select(vec![
        "output:1",
        "2",
        "normal",
        "flood",
        "all",
        "in_port",
        "drop",
        "strip_vlan",
        "mod_nw_src:1.2.3.4",
        "mod_dl_dst:02:00:00:00:00:09",
        "push_vlan:0x8100",
        "mod_vlan_pcp:3",
        "dec_ttl",
        "group:4",
    ]);
    (prop::collection::vec(word, 0..5), prop::collection::vec(action, 0..4))
        .prop_map(|(words, actions)| format!("{},actions={}", words.join(","), actions.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_printed_is_read_as_the_same(text in words()) {
        if let Ok(rule) = text.parse::<FlowSpec>() {
            let printed = rule.to_string();
            prop_assert_eq!(printed.parse::<FlowSpec>(), Ok(rule), "{}", printed);
        }
    }

    #[test]
    fn any_text_is_a_rule_or_refused_with_a_sentence(text in ".{0,60}") {
        for text in [text.clone(), format!("{text},actions={text}"), format!("group_id=1,type=all,bucket={text}")] {
            if let Err(error) = text.parse::<FlowSpec>() {
                prop_assert!(!error.to_string().is_empty());
            }
            let _ = (text.parse::<Group>(), FlowSelect::parse(&text, true));
        }
    }
}
