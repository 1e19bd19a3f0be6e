//! Who computes which checksum of a packet: the device that sends it, or this program.

use super::layers::{Layers, Network, Version};
use crate::mbuf::HeaderLengths;
use crate::offload::{port, tx};
use crate::wire::transport::Transport;
use crate::wire::tunnel::Tunnel;

/// What the device does, and into which segments it cuts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offloads {
    /// The egress port's offloads ([`port`]).
    pub(super) granted: u64,
    /// Payload of a TCP segment, in bytes; 0 if packets are not to be cut.
    pub(super) segment: u16,
    /// As `segment`, for packets in a tunnel.
    pub(super) tunnel_segment: u16,
}

/// What is done to one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// What the device is asked for ([`tx`]).
    pub(super) flags: u64,
    /// What it needs to know for it.
    pub(super) lengths: HeaderLengths,
    /// Whether the IPv4 header's checksum is computed here.
    pub(super) network: bool,
    /// Whether the transport's checksum is computed here.
    pub(super) transport: bool,
    /// The outer IPv4 header's checksum.
    pub(super) outer_network: bool,
    /// The outer UDP checksum.
    pub(super) outer_udp: OuterUdp,
}

/// What becomes of the checksum of the UDP header around a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OuterUdp {
    /// It stays, or there is none.
    #[default]
    Leave,
    /// It is computed here, last of all, as what is in the tunnel counts.
    Fill,
    /// It becomes "none": the device will cut the packet, and one sum cannot fit all segments.
    Clear,
    /// The device computes it, from the pseudo header's sum on.
    Offload,
}

impl Offloads {
    /// Decides for a packet of these layers and this length.
    ///
    /// Always inlined, with what it asks: where there is no tunnel, nothing of one is looked at.
    #[inline(always)]
    pub(super) fn decide(&self, layers: &Layers, pkt_len: u32) -> Decision {
        let mut decision = Decision { lengths: self.lengths(layers), ..Decision::default() };
        if let Some(network) = &layers.network {
            self.inner(&mut decision, network, self.cuts(layers, network, pkt_len));
        }
        if let Some((tunnel, outer)) = &layers.outer {
            self.outer(&mut decision, *tunnel, outer);
        }
        decision
    }

    /// Whether the packet is larger than one segment.
    #[inline(always)]
    fn cuts(&self, layers: &Layers, network: &Network, pkt_len: u32) -> bool {
        let segment = if layers.outer.is_some() { self.tunnel_segment } else { self.segment };
        let headers = network.transport_at() as u32 + u32::from(network.transport_len);
        segment != 0 && pkt_len > headers + u32::from(segment)
    }

    #[inline(always)]
    fn inner(&self, decision: &mut Decision, network: &Network, cut: bool) {
        match network.version {
            Version::V4 => {
                decision.flags |= tx::IPV4;
                let segments = cut && network.transport == Some(Transport::Tcp);
                if segments || self.grants(port::IPV4_CHECKSUM) {
                    decision.flags |= tx::IP_CHECKSUM;
                } else {
                    decision.network = true;
                }
            }
            Version::V6 => decision.flags |= tx::IPV6,
        }
        let Some(transport) = network.transport.filter(|_| !network.unsummed) else { return };
        let segments = match transport {
            Transport::Tcp if cut => port::TCP_SEGMENTS | port::TUNNEL_SEGMENTS,
            Transport::Udp if cut => port::UDP_SEGMENTS,
            _ => 0,
        };
        // Devices that know SCTP compute its sum over whole words alone.
        let whole = transport != Transport::Sctp || network.payload_len.is_multiple_of(4);
        if self.grants(segments) {
            decision.flags |=
                if transport == Transport::Tcp { tx::TCP_SEGMENT } else { tx::UDP_SEGMENT };
        } else if whole && self.grants(port::checksum(transport)) {
            decision.flags |= tx::checksum(transport);
        } else {
            decision.transport = true;
        }
    }

    #[inline(never)]
    fn outer(&self, decision: &mut Decision, tunnel: Tunnel, outer: &Network) {
        decision.flags |= tx::tunnel(tunnel);
        match outer.version {
            Version::V4 if self.grants(port::OUTER_IPV4_CHECKSUM) => {
                decision.flags |= tx::OUTER_IPV4 | tx::OUTER_IP_CHECKSUM;
            }
            Version::V4 => {
                decision.flags |= tx::OUTER_IPV4;
                decision.outer_network = true;
            }
            Version::V6 => decision.flags |= tx::OUTER_IPV6,
        }
        if outer.transport != Some(Transport::Udp) {
            return;
        }
        let cut = decision.flags & (tx::TCP_SEGMENT | tx::UDP_SEGMENT) != 0;
        decision.outer_udp = if self.grants(port::OUTER_UDP_CHECKSUM) {
            decision.flags |= tx::OUTER_UDP_CHECKSUM;
            OuterUdp::Offload
        } else if cut {
            OuterUdp::Clear
        } else if outer.unsummed {
            OuterUdp::Leave
        } else {
            OuterUdp::Fill
        };
    }

    /// A device that knows nothing of tunnels takes all headers before the inner network header for the link's.
    #[inline(always)]
    fn lengths(&self, layers: &Layers) -> HeaderLengths {
        let network = layers.network.as_ref();
        let inner = HeaderLengths {
            l2: layers.link_len,
            l3: network.map_or(0, |network| network.len),
            l4: network.map_or(0, |network| network.transport_len),
            segment: self.segment,
            ..HeaderLengths::default()
        };
        let Some((_, outer)) = &layers.outer else { return inner };
        let knows_tunnels = self.tunnel_segment != 0
            || self.grants(port::OUTER_IPV4_CHECKSUM | port::OUTER_UDP_CHECKSUM);
        if knows_tunnels {
            HeaderLengths {
                segment: self.tunnel_segment,
                outer_l2: outer.at,
                outer_l3: outer.len,
                ..inner
            }
        } else {
            HeaderLengths { l2: outer.transport_at() as u16 + inner.l2, segment: 0, ..inner }
        }
    }

    /// Whether the device does any of these.
    #[inline]
    fn grants(&self, offloads: u64) -> bool {
        self.granted & offloads != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tunnel::UdpPorts;
    use etherparse::{IpNumber, PacketBuilder};

    const NOTHING: Offloads = Offloads { granted: 0, segment: 0, tunnel_segment: 0 };
    const ALL: Offloads = Offloads { granted: u64::MAX, segment: 0, tunnel_segment: 0 };

    fn tcp4(payload: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        let ip = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        ip.tcp(1, 2, 3, 4).write(&mut frame, &vec![7; payload]).unwrap();
        frame
    }

    fn udp6(port: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        let ip = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6([1; 16], [2; 16], 64);
        ip.udp(1, port).write(&mut frame, payload).unwrap();
        frame
    }

    fn sctp4(payload: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        let ip = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        ip.write(&mut frame, IpNumber::SCTP, &vec![7; payload]).unwrap();
        frame
    }

    fn decide(offloads: Offloads, frame: &[u8]) -> Decision {
        offloads.decide(&Layers::parse(frame, Some(UdpPorts::default())), frame.len() as u32)
    }

    #[test]
    fn what_no_device_does_is_done_here() {
        let tcp = decide(NOTHING, &tcp4(9));
        assert_eq!((tcp.flags, tcp.network, tcp.transport), (tx::IPV4, true, true));
        let udp = decide(NOTHING, &udp6(53, &[1]));
        assert_eq!((udp.flags, udp.network, udp.transport), (tx::IPV6, false, true));
        let vxlan =
            decide(NOTHING, &udp6(4789, &[&[8, 0, 0, 0, 0, 0, 7, 0], &tcp4(9)[..]].concat()));
        assert_eq!(vxlan.flags, tx::IPV4 | tx::OUTER_IPV6 | tx::tunnel(Tunnel::Vxlan));
        assert_eq!((vxlan.outer_network, vxlan.outer_udp), (false, OuterUdp::Fill));
        // All before the inner network header is one link header to it.
        let lengths = HeaderLengths { l2: 14 + 40 + 16 + 14, l3: 20, l4: 20, ..Default::default() };
        assert_eq!(vxlan.lengths, lengths);
    }

    #[test]
    fn what_the_device_does_is_only_asked_for() {
        let tcp = decide(ALL, &tcp4(9));
        assert_eq!(tcp.flags, tx::IPV4 | tx::IP_CHECKSUM | tx::checksum(Transport::Tcp));
        assert!(!tcp.network && !tcp.transport);
        assert_eq!(tcp.lengths, HeaderLengths { l2: 14, l3: 20, l4: 20, ..Default::default() });

        let inner = [&[8, 0, 0, 0, 0, 0, 7, 0], &tcp4(9)[..]].concat();
        let vxlan = decide(ALL, &udp6(4789, &inner));
        let outer = tx::OUTER_IPV6 | tx::OUTER_UDP_CHECKSUM | tx::tunnel(Tunnel::Vxlan);
        assert_eq!(vxlan.flags, tcp.flags | outer);
        assert_eq!(vxlan.outer_udp, OuterUdp::Offload);
        let lengths = HeaderLengths { l2: 16 + 14, outer_l2: 14, outer_l3: 40, ..tcp.lengths };
        assert_eq!(vxlan.lengths, lengths);
    }

    #[test]
    fn only_packets_larger_than_a_segment_are_cut() {
        let offloads = Offloads { segment: 100, tunnel_segment: 50, ..ALL };
        let cut = decide(offloads, &tcp4(101));
        assert_eq!(cut.flags, tx::IPV4 | tx::IP_CHECKSUM | tx::TCP_SEGMENT);
        assert_eq!(cut.lengths.segment, 100);
        let whole = decide(offloads, &tcp4(100));
        assert_eq!(whole.flags, tx::IPV4 | tx::IP_CHECKSUM | tx::checksum(Transport::Tcp));

        // One outer sum cannot fit all segments, so it goes, unless the device computes one for each.
        let inner = [&[8, 0, 0, 0, 0, 0, 7, 0], &tcp4(51)[..]].concat();
        let offloads = Offloads { granted: port::VXLAN_SEGMENTS, ..offloads };
        let tunnel = decide(offloads, &udp6(4789, &inner));
        assert_eq!(
            (tunnel.flags & tx::TCP_SEGMENT, tunnel.outer_udp),
            (tx::TCP_SEGMENT, OuterUdp::Clear)
        );
        assert_eq!(tunnel.lengths.segment, 50);
    }

    #[test]
    fn a_device_sums_sctp_over_whole_words_alone() {
        assert_eq!(
            decide(ALL, &sctp4(16)).flags & tx::checksum(Transport::Sctp),
            tx::checksum(Transport::Sctp)
        );
        let odd = decide(ALL, &sctp4(18));
        assert_eq!((odd.flags, odd.transport), (tx::IPV4 | tx::IP_CHECKSUM, true));
    }

    #[test]
    fn udp_without_a_checksum_gets_none() {
        let mut frame = udp6(53, &[1, 2, 3]);
        frame[14 + 40 + 6..14 + 40 + 8].fill(0);
        let decision = decide(ALL, &frame);
        assert_eq!((decision.flags, decision.transport), (tx::IPV6, false));
    }
}
