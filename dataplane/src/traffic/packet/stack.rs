//! From headers to a packet's image.

use super::error::BuildError;
use super::field::{Place, Value, put, put_fixed};
use super::image::{Covered, Image, Length, NO_SUM};
use crate::traffic::spec::{
    Arp, Ethernet, Field, Gre, Gtpu, Icmp, Ipv4, Ipv6, Layer, Mpls, Tag, Tcp, Udp, Vxlan,
};
use crate::wire::ethernet::EtherType;
use std::ops::Range;

/// What Ethernet carries if no header follows: IEEE 802's first local experimental EtherType.
const EXPERIMENTAL_ETHERTYPE: u16 = 0x88b5;
/// What IP carries if no header follows (RFC 3692).
const EXPERIMENTAL_PROTOCOL: u8 = 253;
const VXLAN_PORT: u16 = 4789;
const GTPU_PORT: u16 = 2152;
const DISCARD_PORT: u16 = 9;
const ICMPV6: u8 = 58;

/// A header's bytes.
pub(super) fn header_bytes(layer: &Layer) -> usize {
    match layer {
        Layer::Ethernet(_) => 14,
        Layer::Vlan(_) | Layer::Qinq(_) | Layer::Mpls(_) => 4,
        Layer::Arp(_) => 28,
        Layer::Ipv4(_) | Layer::Tcp(_) => 20,
        Layer::Ipv6(_) => 40,
        Layer::Udp(_) | Layer::Icmp(_) | Layer::Vxlan(_) | Layer::Gtpu(_) => 8,
        Layer::Gre(Gre { key, .. }) => 4 + 4 * usize::from(key.is_some()),
    }
}

/// Writes the headers into an image of `bytes`.
pub(super) fn build(layers: &[Layer], bytes: usize) -> Result<Image, BuildError> {
    let mut stack = Stack { image: Image::new(bytes), at: 0, ip: None, layer: "", next: None };
    let first = layers.first();
    if !matches!(first, Some(Layer::Ethernet(_))) {
        return Err(BuildError::Order {
            before: "the wire",
            layer: first.map_or("nothing", Layer::name),
            mend: "begin with ethernet",
        });
    }
    for (place, layer) in layers.iter().enumerate() {
        stack.layer = layer.name();
        stack.next = layers.get(place + 1);
        stack.put_layer(layer)?;
        stack.at += header_bytes(layer);
    }
    Ok(stack.image)
}

/// The image and how far it is.
struct Stack<'a> {
    image: Image,
    /// Where the header that is being written begins.
    at: usize,
    /// The IP header before it.
    ip: Option<Ip>,
    /// The header's name.
    layer: &'static str,
    /// The header behind it.
    next: Option<&'a Layer>,
}

/// What a transport needs of the IP header before it.
#[derive(Clone)]
struct Ip {
    addresses: Range<usize>,
    /// The edits of the addresses.
    edits: Range<usize>,
    is_v6: bool,
}

impl Stack<'_> {
    fn put_layer(&mut self, layer: &Layer) -> Result<(), BuildError> {
        match layer {
            Layer::Ethernet(ethernet) => self.ethernet(ethernet),
            Layer::Vlan(tag) | Layer::Qinq(tag) => self.tag(tag),
            Layer::Mpls(mpls) => self.mpls(mpls),
            Layer::Arp(arp) => self.arp(arp),
            Layer::Ipv4(ipv4) => self.ipv4(ipv4),
            Layer::Ipv6(ipv6) => self.ipv6(ipv6),
            Layer::Udp(udp) => self.udp(udp),
            Layer::Tcp(tcp) => self.tcp(tcp),
            Layer::Icmp(icmp) => self.icmp(icmp),
            Layer::Gre(gre) => self.gre(gre),
            Layer::Vxlan(vxlan) => self.vxlan(vxlan),
            Layer::Gtpu(gtpu) => self.gtpu(gtpu),
        }
    }

    fn ethernet(&mut self, ethernet: &Ethernet) -> Result<(), BuildError> {
        self.put("dst", 0, 48, &ethernet.dst, [NO_SUM; 2])?;
        self.put("src", 48, 48, &ethernet.src, [NO_SUM; 2])?;
        self.ethertype(96, ethernet.ethertype.as_ref())
    }

    fn tag(&mut self, tag: &Tag) -> Result<(), BuildError> {
        self.put("priority", 0, 3, &tag.priority, [NO_SUM; 2])?;
        self.fixed("drop_eligible", 3, 1, tag.drop_eligible.into())?;
        self.put("id", 4, 12, &tag.id, [NO_SUM; 2])?;
        self.ethertype(16, None)
    }

    fn mpls(&mut self, mpls: &Mpls) -> Result<(), BuildError> {
        let is_last = match self.next {
            Some(Layer::Mpls(_)) => false,
            None | Some(Layer::Ipv4(_) | Layer::Ipv6(_)) => true,
            Some(next) => return self.wrong(next, "mpls, ipv4 or ipv6 stand behind it"),
        };
        self.put("label", 0, 20, &mpls.label, [NO_SUM; 2])?;
        self.put("traffic_class", 20, 3, &mpls.traffic_class, [NO_SUM; 2])?;
        self.fixed("bottom of stack", 23, 1, is_last.into())?;
        self.put("ttl", 24, 8, &mpls.ttl, [NO_SUM; 2])
    }

    fn arp(&mut self, arp: &Arp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        // Ethernet, IPv4, and the lengths of their addresses.
        for (bit, bits, number) in [(0, 16, 1), (16, 16, 0x0800), (32, 8, 6), (40, 8, 4)] {
            self.fixed("format", bit, bits, number)?;
        }
        self.put("operation", 48, 16, &arp.operation, [NO_SUM; 2])?;
        self.put("sender_mac", 64, 48, &arp.sender_mac, [NO_SUM; 2])?;
        self.put("sender_ip", 112, 32, &arp.sender_ip, [NO_SUM; 2])?;
        self.put("target_mac", 144, 48, &arp.target_mac, [NO_SUM; 2])?;
        self.put("target_ip", 192, 32, &arp.target_ip, [NO_SUM; 2])
    }

    fn ipv4(&mut self, ipv4: &Ipv4) -> Result<(), BuildError> {
        let at = self.at;
        let sum = self.image.cover(Covered {
            at: at + 10,
            bytes: at..at + 20,
            pseudo: None,
            is_udp: false,
        })?;
        let sums = [sum, NO_SUM];
        self.fixed("version", 0, 8, 0x45)?;
        self.put("dscp", 8, 6, &ipv4.dscp, sums)?;
        self.put("ecn", 14, 2, &ipv4.ecn, sums)?;
        self.length(Some(at + 2), at, sums);
        self.put("id", 32, 16, &ipv4.id, sums)?;
        self.fixed("dont_fragment", 49, 1, ipv4.dont_fragment.into())?;
        self.put("ttl", 64, 8, &ipv4.ttl, sums)?;
        match &ipv4.protocol {
            Some(protocol) => self.put("protocol", 72, 8, protocol, sums)?,
            None => self.fixed("protocol", 72, 8, self.protocol(false)?.into())?,
        }
        let before = self.image.edits.len();
        self.put("src", 96, 32, &ipv4.src, sums)?;
        self.put("dst", 128, 32, &ipv4.dst, sums)?;
        let edits = before..self.image.edits.len();
        self.ip = Some(Ip { addresses: at + 12..at + 20, edits, is_v6: false });
        Ok(())
    }

    fn ipv6(&mut self, ipv6: &Ipv6) -> Result<(), BuildError> {
        let at = self.at;
        let sums = [NO_SUM; 2];
        self.fixed("version", 0, 4, 6)?;
        self.put("dscp", 4, 6, &ipv6.dscp, sums)?;
        self.put("ecn", 10, 2, &ipv6.ecn, sums)?;
        self.put("flow_label", 12, 20, &ipv6.flow_label, sums)?;
        self.length(Some(at + 4), at + 40, sums);
        match &ipv6.next_header {
            Some(next) => self.put("next_header", 48, 8, next, sums)?,
            None => self.fixed("next_header", 48, 8, self.protocol(true)?.into())?,
        }
        self.put("hop_limit", 56, 8, &ipv6.hop_limit, sums)?;
        let before = self.image.edits.len();
        self.put("src", 64, 128, &ipv6.src, sums)?;
        self.put("dst", 192, 128, &ipv6.dst, sums)?;
        let edits = before..self.image.edits.len();
        self.ip = Some(Ip { addresses: at + 8..at + 40, edits, is_v6: true });
        Ok(())
    }

    fn udp(&mut self, udp: &Udp) -> Result<(), BuildError> {
        let (port, carries) = match self.next {
            None => (DISCARD_PORT, false),
            Some(Layer::Vxlan(_)) => (VXLAN_PORT, true),
            Some(Layer::Gtpu(_)) => (GTPU_PORT, true),
            Some(next) => return self.wrong(next, "vxlan or gtpu stand behind it"),
        };
        // A tunnel's outer checksum is zero (RFC 7348 §5, RFC 6935 §5): what it would cover has its own.
        let sum = match udp.checksum && !carries {
            true => self.transport_sum(6, 17, true)?,
            false => NO_SUM,
        };
        self.put("src", 0, 16, &udp.src, [sum, NO_SUM])?;
        self.put("dst", 16, 16, udp.dst.as_ref().unwrap_or(&port.into()), [sum, NO_SUM])?;
        self.length(Some(self.at + 4), self.at, [sum; 2]);
        Ok(())
    }

    fn tcp(&mut self, tcp: &Tcp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        let sums = [self.transport_sum(16, 6, false)?, NO_SUM];
        self.put("src", 0, 16, &tcp.src, sums)?;
        self.put("dst", 16, 16, &tcp.dst, sums)?;
        self.put("sequence", 32, 32, &tcp.sequence, sums)?;
        self.put("acknowledgment", 64, 32, &tcp.acknowledgment, sums)?;
        self.fixed("header length", 96, 4, 5)?;
        self.put("flags", 104, 8, &tcp.flags, sums)?;
        self.put("window", 112, 16, &tcp.window, sums)?;
        self.length(None, self.at, sums);
        Ok(())
    }

    fn icmp(&mut self, icmp: &Icmp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        let is_v6 = self.ip.as_ref().is_some_and(|ip| ip.is_v6);
        let (sum, echo_request) = if is_v6 {
            let sum = self.transport_sum(2, ICMPV6, false)?;
            self.length(None, self.at, [sum, NO_SUM]);
            (sum, 128)
        } else {
            let bytes = self.at..self.image.bytes.len();
            let covered = Covered { at: self.at + 2, bytes, pseudo: None, is_udp: false };
            (self.image.cover(covered)?, 8)
        };
        let sums = [sum, NO_SUM];
        self.put("kind", 0, 8, icmp.kind.as_ref().unwrap_or(&echo_request.into()), sums)?;
        self.put("code", 8, 8, &icmp.code, sums)?;
        self.put("id", 32, 16, &icmp.id, sums)?;
        self.put("sequence", 48, 16, &icmp.sequence, sums)
    }

    fn gre(&mut self, gre: &Gre) -> Result<(), BuildError> {
        self.fixed("flags", 0, 16, if gre.key.is_some() { 0x2000 } else { 0 })?;
        self.ethertype(16, gre.protocol.as_ref())?;
        match &gre.key {
            Some(key) => self.put("key", 32, 32, key, [NO_SUM; 2]),
            None => Ok(()),
        }
    }

    fn vxlan(&mut self, vxlan: &Vxlan) -> Result<(), BuildError> {
        match self.next {
            Some(Layer::Ethernet(_)) => {}
            Some(next) => return self.wrong(next, "ethernet stands behind it"),
            None => return Err(self.nothing("ethernet stands behind it")),
        }
        self.fixed("flags", 0, 8, 0x08)?;
        self.put("vni", 32, 24, &vxlan.vni, [NO_SUM; 2])
    }

    fn gtpu(&mut self, gtpu: &Gtpu) -> Result<(), BuildError> {
        match self.next {
            Some(Layer::Ipv4(_) | Layer::Ipv6(_)) => {}
            Some(next) => return self.wrong(next, "ipv4 or ipv6 stand behind it"),
            None => return Err(self.nothing("ipv4 or ipv6 stand behind it")),
        }
        // Version 1, GTP and not GTP', no options; a G-PDU (3GPP TS 29.281 §5.1).
        self.fixed("flags", 0, 8, 0x30)?;
        self.fixed("message type", 8, 8, 255)?;
        self.length(Some(self.at + 2), self.at + 8, [NO_SUM; 2]);
        self.put("teid", 32, 32, &gtpu.teid, [NO_SUM; 2])
    }

    /// Writes a field at a bit of this header.
    fn put<T: Value>(
        &mut self,
        field: &'static str,
        bit: usize,
        bits: u32,
        values: &Field<T>,
        sums: [usize; 2],
    ) -> Result<(), BuildError> {
        let place = Place { layer: self.layer, field, bit: self.at * 8 + bit, bits };
        put(&mut self.image, place, values, sums)
    }

    fn fixed(
        &mut self,
        field: &'static str,
        bit: usize,
        bits: u32,
        number: u128,
    ) -> Result<(), BuildError> {
        let place = Place { layer: self.layer, field, bit: self.at * 8 + bit, bits };
        put_fixed(&mut self.image, place, number)
    }

    /// Has a length kept: the bytes from `from` to the packet's end.
    fn length(&mut self, at: Option<usize>, from: usize, sums: [usize; 2]) {
        // A stack of headers is far shorter than 64 KiB, or no frame would hold it.
        let minus = from as u16;
        self.image.lengths.push(Length { at, minus, sums });
    }

    /// Adds a transport's checksum, `at` bytes into its header; the IP header's addresses count in it too.
    fn transport_sum(
        &mut self,
        at: usize,
        protocol: u8,
        is_udp: bool,
    ) -> Result<usize, BuildError> {
        let Some(ip) = self.ip.clone() else { return Ok(NO_SUM) };
        let sum = self.image.cover(Covered {
            at: self.at + at,
            bytes: self.at..self.image.bytes.len(),
            pseudo: Some((ip.addresses, protocol)),
            is_udp,
        })?;
        self.image.edits[ip.edits].iter_mut().for_each(|edit| edit.sums[1] = sum);
        Ok(sum)
    }

    /// Writes the EtherType of what follows, or the one that was asked for.
    fn ethertype(&mut self, bit: usize, asked: Option<&Field<u16>>) -> Result<(), BuildError> {
        let in_gre = self.layer == "gre";
        let found = match self.next {
            None => EXPERIMENTAL_ETHERTYPE,
            Some(Layer::Vlan(_)) if !in_gre => EtherType::VLAN.0,
            Some(Layer::Qinq(_)) if !in_gre => EtherType::PROVIDER_VLAN.0,
            Some(Layer::Arp(_)) if !in_gre => EtherType::ARP.0,
            Some(Layer::Ethernet(_)) if in_gre => EtherType::BRIDGED.0,
            Some(Layer::Mpls(_)) => 0x8847,
            Some(Layer::Ipv4(_)) => EtherType::IPV4.0,
            Some(Layer::Ipv6(_)) => EtherType::IPV6.0,
            Some(next) if in_gre => {
                return self.wrong(next, "ethernet, mpls, ipv4 or ipv6 stand behind it");
            }
            Some(next) => {
                return self.wrong(next, "vlan, qinq, mpls, arp, ipv4 or ipv6 stand behind it");
            }
        };
        self.put("ethertype", bit, 16, asked.unwrap_or(&found.into()), [NO_SUM; 2])
    }

    /// The protocol number of what follows an IP header.
    fn protocol(&self, is_v6: bool) -> Result<u8, BuildError> {
        Ok(match self.next {
            None => EXPERIMENTAL_PROTOCOL,
            Some(Layer::Udp(_)) => 17,
            Some(Layer::Tcp(_)) => 6,
            Some(Layer::Icmp(_)) => {
                if is_v6 {
                    ICMPV6
                } else {
                    1
                }
            }
            Some(Layer::Gre(_)) => 47,
            Some(Layer::Ipv4(_)) => 4,
            Some(Layer::Ipv6(_)) => 41,
            Some(next) => {
                return self.wrong(next, "udp, tcp, icmp, gre, ipv4 or ipv6 stand behind it");
            }
        })
    }

    fn nothing_behind(&self) -> Result<(), BuildError> {
        self.next.map_or(Ok(()), |next| self.wrong(next, "it is the last header"))
    }

    fn nothing(&self, mend: &'static str) -> BuildError {
        BuildError::Order { before: self.layer, layer: "nothing", mend }
    }

    fn wrong<T>(&self, next: &Layer, mend: &'static str) -> Result<T, BuildError> {
        Err(BuildError::Order { before: self.layer, layer: next.name(), mend })
    }
}
