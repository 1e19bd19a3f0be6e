//! Ethernet, its tags and labels, and ARP.

use super::Stack;
use crate::traffic::packet::error::BuildError;
use crate::traffic::packet::image::NO_SUM;
use crate::traffic::spec::{Arp, Ethernet, Layer, Mpls, Tag};
use crate::wire::ethernet::EtherType;

impl Stack<'_> {
    pub(super) fn ethernet(&mut self, ethernet: &Ethernet) -> Result<(), BuildError> {
        self.put("dst", 0, 48, &ethernet.dst, [NO_SUM; 2])?;
        self.put("src", 48, 48, &ethernet.src, [NO_SUM; 2])?;
        self.ethertype(96, ethernet.ethertype.as_ref())
    }

    pub(super) fn tag(&mut self, tag: &Tag) -> Result<(), BuildError> {
        self.put("priority", 0, 3, &tag.priority, [NO_SUM; 2])?;
        self.fixed("drop_eligible", 3, 1, tag.drop_eligible.into())?;
        self.put("id", 4, 12, &tag.id, [NO_SUM; 2])?;
        self.ethertype(16, None)
    }

    pub(super) fn mpls(&mut self, mpls: &Mpls) -> Result<(), BuildError> {
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

    pub(super) fn arp(&mut self, arp: &Arp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        // Ethernet, IPv4, and the lengths of their addresses.
        for (bit, bits, number) in
            [(0, 16, 1), (16, 16, EtherType::IPV4.0.into()), (32, 8, 6), (40, 8, 4)]
        {
            self.fixed("format", bit, bits, number)?;
        }
        self.put("operation", 48, 16, &arp.operation, [NO_SUM; 2])?;
        self.put("sender_mac", 64, 48, &arp.sender_mac, [NO_SUM; 2])?;
        self.put("sender_ip", 112, 32, &arp.sender_ip, [NO_SUM; 2])?;
        self.put("target_mac", 144, 48, &arp.target_mac, [NO_SUM; 2])?;
        self.put("target_ip", 192, 32, &arp.target_ip, [NO_SUM; 2])
    }
}
