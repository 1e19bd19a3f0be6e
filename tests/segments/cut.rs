//! Cut: GSO.

use super::frames::{
    DST, SRC, V4, in_vxlan, is_sound, payload, tagged, tcp, tcp6, udp, without_tcp_checksum,
};
use super::lab::capture::Frame;
use super::lab::checksums::{BAD, verdicts};
use super::lab::{lacks_programs, skip};
use super::{sent_by_testpmd, sent_of};
use etherparse::{IpNumber, PacketBuilder, SlicedPacket, TransportSlice};

#[test]
fn what_is_longer_than_a_segment_is_cut_as_testpmd_cuts_it() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd", "stdbuf"]) {
        return skip("what_is_longer_than_a_segment_is_cut_as_testpmd_cuts_it", &reason);
    }
    let frames =
        [tcp(443, 0, 4000), udp(4999), tcp6(3000), tcp(443, 4000, 40), udp(20), tagged(3000)];
    for (commands, sent) in [
        (&["set port 0 gso on"][..], 3 + 4 + 1 + 1 + 1 + 3),
        (&["set gso segsz 500", "set port 0 gso on"], 9 + 11 + 1 + 1 + 1 + 7),
    ] {
        let ours = sent_of(&frames, commands, sent);
        let theirs = sent_by_testpmd(&frames, commands, sent);
        assert_eq!((ours.len(), theirs.len()), (sent as usize, sent as usize), "{commands:?}");
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let [ours_but, theirs_but] = [ours, theirs].map(without_tcp_checksum);
            assert_eq!(ours_but, theirs_but, "{number} {commands:?}");
            assert!(is_sound(ours), "{number} {commands:?}");
        }
    }
}

#[test]
fn what_is_in_a_tunnel_is_cut_with_sound_checksums_inside_and_outside() {
    if let Some(reason) = lacks_programs(&["tshark"]) {
        let name = "what_is_in_a_tunnel_is_cut_with_sound_checksums_inside_and_outside";
        return skip(name, &reason);
    }
    let in_gre = |inner: &[u8]| {
        let mut frame = Frame::new();
        let ip = PacketBuilder::ethernet2(SRC, DST).ipv4(V4.0, V4.1, 64);
        let payload = [&[0, 0, 0x65, 0x58], inner].concat();
        ip.write(&mut frame, IpNumber::GRE, &payload).unwrap();
        frame
    };
    let frames = [in_vxlan(&tcp(443, 0, 4000)), in_gre(&tcp(443, 0, 4000)), in_vxlan(&udp(3000))];
    let commands = ["csum parse-tunnel on 0", "set port 0 gso on"];
    let sent = sent_of(&frames, &commands, 9);
    assert_eq!(sent.len(), 9);
    for (frame, verdict) in sent.iter().zip(verdicts(&sent)) {
        assert!(frame.len() <= 1514, "{}", frame.len());
        assert!(verdict.iter().all(|values| !values.contains(BAD)), "{verdict:?}");
    }
    // Behind outer and inner headers, all of what was carried is there, in order.
    for (pieces, headers, length) in [(0..3, 50 + 54, 4000), (3..6, 38 + 54, 4000)] {
        let carried: Vec<u8> =
            sent[pieces].iter().flat_map(|frame| frame[headers..].to_vec()).collect();
        assert_eq!(carried, payload(length));
    }
}

#[test]
fn what_is_cut_into_more_than_a_burst_is_sent_in_several() {
    let frames: Vec<Frame> = (0..20).map(|number| tcp(443, 4000 * number, 4000)).collect();
    let sent = sent_of(&frames, &["set gso segsz 64", "set port 0 gso on"], 20 * 400);
    assert_eq!(sent.len(), 20 * 400);
    for (number, frame) in sent.iter().enumerate() {
        assert!(is_sound(frame), "{number}");
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("{packet:?}") };
        assert_eq!(tcp.sequence_number(), 1000 + 10 * number as u32);
    }
}
