//! Packets against etherparse, which builds and judges them in its own way.

use super::*;
use crate::traffic::probe::Probe;
use crate::traffic::spec::{
    Counted, Drawn, Ethernet, Field, Gre, Gtpu, Icmp, Ipv4, Ipv6, Layer, Mpls, Sizes, Span,
    StreamSpec, Tag, Tcp, Udp, Vxlan,
};
use crate::wire::checksum::Sum;
use crate::wire::ethernet::MacAddr;
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn stream(layers: Vec<Layer>, size: Sizes) -> StreamSpec {
    StreamSpec { layers, size, ..StreamSpec::default() }
}

/// The first packets of a stream, their probes written.
fn packets(spec: &StreamSpec, count: usize) -> Vec<Vec<u8>> {
    let mut template = Template::new(spec).unwrap();
    let mut buffer = vec![0xaa; template.room()];
    (0..count as u64)
        .map(|sequence| {
            let bytes = template.make(&mut buffer);
            let probe = Probe::new(9, sequence, 70, 80);
            let place = buffer[template.probe_at()..].first_chunk_mut().unwrap();
            probe.write(place, 0x5057);
            buffer[..usize::from(bytes)].to_vec()
        })
        .collect()
}

/// Judges the checksums of the IP packet that etherparse finds, and returns its transport's number.
fn judge(packet: &SlicedPacket<'_>) -> Option<u8> {
    let (pseudo, header, number): (Sum, &[u8], u8) = match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
            let len = ip.payload().payload.len() as u32;
            let addresses = [header.source(), header.destination()];
            let number = ip.payload().ip_number.0;
            let pseudo = Sum::pseudo_header(addresses.as_flattened(), number, len);
            (pseudo, ip.payload().payload, number)
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            let len = ip.payload().payload.len() as u32;
            let number = ip.payload().ip_number.0;
            let (src, dst) = (header.source_addr(), header.destination_addr());
            (Sum::ipv6_pseudo_header(src, dst, number, len), ip.payload().payload, number)
        }
        NetSlice::Arp(_) => return None,
    };
    match (number, &packet.transport) {
        (17, Some(TransportSlice::Udp(udp))) => {
            assert_eq!(usize::from(udp.length()), header.len());
            if udp.checksum() != 0 {
                assert_eq!(pseudo.bytes(header).folded(), 0xffff, "UDP");
            }
        }
        (6 | 58, _) => assert_eq!(pseudo.bytes(header).folded(), 0xffff, "protocol {number}"),
        (1, _) => assert_eq!(Sum::new().bytes(header).folded(), 0xffff, "ICMP"),
        _ => {}
    }
    Some(number)
}

#[test]
fn the_smallest_frame_is_headers_and_probe() {
    let spec = StreamSpec::default();
    let made = packets(&spec, 1);
    let template = Template::new(&spec).unwrap();
    assert_eq!((made[0].len(), template.probe_at()), (60, 42));
    assert_eq!(Probe::read(&made[0][42..], 0x5057), Ok(Probe::new(9, 0, 70, 80)));
    let mut image = stack::build(&spec.stack(), 60, None).unwrap();
    let sums = image.settle(&size::SizeRound::new(&spec.size).unwrap());
    assert!(sums.is_empty(), "a packet of fixed fields has its checksums in its image");
    let jumbo = packets(&stream(vec![], Sizes::Fixed(9600)), 1);
    assert_eq!(jumbo[0].len(), 9596);
    assert!(jumbo[0][60..].iter().all(|octet| *octet == 0));
}

#[test]
fn every_stack_of_headers_is_built_as_others_read_it() {
    let ethernet = || Layer::Ethernet(Ethernet::default());
    let (ipv4, ipv6) = (|| Layer::Ipv4(Ipv4::default()), || Layer::Ipv6(Ipv6::default()));
    let udp = || Layer::Udp(Udp::default());
    let tag = |id: u16| Tag { id: id.into(), priority: 5.into(), drop_eligible: true };
    for (layers, transport) in [
        (vec![ethernet(), ipv4(), udp()], 17),
        (vec![ethernet(), ipv6(), udp()], 17),
        (
            vec![
                ethernet(),
                Layer::Qinq(tag(7)),
                Layer::Vlan(tag(4095)),
                ipv4(),
                Layer::Tcp(Tcp::default()),
            ],
            6,
        ),
        (vec![ethernet(), ipv6(), Layer::Tcp(Tcp::default())], 6),
        (vec![ethernet(), ipv4(), Layer::Icmp(Icmp::default())], 1),
        (vec![ethernet(), ipv6(), Layer::Icmp(Icmp::default())], 58),
    ] {
        for bytes in packets(
            &stream(layers, Sizes::Span(Span { from: 128, to: 131, step: 1, seed: None })),
            5,
        ) {
            let packet = SlicedPacket::from_ethernet(&bytes).unwrap();
            assert_eq!(judge(&packet), Some(transport));
            assert!(packet.transport.is_some());
        }
    }
}

#[test]
fn tags_and_labels_have_their_bits() {
    let ethernet = Layer::Ethernet(Ethernet::default());
    let tags = vec![
        ethernet.clone(),
        Layer::Qinq(Tag { id: 0xabc.into(), priority: 6.into(), drop_eligible: true }),
        Layer::Vlan(Tag::default()),
    ];
    let bytes = &packets(&stream(tags, Sizes::Fixed(64)), 1)[0];
    assert_eq!(bytes[12..22], [0x88, 0xa8, 0xda, 0xbc, 0x81, 0x00, 0x00, 0x01, 0x88, 0xb5]);
    let label = |label: u32| {
        Layer::Mpls(Mpls { label: label.into(), traffic_class: 5.into(), ttl: 9.into() })
    };
    let labels = vec![ethernet, label(0xfffff), label(0x12345), Layer::Ipv4(Ipv4::default())];
    let bytes = &packets(&stream(labels, Sizes::Fixed(64)), 1)[0];
    assert_eq!(bytes[12..23], [0x88, 0x47, 0xff, 0xff, 0xfa, 9, 0x12, 0x34, 0x5b, 9, 0x45]);
    assert_eq!(bytes[31], 253, "nothing that has a number follows IPv4");
}

#[test]
fn a_tunnel_carries_a_sound_packet() {
    let inner =
        |first: Layer| vec![first, Layer::Ipv4(Ipv4::default()), Layer::Udp(Udp::default())];
    let ethernet = Layer::Ethernet(Ethernet::default());
    let outer = || vec![ethernet.clone(), Layer::Ipv4(Ipv4::default()), Layer::Udp(Udp::default())];
    let vxlan =
        [outer(), vec![Layer::Vxlan(Vxlan { vni: 0x12_3456.into() })], inner(ethernet.clone())]
            .concat();
    let gtpu = [
        outer(),
        vec![Layer::Gtpu(Gtpu { teid: 0x0102_0304.into() })],
        inner(ethernet.clone())[1..].to_vec(),
    ]
    .concat();
    let gre = [
        &outer()[..2],
        &[Layer::Gre(Gre { key: Some(7.into()), protocol: None })],
        &inner(ethernet),
    ]
    .concat();
    for (layers, port, header, within) in [
        (vxlan, 4789, vec![8, 0, 0, 0, 0x12, 0x34, 0x56, 0], 50),
        (gtpu, 2152, vec![0x30, 255, 0, 128 - 4 - 42 - 8, 1, 2, 3, 4], 50 - 14),
        (gre, 0, vec![0x20, 0, 0x65, 0x58, 0, 0, 0, 7], 34 + 8),
    ] {
        let bytes = &packets(&stream(layers, Sizes::Fixed(128)), 1)[0];
        let packet = SlicedPacket::from_ethernet(bytes).unwrap();
        judge(&packet);
        if port > 0 {
            assert_eq!(bytes[36..38], u16::to_be_bytes(port));
            assert_eq!(bytes[40..42], [0, 0], "the outer UDP checksum");
            assert_eq!(bytes[42..50], header);
        } else {
            assert_eq!((bytes[23], &bytes[34..42]), (47, &header[..]));
        }
        let inside = if within == 36 {
            SlicedPacket::from_ip(&bytes[50..])
        } else {
            SlicedPacket::from_ethernet(&bytes[within..])
        };
        assert_eq!(judge(&inside.unwrap()), Some(17));
    }
}

#[test]
fn arp_asks_for_the_target() {
    let layers = vec![
        Layer::Ethernet(Ethernet::default()),
        Layer::Arp(crate::traffic::spec::Arp::default()),
    ];
    let bytes = &packets(&stream(layers, Sizes::Fixed(64)), 1)[0];
    assert_eq!(
        bytes[12..42],
        [
            8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 198, 18, 0, 1, 0, 0, 0, 0, 0, 0, 198,
            19, 0, 1
        ]
    );
    assert!(Probe::read(&bytes[42..], 0x5057).is_ok());
}

#[test]
fn fields_count_nest_and_list() {
    let counted =
        |from, step, count, every, mask| Field::Counted(Counted { from, step, count, every, mask });
    let ipv4 = Ipv4 {
        src: counted(Ipv4Addr::new(10, 0, 0, 254), 1, 3, 1, None),
        dst: counted(Ipv4Addr::new(10, 1, 0, 0), -256, 2, 3, Some(Ipv4Addr::new(0, 0, 255, 0))),
        ..Ipv4::default()
    };
    let ethernet = Ethernet {
        src: Field::Listed(vec![MacAddr([2, 0, 0, 0, 0, 9]), MacAddr([0xfe, 1, 2, 3, 4, 5])]),
        ..Ethernet::default()
    };
    let layers = vec![Layer::Ethernet(ethernet), Layer::Ipv4(ipv4), Layer::Udp(Udp::default())];
    let made = packets(&stream(layers, Sizes::Fixed(64)), 7);
    let ip = |bytes: &[u8], at: usize| -> Ipv4Addr {
        bytes[at..].first_chunk::<4>().copied().unwrap().into()
    };
    let src: Vec<String> = made.iter().map(|bytes| ip(bytes, 26).to_string()).collect();
    assert_eq!(src[..4], ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.0.254"]);
    let dst: Vec<String> = made.iter().map(|bytes| ip(bytes, 30).to_string()).collect();
    assert_eq!(dst[2..7], ["10.1.0.0", "10.1.255.0", "10.1.255.0", "10.1.255.0", "10.1.0.0"]);
    assert_eq!((made[0][11], &made[1][6..12], made[2][11]), (9, &[0xfe, 1, 2, 3, 4, 5][..], 9));
    for bytes in &made {
        judge(&SlicedPacket::from_ethernet(bytes).unwrap());
    }
}

#[test]
fn what_cannot_be_built_is_refused_with_what_to_change() {
    let ethernet = || Layer::Ethernet(Ethernet::default());
    let ipv4 = || Layer::Ipv4(Ipv4::default());
    let tcp = vec![ethernet(), ipv4(), Layer::Tcp(Tcp::default())];
    let vlan = |id| vec![ethernet(), Layer::Vlan(Tag { id, ..Tag::default() })];
    for (spec, message) in [
        (
            stream(vec![], Sizes::Fixed(63)),
            "a frame of 63 bytes cannot be sent: give a frame size from 64 to 9600 bytes, \
         the 4 bytes of the frame check sequence included",
        ),
        (
            stream(tcp, Sizes::Fixed(64)),
            "a frame of 64 bytes is too small for ethernet, ipv4, tcp: with the probe behind \
         them and the frame check sequence they take 76 bytes; give a size of 76 or more, or fewer headers",
        ),
        (stream(vec![ipv4()], Sizes::Fixed(64)), "the wire cannot carry ipv4: begin with ethernet"),
        (
            stream(vec![ethernet(), Layer::Udp(Udp::default())], Sizes::Fixed(64)),
            "ethernet cannot carry udp: vlan, qinq, mpls, arp, ipv4 or ipv6 stand behind it",
        ),
        (
            stream(vlan(4096.into()), Sizes::Fixed(64)),
            "vlan's id cannot be 4096: it is of 12 bits, so give at most 4095",
        ),
        (
            stream(vlan(Field::Listed(vec![])), Sizes::Fixed(64)),
            "vlan's id has no values: list one or more, or give a count and an every of 1 or more",
        ),
    ] {
        assert_eq!(Template::new(&spec).unwrap_err().to_string(), message);
    }
}

fn fields() -> impl Strategy<Value = Field<u16>> {
    prop_oneof![
        any::<u16>().prop_map(Field::Fixed),
        prop::collection::vec(any::<u16>(), 1..9).prop_map(Field::Listed),
        (any::<u16>(), any::<i64>(), 1u64..9, 1u64..4, any::<Option<u16>>()).prop_map(
            |(from, step, count, every, mask)| Field::Counted(Counted {
                from,
                step,
                count,
                every,
                mask
            })
        ),
        (any::<u16>(), any::<Option<u16>>(), any::<u64>())
            .prop_map(|(from, mask, seed)| Field::Drawn(Drawn { from, mask, seed })),
    ]
}

/// The values that a field's description means, worked out the plain way; `None` where they are drawn.
fn expected(field: &Field<u16>, packet: u64) -> Option<u16> {
    match field {
        Field::Fixed(value) => Some(*value),
        Field::Listed(values) => values.get(packet as usize % values.len()).copied(),
        Field::Counted(Counted { from, step, count, every, mask }) => {
            let turn = (packet / every % count) as i64;
            let value = (i64::from(*from)).wrapping_add(turn.wrapping_mul(*step)) as u16;
            let mask = mask.unwrap_or(u16::MAX);
            Some(from & !mask | value & mask)
        }
        Field::Drawn(_) => None,
    }
}

proptest! {
    #[test]
    fn every_packet_has_its_values_and_its_checksums(
        src in fields(), dst in fields(), id in fields(), low in any::<u8>(), from in 64u16..300, step in 1u16..9,
        is_v6: bool, is_tcp: bool,
    ) {
        let ip = if is_v6 {
            let drawn = Drawn { from: [low; 16].into(), mask: Some(std::net::Ipv6Addr::from(0xffff)), seed: 3 };
            Layer::Ipv6(Ipv6 { src: Field::Drawn(drawn), ..Ipv6::default() })
        } else {
            let ttl = Field::Counted(Counted { from: low, step: -1, count: 7, every: 2, mask: None });
            Layer::Ipv4(Ipv4 { id: id.clone(), ttl, ..Ipv4::default() })
        };
        let transport = if is_tcp {
            Layer::Tcp(Tcp { src: src.clone(), dst: dst.clone(), ..Tcp::default() })
        } else {
            Layer::Udp(Udp { src: src.clone(), dst: Some(dst.clone()), checksum: true })
        };
        let layers = vec![Layer::Ethernet(Ethernet::default()), ip, transport];
        let sizes = Sizes::Span(Span { from: from + 40, to: from + 50, step, seed: None });
        for (number, bytes) in packets(&stream(layers, sizes), 40).iter().enumerate() {
            let packet = SlicedPacket::from_ethernet(bytes).unwrap();
            prop_assert_eq!(judge(&packet), Some(if is_tcp { 6 } else { 17 }));
            let ports = match packet.transport.unwrap() {
                TransportSlice::Udp(udp) => (udp.source_port(), udp.destination_port()),
                TransportSlice::Tcp(tcp) => (tcp.source_port(), tcp.destination_port()),
                _ => unreachable!(),
            };
            let number = number as u64;
            prop_assert!(expected(&src, number).is_none_or(|port| port == ports.0));
            prop_assert!(expected(&dst, number).is_none_or(|port| port == ports.1));
        }
    }
}
