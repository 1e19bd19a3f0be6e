//! Answers for addresses of the generator's own, so that a router under test finds them: ARP, neighbour discovery and ping.
//!
//! A question becomes its answer in place. VLAN tags before it are looked behind and stay.

use crate::wire::arp::ArpRequest;
use crate::wire::checksum::Sum;
use crate::wire::ethernet::{EtherType, MacAddr};
use crate::wire::icmp::{ECHO, ECHO_REPLY, ECHO_V6, ECHO_V6_REPLY, turn};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Source and destination address of a frame.
const ADDRESSES: usize = 12;
const TAG: usize = 4;
const TAGS: [[u8; 2]; 2] = [[0x81, 0x00], [0x88, 0xa8]];
const ARP: [u8; 2] = EtherType::ARP.0.to_be_bytes();
const IPV4: [u8; 2] = EtherType::IPV4.0.to_be_bytes();
const IPV6: [u8; 2] = [0x86, 0xdd];
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// Neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4), with one option each: a link-layer address.
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const SOLICITATION_BYTES: usize = 32;
const SOURCE_OPTION: [u8; 2] = [1, 1];
const TARGET_OPTION: [u8; 2] = [2, 1];
/// Solicited, and to replace what is known.
const SOLICITED_OVERRIDE: u8 = 0x60;
/// What neighbour discovery's packets have, so that they are of this link.
const LINK_HOP_LIMIT: u8 = 255;

/// The addresses that are answered for, and how often one was.
#[derive(Clone, Debug, Default)]
pub(super) struct Responder {
    hosts: Vec<(IpAddr, MacAddr)>,
    answered: u64,
}

impl Responder {
    pub(super) fn new(hosts: Vec<(IpAddr, MacAddr)>) -> Self {
        Self { hosts, answered: 0 }
    }

    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    /// Makes a question for one of the addresses its answer; `false` if it is none, and is left as it was.
    pub(super) fn answer(&mut self, frame: &mut [u8]) -> bool {
        let answered = self.answered_in_place(frame).is_some();
        self.answered += u64::from(answered);
        answered
    }

    fn answered_in_place(&self, frame: &mut [u8]) -> Option<()> {
        let (addresses, rest) = frame.split_first_chunk_mut::<ADDRESSES>()?;
        let mut rest = rest;
        while rest.first_chunk().is_some_and(|tag| TAGS.contains(tag)) {
            rest = rest.get_mut(TAG..)?;
        }
        let (ethertype, packet) = rest.split_first_chunk_mut::<2>()?;
        let own = match *ethertype {
            ARP => self.arp(packet)?,
            IPV4 => self.echo(packet)?,
            IPV6 => self.ipv6(packet)?,
            _ => return None,
        };
        addresses.copy_within(6.., 0);
        addresses[6..].copy_from_slice(&own.0);
        Some(())
    }

    fn mac_of(&self, ip: IpAddr) -> Option<MacAddr> {
        self.hosts.iter().find(|(host, _)| *host == ip).map(|(_, mac)| *mac)
    }

    fn arp(&self, packet: &mut [u8]) -> Option<MacAddr> {
        let request = ArpRequest::new_checked(packet)?;
        let own = self.mac_of(request.target().into())?;
        request.answer(own);
        Some(own)
    }

    fn echo(&self, packet: &mut [u8]) -> Option<MacAddr> {
        let header = usize::from(packet.first()? & 0x0f) * 4;
        let (ip, icmp) = packet.split_at_mut_checked(header)?;
        let (ip, _) = ip.split_first_chunk_mut::<20>()?;
        let (icmp, _) = icmp.split_first_chunk_mut::<4>()?;
        let [.., a, b, c, d] = *ip;
        let is_fragment = ip[6] & 0x3f != 0 || ip[7] != 0;
        if ip[9] != ICMP || is_fragment || icmp[..2] != [ECHO, 0] {
            return None;
        }
        let own = self.mac_of(Ipv4Addr::new(a, b, c, d).into())?;
        ip[12..].rotate_left(4);
        turn(icmp, ECHO_REPLY);
        Some(own)
    }

    fn ipv6(&self, packet: &mut [u8]) -> Option<MacAddr> {
        let (ip, icmp) = packet.split_first_chunk_mut::<40>()?;
        if ip[6] != ICMPV6 {
            return None;
        }
        match *icmp.first()? {
            ECHO_V6 => self.echo_v6(ip, icmp),
            SOLICITATION => self.neighbour(ip, icmp),
            _ => None,
        }
    }

    fn echo_v6(&self, ip: &mut [u8; 40], icmp: &mut [u8]) -> Option<MacAddr> {
        let (icmp, _) = icmp.split_first_chunk_mut::<4>()?;
        let own = self.mac_of(last_address(ip).into())?;
        ip[8..].rotate_left(16);
        turn(icmp, ECHO_V6_REPLY);
        Some(own)
    }

    /// A solicitation without its sender's link-layer address asks whether an address is taken, or comes from who knows us
    /// already: neither is for a generator to answer.
    fn neighbour(&self, ip: &mut [u8; 40], icmp: &mut [u8]) -> Option<MacAddr> {
        let (icmp, _) = icmp.split_first_chunk_mut::<SOLICITATION_BYTES>()?;
        let payload = usize::from(u16::from_be_bytes([ip[4], ip[5]]));
        let target = *icmp[8..].first_chunk::<16>()?;
        if ip[7] != LINK_HOP_LIMIT || payload != SOLICITATION_BYTES || icmp[24..26] != SOURCE_OPTION
        {
            return None;
        }
        let own = self.mac_of(Ipv6Addr::from(target).into())?;
        let (head, dst) = ip.split_at_mut(24);
        dst.copy_from_slice(&head[8..]);
        head[8..].copy_from_slice(&target);
        icmp[..8].copy_from_slice(&[ADVERTISEMENT, 0, 0, 0, SOLICITED_OVERRIDE, 0, 0, 0]);
        icmp[24..26].copy_from_slice(&TARGET_OPTION);
        icmp[26..].copy_from_slice(&own.0);
        let (src, dst) = (Ipv6Addr::from(target), last_address(ip));
        let sum = Sum::ipv6_pseudo_header(src, dst, ICMPV6, SOLICITATION_BYTES as u32);
        let checksum = sum.bytes(icmp).checksum();
        icmp[2..4].copy_from_slice(&checksum.to_be_bytes());
        Some(own)
    }
}

/// The destination address of an IPv6 header.
fn last_address(ip: &[u8; 40]) -> Ipv6Addr {
    ip.last_chunk::<16>().map_or(Ipv6Addr::UNSPECIFIED, |octets| Ipv6Addr::from(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, SlicedPacket};
    use proptest::prelude::*;

    const OURS: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
    const ARP_REQUEST: [u8; 8] = [0, 1, 8, 0, 6, 4, 0, 1];
    const ASKER: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const BROADCAST: [u8; 6] = [0xff; 6];

    fn responder() -> Responder {
        let ips = ["198.18.0.9", "2001:2::9"].map(|ip| (ip.parse().unwrap(), OURS));
        Responder::new(ips.to_vec())
    }

    fn v6(text: &str) -> [u8; 16] {
        text.parse::<Ipv6Addr>().unwrap().octets()
    }

    /// A solicitation for `target` from 2001:2::1, its checksum not looked at.
    fn solicitation(target: &str) -> Vec<u8> {
        let icmp = [&[SOLICITATION, 0, 0, 0, 0, 0, 0, 0][..], &v6(target), &SOURCE_OPTION, &ASKER]
            .concat();
        let mut frame = Vec::new();
        PacketBuilder::ethernet2(ASKER, [0x33, 0x33, 0xff, 0, 0, 9])
            .ipv6(v6("2001:2::1"), v6("ff02::1:ff00:9"), LINK_HOP_LIMIT)
            .write(&mut frame, etherparse::IpNumber(ICMPV6), &icmp)
            .unwrap();
        frame
    }

    fn arp(target: [u8; 4]) -> Vec<u8> {
        let head = [&BROADCAST[..], &ASKER, &[0x81, 0, 0, 7], &ARP, &ARP_REQUEST].concat();
        [&head[..], &ASKER, &[198, 18, 0, 1], &[0; 6], &target, &[0; 18]].concat()
    }

    #[test]
    fn who_has_is_answered_behind_a_tag() {
        let mut frame = arp([198, 18, 0, 9]);
        assert!(responder().answer(&mut frame));
        let expected =
            [&ASKER[..], &OURS.0, &[0x81, 0, 0, 7], &ARP, &[0, 1, 8, 0, 6, 4, 0, 2]].concat();
        assert_eq!(frame[..26], expected);
        assert_eq!(
            frame[26..46],
            [&OURS.0[..], &[198, 18, 0, 9], &ASKER, &[198, 18, 0, 1]].concat()
        );
    }

    #[test]
    fn ping_is_answered_with_a_right_checksum() {
        let mut frame = Vec::new();
        PacketBuilder::ethernet2(ASKER, OURS.0)
            .ipv4([198, 18, 0, 1], [198, 18, 0, 9], 7)
            .icmpv4_echo_request(3, 4)
            .write(&mut frame, b"payload")
            .unwrap();
        assert!(responder().answer(&mut frame));
        let packet = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(etherparse::NetSlice::Ipv4(ip)) = packet.net else { panic!("no IPv4") };
        assert_eq!(
            (ip.header().source(), ip.header().destination()),
            ([198, 18, 0, 9], [198, 18, 0, 1])
        );
        assert_eq!((frame[34], Sum::new().bytes(&frame[34..]).folded()), (ECHO_REPLY, 0xffff));
        assert_eq!((&frame[..6], &frame[6..12]), (&ASKER[..], &OURS.0[..]));
    }

    #[test]
    fn ping_and_discovery_over_ipv6_are_answered_with_right_checksums() {
        let mut ping = Vec::new();
        PacketBuilder::ethernet2(ASKER, OURS.0)
            .ipv6(v6("2001:2::1"), v6("2001:2::9"), 7)
            .icmpv6_echo_request(3, 4)
            .write(&mut ping, b"payload")
            .unwrap();
        for (mut frame, kind) in [(ping, ECHO_V6_REPLY), (solicitation("2001:2::9"), ADVERTISEMENT)]
        {
            assert!(responder().answer(&mut frame));
            let (src, dst) = (v6("2001:2::9"), v6("2001:2::1"));
            assert_eq!((&frame[22..38], &frame[38..54], frame[54]), (&src[..], &dst[..], kind));
            let len = (frame.len() - 54) as u32;
            let sum = Sum::ipv6_pseudo_header(src.into(), dst.into(), ICMPV6, len);
            assert_eq!(sum.bytes(&frame[54..]).folded(), 0xffff);
        }
    }

    #[test]
    fn questions_for_others_are_left_alone() {
        let mut responder = responder();
        for frame in
            [arp([198, 18, 0, 8]), solicitation("2001:2::8"), arp([198, 18, 0, 9])[..40].to_vec()]
        {
            let mut same = frame.clone();
            assert!(!responder.answer(&mut same));
            assert_eq!(same, frame);
        }
        assert_eq!(responder.answered(), 0);
        assert!(responder.answer(&mut arp([198, 18, 0, 9])));
        assert_eq!(responder.answered(), 1);
    }

    proptest! {
        #[test]
        fn any_frame_is_looked_at_without_panic(mut bytes: Vec<u8>, cut in 0usize..90, at in 0usize..90, octet: u8) {
            responder().answer(&mut bytes);
            for mut frame in [solicitation("2001:2::9"), arp([198, 18, 0, 9])] {
                if let Some(place) = frame.get_mut(at) {
                    *place = octet;
                }
                frame.truncate(cut);
                responder().answer(&mut frame);
            }
        }
    }
}
