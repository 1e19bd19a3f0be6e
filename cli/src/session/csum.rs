//! What mode csum does is changed and shown.

use super::Session;
use crate::answer::Answer;
use crate::command::{By, Checksum, CsumCommand, PortSelection};
use crate::failure::Failure;
use crate::render::csum::{ChecksumBy, CsumPage};
use dataplane::forward::CsumPort;
use dataplane::offload;
use dataplane::port::PortId;
use dataplane::wire::transport::Transport;

/// What testpmd calls the checksums, in its order, and the offloads by which a port computes them.
const CHECKSUMS: [(&str, u64); 6] = [
    ("IP", offload::port::IPV4_CHECKSUM),
    ("UDP", offload::port::checksum(Transport::Udp)),
    ("TCP", offload::port::checksum(Transport::Tcp)),
    ("SCTP", offload::port::checksum(Transport::Sctp)),
    ("Outer-Ip", offload::port::OUTER_IPV4_CHECKSUM),
    ("Outer-Udp", offload::port::OUTER_UDP_CHECKSUM),
];

impl Session {
    /// Carries out a command of mode csum.
    pub(super) fn csum(&mut self, command: CsumCommand) -> Result<Answer, Failure> {
        match command {
            CsumCommand::Show(port) => self.csum_page(port).map(Answer::page),
            CsumCommand::Set(checksum, by, port) => {
                self.set_checksum(checksum, by, port).map(Answer::page)
            }
            CsumCommand::ParseTunnel(port, on) => {
                self.set_csum(port, |options| options.parse_tunnel = on)?;
                self.csum_page(port).map(Answer::page)
            }
            CsumCommand::MacSwap(port, on) => {
                self.set_csum(port, |options| options.mac_swap = on)?;
                Ok(String::new().into())
            }
        }
    }

    fn set_checksum(
        &mut self,
        checksum: Checksum,
        by: By,
        port: PortId,
    ) -> Result<CsumPage, Failure> {
        let (name, offload) = match checksum {
            Checksum::Ip => ("IP", offload::port::IPV4_CHECKSUM),
            Checksum::Udp => ("UDP", offload::port::checksum(Transport::Udp)),
            Checksum::Tcp => ("TCP", offload::port::checksum(Transport::Tcp)),
            Checksum::Sctp => ("SCTP", offload::port::checksum(Transport::Sctp)),
            Checksum::OuterIp => ("Outer IP", offload::port::OUTER_IPV4_CHECKSUM),
            Checksum::OuterUdp => ("Outer UDP", offload::port::OUTER_UDP_CHECKSUM),
        };
        let page = self.csum_page(port)?;
        let refusal = format!("{name} checksum offload is not supported by port {port}\n{page}");
        self.ask_offload(port, offload, by == By::Hardware, &refusal)?;
        self.csum_page(port)
    }

    /// Has the next start of a stopped port ask the device for those of these offloads that it can do, or ask for none of them
    /// any longer.
    pub(super) fn ask_offload(
        &mut self,
        port: PortId,
        offloads: u64,
        on: bool,
        refusal: &str,
    ) -> Result<(), Failure> {
        self.selected(PortSelection::One(port))?;
        let Some(slot) = self.dataplane.port_mut(port) else { return Ok(()) };
        if slot.is_started() {
            let words = format!("Please stop port {port} first (port stop {port})");
            return Err(Failure::input(anyhow::anyhow!(words)));
        }
        let able = slot.port().info().map_err(Failure::running)?.tx_offloads;
        if on && able & offloads == 0 {
            return Err(Failure::input(anyhow::anyhow!(refusal.trim_end().to_owned())));
        }
        if on {
            slot.wanted.tx_offloads |= offloads & able;
        } else {
            slot.wanted.tx_offloads &= !offloads;
        }
        Ok(())
    }

    pub(super) fn set_csum(
        &mut self,
        port: PortId,
        change: impl FnOnce(&mut CsumPort),
    ) -> Result<(), Failure> {
        self.selected(PortSelection::One(port))?;
        let mut forwarding = self.forwarding.clone();
        change(forwarding.options.csum.port_mut(port));
        self.forward_as(forwarding)
    }

    /// Who computes which checksum of packets that a port sends.
    fn csum_page(&self, id: PortId) -> Result<CsumPage, Failure> {
        self.selected(PortSelection::One(id))?;
        // Of a stopped port what it will be asked for, which it is able to do.
        let offloads = self.dataplane.port(id).map_or(0, |slot| match slot.granted() {
            Some(granted) if slot.is_started() => granted.tx_offloads,
            _ => slot.wanted.tx_offloads,
        });
        let by = |(name, offload)| ChecksumBy { name, hardware: offloads & offload != 0 };
        Ok(CsumPage {
            parse_tunnel: self.forwarding.options.csum.port(id).parse_tunnel,
            checksums: CHECKSUMS.into_iter().map(by).collect(),
        })
    }
}
