//! Lines in, streams out.

use super::command::{Feature, PktgenCommand};
use super::table::TABLE;
use super::*;
use crate::shell::grammar::{Grammar, PortWords, Request, Vocabulary};
use dataplane::traffic::rate::Rate;
use dataplane::traffic::spec::{Counted, Drawn, Field, Layer, Load, Sizes, Span, Timing};
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn known() -> Vocabulary {
    let words = |id| PortWords { id: PortId(id), rx_queues: 1, tx_queues: 1 };
    Vocabulary { ports: vec![words(0), words(1)], ..Vocabulary::default() }
}

fn parse(line: &str) -> PktgenCommand {
    match Grammar::new(TABLE, &known()).parse(line) {
        Ok(Some(Request::Run(command))) => command,
        other => panic!("{line}: {other:?}"),
    }
}

fn fresh() -> Pktgen {
    let facts =
        |low| PortFacts { mac: MacAddr([2, 0, 0, 0, 0, low]), speed_mbps: Some(10_000), burst: 32 };
    Pktgen::new(BTreeMap::from([(PortId(0), facts(10)), (PortId(1), facts(11))]))
}

/// The ports after commands separated by semicolons.
fn after(script: &str) -> Pktgen {
    let mut pktgen = fresh();
    for line in script.split([';', '\n']).filter(|line| !line.trim().is_empty()) {
        if !line.starts_with('#') {
            assert_eq!(pktgen.apply(&parse(line)), Ok(true), "{line}");
        }
    }
    pktgen
}

fn streams(script: &str) -> Vec<StreamSpec> {
    after(script).streams(&[PortId(0)]).unwrap()
}

/// The names of a stream's headers.
fn headers(stream: &StreamSpec) -> Vec<String> {
    let value = serde_json::to_value(&stream.layers).unwrap();
    let names = value.as_array().unwrap().iter().map(|layer| layer.as_object().unwrap());
    names.map(|layer| layer.keys().next().unwrap().clone()).collect()
}

#[test]
fn the_published_recipe_is_one_stream() {
    let recipe = "enable 0 latency; set 0 size 96; set 0 dst mac aa:bb:cc:dd:ee:00; set 0 rate 100";
    let streams = streams(recipe);
    let [stream] = &streams[..] else { panic!("{streams:?}") };
    assert_eq!((stream.port, &stream.size), (0, &Sizes::Fixed(96)));
    assert_eq!(headers(stream), ["ethernet", "ipv4", "udp"]);
    let Layer::Ethernet(ethernet) = &stream.layers[0] else { panic!() };
    assert_eq!(ethernet.dst, Field::Fixed("aa:bb:cc:dd:ee:00".parse().unwrap()));
    assert_eq!(ethernet.src, Field::Fixed(MacAddr([2, 0, 0, 0, 0, 10])));
    assert!(after(recipe).port(PortId(0)).unwrap().has(Feature::Latency));
    assert_eq!(parse("start 0"), PktgenCommand::Start(PortList::These(vec![PortId(0)])));
    assert_eq!(parse("str"), PktgenCommand::Start(PortList::All));
}

#[test]
fn lists_of_ports_set_each_of_them() {
    let pktgen = after("set 0-1 size 128; set all count 7; set 1 rate 5M");
    let both = pktgen.streams(&[PortId(0), PortId(1)]).unwrap();
    assert!(both.iter().all(|s| s.size == Sizes::Fixed(128) && s.count == Some(7)));
    assert_eq!(both[0].rate, Load::Steady(Rate::FlatOut));
    assert_eq!(both[1].rate, Load::Steady("5M".parse().unwrap()));
    let nowhere = fresh().apply(&parse("set 0,7 size 64")).unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no port 7; there are 0, 1");
}

#[test]
fn features_stack_their_headers() {
    for (script, expected) in [
        ("enable 0 vlan", "ethernet vlan ipv4 udp"),
        ("set 0 type vlan", "ethernet vlan ipv4 udp"),
        ("enable 0 qinq", "ethernet qinq vlan ipv4 udp"),
        ("enable 0 mpls; set 0 proto tcp", "ethernet mpls ipv4 tcp"),
        ("enable 0 gre", "ethernet ipv4 gre ipv4 udp"),
        ("enable 0 gre_eth", "ethernet ipv4 gre ethernet ipv4 udp"),
        ("enable 0 vxlan", "ethernet ipv4 udp vxlan ethernet ipv4 udp"),
        ("set 0 type ipv6; set 0 proto icmp", "ethernet ipv6 icmp"),
        ("set 0 type arp", "ethernet arp"),
        ("enable 0 vlan; disable 0 vlan", "ethernet ipv4 udp"),
    ] {
        assert_eq!(headers(&streams(script)[0]).join(" "), expected, "{script}");
    }
}

#[test]
fn ranges_count_from_packet_to_packet() {
    let script = "range 0 src ip start 10.0.0.1; range 0 src ip max 10.0.0.250; range 0 src ip inc 0.0.0.1; \
                  range 0 dst port 5000 5000 6000 10; range 0 size 64 64 1518 1; range 0 proto tcp";
    assert_eq!(headers(&streams(script)[0]).join(" "), "ethernet ipv4 udp", "not yet enabled");
    let streams = streams(&format!("{script}; enable 0 range"));
    let Layer::Ipv4(ipv4) = &streams[0].layers[1] else { panic!() };
    let from = Ipv4Addr::new(10, 0, 0, 1);
    // min stays the single packet's address, which lies above: start took it along.
    let counted = Counted { from, step: 1, count: 250, every: 1, mask: None };
    assert_eq!(ipv4.src, Field::Counted(counted));
    let Layer::Tcp(tcp) = &streams[0].layers[2] else { panic!() };
    let counted = Counted { from: 5000, step: 10, count: 101, every: 1, mask: None };
    assert_eq!(tcp.dst, Field::Counted(counted));
    assert_eq!(streams[0].size, Sizes::Span(Span { from: 64, to: 1518, step: 1, seed: None }));
}

#[test]
fn a_sequence_is_a_stream_a_slot() {
    let script = "seq 0 0 02:00:00:00:00:01 02:00:00:00:00:02 10.0.0.1 10.0.0.2/24 7 8 ipv4 udp 0 64; \
                  seq 1 0 dst 02:00:00:00:00:03 src 02:00:00:00:00:04 dst 10.0.0.3 src 10.0.0.4/24 sport 9 dport 10 \
                  ipv4 tcp vlan 5 pktsize 128; set 0 seq_cnt 2; set 0 count 9; set 0 rate 10k";
    let streams = streams(script);
    assert_eq!(headers(&streams[0]).join(" "), "ethernet ipv4 udp");
    assert_eq!(headers(&streams[1]).join(" "), "ethernet vlan ipv4 tcp");
    assert_eq!(streams.iter().map(|s| s.count).collect::<Vec<_>>(), [Some(5), Some(4)]);
    assert!(streams.iter().all(|s| s.rate == Load::Steady("5k".parse().unwrap())));
    let error = after("set 0 seq_cnt 1").streams(&[PortId(0)]).unwrap_err();
    assert!(error.to_string().contains("slot 0 of the sequence is empty"), "{error}");
}

#[test]
fn a_capture_file_is_replayed_at_the_ports_rate() {
    let streams = streams("pcap 0 a.pcap; enable 0 pcap; set 0 rate 1M");
    let replay = streams[0].replay.as_ref().unwrap();
    assert_eq!((replay.file.to_str(), replay.timing), (Some("a.pcap"), Timing::Rate));
    assert!(after("enable 0 pcap").streams(&[PortId(0)]).is_err());
}

#[test]
fn random_draws_host_bits_and_ports() {
    let streams = streams("set 0 src ip 10.1.0.0/16; enable 0 random");
    let Layer::Ipv4(ipv4) = &streams[0].layers[1] else { panic!() };
    let Field::Drawn(Drawn { from, mask, .. }) = ipv4.src.clone() else { panic!() };
    assert_eq!(from, Ipv4Addr::new(10, 1, 0, 0));
    assert_eq!(mask, Some(Ipv4Addr::new(0, 0, 255, 255)));
}

#[test]
fn what_was_saved_is_loaded() {
    let script = "set 0 size 128; set 0 rate 40; set 0 count 9; set 0 burst 7; set 0 proto tcp; set 1 type ipv6; \
                  set 1 src ip 2001:db8::7; set 0 src ip 10.0.0.1/8; set 0 dscp 46; range 0 src mac \
                  02:00:00:00:00:01 02:00:00:00:00:01 02:00:00:00:00:09 00:00:00:00:00:01; range 0 vlan 5 1 9 2; \
                  seq 3 0 02:00:00:00:00:01 02:00:00:00:00:02 10.0.0.1 10.0.0.2/24 7 8 ipv4 udp 6 64 99; pcap 1 b.pcap; \
                  set 0 seq_cnt 4; enable 0 latency; enable 0 qinq; enable 1 icmp";
    let pktgen = after(script);
    assert_eq!(after(&pktgen.save()), pktgen, "{}", pktgen.save());
}

#[test]
fn reset_is_the_beginning() {
    assert_eq!(after("set 0 size 500; enable 0 vlan; reset 0"), fresh());
}

#[test]
fn every_feature_has_its_word() {
    for (word, feature) in Feature::ALL {
        let ports = PortList::All;
        let command = PktgenCommand::Feature(ports, feature, true);
        assert_eq!(parse(&format!("enable all {word}")), command);
    }
}

proptest! {
    #[test]
    fn any_line_is_answered(line in "((set|range|seq|start|0|0-1|all|src|dst|ip|mac|port|inc|10.0.0.1|64|vlan|;) ?){0,9}") {
        let known = known();
        let grammar = Grammar::new(TABLE, &known);
        if let Ok(Some(Request::Run(command))) = grammar.parse(&line) {
            let mut pktgen = fresh();
            if pktgen.apply(&command).is_ok() {
                let _ = pktgen.streams(&[PortId(0), PortId(1)]);
                prop_assert_eq!(after(&pktgen.save()), pktgen);
            }
        }
        grammar.complete(&line);
        grammar.hint(&line);
    }
}
