//! IPv4 and IPv6.

use super::Stack;
use crate::traffic::packet::error::BuildError;
use crate::traffic::packet::image::{Covered, Form, NO_SUM};
use crate::traffic::spec::{Ipv4, Ipv6};
use std::ops::Range;

/// What a transport needs of the IP header before it.
#[derive(Clone)]
pub(super) struct Ip {
    pub(super) addresses: Range<usize>,
    /// The edits of the addresses.
    pub(super) edits: Range<usize>,
    pub(super) is_v6: bool,
}

impl Stack<'_> {
    pub(super) fn ipv4(&mut self, ipv4: &Ipv4) -> Result<(), BuildError> {
        let at = self.at;
        let sum = match &mut self.image.offload {
            Some(offload) => {
                offload.ipv4(at);
                NO_SUM
            }
            None => self.image.cover(Covered {
                at: at + 10,
                bytes: at..at + 20,
                pseudo: None,
                form: Form::Checksum,
            })?,
        };
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

    pub(super) fn ipv6(&mut self, ipv6: &Ipv6) -> Result<(), BuildError> {
        let at = self.at;
        if let Some(offload) = &mut self.image.offload {
            offload.ipv6(at);
        }
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
}
