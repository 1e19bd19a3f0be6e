//! Every field that can be set.

use super::lab::{lacks_programs, skip};
use super::{captured, dissected};
use std::collections::BTreeMap;

/// A header by its fields, each as it is not by default, behind those that it needs; and what tshark reads.
type Fields<'a> = (&'a str, &'a [(&'a str, &'a str)]);

const EVERY_FIELD: &[Fields<'_>] = &[
    (
        "{ ethernet = { src = '02:0a:00:00:00:11', dst = '02:0b:00:00:00:12', ethertype = 0x88b5 } }",
        &[
            ("eth.src", "02:0a:00:00:00:11"),
            ("eth.dst", "02:0b:00:00:00:12"),
            ("eth.type", "0x88b5"),
        ],
    ),
    (
        "{ ethernet = {} }, { qinq = { id = 4094, priority = 5, drop_eligible = true } }, \
         { vlan = { id = 2049, priority = 6, drop_eligible = true } }, { ipv4 = {} }, { udp = {} }",
        &[
            ("eth.type", "0x88a8"),
            ("ieee8021ad.id", "4094"),
            ("ieee8021ad.priority", "5"),
            ("ieee8021ad.dei", "1"),
            ("vlan.id", "2049"),
            ("vlan.priority", "6"),
            ("vlan.dei", "1"),
            ("vlan.etype", "0x0800"),
        ],
    ),
    (
        "{ ethernet = {} }, { mpls = { label = 1048575, traffic_class = 5, ttl = 7 } }, \
         { mpls = { label = 17, traffic_class = 1, ttl = 9 } }, { ipv4 = {} }, { udp = {} }",
        &[
            ("eth.type", "0x8847"),
            ("mpls.label", "1048575,17"),
            ("mpls.exp", "5,1"),
            ("mpls.bottom", "0,1"),
            ("mpls.ttl", "7,9"),
        ],
    ),
    (
        "{ ethernet = {} }, { arp = { operation = 2, sender_mac = '02:00:00:00:00:21', sender_ip = '198.18.0.21', \
         target_mac = '02:00:00:00:00:22', target_ip = '198.18.0.22' } }",
        &[
            ("eth.type", "0x0806"),
            ("arp.hw.type", "1"),
            ("arp.proto.type", "0x0800"),
            ("arp.opcode", "2"),
            ("arp.src.hw_mac", "02:00:00:00:00:21"),
            ("arp.src.proto_ipv4", "198.18.0.21"),
            ("arp.dst.hw_mac", "02:00:00:00:00:22"),
            ("arp.dst.proto_ipv4", "198.18.0.22"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = { src = '198.18.1.1', dst = '198.19.2.2', ttl = 3, dscp = 46, ecn = 2, id = 0xbeef, \
         dont_fragment = true, protocol = 253 } }",
        &[
            ("ip.hdr_len", "20"),
            ("ip.len", "LENGTH-14"),
            ("ip.src", "198.18.1.1"),
            ("ip.dst", "198.19.2.2"),
            ("ip.ttl", "3"),
            ("ip.dsfield.dscp", "46"),
            ("ip.dsfield.ecn", "2"),
            ("ip.id", "0xbeef"),
            ("ip.flags.df", "1"),
            ("ip.proto", "253"),
            ("ip.checksum.status", "1"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv6 = { src = '2001:2::77', dst = '2001:2::88', hop_limit = 5, dscp = 10, ecn = 1, \
         flow_label = 0xfedcb, next_header = 253 } }",
        &[
            ("ipv6.plen", "LENGTH-54"),
            ("ipv6.src", "2001:2::77"),
            ("ipv6.dst", "2001:2::88"),
            ("ipv6.hlim", "5"),
            ("ipv6.tclass.dscp", "10"),
            ("ipv6.tclass.ecn", "1"),
            ("ipv6.flow", "0x0fedcb"),
            ("ipv6.nxt", "253"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { udp = { src = 4000, dst = 5000 } }",
        &[
            ("ip.proto", "17"),
            ("udp.srcport", "4000"),
            ("udp.dstport", "5000"),
            ("udp.length", "LENGTH-34"),
            ("udp.checksum.status", "1"),
        ],
    ),
    (
        // What is not there is 3.
        "{ ethernet = {} }, { ipv4 = {} }, { udp = { dst = 5000, checksum = false } }",
        &[("udp.checksum", "0x0000"), ("udp.checksum.status", "3")],
    ),
    (
        "{ ethernet = {} }, { ipv6 = {} }, { tcp = { src = 4001, dst = 5001, sequence = 0xdeadbeef, acknowledgment = 0x01020304, \
         flags = 0xd2, window = 1234 } }",
        &[
            ("ipv6.nxt", "6"),
            ("tcp.srcport", "4001"),
            ("tcp.dstport", "5001"),
            ("tcp.seq_raw", "3735928559"),
            ("tcp.ack_raw", "16909060"),
            ("tcp.hdr_len", "20"),
            ("tcp.flags", "0x00d2"),
            ("tcp.window_size_value", "1234"),
            ("tcp.checksum.status", "1"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { icmp = { kind = 0, id = 4660, sequence = 77 } }",
        &[
            ("ip.proto", "1"),
            ("icmp.type", "0"),
            ("icmp.code", "0"),
            ("icmp.ident", "4660"),
            ("icmp.seq", "77"),
            ("icmp.checksum.status", "1"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { icmp = { kind = 3, code = 13 } }",
        &[("icmp.type", "3"), ("icmp.code", "13"), ("icmp.checksum.status", "1")],
    ),
    (
        "{ ethernet = {} }, { ipv6 = {} }, { icmp = { kind = 129, id = 0x1234, sequence = 78 } }",
        &[
            ("ipv6.nxt", "58"),
            ("icmpv6.type", "129"),
            ("icmpv6.code", "0"),
            ("icmpv6.echo.identifier", "0x1234"),
            ("icmpv6.echo.sequence_number", "78"),
            ("icmpv6.checksum.status", "1"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { gre = { key = 0xcafe0001, protocol = 0x88b6 } }",
        &[("ip.proto", "47"), ("gre.key", "0xcafe0001"), ("gre.proto", "0x88b6")],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { udp = {} }, { vxlan = { vni = 16777215 } }, { ethernet = {} }, { ipv4 = {} }, \
         { udp = {} }",
        &[
            ("udp.dstport", "4789,9"),
            ("vxlan.flags", "0x0800"),
            ("vxlan.vni", "16777215"),
            ("ip.checksum.status", "1,1"),
            ("udp.checksum.status", "3,1"),
        ],
    ),
    (
        "{ ethernet = {} }, { ipv4 = {} }, { udp = {} }, { gtpu = { teid = 0xfffffffe } }, { ipv6 = {} }, { tcp = {} }",
        &[
            ("udp.dstport", "2152"),
            ("gtp.flags", "0x30"),
            ("gtp.message", "0xff"),
            ("gtp.length", "LENGTH-50"),
            ("gtp.teid", "0xfffffffe"),
            ("tcp.checksum.status", "1"),
        ],
    ),
];

/// A figure of a frame of so many bytes: `LENGTH-14` is what is behind its first 14.
fn figure(value: &str, length: usize) -> String {
    match value.strip_prefix("LENGTH-") {
        Some(before) => (length - before.parse::<usize>().unwrap()).to_string(),
        None => value.to_owned(),
    }
}

#[test]
fn tshark_reads_every_field_as_it_was_set() {
    let name = "tshark_reads_every_field_as_it_was_set";
    if let Some(reason) = lacks_programs(&["tshark"]) {
        return skip(name, &reason);
    }
    let folder = tempfile::tempdir().unwrap();
    // A stream a row, known by its length.
    let length = |row: usize| 196 + row;
    let streams = (0..).zip(EVERY_FIELD).map(|(row, (layers, _))| {
        let size = length(row) + 4;
        format!("[[traffic.stream]]\nrate = '1k'\ncount = 3\nsize = {size}\nlayers = [{layers}]\n")
    });
    let config = folder.path().join("fields.toml");
    let head = "[eal]\nlcores = '0-1'\n[[port]]\ndevice = 'ring:layers'\n[gen]\nmap = '1.0'\n";
    std::fs::write(&config, head.to_owned() + &streams.collect::<String>()).unwrap();
    let file = captured(&config.display().to_string(), folder.path());
    let mut fields = vec!["frame.len", "_ws.malformed"];
    fields.extend(EVERY_FIELD.iter().flat_map(|(_, expected)| *expected).map(|(field, _)| *field));
    let packets = dissected(&file, &fields);
    assert_eq!(packets.len(), 3 * EVERY_FIELD.len());
    for packet in packets {
        let read: BTreeMap<&str, &str> =
            fields.iter().copied().zip(packet.iter().map(String::as_str)).collect();
        let bytes: usize = read["frame.len"].parse().unwrap();
        let (layers, expected) = EVERY_FIELD[bytes - length(0)];
        assert_eq!(read["_ws.malformed"], "", "{layers}");
        for (field, value) in expected {
            assert_eq!(read[field], figure(value, bytes), "{field} of {layers}");
        }
    }
}
