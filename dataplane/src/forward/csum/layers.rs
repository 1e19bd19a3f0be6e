//! Where a packet's headers lie, and those of a packet in a tunnel.

use crate::mbuf::Mbuf;
use crate::wire::ethernet::{EtherType, Frame};
use crate::wire::transport::Transport;
use crate::wire::tunnel::{self, Inside, Tunnel, UdpPorts};
use crate::wire::{ipv4, ipv6, vlan};
use std::ops::Range;

/// An IP header, and what it says of the transport behind it.
///
/// Places are counted from the frame's first byte. An mbuf's segment is shorter than 64 KiB, so 16 bits hold them all, and
/// the whole travels in two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) version: Version,
    /// Where the header begins.
    pub(super) at: u16,
    /// Its length; of IPv6 without extension headers.
    pub(super) len: u16,
    /// The protocol behind it.
    pub(super) protocol: u8,
    /// Bytes behind it, as it says; they may be more than there are.
    pub(super) payload_len: u16,
    /// The transport behind it, if its smallest header is there and the packet is no fragment: a fragment's checksum is
    /// over bytes that are in other packets.
    pub(super) transport: Option<Transport>,
    /// The length of TCP's or UDP's header, options included; else 0.
    pub(super) transport_len: u16,
    /// Whether the transport goes without a checksum, as UDP may.
    pub(super) unsummed: bool,
}

/// The version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// A packet's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layers {
    /// The tunnel and its network header, if the packet is in one.
    pub(super) outer: Option<(Tunnel, Network)>,
    /// Bytes before the network header, or between it and the outer one's end.
    pub(super) link_len: u16,
    /// The network header, of what is in the tunnel if there is one; `None` if it is not IP, or broken.
    pub(super) network: Option<Network>,
}

impl Network {
    /// Where the transport header begins.
    #[inline]
    pub(super) fn transport_at(&self) -> usize {
        usize::from(self.at) + usize::from(self.len)
    }

    /// Where transport header and payload are.
    #[inline]
    pub(super) fn payload(&self) -> Range<usize> {
        let at = self.transport_at();
        at..at + usize::from(self.payload_len)
    }

    /// Where the addresses are.
    #[inline]
    pub(super) fn addresses(&self) -> Range<usize> {
        let addresses = match self.version {
            Version::V4 => ipv4::ADDRESSES,
            Version::V6 => ipv6::ADDRESSES,
        };
        let at = usize::from(self.at);
        at + addresses.start..at + addresses.end
    }

    /// Whether the transport has a header of a length that can be, all of it in the packet's first buffer.
    pub(super) fn transport_is_whole(&self, mbuf: &Mbuf) -> bool {
        let least = self.transport.map_or(0, Transport::min_header_len);
        let len = usize::from(self.transport_len);
        (least..=self.payload_len.into()).contains(&len)
            && self.transport_at() + len <= mbuf.data_len().into()
    }

    #[inline(always)]
    fn parse(frame: &[u8], at: usize, ethertype: EtherType) -> Option<Self> {
        match ethertype {
            EtherType::IPV4 => Self::v4(frame, at),
            EtherType::IPV6 => Self::v6(frame, at),
            _ => None,
        }
    }

    #[inline(always)]
    fn v4(frame: &[u8], at: usize) -> Option<Self> {
        let bytes = frame.get(at..)?;
        let packet = ipv4::Packet::new_checked(bytes)?;
        let len = packet.header_len();
        let network = Self {
            version: Version::V4,
            at: at as u16,
            len: len as u16,
            protocol: packet.protocol(),
            payload_len: (packet.total_len() - len) as u16,
            transport: None,
            transport_len: 0,
            unsummed: false,
        };
        Some(if packet.is_fragment() { network } else { network.with_transport(bytes) })
    }

    #[inline(always)]
    fn v6(frame: &[u8], at: usize) -> Option<Self> {
        let bytes = frame.get(at..)?;
        let packet = ipv6::Packet::new_checked(bytes)?;
        let network = Self {
            version: Version::V6,
            at: at as u16,
            len: ipv6::HEADER_LEN as u16,
            protocol: packet.next_header(),
            payload_len: packet.payload_len() as u16,
            transport: None,
            transport_len: 0,
            unsummed: false,
        };
        Some(network.with_transport(bytes))
    }

    /// Looks at the transport header; `bytes` are those from the network header on.
    #[inline(always)]
    fn with_transport(self, bytes: &[u8]) -> Self {
        let Some(transport) = Transport::of(self.protocol) else { return self };
        let header = bytes.get(usize::from(self.len)..).unwrap_or_default();
        let Some(len) = transport.header_len(header) else { return self };
        Self {
            transport: Some(transport),
            transport_len: if transport == Transport::Sctp { 0 } else { len as u16 },
            unsummed: transport == Transport::Udp && header[transport.checksum_field()] == [0, 0],
            ..self
        }
    }
}

impl Layers {
    /// Parses a frame; with `tunnels`, what is in a tunnel too, and these are the UDP ports by which some are found.
    pub(super) fn parse(frame: &[u8], tunnels: Option<UdpPorts>) -> Self {
        let layers = Self::outermost(frame);
        match (layers.network, tunnels) {
            (Some(network), Some(ports)) => Self::within(frame, network, ports).unwrap_or(layers),
            _ => layers,
        }
    }

    /// Parses a frame, but not what may be in a tunnel.
    #[inline(always)]
    pub(super) fn outermost(frame: &[u8]) -> Self {
        Self::of_frame(frame, 0)
    }

    /// Parses the Ethernet frame that begins at `at`.
    ///
    /// Always inlined, with what it calls: what it finds then stays in registers.
    #[inline(always)]
    fn of_frame(bytes: &[u8], at: usize) -> Self {
        let Some(frame) = bytes.get(at..).and_then(Frame::new_checked) else {
            return Self { outer: None, link_len: 0, network: None };
        };
        let (ethertype, payload) = vlan::untagged(frame.ethertype(), frame.payload());
        let network_at = bytes.len() - payload.len();
        let network = Network::parse(bytes, network_at, ethertype);
        Self { outer: None, link_len: (network_at - at) as u16, network }
    }

    /// The layers of what is in the tunnel that begins behind `outer`; `None` if there is none.
    #[inline(never)]
    pub(super) fn within(frame: &[u8], outer: Network, ports: UdpPorts) -> Option<Self> {
        let header = tunnel::find(outer.protocol, frame.get(outer.transport_at()..)?, ports)?;
        let at = outer.transport_at() + header.len;
        let inner = match header.inside {
            Inside::Frame => Self::of_frame(frame, at),
            Inside::Packet(ethertype) => {
                Self { outer: None, link_len: 0, network: Network::parse(frame, at, ethertype) }
            }
            Inside::Control => Self { outer: None, link_len: 0, network: None },
        };
        let link_len = header.len as u16 + inner.link_len;
        Some(Self { outer: Some((header.tunnel, outer)), link_len, ..inner })
    }
}
