//! Tunnel headers: which tunnel a packet is in, how long its header is, and what it carries.
//!
//! | tunnel | found by | carries |
//! |---|---|---|
//! | GTP (3GPP TS 29.060, 29.281) | UDP ports 2123 and 2152 | IPv4 or IPv6 |
//! | VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) | UDP port 4790, or another | IPv4, IPv6 or Ethernet |
//! | VXLAN (RFC 7348) | UDP port 4789 | Ethernet |
//! | GENEVE (RFC 8926) | UDP port 6081, or another | IPv4, IPv6 or Ethernet |
//! | GRE (RFC 2784, RFC 2890) | protocol 47 | IPv4, IPv6 or Ethernet |
//! | IP in IP (RFC 2003) | protocol 4 | IPv4 or IPv6 |

use super::ethernet::EtherType;

/// The kinds of tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    /// GPRS Tunnelling Protocol.
    Gtp,
    /// VXLAN with a next-protocol field.
    VxlanGpe,
    /// Virtual eXtensible LAN.
    Vxlan,
    /// Generic Network Virtualization Encapsulation.
    Geneve,
    /// Generic Routing Encapsulation.
    Gre,
    /// IP in IP.
    Ipip,
}

/// What a tunnel's packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// An Ethernet frame.
    Frame,
    /// What the type says, without an Ethernet header.
    Packet(EtherType),
    /// Nothing to look into: a message of the tunnel's own.
    Control,
}

/// A tunnel's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its kind.
    pub tunnel: Tunnel,
    /// Bytes up to what is carried, the UDP header included where there is one.
    pub len: usize,
    /// What is carried.
    pub inside: Inside,
}

/// IP protocol numbers of the tunnels that need no transport (IANA).
mod protocol {
    pub(super) const IPIP: u8 = 4;
    pub(super) const UDP: u8 = 17;
    pub(super) const GRE: u8 = 47;
}

/// UDP ports (IANA).
mod port {
    pub(super) const GTP_CONTROL: u16 = 2123;
    pub(super) const GTP_USER: u16 = 2152;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    pub(super) const GENEVE: u16 = 6081;
}

const UDP_HEADER: usize = 8;

/// The UDP ports of those tunnels that are often at another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpPorts {
    /// VXLAN-GPE's.
    pub vxlan_gpe: u16,
    /// GENEVE's.
    pub geneve: u16,
}

impl Default for UdpPorts {
    fn default() -> Self {
        Self { vxlan_gpe: port::VXLAN_GPE, geneve: port::GENEVE }
    }
}

/// Looks for a tunnel in what an IP packet of this protocol number carries.
#[inline]
pub fn find(number: u8, payload: &[u8], ports: UdpPorts) -> Option<Header> {
    match number {
        protocol::UDP => {
            let ([a, b, c, d], rest) = payload.split_first_chunk::<4>()?;
            let [src, dst] = [[*a, *b], [*c, *d]].map(u16::from_be_bytes);
            // Length and checksum are between the ports and the tunnel's header.
            by_ports(src, dst, rest.get(4..)?, ports)
        }
        protocol::GRE => gre(payload),
        protocol::IPIP => {
            let inside = Inside::Packet(by_version(*payload.first()?)?);
            Some(Header { tunnel: Tunnel::Ipip, len: 0, inside })
        }
        _ => None,
    }
}

/// A tunnel over UDP; `bytes` are those behind the UDP header.
fn by_ports(src: u16, dst: u16, bytes: &[u8], ports: UdpPorts) -> Option<Header> {
    let (tunnel, len, inside) = match (src, dst) {
        (port::GTP_CONTROL, _) | (_, port::GTP_CONTROL | port::GTP_USER) => gtp(bytes)?,
        (_, dst) if dst == ports.vxlan_gpe => vxlan_gpe(bytes)?,
        (_, port::VXLAN) => (Tunnel::Vxlan, bytes.first_chunk::<8>()?.len(), Inside::Frame),
        (_, dst) if dst == ports.geneve => geneve(bytes)?,
        _ => return None,
    };
    Some(Header { tunnel, len: UDP_HEADER + len, inside })
}

fn gtp(bytes: &[u8]) -> Option<(Tunnel, usize, Inside)> {
    const OPTIONAL_FIELDS: u8 = 0x07;
    const DATA: u8 = 0xff;
    let header = bytes.first_chunk::<8>()?;
    let len = if header[0] & OPTIONAL_FIELDS == 0 { 8 } else { 12 };
    let inside = match header[1] {
        DATA => by_version(*bytes.get(len)?).map_or(Inside::Control, Inside::Packet),
        _ => Inside::Control,
    };
    Some((Tunnel::Gtp, len, inside))
}

fn vxlan_gpe(bytes: &[u8]) -> Option<(Tunnel, usize, Inside)> {
    let [_, _, _, next_protocol, _, _, _, _] = bytes.first_chunk::<8>()?;
    let inside = match next_protocol {
        0 | 1 => Inside::Packet(EtherType::IPV4),
        2 => Inside::Packet(EtherType::IPV6),
        3 => Inside::Frame,
        _ => return None,
    };
    Some((Tunnel::VxlanGpe, 8, inside))
}

fn geneve(bytes: &[u8]) -> Option<(Tunnel, usize, Inside)> {
    const OPTIONS_LEN: u8 = 0x3f;
    let [first, _, high, low, _, _, _, _] = bytes.first_chunk::<8>()?;
    let inside = match EtherType(u16::from_be_bytes([*high, *low])) {
        EtherType(0) => Inside::Packet(EtherType::IPV4),
        ethertype => by_ethertype(ethertype)?,
    };
    Some((Tunnel::Geneve, 8 + usize::from(first & OPTIONS_LEN) * 4, inside))
}

fn gre(bytes: &[u8]) -> Option<Header> {
    /// Checksum, key and sequence number: four bytes more for each.
    const OPTIONAL_FIELDS: u8 = 0b1011_0000;
    let [flags, _, high, low] = bytes.first_chunk::<4>()?;
    let inside = by_ethertype(EtherType(u16::from_be_bytes([*high, *low])))?;
    let len = 4 + 4 * (flags & OPTIONAL_FIELDS).count_ones() as usize;
    Some(Header { tunnel: Tunnel::Gre, len, inside })
}

fn by_ethertype(ethertype: EtherType) -> Option<Inside> {
    match ethertype {
        EtherType::IPV4 | EtherType::IPV6 => Some(Inside::Packet(ethertype)),
        EtherType::BRIDGED => Some(Inside::Frame),
        _ => None,
    }
}

/// What a packet is by the version in its first byte.
fn by_version(first: u8) -> Option<EtherType> {
    match first >> 4 {
        4 => Some(EtherType::IPV4),
        6 => Some(EtherType::IPV6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V4: Inside = Inside::Packet(EtherType::IPV4);
    const V6: Inside = Inside::Packet(EtherType::IPV6);

    fn over_udp(dst: u16, behind: &[u8]) -> Vec<u8> {
        let [high, low] = dst.to_be_bytes();
        [&[0x12, 0x34, high, low, 0, 0, 0, 0], behind].concat()
    }

    fn udp(dst: u16, behind: &[u8]) -> Option<(Tunnel, usize, Inside)> {
        let header = find(protocol::UDP, &over_udp(dst, behind), UdpPorts::default())?;
        Some((header.tunnel, header.len, header.inside))
    }

    #[test]
    fn each_tunnel_over_udp_is_found_by_its_port() {
        assert_eq!(udp(4789, &[8, 0, 0, 0, 0, 0, 1, 0]), Some((Tunnel::Vxlan, 16, Inside::Frame)));
        for (next, inside) in [(0, V4), (1, V4), (2, V6), (3, Inside::Frame)] {
            let found = udp(4790, &[0x0c, 0, 0, next, 0, 0, 1, 0]);
            assert_eq!(found, Some((Tunnel::VxlanGpe, 16, inside)));
        }
        assert_eq!(udp(4790, &[0x0c, 0, 0, 9, 0, 0, 1, 0]), None);
        let geneve = |options, high, low| udp(6081, &[options, 0, high, low, 0, 0, 1, 0]);
        assert_eq!(geneve(0, 0x65, 0x58), Some((Tunnel::Geneve, 16, Inside::Frame)));
        assert_eq!(geneve(3, 0x86, 0xdd), Some((Tunnel::Geneve, 28, V6)));
        assert_eq!(geneve(0, 0, 0), Some((Tunnel::Geneve, 16, V4)));
        assert_eq!(geneve(0, 0x08, 0x06), None);
        let gtp = |flags, message, behind: &[u8]| {
            udp(2152, &[&[flags, message, 0, 0, 0, 0, 0, 1], behind].concat())
        };
        assert_eq!(gtp(0x30, 0xff, &[0x45]), Some((Tunnel::Gtp, 16, V4)));
        assert_eq!(gtp(0x34, 0xff, &[0, 0, 0, 0, 0x60]), Some((Tunnel::Gtp, 20, V6)));
        assert_eq!(gtp(0x30, 0x01, &[0x45]), Some((Tunnel::Gtp, 16, Inside::Control)));
        assert_eq!(udp(53, &[0; 16]), None);
    }

    #[test]
    fn vxlan_gpe_and_geneve_may_be_at_other_ports() {
        let ports = UdpPorts { vxlan_gpe: 250, geneve: 251 };
        let tunnel = |dst| find(protocol::UDP, &over_udp(dst, &[0; 8]), ports).map(|it| it.tunnel);
        assert_eq!([250, 251].map(tunnel), [Some(Tunnel::VxlanGpe), Some(Tunnel::Geneve)]);
        assert_eq!([4790, 6081].map(tunnel), [None, None]);
    }

    #[test]
    fn gre_grows_with_its_flags() {
        for (flags, len) in [(0x00, 4), (0x20, 8), (0x30, 12), (0xb0, 16), (0x40, 4)] {
            let found = find(protocol::GRE, &[flags, 0, 0x65, 0x58], UdpPorts::default());
            assert_eq!(found, Some(Header { tunnel: Tunnel::Gre, len, inside: Inside::Frame }));
        }
        assert_eq!(find(protocol::GRE, &[0, 0, 0x08, 0x06], UdpPorts::default()), None);
    }

    #[test]
    fn ip_in_ip_is_what_its_version_says() {
        let inside =
            |first| find(protocol::IPIP, &[first], UdpPorts::default()).map(|header| header.inside);
        assert_eq!((inside(0x45), inside(0x60), inside(0x50)), (Some(V4), Some(V6), None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_panic(
            number in prop::sample::select(vec![4, 6, 17, 47]),
            dst in prop::sample::select(vec![2123, 2152, 4789, 4790, 6081, 1]),
            behind in prop::collection::vec(any::<u8>(), 0..40),
            cut in 0usize..48,
        ) {
            let mut bytes = over_udp(dst, &behind);
            bytes.truncate(cut);
            if let Some(header) = find(number, &bytes, UdpPorts::default()) {
                prop_assert!(header.len <= 16 + 4 * 63);
                prop_assert!(number != 6);
            }
        }
    }
}
