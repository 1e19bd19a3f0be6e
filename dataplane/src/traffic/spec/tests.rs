//! The configuration's spelling.

use super::*;

#[test]
fn an_empty_stream_is_the_smallest_udp_flat_out() {
    let spec: TrafficSpec = serde_json::from_value(serde_json::json!({"stream": [{}]})).unwrap();
    assert_eq!(spec.stream, [StreamSpec::default()]);
    assert_eq!(spec.stream[0].stack().len(), 3);
}

#[test]
fn every_spelling_of_a_field_is_read() {
    let field = |value: serde_json::Value| serde_json::from_value::<Field<u16>>(value);
    assert_eq!(field(9.into()).unwrap(), Field::Fixed(9));
    assert_eq!(field(serde_json::json!([9, 10])).unwrap(), Field::Listed(vec![9, 10]));
    let counted = Counted { from: 1, step: 1, count: 4, every: 1, mask: None };
    assert_eq!(field(serde_json::json!({"from": 1, "count": 4})).unwrap(), Field::Counted(counted));
    let drawn = Drawn { from: 0, mask: Some(0xff), seed: 7 };
    assert_eq!(
        field(serde_json::json!({"from": 0, "mask": 255, "seed": 7})).unwrap(),
        Field::Drawn(drawn)
    );
    for refused in [serde_json::json!({"from": 1}), serde_json::json!("x"), 70_000.into()] {
        let message = field(refused).unwrap_err().to_string();
        assert!(message.contains("{ from, step, count } to count"), "{message}");
    }
}

#[test]
fn what_was_written_is_read_back() {
    let text = serde_json::json!({
        "stream": [{
            "name": "a", "port": 1, "queue": 2, "expect": 0,
            "layers": [
                {"ethernet": {"src": {"from": "02:00:00:00:00:01", "count": 8}}}, {"qinq": {}}, {"vlan": {"id": [5, 6]}},
                {"mpls": {}}, {"ipv6": {"dst": "2001:2::9"}}, {"gre": {"key": 7}}, {"ipv4": {}}, {"udp": {"checksum": false}},
                {"vxlan": {}}, {"gtpu": {}}, {"tcp": {}}, {"icmp": {}}, {"arp": {}},
            ],
            "size": [{"bytes": 64, "weight": 3}, {"bytes": 1518, "weight": 1}],
            "rate": [{"seconds": 1.5, "rate": "1M", "to": "2M"}, {"seconds": 1.0, "rate": "flat-out"}],
            "spacing": {"bursts": {"packets": 32, "gap_ns": 1000}}, "count": 10, "start": 0.5,
        }, {
            "size": "simple", "rate": "10k", "spacing": {"poisson": {"seed": 1}},
            "replay": {"file": "a.pcap", "timing": {"scaled": 2.0}, "loops": 0},
        }, { "size": {"from": 64, "to": 128} }],
        "host": [{"port": 0, "ip": "2001:2::1", "mac": "02:00:00:00:00:01"}],
        "duration": 1.0, "wait_ms": 5, "signature": 3, "stall_ns": 9,
    });
    let spec: TrafficSpec = serde_json::from_value(text).unwrap();
    let again = serde_json::to_value(&spec).unwrap();
    assert_eq!(serde_json::from_value::<TrafficSpec>(again).unwrap(), spec);
}

#[test]
fn a_word_that_nobody_reads_is_refused() {
    for text in [
        serde_json::json!({"streams": []}),
        serde_json::json!({"stream": [{"sizes": 64}]}),
        serde_json::json!({"stream": [{"layers": [{"udp": {"sport": 1}}]}]}),
        serde_json::json!({"stream": [{"layers": [{"sctp": {}}]}]}),
        serde_json::json!({"host": [{"port": 0}]}),
    ] {
        assert!(serde_json::from_value::<TrafficSpec>(text.clone()).is_err(), "{text}");
    }
}

#[test]
fn the_fastest_of_all_phases_is_what_a_line_must_carry() {
    let smallest = crate::traffic::rate::Volume { packets: 1, bytes: 64 };
    let (one, two) = ("1M", "2M");
    let ramp = serde_json::json!([
        {"seconds": 1, "rate": one}, {"seconds": 1, "rate": one, "to": two}, {"seconds": 1, "rate": "1k"}
    ]);
    for (load, bps) in [
        (one.into(), 672e6),
        ("40% of 10Gbit/s".into(), 4e9),
        ("flat-out".into(), 0.0),
        (ramp, 1344e6),
    ] {
        let found = serde_json::from_value::<Load>(load).unwrap().fastest_bps(smallest);
        assert!((found - bps).abs() < 1.0, "{found} for {bps}");
    }
}
