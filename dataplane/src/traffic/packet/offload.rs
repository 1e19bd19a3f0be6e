//! Checksums that are left to the device which sends the packets.

use crate::mbuf::{HeaderLengths, Mbuf};
use crate::offload::{port, tx};
use crate::traffic::spec::Layer;
use crate::wire::ipv6;
use crate::wire::transport::Transport;
use serde::Serialize;

/// Who fills in the checksums of a stream's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksums {
    /// The generator.
    Software,
    /// The device that sends the packets; in headers that it is not asked about, the generator.
    Device,
}

impl Checksums {
    /// The transmit offloads (`RTE_ETH_TX_OFFLOAD_*`) to ask a port for that offers `offered`: all that are needed, or none.
    ///
    /// virtio offers the transports' alone: its other end takes the packet for sound without the checksum, which is on no
    /// wire then.
    pub fn offloads(offered: u64) -> u64 {
        const NEEDED: u64 =
            port::IPV4_CHECKSUM | port::checksum(Transport::Tcp) | port::checksum(Transport::Udp);
        if offered & NEEDED == NEEDED { NEEDED } else { 0 }
    }

    /// Who does it on a port that was granted these offloads.
    pub(in crate::traffic) fn on(granted: u64) -> Self {
        if Self::offloads(granted) == 0 { Self::Software } else { Self::Device }
    }
}

/// What a device is told of each packet of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offload {
    flags: u64,
    lengths: HeaderLengths,
}

impl Offload {
    /// One for a device to be told of packets with these headers; `None` where not all devices find their way: in tunnels and
    /// behind labels.
    pub(super) fn of(layers: &[Layer]) -> Option<Self> {
        let is_known = |layer: &Layer| {
            !matches!(layer, Layer::Mpls(_) | Layer::Gre(_) | Layer::Vxlan(_) | Layer::Gtpu(_))
        };
        let is_ip = |layer: &&Layer| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_));
        let is_one = layers.iter().filter(is_ip).count() == 1;
        (is_one && layers.iter().all(is_known)).then(Self::default)
    }

    /// There is an IPv4 header at `at`; its checksum is wanted.
    pub(super) fn ipv4(&mut self, at: usize) {
        self.flags |= tx::IPV4 | tx::IP_CHECKSUM;
        self.lengths = HeaderLengths { l2: at as u16, l3: 20, ..HeaderLengths::default() };
    }

    /// There is an IPv6 header at `at`.
    pub(super) fn ipv6(&mut self, at: usize) {
        self.flags |= tx::IPV6;
        self.lengths = HeaderLengths {
            l2: at as u16,
            l3: ipv6::HEADER_LEN as u16,
            ..HeaderLengths::default()
        };
    }

    /// A transport follows, whose checksum is wanted.
    pub(super) fn transport(&mut self, transport: Transport) {
        self.flags |= tx::checksum(transport);
    }

    /// Whether anything is wanted.
    pub(super) fn is_asked_for(&self) -> bool {
        self.flags & (tx::IP_CHECKSUM | tx::L4_MASK) != 0
    }

    /// Tells the device.
    #[inline]
    pub(super) fn tell(self, packets: &mut [Mbuf]) {
        packets.iter_mut().for_each(|mbuf| mbuf.set_tx_offload(self.flags, self.lengths));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::packet::Template;
    use crate::traffic::spec::{
        Counted, Ethernet, Field, Gre, Icmp, Ipv4, Ipv6, Sizes, Span, StreamSpec, Tag, Tcp, Udp,
    };
    use crate::wire::checksum::Sum;

    /// The packets of a stream, all but their probes.
    fn packets(template: &mut Template) -> Vec<Vec<u8>> {
        let mut buffer = vec![0xaa; template.room()];
        let made = (0..40).map(|_| {
            let bytes = template.make(&mut buffer);
            buffer[..usize::from(bytes)].to_vec()
        });
        made.collect()
    }

    /// What a device makes of a packet.
    fn filled_in(mut bytes: Vec<u8>, Offload { flags, lengths }: Offload) -> Vec<u8> {
        let l3 = usize::from(lengths.l2);
        let l4 = l3 + usize::from(lengths.l3);
        let sum = |bytes: &[u8]| !Sum::new().bytes(bytes).folded();
        if flags & tx::IP_CHECKSUM != 0 {
            assert_eq!(bytes[l3 + 10..l3 + 12], [0, 0], "left to the device");
            let checksum = sum(&bytes[l3..l4]);
            bytes[l3 + 10..l3 + 12].copy_from_slice(&checksum.to_be_bytes());
        }
        for transport in [Transport::Udp, Transport::Tcp] {
            if flags & tx::L4_MASK == tx::checksum(transport) {
                let checksum = match sum(&bytes[l4..]) {
                    0 if transport == Transport::Udp => 0xffff,
                    checksum => checksum,
                };
                let field = transport.checksum_field();
                bytes[l4 + field.start..l4 + field.end].copy_from_slice(&checksum.to_be_bytes());
            }
        }
        bytes
    }

    #[test]
    fn a_device_fills_in_what_the_generator_would() {
        let ethernet = Layer::Ethernet(Ethernet::default());
        let ports =
            Field::Counted(Counted { from: 1000, step: 7, count: 11, every: 1, mask: None });
        let ip4 = |step| {
            let from = [10, 0, 0, 1].into();
            let src = Field::Counted(Counted { from, step, count: 9, every: 2, mask: None });
            Layer::Ipv4(Ipv4 { src, ..Ipv4::default() })
        };
        let ip6 = Layer::Ipv6(Ipv6::default());
        let udp = Layer::Udp(Udp { src: ports.clone(), ..Udp::default() });
        let tcp = Layer::Tcp(Tcp { dst: ports, ..Tcp::default() });
        let tag = Layer::Vlan(Tag::default());
        let (fixed, ranged) =
            (Sizes::Fixed(100), Sizes::Span(Span { from: 96, to: 101, step: 1, seed: None }));
        for (layers, flags) in [
            (vec![ethernet.clone(), ip4(3), udp.clone()], tx::IPV4 | tx::IP_CHECKSUM),
            (vec![ethernet.clone(), tag.clone(), ip4(0), tcp.clone()], tx::IPV4 | tx::IP_CHECKSUM),
            (vec![ethernet.clone(), tag.clone(), tag, ip6.clone(), udp], tx::IPV6),
            (vec![ethernet.clone(), ip6, tcp], tx::IPV6),
            (vec![ethernet, ip4(1), Layer::Icmp(Icmp::default())], tx::IPV4 | tx::IP_CHECKSUM),
        ] {
            for size in [fixed.clone(), ranged.clone()] {
                let spec = StreamSpec { layers: layers.clone(), size, ..StreamSpec::default() };
                let mut software = Template::new(&spec).unwrap();
                assert_eq!(software.offload(), None);
                let mut device = Template::made(&spec, Checksums::Device).unwrap();
                let offload = device.offload().unwrap();
                assert_eq!(offload.flags & !tx::L4_MASK, flags);
                let made = packets(&mut device).into_iter();
                let made: Vec<Vec<u8>> = made.map(|bytes| filled_in(bytes, offload)).collect();
                assert_eq!(made, packets(&mut software), "{layers:?}");
            }
        }
    }

    #[test]
    fn a_tunnel_is_not_left_to_the_device() {
        let layers = vec![
            Layer::Ethernet(Ethernet::default()),
            Layer::Ipv4(Ipv4::default()),
            Layer::Gre(Gre::default()),
        ];
        assert_eq!(Offload::of(&layers), None);
        let arp_alone = vec![Layer::Ethernet(Ethernet::default())];
        assert_eq!(Offload::of(&arp_alone), None);
    }

    #[test]
    fn a_port_does_all_or_is_asked_for_none() {
        let transports = port::checksum(Transport::Tcp) | port::checksum(Transport::Udp);
        assert_eq!(Checksums::offloads(transports), 0);
        let all = transports | port::IPV4_CHECKSUM;
        assert_eq!(Checksums::offloads(all | port::VLAN_INSERT), all);
        assert_eq!(
            (Checksums::on(0), Checksums::on(all)),
            (Checksums::Software, Checksums::Device)
        );
    }
}
