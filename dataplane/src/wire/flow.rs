//! The flow hash: a number that all packets of one flow share.
//!
//! | frame | hashed |
//! |---|---|
//! | IPv4 or IPv6 with TCP, UDP or SCTP | addresses, protocol, ports |
//! | another protocol, a cut transport header | addresses, protocol |
//! | a fragment, the first included | addresses, protocol (IPv6: the fragment header's number) |
//! | anything else (ARP, a malformed IP header) | MAC addresses and EtherType |
//! | shorter than an Ethernet header | nothing: [`TRUNCATED`] |
//!
//! VLAN tags are looked behind and not hashed, so a flow keeps its hash where a tag is pushed or popped. All fragments
//! of a datagram share a hash, though not with the unfragmented packets of their flow: only the first fragment has
//! ports. A flow's two directions differ.
//!
//! The mixing is wyhash's: multiply to 128 bits, fold the halves together. It spreads flows over workers; it has no
//! secret, so it is no defence against someone who chooses addresses to meet on one worker.

use super::ethernet::{EtherType, Frame};
use super::transport::Transport;
use super::{ipv4, ipv6, vlan};

/// The hash of a frame shorter than an Ethernet header.
pub const TRUNCATED: u32 = 0;

/// wyhash's odd constants, each with as many ones as zeros.
const KEYS: [u64; 4] =
    [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3];

/// Hashes a frame's flow; every bit of the result is equally good to choose by.
#[inline]
pub fn flow_hash(frame: &[u8]) -> u32 {
    let Some(frame) = Frame::new_checked(frame) else { return TRUNCATED };
    let (ethertype, payload) = vlan::untagged(frame.ethertype(), frame.payload());
    let by_network = match ethertype {
        EtherType::IPV4 => ipv4::Packet::new_checked(payload).map(|packet| hash_ipv4(&packet)),
        EtherType::IPV6 => ipv6::Packet::new_checked(payload).map(|packet| hash_ipv6(&packet)),
        _ => None,
    };
    by_network.unwrap_or_else(|| hash_link(&frame, ethertype))
}

fn hash_ipv4(packet: &ipv4::Packet<&[u8]>) -> u32 {
    let addresses = u64::from(packet.src().to_bits()) << 32 | u64::from(packet.dst().to_bits());
    let payload = if packet.is_fragment() { &[] } else { packet.payload() };
    finish(addresses, transport(packet.protocol(), payload))
}

fn hash_ipv6(packet: &ipv6::Packet<&[u8]>) -> u32 {
    let (protocol, payload) = packet.upper_layer();
    let addresses = fold_address(packet.src().to_bits(), KEYS[0], KEYS[1])
        ^ fold_address(packet.dst().to_bits(), KEYS[2], KEYS[3]);
    finish(addresses, transport(protocol, payload))
}

fn hash_link(frame: &Frame<&[u8]>, ethertype: EtherType) -> u32 {
    finish(frame.dst().to_bits(), frame.src().to_bits() << 16 | u64::from(ethertype.0))
}

/// Protocol and, where the protocol has them, ports.
fn transport(number: u8, payload: &[u8]) -> u64 {
    let ports = match Transport::of(number) {
        Some(_) => payload.first_chunk().map_or(0, |ports| u32::from_be_bytes(*ports)),
        None => 0,
    };
    u64::from(ports) << 8 | u64::from(number)
}

fn fold_address(address: u128, high_key: u64, low_key: u64) -> u64 {
    fold((address >> 64) as u64 ^ high_key, address as u64 ^ low_key)
}

fn finish(a: u64, b: u64) -> u32 {
    fold(fold(a ^ KEYS[0], b ^ KEYS[1]), KEYS[2]) as u32
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{EtherType as Type, PacketBuilder, VlanId};
    use proptest::prelude::*;

    /// Where the transport header of an untagged IPv4 frame without options begins.
    const TRANSPORT: usize = 34;

    fn built(
        builder: etherparse::PacketBuilderStep<etherparse::UdpHeader>,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut bytes, payload).unwrap();
        bytes
    }

    fn udp4(src: [u8; 4], dst: [u8; 4], ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        built(
            PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(src, dst, 64).udp(ports.0, ports.1),
            payload,
        )
    }

    fn udp6(src: [u8; 16], dst: [u8; 16], ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        built(
            PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6(src, dst, 64).udp(ports.0, ports.1),
            payload,
        )
    }

    fn fragment4(offset: u16, more: bool, id: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = udp4([10, 0, 0, 1], [10, 0, 0, 2], (1, 2), &[0; 24]);
        bytes[18..20].copy_from_slice(&id.to_be_bytes());
        bytes[20..22].copy_from_slice(&(offset | u16::from(more) << 13).to_be_bytes());
        bytes[TRANSPORT..TRANSPORT + payload.len()].copy_from_slice(payload);
        bytes
    }

    /// The share of `hashes` in the fullest and in the emptiest of four buckets, chosen both ways in use.
    fn extremes(hashes: &[u32]) -> [(f64, f64); 2] {
        [|hash: u32| hash % 4, |hash: u32| hash >> 30].map(|bucket| {
            let mut counts = [0u32; 4];
            hashes.iter().for_each(|hash| counts[bucket(*hash) as usize] += 1);
            let share = |count: u32| f64::from(count) / hashes.len() as f64;
            (share(*counts.iter().min().unwrap()), share(*counts.iter().max().unwrap()))
        })
    }

    /// Four standard deviations of a fair draw of 10 000 into four are 0.017.
    fn assert_even(name: &str, hashes: impl Iterator<Item = u32>) {
        let hashes: Vec<u32> = hashes.collect();
        assert_eq!(hashes.len(), 10_000, "{name}");
        for (least, most) in extremes(&hashes) {
            assert!(least > 0.233 && most < 0.267, "{name}: {least} to {most}");
        }
        let mut distinct = hashes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        // Two of 10 000 fair draws from 2^32 meet once in 86 tries.
        assert!(distinct.len() >= 9_998, "{name}: {} distinct", distinct.len());
    }

    #[test]
    fn neighbouring_flows_spread_evenly_over_four_workers() {
        assert_even(
            "source ports",
            (0..10_000).map(|i| flow_hash(&udp4([198, 18, 0, 1], [198, 19, 0, 1], (i, 9), &[]))),
        );
        assert_even(
            "source addresses",
            (0..10_000u32).map(|i| {
                flow_hash(&udp4((0x0a00_0000 | i).to_be_bytes(), [198, 19, 0, 1], (7, 9), &[]))
            }),
        );
        assert_even(
            "IPv6 pairs",
            (0..10_000u128).map(|i| {
                let base = 0x2001_0db8 << 96;
                flow_hash(&udp6(
                    (base | (i % 100)).to_be_bytes(),
                    (base | (i / 100)).to_be_bytes(),
                    (7, 9),
                    &[],
                ))
            }),
        );
        assert_even(
            "MAC addresses",
            (0..10_000u32).map(|i| {
                let [_, _, high, low] = i.to_be_bytes();
                let [arp_high, arp_low] = Type::ARP.0.to_be_bytes();
                flow_hash(&[2, 0, 0, 0, high, low, 2, 0, 0, 0, 0, 1, arp_high, arp_low])
            }),
        );
    }

    #[test]
    fn each_part_of_the_tuple_counts() {
        let flow = flow_hash(&udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 6), &[]));
        assert_ne!(flow, flow_hash(&udp4([10, 0, 0, 3], [10, 0, 0, 2], (5, 6), &[])));
        assert_ne!(flow, flow_hash(&udp4([10, 0, 0, 1], [10, 0, 0, 3], (5, 6), &[])));
        assert_ne!(flow, flow_hash(&udp4([10, 0, 0, 1], [10, 0, 0, 2], (7, 6), &[])));
        assert_ne!(flow, flow_hash(&udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 7), &[])));
        let mut tcp = udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 6), &[]);
        tcp[23] = Transport::Tcp.protocol();
        assert_ne!(flow, flow_hash(&tcp));
    }

    #[test]
    fn a_tag_leaves_the_hash_as_it_is() {
        let plain = flow_hash(&udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 6), &[1, 2]));
        let ethernet = || PacketBuilder::ethernet2([2; 6], [4; 6]);
        let (outer, inner) = (VlanId::try_new(9).unwrap(), VlanId::try_new(77).unwrap());
        let single = ethernet().single_vlan(inner).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(5, 6);
        let double =
            ethernet().double_vlan(outer, inner).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(5, 6);
        assert_eq!(flow_hash(&built(single, &[1, 2])), plain);
        assert_eq!(flow_hash(&built(double, &[1, 2])), plain);
    }

    #[test]
    fn fragments_of_a_flow_stay_together() {
        let first = flow_hash(&fragment4(0, true, 1, &[0, 1, 0, 2]));
        assert_eq!(flow_hash(&fragment4(185, true, 1, &[9, 9, 9, 9])), first);
        assert_eq!(flow_hash(&fragment4(370, false, 2, &[7, 7, 7, 7])), first);

        // An IPv6 fragment's own next header may differ from the first fragment's (RFC 8200 §4.5).
        let fragment6 = |header: [u8; 8]| {
            let mut bytes = udp6([1; 16], [2; 16], (1, 2), &header);
            bytes[20] = 44;
            bytes.copy_within(62..70, 54);
            flow_hash(&bytes)
        };
        let first = fragment6([Transport::Udp.protocol(), 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!(fragment6([60, 0, 0x10, 0, 0, 0, 0, 1]), first);
    }

    #[test]
    fn a_cut_frame_has_a_defined_hash() {
        let frame = udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 6), &[]);
        assert_eq!(flow_hash(&frame[..13]), TRUNCATED);
        let link = flow_hash(&frame[..14]);
        assert_ne!(link, TRUNCATED);
        assert_eq!(flow_hash(&frame[..TRANSPORT - 1]), link);
        let addresses = flow_hash(&frame[..TRANSPORT]);
        assert_ne!(addresses, link);
        assert_eq!(flow_hash(&frame[..TRANSPORT + 3]), addresses);
        assert_eq!(flow_hash(&frame[..TRANSPORT + 4]), flow_hash(&frame));
    }

    prop_compose! {
        /// A sound frame, tagged or not, with a few octets overwritten and perhaps the end cut off.
        fn hostile()(
            six: bool,
            tags in 0usize..5,
            damage in prop::collection::vec((12usize..80, any::<u8>()), 0..6),
            kept in 14usize..120,
        ) -> Vec<u8> {
            let mut bytes = if six {
                udp6([1; 16], [2; 16], (5, 6), &[7; 24])
            } else {
                udp4([10, 0, 0, 1], [10, 0, 0, 2], (5, 6), &[7; 24])
            };
            for _ in 0..tags {
                bytes.splice(12..12, [0x81, 0x00, 0x00, 0x05]);
            }
            for (at, value) in damage {
                if let Some(octet) = bytes.get_mut(at) {
                    *octet = value;
                }
            }
            bytes.truncate(kept);
            bytes
        }
    }

    proptest! {
        #[test]
        fn mac_addresses_count_only_where_there_is_no_network_header(mut bytes in hostile()) {
            let (ethertype, packet) = vlan::untagged(Frame::new_checked(&bytes).unwrap().ethertype(), &bytes[14..]);
            let network = match ethertype {
                EtherType::IPV4 => ipv4::Packet::new_checked(packet).is_some(),
                EtherType::IPV6 => ipv6::Packet::new_checked(packet).is_some(),
                _ => false,
            };
            let hash = flow_hash(&bytes);
            bytes[5] ^= 1;
            prop_assert_eq!(flow_hash(&bytes) == hash, network);
        }

        #[test]
        fn any_bytes_are_hashed_without_panic(bytes: Vec<u8>) {
            prop_assert_eq!(flow_hash(&bytes) == TRUNCATED, bytes.len() < 14);
        }

        #[test]
        fn the_payload_does_not_count(
            src: [u8; 4], dst: [u8; 4], ports: (u16, u16),
            one in prop::collection::vec(any::<u8>(), 0..64), other in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            prop_assert_eq!(flow_hash(&udp4(src, dst, ports, &one)), flow_hash(&udp4(src, dst, ports, &other)));
            let (src, dst) = ([src; 4].concat().try_into().unwrap(), [dst; 4].concat().try_into().unwrap());
            prop_assert_eq!(flow_hash(&udp6(src, dst, ports, &one)), flow_hash(&udp6(src, dst, ports, &other)));
        }
    }
}
