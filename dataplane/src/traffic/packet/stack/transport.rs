//! UDP, TCP and ICMP, and their checksums.

use super::Stack;
use crate::traffic::packet::error::BuildError;
use crate::traffic::packet::image::{Covered, Form, NO_SUM};
use crate::traffic::spec::{Icmp, Layer, Tcp, Udp};
use crate::wire::transport::Transport;
use std::ops::Range;

pub(super) const ICMPV6: u8 = 58;
const VXLAN_PORT: u16 = 4789;
const GTPU_PORT: u16 = 2152;
const DISCARD_PORT: u16 = 9;

/// The checksums that the two parts of a transport's sum count in.
#[derive(Clone, Copy)]
struct Sums {
    /// What stands in the packet.
    header: usize,
    /// What is of the IP header, and the length once more.
    pseudo: usize,
}

impl Sums {
    const NONE: Self = Self { header: NO_SUM, pseudo: NO_SUM };
}

impl Stack<'_> {
    pub(super) fn udp(&mut self, udp: &Udp) -> Result<(), BuildError> {
        let (port, carries) = match self.next {
            None => (DISCARD_PORT, false),
            Some(Layer::Vxlan(_)) => (VXLAN_PORT, true),
            Some(Layer::Gtpu(_)) => (GTPU_PORT, true),
            Some(next) => return self.wrong(next, "vxlan or gtpu stand behind it"),
        };
        // A tunnel's outer checksum is zero (RFC 7348 §5, RFC 6935 §5): what it would cover has its own.
        let sums = match udp.checksum && !carries {
            true => self.sums(Transport::Udp)?,
            false => Sums::NONE,
        };
        let ports = [sums.header, NO_SUM];
        self.put("src", 0, 16, &udp.src, ports)?;
        self.put("dst", 16, 16, udp.dst.as_ref().unwrap_or(&port.into()), ports)?;
        self.length(Some(self.at + 4), self.at, [sums.header, sums.pseudo]);
        Ok(())
    }

    pub(super) fn tcp(&mut self, tcp: &Tcp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        let Sums { header, pseudo } = self.sums(Transport::Tcp)?;
        let sums = [header, NO_SUM];
        self.put("src", 0, 16, &tcp.src, sums)?;
        self.put("dst", 16, 16, &tcp.dst, sums)?;
        self.put("sequence", 32, 32, &tcp.sequence, sums)?;
        self.put("acknowledgment", 64, 32, &tcp.acknowledgment, sums)?;
        self.fixed("header length", 96, 4, 5)?;
        self.put("flags", 104, 8, &tcp.flags, sums)?;
        self.put("window", 112, 16, &tcp.window, sums)?;
        self.length(None, self.at, [pseudo, NO_SUM]);
        Ok(())
    }

    pub(super) fn icmp(&mut self, icmp: &Icmp) -> Result<(), BuildError> {
        self.nothing_behind()?;
        let is_v6 = self.ip.as_ref().is_some_and(|ip| ip.is_v6);
        // No device fills this one in.
        let (at, bytes, form) = (self.at + 2, self.at..self.image.bytes.len(), Form::Checksum);
        let (sum, echo_request) = if is_v6 {
            let sum = self.pseudo_sum(at, ICMPV6, bytes, form)?;
            self.length(None, self.at, [sum, NO_SUM]);
            (sum, 128)
        } else {
            (self.image.cover(Covered { at, bytes, pseudo: None, form })?, 8)
        };
        let sums = [sum, NO_SUM];
        self.put("kind", 0, 8, icmp.kind.as_ref().unwrap_or(&echo_request.into()), sums)?;
        self.put("code", 8, 8, &icmp.code, sums)?;
        self.put("id", 32, 16, &icmp.id, sums)?;
        self.put("sequence", 48, 16, &icmp.sequence, sums)
    }

    /// Adds a transport's checksum, or the part of it that a device which fills it in wants to find there.
    fn sums(&mut self, transport: Transport) -> Result<Sums, BuildError> {
        let field = self.at + transport.checksum_field().start;
        let protocol = transport.protocol();
        if let Some(offload) = &mut self.image.offload {
            offload.transport(transport);
            let pseudo = self.pseudo_sum(field, protocol, 0..0, Form::Unfinished)?;
            return Ok(Sums { header: NO_SUM, pseudo });
        }
        let form = if transport == Transport::Udp { Form::Udp } else { Form::Checksum };
        let sum = self.pseudo_sum(field, protocol, self.at..self.image.bytes.len(), form)?;
        Ok(Sums { header: sum, pseudo: sum })
    }

    /// Adds a checksum in which the IP header's addresses count too.
    fn pseudo_sum(
        &mut self,
        at: usize,
        protocol: u8,
        bytes: Range<usize>,
        form: Form,
    ) -> Result<usize, BuildError> {
        let Some(ip) = self.ip.clone() else { return Ok(NO_SUM) };
        let sum = self.image.cover(Covered {
            at,
            bytes,
            pseudo: Some((ip.addresses, protocol)),
            form,
        })?;
        self.image.edits[ip.edits].iter_mut().for_each(|edit| edit.sums[1] = sum);
        Ok(sum)
    }
}
