//! Packets of all that a rule can tell apart: sound ones, fragments, short ones and such as nobody should send. Addresses and
//! ports come from small sets, so that rules meet packets.

use crate::draw::Draw;
use crate::lab::capture::Frame;

/// Stations, and whom everyone listens to; the last is one that no bridge forwards.
pub(crate) const MACS: [[u8; 6]; 7] = [
    [0x02, 0, 0, 0, 0, 0x01],
    [0x02, 0, 0, 0, 0, 0x02],
    [0x02, 0, 0, 0, 0, 0x03],
    [0x02, 0, 0, 0, 0, 0x04],
    [0xff; 6],
    [0x01, 0x00, 0x5e, 0, 0, 0x05],
    [0x01, 0x80, 0xc2, 0, 0, 0x00],
];
/// How many of [`MACS`] are stations.
pub(crate) const STATIONS: usize = 4;
pub(crate) const VLANS: [u16; 3] = [1, 5, 100];
pub(crate) const IPV4: [[u8; 4]; 5] =
    [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 1, 1], [192, 0, 2, 7], [224, 0, 0, 5]];
pub(crate) const IPV6: [[u8; 16]; 3] = [
    [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3],
];
pub(crate) const PORTS: [u16; 5] = [53, 80, 81, 1000, 40_000];

/// The shortest frame that a switch looks at.
const HEADER: usize = 14;

/// A packet from one of the stations.
pub(crate) fn packet(draw: &mut Draw) -> Frame {
    let (to, from) = (draw.of(&MACS), draw.of(&MACS[..STATIONS]));
    let mut frame = [to, from].concat();
    let tags = draw.of(&[0, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
    for tag in (0..tags).rev() {
        let outer = tag == 1 && draw.in_hundred(50);
        // Some have a tag that tells a priority at most.
        let vlan = if draw.in_hundred(20) { 0 } else { draw.of(&VLANS) };
        let tci = vlan | (draw.below(8) as u16) << 13;
        frame.extend(if outer { [0x88, 0xa8] } else { [0x81, 0x00] });
        frame.extend(tci.to_be_bytes());
    }
    match draw.below(16) {
        0..=7 => ipv4(draw, &mut frame),
        8..=10 => ipv6(draw, &mut frame),
        11..=12 => arp(draw, &mut frame),
        13 => logical_link(draw, &mut frame),
        14 => frame.extend(draw.of(&[[0x88, 0xcc], [0x88, 0x47], [0x80, 0x35]])),
        _ => frame.extend(draw.of(&[[0x12, 0x34], [0x08, 0x00], [0x86, 0xdd], [0x08, 0x06]])),
    }
    if draw.in_hundred(25) {
        damage(draw, &mut frame);
    }
    frame
}

/// Cuts a frame short, changes bytes of it, or puts some behind it.
fn damage(draw: &mut Draw, frame: &mut Frame) {
    match draw.below(4) {
        0 => frame.truncate(HEADER + draw.below(frame.len() - HEADER + 1)),
        1 => {
            // The headers' first bytes are where lengths and types are.
            let reach = frame.len().min(60) - 12;
            for _ in 0..=draw.below(3) {
                let at = 12 + draw.below(reach);
                frame[at] = draw.number() as u8;
            }
        }
        2 => {
            let at = 12 + draw.below(frame.len() - 12);
            frame[at..].iter_mut().for_each(|byte| *byte = draw.number() as u8);
        }
        _ => frame.extend(vec![0; 1 + draw.below(40)]),
    }
}

fn ipv4(draw: &mut Draw, frame: &mut Frame) {
    let options = if draw.in_hundred(10) { 4 * (1 + draw.below(10)) } else { 0 };
    let protocol = draw.of(&[1, 6, 6, 17, 17, 17, 132, 2, 47]);
    let (source, target) = (draw.of(&IPV4), draw.of(&IPV4));
    // Whole, whole and not to be cut, the first part, one in the middle, the last.
    let fragment: u16 = draw.of(&[0, 0, 0, 0x4000, 0x4000, 0x4000, 0x2000, 0x2003, 0x0003]);
    let pseudo = [&source[..], &target, &[0, protocol]].concat();
    let payload = transport(draw, protocol, &pseudo);
    let length = (20 + options + payload.len()) as u16;
    let mut header = vec![0x45 + (options / 4) as u8, draw.of(&[0, 32, 184, 3, 35])];
    header.extend(length.to_be_bytes());
    header.extend((draw.number() as u16).to_be_bytes());
    header.extend(fragment.to_be_bytes());
    header.extend([draw.of(&[0, 1, 2, 64, 255]), protocol, 0, 0]);
    header.extend([source, target].concat());
    // "No operation", the option of one byte.
    header.resize(20 + options, 1);
    let sum = checksum(&[&header]);
    header[10..12].copy_from_slice(&sum);
    frame.extend([0x08, 0x00]);
    frame.extend(header);
    frame.extend(payload);
}

fn ipv6(draw: &mut Draw, frame: &mut Frame) {
    let protocol = draw.of(&[58, 58, 6, 17, 17, 132, 59]);
    let (source, target) = (draw.of(&IPV6), draw.of(&IPV6));
    let pseudo = [&source[..], &target, &[0, protocol]].concat();
    let mut payload = transport(draw, protocol, &pseudo);
    let mut next = protocol;
    while draw.in_hundred(25) {
        // Hop-by-hop options, destination options, routing; a fragment's header.
        let kind = draw.of(&[0, 60, 43, 44]);
        let mut header = match kind {
            44 => {
                let place: u16 = draw.of(&[0, 1, 8, 9]);
                [&[next, 0], &place.to_be_bytes()[..], &[0; 4]].concat()
            }
            // One option that pads the rest.
            _ => vec![next, 0, 1, 4, 0, 0, 0, 0],
        };
        header.extend(payload);
        (payload, next) = (header, kind);
    }
    frame.extend([0x86, 0xdd]);
    let class = draw.of(&[0, 32, 184, 3, 35]);
    frame.extend([0x60 | class >> 4, class << 4, 0, 7]);
    frame.extend((payload.len() as u16).to_be_bytes());
    frame.extend([next, draw.of(&[0, 1, 2, 64, 255])]);
    frame.extend([source, target].concat());
    frame.extend(payload);
}

/// A transport's header and some bytes, with a checksum that is right.
fn transport(draw: &mut Draw, protocol: u8, pseudo: &[u8]) -> Vec<u8> {
    let (source, target) = (draw.of(&PORTS).to_be_bytes(), draw.of(&PORTS).to_be_bytes());
    let ports = [source, target].concat();
    let mut data = vec![0; draw.of(&[0, 1, 18, 19, 200])];
    data.iter_mut().for_each(|byte| *byte = draw.number() as u8);
    // The header without its checksum, and where that is.
    let (mut header, at) = match protocol {
        1 => (vec![draw.of(&[0, 8, 3, 11]), draw.of(&[0, 0, 1]), 0, 0, 0, 1, 0, 2], 2),
        58 => {
            let kind = draw.of(&[128, 129, 1, 135, 136]);
            let mut header = vec![kind, draw.of(&[0, 0, 1]), 0, 0, 0, 0, 0, 0];
            if kind >= 135 {
                // Whose address is asked for, and the asker's.
                header.extend(draw.of(&IPV6));
                header.extend([kind - 134, 1]);
                header.extend(draw.of(&MACS[..STATIONS]));
            }
            (header, 2)
        }
        6 => {
            let rest = [0, 0, 0, 1, 0, 0, 0, 2, 0x50, draw.of(&[2, 16, 17]), 4, 0, 0, 0, 0, 0];
            ([&ports[..], &rest].concat(), 16)
        }
        17 => {
            let length = (8 + data.len()) as u16;
            ([&ports[..], &length.to_be_bytes(), &[0; 2]].concat(), 6)
        }
        132 => return [&ports[..], &[0; 8], &data].concat(),
        _ => return data,
    };
    // A sender of UDP over IPv4 may leave it out.
    if protocol != 17 || draw.in_hundred(80) {
        let length = ((header.len() + data.len()) as u16).to_be_bytes();
        let pseudo: &[&[u8]] = if protocol == 1 { &[] } else { &[pseudo, &length] };
        let sum = match checksum(&[pseudo, &[&header, &data]].concat()) {
            [0, 0] if protocol == 17 => [0xff; 2],
            sum => sum,
        };
        header[at..at + 2].copy_from_slice(&sum);
    }
    header.extend(data);
    header
}

fn arp(draw: &mut Draw, frame: &mut Frame) {
    frame.extend([0x08, 0x06]);
    frame.extend([0, draw.of(&[1, 1, 1, 6]), 8, 0, 6, 4, draw.of(&[0, 0, 0, 1])]);
    frame.push(draw.of(&[1, 2, 1, 2, 3]));
    for _ in 0..2 {
        frame.extend(draw.of(&MACS[..STATIONS]));
        frame.extend(draw.of(&IPV4));
    }
}

/// A length in place of a type (IEEE 802.3), with and without a type behind it.
fn logical_link(draw: &mut Draw, frame: &mut Frame) {
    let data = [0; 38];
    let header: &[u8] = draw.of::<&[u8]>(&[
        &[0x42, 0x42, 3],
        &[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x06],
        &[0xaa, 0xaa, 3, 0, 0, 0, 0x12, 0x34],
        &[0xaa, 0xaa, 3, 0, 0, 12, 0x20, 0x00],
    ]);
    frame.extend(((header.len() + data.len()) as u16).to_be_bytes());
    frame.extend(header);
    frame.extend(data);
}

/// The ones' complement sum of parts that are one after the other (RFC 1071).
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
