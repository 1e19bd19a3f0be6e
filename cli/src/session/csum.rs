//! What mode csum does is changed and shown.

use super::Session;
use crate::command::{CsumCommand, PortSelection};
use crate::failure::Failure;
use dataplane::forward::CsumPort;
use dataplane::offload;
use dataplane::port::PortId;
use dataplane::runtime::Slot;
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
    pub(super) fn csum(&mut self, command: CsumCommand) -> Result<String, Failure> {
        match command {
            CsumCommand::Show(port) => self.csum_page(port),
            CsumCommand::ParseTunnel(port, on) => {
                self.set_csum(port, |options| options.parse_tunnel = on)?;
                self.csum_page(port)
            }
            CsumCommand::MacSwap(port, on) => {
                self.set_csum(port, |options| options.mac_swap = on)?;
                Ok(String::new())
            }
        }
    }

    fn set_csum(
        &mut self,
        port: PortId,
        change: impl FnOnce(&mut CsumPort),
    ) -> Result<(), Failure> {
        self.selected(PortSelection::One(port))?;
        let mut forwarding = self.forwarding.clone();
        change(forwarding.options.csum.port_mut(port));
        self.forward_as(forwarding)
    }

    /// Who computes which checksum of packets that a port sends, as testpmd shows it (`csum_show`, `app/test-pmd/cmdline.c`).
    fn csum_page(&self, id: PortId) -> Result<String, Failure> {
        self.selected(PortSelection::One(id))?;
        let granted = self.dataplane.port(id).and_then(Slot::granted);
        let granted = granted.map_or(0, |granted| granted.tx_offloads);
        let tunnel = if self.forwarding.options.csum.port(id).parse_tunnel { "on" } else { "off" };
        let mut page = format!("Parse tunnel is {tunnel}\n");
        for (name, offload) in CHECKSUMS {
            let by = if granted & offload == 0 { "sw" } else { "hw" };
            page += &format!("{name} checksum offload is {by}\n");
        }
        Ok(page)
    }
}
