//! Frames for the tests of the switch.

use etherparse::{PacketBuilder, VlanId};

/// A frame from and to stations by their numbers, of a kind that no rule looks into, with a number in it.
pub(crate) fn frame(src: u8, dst: u8, number: u32) -> Vec<u8> {
    let mut frame = [&[2, 0, 0, 0, 0, dst][..], &[2, 0, 0, 0, 0, src], &[0x12, 0x34]].concat();
    frame.extend(number.to_be_bytes());
    frame.resize(60, 0);
    frame
}

/// The frame with a tag in front.
pub(crate) fn tagged(frame: &[u8], tci: u16) -> Vec<u8> {
    [&frame[..12], &[0x81, 0], &tci.to_be_bytes(), &frame[12..]].concat()
}

/// A UDP packet of IPv4, in a VLAN if it has one.
pub(crate) fn udp(vlan: Option<u16>, src: [u8; 4], dst: [u8; 4], ports: (u16, u16)) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let mut bytes = Vec::new();
    match vlan {
        Some(vlan) => ethernet
            .single_vlan(VlanId::try_new(vlan).unwrap())
            .ipv4(src, dst, 64)
            .udp(ports.0, ports.1)
            .write(&mut bytes, &[7; 20]),
        None => ethernet.ipv4(src, dst, 64).udp(ports.0, ports.1).write(&mut bytes, &[7; 20]),
    }
    .unwrap();
    bytes
}
