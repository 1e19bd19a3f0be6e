//! The headers of a packet, and their fields.
//!
//! What follows from other headers (lengths, checksums, what the next header is) is computed; a field for what the next
//! header is can be given to send what no stack would.

use super::field::Field;
use crate::wire::ethernet::MacAddr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Ethernet II.
    Ethernet(Ethernet),
    /// A customer's VLAN tag (802.1Q).
    Vlan(Tag),
    /// A provider's VLAN tag (802.1ad), which stands before the customer's.
    Qinq(Tag),
    /// An MPLS label (RFC 3032).
    Mpls(Mpls),
    /// ARP (RFC 826).
    Arp(Arp),
    /// IPv4 (RFC 791).
    Ipv4(Ipv4),
    /// IPv6 (RFC 8200).
    Ipv6(Ipv6),
    /// UDP (RFC 768).
    Udp(Udp),
    /// TCP (RFC 9293).
    Tcp(Tcp),
    /// ICMP (RFC 792), or ICMPv6 (RFC 4443) behind IPv6.
    Icmp(Icmp),
    /// GRE (RFC 2784, RFC 2890).
    Gre(Gre),
    /// VXLAN (RFC 7348).
    Vxlan(Vxlan),
    /// GTP-U (3GPP TS 29.281).
    Gtpu(Gtpu),
}

impl Layer {
    /// Its name, as a specification has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ethernet(_) => "ethernet",
            Self::Vlan(_) => "vlan",
            Self::Qinq(_) => "qinq",
            Self::Mpls(_) => "mpls",
            Self::Arp(_) => "arp",
            Self::Ipv4(_) => "ipv4",
            Self::Ipv6(_) => "ipv6",
            Self::Udp(_) => "udp",
            Self::Tcp(_) => "tcp",
            Self::Icmp(_) => "icmp",
            Self::Gre(_) => "gre",
            Self::Vxlan(_) => "vxlan",
            Self::Gtpu(_) => "gtpu",
        }
    }
}

/// Ethernet's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ethernet {
    /// Source address.
    pub src: Field<MacAddr>,
    /// Destination address.
    pub dst: Field<MacAddr>,
    /// EtherType; the next header's unless given.
    pub ethertype: Option<Field<u16>>,
}

/// Locally administered addresses.
impl Default for Ethernet {
    fn default() -> Self {
        Self {
            src: MacAddr([0x02, 0, 0, 0, 0, 0x01]).into(),
            dst: MacAddr([0x02, 0, 0, 0, 0, 0x02]).into(),
            ethertype: None,
        }
    }
}

/// A VLAN tag's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tag {
    /// VLAN number, 12 bits.
    pub id: Field<u16>,
    /// Priority, 3 bits.
    pub priority: Field<u8>,
    /// Whether it may be dropped first.
    pub drop_eligible: bool,
}

impl Default for Tag {
    fn default() -> Self {
        Self { id: 1.into(), priority: 0.into(), drop_eligible: false }
    }
}

/// An MPLS label's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mpls {
    /// Label, 20 bits.
    pub label: Field<u32>,
    /// Traffic class, 3 bits.
    pub traffic_class: Field<u8>,
    /// Time to live.
    pub ttl: Field<u8>,
}

impl Default for Mpls {
    fn default() -> Self {
        Self { label: 16.into(), traffic_class: 0.into(), ttl: 64.into() }
    }
}

/// ARP's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Arp {
    /// 1 asks, 2 answers.
    pub operation: Field<u16>,
    /// Who says this.
    pub sender_mac: Field<MacAddr>,
    /// Who says this.
    pub sender_ip: Field<Ipv4Addr>,
    /// Who is meant.
    pub target_mac: Field<MacAddr>,
    /// Who is meant.
    pub target_ip: Field<Ipv4Addr>,
}

impl Default for Arp {
    fn default() -> Self {
        Self {
            operation: 1.into(),
            sender_mac: MacAddr([0x02, 0, 0, 0, 0, 0x01]).into(),
            sender_ip: Ipv4Addr::new(198, 18, 0, 1).into(),
            target_mac: MacAddr([0; 6]).into(),
            target_ip: Ipv4Addr::new(198, 19, 0, 1).into(),
        }
    }
}

/// IPv4's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ipv4 {
    /// Source address.
    pub src: Field<Ipv4Addr>,
    /// Destination address.
    pub dst: Field<Ipv4Addr>,
    /// Time to live.
    pub ttl: Field<u8>,
    /// Differentiated services code point, 6 bits.
    pub dscp: Field<u8>,
    /// Explicit congestion notification, 2 bits.
    pub ecn: Field<u8>,
    /// Identification.
    pub id: Field<u16>,
    /// Whether routers may not fragment it.
    pub dont_fragment: bool,
    /// Protocol number; the next header's unless given.
    pub protocol: Option<Field<u8>>,
}

/// Benchmarking addresses (RFC 2544, appendix C.2.2).
impl Default for Ipv4 {
    fn default() -> Self {
        Self {
            src: Ipv4Addr::new(198, 18, 0, 1).into(),
            dst: Ipv4Addr::new(198, 19, 0, 1).into(),
            ttl: 64.into(),
            dscp: 0.into(),
            ecn: 0.into(),
            id: 0.into(),
            dont_fragment: false,
            protocol: None,
        }
    }
}

/// IPv6's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ipv6 {
    /// Source address. Of addresses that are counted or drawn, the last 64 bits change.
    pub src: Field<Ipv6Addr>,
    /// Destination address.
    pub dst: Field<Ipv6Addr>,
    /// Hop limit.
    pub hop_limit: Field<u8>,
    /// Differentiated services code point, 6 bits.
    pub dscp: Field<u8>,
    /// Explicit congestion notification, 2 bits.
    pub ecn: Field<u8>,
    /// Flow label, 20 bits.
    pub flow_label: Field<u32>,
    /// Next header; that of the next layer unless given.
    pub next_header: Option<Field<u8>>,
}

/// Benchmarking addresses (RFC 5180 §8).
impl Default for Ipv6 {
    fn default() -> Self {
        Self {
            src: Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 1).into(),
            dst: Ipv6Addr::new(0x2001, 2, 0, 0x8000, 0, 0, 0, 1).into(),
            hop_limit: 64.into(),
            dscp: 0.into(),
            ecn: 0.into(),
            flow_label: 0.into(),
            next_header: None,
        }
    }
}

/// UDP's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Udp {
    /// Source port.
    pub src: Field<u16>,
    /// Destination port; that of VXLAN or GTP-U before these, the discard port otherwise.
    pub dst: Option<Field<u16>>,
    /// Whether it has a checksum; before VXLAN and GTP-U it never has.
    pub checksum: bool,
}

/// The benchmarking source port (RFC 2544, appendix C.2.6.4).
impl Default for Udp {
    fn default() -> Self {
        Self { src: 0xc020.into(), dst: None, checksum: true }
    }
}

/// TCP's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tcp {
    /// Source port.
    pub src: Field<u16>,
    /// Destination port.
    pub dst: Field<u16>,
    /// Sequence number.
    pub sequence: Field<u32>,
    /// Acknowledgment number.
    pub acknowledgment: Field<u32>,
    /// The eight flags, FIN the lowest: 0x02 is SYN, 0x10 is ACK.
    pub flags: Field<u8>,
    /// Window.
    pub window: Field<u16>,
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            src: 0xc020.into(),
            dst: 9.into(),
            sequence: 0.into(),
            acknowledgment: 0.into(),
            flags: 0x10.into(),
            window: 0xffff.into(),
        }
    }
}

/// ICMP's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Icmp {
    /// Type; echo request unless given.
    pub kind: Option<Field<u8>>,
    /// Code.
    pub code: Field<u8>,
    /// Identifier of an echo.
    pub id: Field<u16>,
    /// Sequence number of an echo.
    pub sequence: Field<u16>,
}

impl Default for Icmp {
    fn default() -> Self {
        Self { kind: None, code: 0.into(), id: 0.into(), sequence: 0.into() }
    }
}

/// GRE's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gre {
    /// The key, if it has one.
    pub key: Option<Field<u32>>,
    /// EtherType of what it carries; the next header's unless given.
    pub protocol: Option<Field<u16>>,
}

/// VXLAN's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vxlan {
    /// VXLAN network identifier, 24 bits.
    pub vni: Field<u32>,
}

impl Default for Vxlan {
    fn default() -> Self {
        Self { vni: 1.into() }
    }
}

/// GTP-U's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gtpu {
    /// Tunnel endpoint identifier.
    pub teid: Field<u32>,
}

impl Default for Gtpu {
    fn default() -> Self {
        Self { teid: 1.into() }
    }
}
