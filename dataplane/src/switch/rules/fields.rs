//! The fields of a match by name.

use super::super::key::{FRAGMENT, Field, LATER, TAGGED};
use super::values::Given;
use super::{Match, RuleError};
use crate::wire::ethernet::EtherType;

pub(super) const IPV4: u128 = EtherType::IPV4.0 as u128;
pub(super) const IPV6: u128 = EtherType::IPV6.0 as u128;
pub(super) const ARP: u128 = EtherType::ARP.0 as u128;
pub(super) const RARP: u128 = EtherType::RARP.0 as u128;
pub(super) const ICMP: u128 = 1;
pub(super) const TCP: u128 = 6;
pub(super) const UDP: u128 = 17;
pub(super) const ICMP6: u128 = 58;
pub(super) const SCTP: u128 = 132;

/// Words that stand for a type of packets: `dl_type` and, behind it, `nw_proto`.
pub(super) const SHORTHANDS: [(&str, u128, Option<u128>); 14] = [
    ("ip", IPV4, None),
    ("arp", ARP, None),
    ("rarp", RARP, None),
    ("ipv6", IPV6, None),
    ("mpls", 0x8847, None),
    ("mplsm", 0x8848, None),
    ("icmp", IPV4, Some(ICMP)),
    ("tcp", IPV4, Some(TCP)),
    ("udp", IPV4, Some(UDP)),
    ("sctp", IPV4, Some(SCTP)),
    ("icmp6", IPV6, Some(ICMP6)),
    ("tcp6", IPV6, Some(TCP)),
    ("udp6", IPV6, Some(UDP)),
    ("sctp6", IPV6, Some(SCTP)),
];

/// Which packets have a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    All,
    Ip,
    Ipv4,
    Ipv6,
    Arp,
    /// Protocols that tell themselves apart by number: IP's, and ARP's operations.
    Network,
    Ports,
    Icmp,
}

/// How a value is read.
enum Kind {
    Number,
    Mac,
    Ipv4,
    Ipv6,
    /// By a function of its own: value and mask.
    Own(fn(Given<'_>) -> Result<(u128, u128), RuleError>),
}

/// A field as rules write it.
struct Named {
    names: &'static [&'static str],
    field: Field,
    of: Of,
    kind: Kind,
}

const fn named(names: &'static [&'static str], field: Field, of: Of, kind: Kind) -> Named {
    Named { names, field, of, kind }
}

const FIELDS: [Named; 24] = [
    named(&["in_port"], Field::InPort, Of::All, Kind::Own(exact::<0xffff>)),
    named(&["dl_src", "eth_src"], Field::DlSrc, Of::All, Kind::Mac),
    named(&["dl_dst", "eth_dst"], Field::DlDst, Of::All, Kind::Mac),
    named(&["dl_type", "eth_type"], Field::DlType, Of::All, Kind::Own(exact::<0xffff>)),
    named(&["dl_vlan", "vlan_vid"], Field::VlanTci, Of::All, Kind::Own(vlan)),
    named(&["dl_vlan_pcp", "vlan_pcp"], Field::VlanTci, Of::All, Kind::Own(priority)),
    named(&["vlan_tci"], Field::VlanTci, Of::All, Kind::Number),
    named(&["nw_src", "ip_src"], Field::NwSrc, Of::Ipv4, Kind::Ipv4),
    named(&["nw_dst", "ip_dst"], Field::NwDst, Of::Ipv4, Kind::Ipv4),
    named(&["nw_proto", "ip_proto"], Field::NwProto, Of::Network, Kind::Own(exact::<0xff>)),
    named(&["nw_tos"], Field::NwTos, Of::Ip, Kind::Own(tos)),
    named(&["nw_ttl"], Field::NwTtl, Of::Ip, Kind::Own(exact::<0xff>)),
    named(&["ip_frag", "nw_frag"], Field::IpFrag, Of::Ip, Kind::Own(fragment)),
    named(&["tp_src", "tcp_src", "udp_src", "sctp_src"], Field::TpSrc, Of::Ports, Kind::Number),
    named(&["tp_dst", "tcp_dst", "udp_dst", "sctp_dst"], Field::TpDst, Of::Ports, Kind::Number),
    named(&["icmp_type", "icmpv6_type"], Field::TpSrc, Of::Icmp, Kind::Own(octet)),
    named(&["icmp_code", "icmpv6_code"], Field::TpDst, Of::Icmp, Kind::Own(octet)),
    named(&["arp_op"], Field::NwProto, Of::Arp, Kind::Own(exact::<0xff>)),
    named(&["arp_spa"], Field::NwSrc, Of::Arp, Kind::Ipv4),
    named(&["arp_tpa"], Field::NwDst, Of::Arp, Kind::Ipv4),
    named(&["arp_sha"], Field::ArpSha, Of::Arp, Kind::Mac),
    named(&["arp_tha"], Field::ArpTha, Of::Arp, Kind::Mac),
    named(&["ipv6_src"], Field::Ipv6Src, Of::Ipv6, Kind::Ipv6),
    named(&["ipv6_dst"], Field::Ipv6Dst, Of::Ipv6, Kind::Ipv6),
];

/// Fields of OVS that are not matched here, and why.
const REFUSED: [(&str, &str); 5] = [
    ("tun_id", "packets are seen as they are on the wire, not within tunnels"),
    ("metadata", "there is one table, and nothing is carried from rule to rule"),
    ("ct_state", "connections are not tracked"),
    ("tcp_flags", "a rule looks at addresses, protocols and ports only"),
    ("nd_target", "a rule looks at addresses, protocols and ports only"),
];

impl Match {
    /// Asks what the field `name` says, and returns whether there is such a field.
    pub(super) fn ask_named(&mut self, name: &str, value: Option<&str>) -> Result<bool, RuleError> {
        if let Some((_, dl_type, nw_proto)) = SHORTHANDS.iter().find(|(word, ..)| *word == name) {
            let fits = value.is_none()
                && self.ask(Field::DlType, *dl_type, Field::DlType.ones())
                && nw_proto
                    .is_none_or(|proto| self.ask(Field::NwProto, proto, Field::NwProto.ones()));
            return if fits { Ok(true) } else { Err(RuleError::Twice(name.to_owned())) };
        }
        let Some(named) = FIELDS.iter().find(|named| named.names.contains(&name)) else {
            return match REFUSED.iter().find(|(word, _)| *word == name) {
                Some((_, why)) => Err(RuleError::Refused { word: name.to_owned(), why }),
                None => Ok(false),
            };
        };
        let given = Given { field: name, value: value.unwrap_or_default() };
        let (value, mask) = match named.kind {
            Kind::Number => given.masked_number(named.field.ones())?,
            Kind::Mac => given.masked_mac()?,
            Kind::Ipv4 => given.masked_ipv4()?,
            Kind::Ipv6 => given.masked_ipv6()?,
            Kind::Own(read) => read(given)?,
        };
        if !self.ask(named.field, value, mask) {
            return Err(RuleError::Twice(name.to_owned()));
        }
        Ok(true)
    }

    /// Refuses a field `name` that the packets which the rest of the match is for do not all have.
    pub(super) fn check_prerequisite(&self, name: &str) -> Result<(), RuleError> {
        let Some(named) = FIELDS.iter().find(|named| named.names.contains(&name)) else {
            return Ok(());
        };
        let (dl_type, proto) = (self.exact(Field::DlType), self.exact(Field::NwProto));
        let ip = matches!(dl_type, Some(IPV4 | IPV6));
        let arp = matches!(dl_type, Some(ARP | RARP));
        let (has, of, add) = match named.of {
            Of::All => return Ok(()),
            Of::Ip => (ip, "IP", "ip or ipv6"),
            Of::Network => (ip || arp, "IP and ARP", "ip, ipv6 or arp"),
            Of::Ipv4 => (dl_type == Some(IPV4) || arp, "IPv4 and ARP", "ip or arp"),
            Of::Ipv6 => (dl_type == Some(IPV6), "IPv6", "ipv6"),
            Of::Arp => (arp, "ARP", "arp"),
            Of::Ports => {
                (ip && matches!(proto, Some(TCP | UDP | SCTP)), "TCP, UDP and SCTP", "tcp or udp")
            }
            Of::Icmp => {
                let icmp = dl_type == Some(IPV4) && proto == Some(ICMP);
                let icmp6 = dl_type == Some(IPV6) && proto == Some(ICMP6);
                (icmp || icmp6, "ICMP", "icmp or icmp6")
            }
        };
        if !has {
            return Err(RuleError::Prerequisite { field: name.to_owned(), of, add });
        }
        let later =
            self.asked(Field::IpFrag).is_some_and(|(value, _)| value & u128::from(LATER) != 0);
        if later && matches!(named.of, Of::Ports | Of::Icmp) {
            return Err(RuleError::LaterFragment(name.to_owned()));
        }
        Ok(())
    }
}

/// A number that is asked for as a whole.
fn exact<const MOST: u64>(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    Ok((given.number(MOST)?.into(), MOST.into()))
}

/// ICMP's type or code, in the place of a port.
fn octet(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    Ok((given.number(0xff)?.into(), Field::TpSrc.ones()))
}

/// A VLAN's number, or 0xffff for packets without a tag (OpenFlow 1.0 §3.4, OFP_VLAN_NONE).
fn vlan(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    match given.number(0xffff)? {
        0xffff => Ok((0, Field::VlanTci.ones())),
        vid if vid < 4096 => Ok((u128::from(vid) | u128::from(TAGGED), 0x1fff)),
        _ => Err(given.bad("give a VLAN from 0 to 4095, or 0xffff for packets without a tag")),
    }
}

fn priority(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    Ok((u128::from(given.number(7)? << 13) | u128::from(TAGGED), 0xf000))
}

/// The upper six bits of the type of service; OpenFlow leaves the congestion bits out.
fn tos(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    match given.number(255)? {
        tos if tos & 3 == 0 => Ok((tos.into(), 0xfc)),
        _ => {
            Err(given.bad("the lower two bits are for congestion: give a multiple of 4 up to 252"))
        }
    }
}

fn fragment(given: Given<'_>) -> Result<(u128, u128), RuleError> {
    let (value, mask) = match given.value {
        "no" => (0, FRAGMENT | LATER),
        "yes" => (FRAGMENT, FRAGMENT),
        "first" => (FRAGMENT, FRAGMENT | LATER),
        "later" => (LATER, LATER),
        "not_later" => (0, LATER),
        _ => return Err(given.bad("give no, yes, first, later or not_later")),
    };
    Ok((value.into(), mask.into()))
}
