//! What actions make of packets: every byte, and every checksum.

use crate::common::on_main_lcore;
use crate::common::switchboard::{Make, Switchboard};
use crate::frames::{tagged, udp};
use dataplane::switch::SwitchConfig;
use dataplane::wire::checksum::sctp;
use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

/// Whether the checksums of a packet are right, by etherparse.
#[track_caller]
fn assert_sound(frame: &[u8]) {
    let sliced = SlicedPacket::from_ethernet(frame).unwrap();
    let (net, transport) = (sliced.net.unwrap(), sliced.transport.unwrap());
    if let NetSlice::Ipv4(ip) = &net {
        let header = ip.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
    }
    let (stored, right) = match (&net, transport) {
        (NetSlice::Ipv4(ip), TransportSlice::Udp(udp)) => {
            let header = udp.to_header();
            (
                header.checksum,
                header.calc_checksum_ipv4(&ip.header().to_header(), udp.payload()).unwrap(),
            )
        }
        (NetSlice::Ipv4(ip), TransportSlice::Tcp(tcp)) => {
            let header = tcp.to_header();
            (
                header.checksum,
                header.calc_checksum_ipv4(&ip.header().to_header(), tcp.payload()).unwrap(),
            )
        }
        (NetSlice::Ipv6(ip), TransportSlice::Udp(udp)) => {
            let header = udp.to_header();
            (
                header.checksum,
                header.calc_checksum_ipv6(&ip.header().to_header(), udp.payload()).unwrap(),
            )
        }
        (net, transport) => unreachable!("{net:?} {transport:?}"),
    };
    assert_eq!(stored, right);
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(5, 6, 7, 8)
        .write(&mut bytes, payload)
        .unwrap();
    bytes
}

fn udp6() -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv6([1; 16], [2; 16], 64)
        .udp(5, 6)
        .write(&mut bytes, &[7; 21])
        .unwrap();
    bytes
}

/// What actions make of a frame.
fn changed(board: &mut Switchboard, actions: &str, frame: &[u8]) -> Vec<u8> {
    board.rules(&[&format!("actions={actions},output:{{1}}")]);
    board.send(0, &[frame]);
    let mut came = board.collect();
    assert_eq!(came[1].len(), 1, "{actions}");
    came[1].remove(0)
}

#[test]
fn addresses_and_ports_change_and_checksums_stay_right() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "mods", Make::default(), SwitchConfig::default());
        let all = "mod_dl_src:02:00:00:00:00:0a,mod_dl_dst:02:00:00:00:00:0b,mod_nw_src:192.168.255.1,\
                   mod_nw_dst:172.16.0.9,mod_nw_tos:184,mod_nw_ttl:9,mod_tp_src:65535,mod_tp_dst:1";
        for frame in [
            udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8)),
            tcp(&[1, 2, 3]),
            udp(Some(5), [1; 4], [2; 4], (1, 2)),
        ] {
            assert_sound(&frame);
            let after = changed(&mut board, all, &frame);
            assert_sound(&after);
            assert_eq!(after[..12], [2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa]);
            let ip = frame.len() - after.len() + if frame[12] == 0x81 { 18 } else { 14 };
            assert_eq!(after[ip + 12..ip + 20], [192, 168, 255, 1, 172, 16, 0, 9]);
            assert_eq!((after[ip + 1], after[ip + 8]), (184, 9));
            assert_eq!(after[ip + 20..ip + 24], [0xff, 0xff, 0, 1]);
        }
        let six =
            changed(&mut board, "mod_nw_src:1.2.3.4,mod_nw_tos:184,dec_ttl,mod_tp_dst:99", &udp6());
        assert_sound(&six);
        assert_eq!((six[14], six[15] & 0xf0, six[21]), (0x6b, 0x80, 63));
        assert_eq!(six[22..38], [1; 16], "IPv6 has no address of IPv4");
        assert_eq!(six[56..58], [0, 99]);
        board.end();
    });
}

#[test]
fn a_udp_packet_without_a_checksum_gets_none() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "nosum", Make::default(), SwitchConfig::default());
        let mut frame = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        frame[40..42].fill(0);
        let after = changed(&mut board, "mod_nw_src:1.2.3.4,mod_tp_dst:99", &frame);
        assert_eq!((&after[36..38], &after[40..42]), (&[0, 99][..], &[0, 0][..]));
        // A sum that comes to zero is sent as its other form.
        let mut frame = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        let sum = u16::from_be_bytes([frame[40], frame[41]]);
        let port = 8_u16.wrapping_add(sum);
        let port = if port < sum { port + 1 } else { port };
        let after = changed(&mut board, &format!("mod_tp_dst:{port}"), &frame);
        assert_eq!(after[40..42], [0xff, 0xff]);
        // A fragment that has no transport header keeps its bytes.
        frame[20..22].copy_from_slice(&[0, 9]);
        let after = changed(&mut board, "mod_tp_dst:99,mod_nw_dst:9.9.9.9", &frame);
        assert_eq!(after[34..], frame[34..]);
        board.end();
    });
}

#[test]
fn sctp_has_its_checksum_over_all() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "sctp", Make::default(), SwitchConfig::default());
        let mut frame = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        frame[23] = 132;
        let correct = |frame: &[u8]| {
            let mut packet = frame[34..].to_vec();
            packet[8..12].fill(0);
            sctp([&packet[..]])
        };
        let sum = correct(&frame);
        frame[42..46].copy_from_slice(&sum);
        let after = changed(&mut board, "mod_tp_src:9,mod_tp_dst:99", &frame);
        assert_eq!(after[34..38], [0, 9, 0, 99]);
        assert_eq!(after[42..46], correct(&after));
        board.end();
    });
}

#[test]
fn tags_are_put_on_changed_and_taken_off() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "tags", Make::default(), SwitchConfig::default());
        let plain = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        let cases = [
            ("mod_vlan_vid:7", &plain, tagged(&plain, 7)),
            ("mod_vlan_pcp:3", &plain, tagged(&plain, 0x6000)),
            ("mod_vlan_vid:7,mod_vlan_pcp:3", &plain, tagged(&plain, 0x6007)),
            ("strip_vlan", &plain, plain.clone()),
            ("mod_vlan_vid:7", &tagged(&plain, 0x6005), tagged(&plain, 0x6007)),
            ("mod_vlan_pcp:1", &tagged(&plain, 0x6005), tagged(&plain, 0x2005)),
            ("strip_vlan", &tagged(&plain, 5), plain.clone()),
            ("push_vlan:0x8100,mod_vlan_vid:9", &tagged(&plain, 5), tagged(&tagged(&plain, 5), 9)),
            ("strip_vlan", &tagged(&tagged(&plain, 5), 9), tagged(&plain, 5)),
        ];
        for (actions, before, after) in cases {
            assert_eq!(changed(&mut board, actions, before), after, "{actions}");
        }
        let outer = changed(&mut board, "push_vlan:0x88a8", &plain);
        assert_eq!(outer[12..18], [0x88, 0xa8, 0, 0, 8, 0]);
        board.end();
    });
}

#[test]
fn a_packet_whose_time_is_over_goes_no_further() {
    on_main_lcore(|eal| {
        let mut board = Switchboard::new(eal, "ttl", Make::default(), SwitchConfig::default());
        let mut last = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        last[22] = 1;
        board.rules(&["actions=output:{2},dec_ttl,output:{1}"]);
        board.send(0, &[&last, &udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8))]);
        let (came, dropped) = board.account();
        assert_eq!((came[1].len(), came[2].len()), (1, 2));
        assert_eq!((came[1][0][22], came[2][0][22]), (63, 1));
        assert_eq!(dropped, [("ttl".to_owned(), 1)].into());
        assert_sound(&came[1][0]);
        board.end();
    });
}

#[test]
fn where_packets_leave() {
    on_main_lcore(|eal| {
        let make = Make { ports: 4, ..Make::default() };
        let mut board = Switchboard::new(eal, "leave", make, SwitchConfig::default());
        let quiet = dataplane::switch::PortPolicy { flood: false, ..Default::default() };
        board.switch.set_port_policy(board.port(3), quiet).unwrap();
        let frame = udp(None, [10, 0, 0, 1], [10, 0, 0, 2], (7, 8));
        for (actions, counts) in [
            ("output:{1},output:{2},output:{1}", [0, 2, 1, 0]),
            ("flood", [0, 1, 1, 0]),
            ("all", [0, 1, 1, 1]),
            ("in_port", [1, 0, 0, 0]),
            ("output:{0}", [0, 0, 0, 0]),
            ("output:{0},all,in_port", [1, 1, 1, 1]),
            ("output:999", [0, 0, 0, 0]),
            ("drop", [0, 0, 0, 0]),
            ("mod_nw_tos:4", [0, 0, 0, 0]),
        ] {
            board.rules(&[&format!("actions={actions}")]);
            board.send(0, &[&frame]);
            let came = board.collect();
            assert_eq!(came.iter().map(Vec::len).collect::<Vec<_>>(), counts, "{actions}");
        }
        board.end();
    });
}
