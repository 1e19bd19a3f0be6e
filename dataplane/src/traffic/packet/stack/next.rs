//! What stands behind a header: how the header calls it, and whether it can.

use super::Stack;
use super::transport::ICMPV6;
use crate::traffic::packet::error::BuildError;
use crate::traffic::packet::image::NO_SUM;
use crate::traffic::spec::{Field, Layer};
use crate::wire::ethernet::EtherType;
use crate::wire::transport::Transport;

/// What Ethernet carries if no header follows: IEEE 802's first local experimental EtherType.
const EXPERIMENTAL_ETHERTYPE: u16 = 0x88b5;
/// What IP carries if no header follows (RFC 3692).
const EXPERIMENTAL_PROTOCOL: u8 = 253;

impl Stack<'_> {
    /// Writes the EtherType of what follows, or the one that was asked for.
    pub(super) fn ethertype(
        &mut self,
        bit: usize,
        asked: Option<&Field<u16>>,
    ) -> Result<(), BuildError> {
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
    pub(super) fn protocol(&self, is_v6: bool) -> Result<u8, BuildError> {
        Ok(match self.next {
            None => EXPERIMENTAL_PROTOCOL,
            Some(Layer::Udp(_)) => Transport::Udp.protocol(),
            Some(Layer::Tcp(_)) => Transport::Tcp.protocol(),
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

    pub(super) fn nothing_behind(&self) -> Result<(), BuildError> {
        self.next.map_or(Ok(()), |next| self.wrong(next, "it is the last header"))
    }

    pub(super) fn nothing(&self, mend: &'static str) -> BuildError {
        BuildError::Order { before: self.layer, layer: "nothing", mend }
    }

    pub(super) fn wrong<T>(&self, next: &Layer, mend: &'static str) -> Result<T, BuildError> {
        Err(BuildError::Order { before: self.layer, layer: next.name(), mend })
    }
}
