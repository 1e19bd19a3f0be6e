//! Headers that carry packets: GRE, VXLAN, GTP-U.

use super::Stack;
use crate::traffic::packet::error::BuildError;
use crate::traffic::packet::image::NO_SUM;
use crate::traffic::spec::{Gre, Gtpu, Layer, Vxlan};

impl Stack<'_> {
    pub(super) fn gre(&mut self, gre: &Gre) -> Result<(), BuildError> {
        self.fixed("flags", 0, 16, if gre.key.is_some() { 0x2000 } else { 0 })?;
        self.ethertype(16, gre.protocol.as_ref())?;
        match &gre.key {
            Some(key) => self.put("key", 32, 32, key, [NO_SUM; 2]),
            None => Ok(()),
        }
    }

    pub(super) fn vxlan(&mut self, vxlan: &Vxlan) -> Result<(), BuildError> {
        match self.next {
            Some(Layer::Ethernet(_)) => {}
            Some(next) => return self.wrong(next, "ethernet stands behind it"),
            None => return Err(self.nothing("ethernet stands behind it")),
        }
        self.fixed("flags", 0, 8, 0x08)?;
        self.put("vni", 32, 24, &vxlan.vni, [NO_SUM; 2])
    }

    pub(super) fn gtpu(&mut self, gtpu: &Gtpu) -> Result<(), BuildError> {
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
}
