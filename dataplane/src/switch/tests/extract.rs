//! Keys against etherparse, and from any bytes.

use crate::port::PortId;
use crate::switch::extract::{Reach, key};
use crate::switch::key::{Field, Key};
use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice, VlanId};
use proptest::prelude::*;

fn read(frame: &[u8]) -> Key {
    key(PortId(3), frame, frame.len(), Reach::Transport)
}

fn udp(tagged: bool, six: bool, payload: &[u8]) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let mut bytes = Vec::new();
    let vid = VlanId::try_new(77).unwrap();
    match (tagged, six) {
        (true, true) => {
            ethernet.single_vlan(vid).ipv6([1; 16], [2; 16], 9).udp(5, 6).write(&mut bytes, payload)
        }
        (true, false) => ethernet
            .single_vlan(vid)
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 9)
            .udp(5, 6)
            .write(&mut bytes, payload),
        (false, true) => ethernet.ipv6([1; 16], [2; 16], 9).udp(5, 6).write(&mut bytes, payload),
        (false, false) => {
            ethernet.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 9).udp(5, 6).write(&mut bytes, payload)
        }
    }
    .unwrap();
    bytes
}

#[test]
fn the_fields_of_sound_packets_are_those_of_etherparse() {
    for (tagged, six) in [(false, false), (false, true), (true, false), (true, true)] {
        let frame = udp(tagged, six, &[7; 20]);
        let (key, oracle) = (read(&frame), SlicedPacket::from_ethernet(&frame).unwrap());
        assert_eq!(key.get(Field::InPort), 3);
        assert_eq!(key.get(Field::DlSrc), 0x0200_0000_0001);
        assert_eq!(key.get(Field::DlDst), 0x0200_0000_0002);
        assert_eq!(key.get(Field::VlanTci), if tagged { 0x1000 | 77 } else { 0 });
        match oracle.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                assert_eq!(key.get(Field::DlType), 0x0800);
                assert_eq!(key.get(Field::NwSrc), u32::from(header.source_addr()).into());
                assert_eq!(key.get(Field::NwDst), u32::from(header.destination_addr()).into());
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                assert_eq!(key.get(Field::DlType), 0x86dd);
                assert_eq!(key.get(Field::Ipv6Src), u128::from(header.source_addr()));
                assert_eq!(key.get(Field::Ipv6Dst), u128::from(header.destination_addr()));
            }
            other => panic!("{other:?}"),
        }
        let Some(TransportSlice::Udp(udp)) = oracle.transport else { panic!("{tagged} {six}") };
        assert_eq!(key.get(Field::TpSrc), udp.source_port().into());
        assert_eq!(key.get(Field::TpDst), udp.destination_port().into());
        assert_eq!((key.get(Field::NwProto), key.get(Field::NwTtl)), (17, 9));
    }
}

#[test]
fn a_cut_header_leaves_its_fields_and_those_behind_on_zero() {
    let frame = udp(false, false, &[7; 20]);
    let fields = |frame: &[u8]| {
        let key = read(frame);
        (key.get(Field::DlType), key.get(Field::NwProto), key.get(Field::TpDst))
    };
    assert_eq!(fields(&frame), (0x0800, 17, 6));
    // The header says that there are more bytes than there are.
    assert_eq!(fields(&frame[..frame.len() - 1]), (0x0800, 0, 0));
    assert_eq!(fields(&frame[..20]), (0x0800, 0, 0));
    let mut wrong = frame.clone();
    wrong[14] = 0x44;
    assert_eq!(fields(&wrong), (0x0800, 0, 0));
    // A first fragment has ports, and is not asked for them; nor is a later one.
    for (offset, kind) in [([0x20, 0], 1), ([0, 1], 3)] {
        let mut fragment = frame.clone();
        fragment[20..22].copy_from_slice(&offset);
        assert_eq!(fields(&fragment), (0x0800, 17, 0));
        assert_eq!(read(&fragment).get(Field::IpFrag), kind);
    }
}

#[test]
fn a_length_in_place_of_a_type_is_looked_behind() {
    let with = |bytes: &[u8]| {
        let frame = [&[2; 12][..], &[0, 40], bytes, &[0; 40]].concat();
        read(&frame).get(Field::DlType)
    };
    assert_eq!(with(&[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x06]), 0x0806);
    assert_eq!(with(&[0x42, 0x42, 3, 0, 0, 0, 0, 0]), 0x05ff);
}

#[test]
fn arp_has_its_addresses() {
    let arp = [
        &[0, 1, 8, 0, 6, 4, 0, 1][..],
        &[2, 0, 0, 0, 0, 1, 10, 0, 0, 1],
        &[2, 0, 0, 0, 0, 2, 10, 0, 0, 2],
    ];
    let frame = [&[2; 12][..], &[8, 6], &arp.concat()].concat();
    let key = read(&frame);
    assert_eq!(key.get(Field::NwProto), 1);
    assert_eq!((key.get(Field::NwSrc), key.get(Field::NwDst)), (0x0a00_0001, 0x0a00_0002));
    assert_eq!(
        (key.get(Field::ArpSha), key.get(Field::ArpTha)),
        (0x0200_0000_0001, 0x0200_0000_0002)
    );
}

proptest! {
    /// What a shallower look sees is what a deeper one sees of the same fields.
    #[test]
    fn any_bytes_have_a_key(
        six: bool, tagged: bool, damage in prop::collection::vec((0usize..90, any::<u8>()), 0..8), kept in 0usize..90,
        total in 0usize..200,
    ) {
        let mut frame = udp(tagged, six, &[7; 30]);
        for (at, value) in damage {
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        frame.truncate(kept);
        let deep = key(PortId(3), &frame, total, Reach::Transport);
        let link = key(PortId(3), &frame, total, Reach::Link);
        for field in [Field::InPort, Field::DlSrc, Field::DlDst, Field::VlanTci, Field::DlType] {
            prop_assert_eq!(deep.get(field), link.get(field));
        }
        let _ = read(&frame);
    }
}
