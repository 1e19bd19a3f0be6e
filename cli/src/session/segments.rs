//! Which packets are merged and cut, here and by devices, is changed and shown: in testpmd's words (`app/test-pmd/config.c`,
//! `app/test-pmd/cmdline.c`), which scripts know.

use super::{Session, refused};
use crate::answer::Answer;
use crate::command::{Packets, PortSelection, SegmentsCommand};
use crate::failure::Failure;
use crate::render::segments::{GroPage, GsoPage, TsoPage};
use dataplane::batch::MAX_BURST;
use dataplane::forward::CsumOptions;
use dataplane::mbuf::{gro, gso};
use dataplane::offload;
use dataplane::port::{PortConfig, PortId};
use dataplane::runtime::Slot;

/// What testpmd calls tunnels whose TCP a device may be able to cut, and the offloads for it.
const TUNNELS: [(&str, u64); 6] = [
    ("VXLAN", offload::port::VXLAN_SEGMENTS),
    ("GRE", offload::port::GRE_SEGMENTS),
    ("IPIP", offload::port::IPIP_SEGMENTS),
    ("GENEVE", offload::port::GENEVE_SEGMENTS),
    ("IP", offload::port::IP_TUNNEL_SEGMENTS),
    ("UDP", offload::port::UDP_TUNNEL_SEGMENTS),
];

impl Session {
    /// Carries out a command of segments.
    pub(super) fn segments(&mut self, command: SegmentsCommand) -> Result<Answer, Failure> {
        match command {
            SegmentsCommand::Tso(Packets::Plain, segment, port) => self.set_tso(segment, port),
            SegmentsCommand::Tso(Packets::Tunnelled, segment, port) => {
                self.set_tunnel_tso(segment, port).map(Answer::from)
            }
            SegmentsCommand::ShowTso(packets, port) => self.tso_page(packets, port),
            SegmentsCommand::Gro(port, on) => self.set_gro(port, on).map(|()| nothing()),
            SegmentsCommand::GroFlush(bursts) => self.set_gro_flush(bursts).map(|()| nothing()),
            SegmentsCommand::ShowGro(port) => self.gro_page(port),
            SegmentsCommand::Gso(port, on) => self.set_gso(port, on).map(|()| nothing()),
            SegmentsCommand::GsoSegment(bytes) => self.set_gso_segment(bytes).map(|()| nothing()),
            SegmentsCommand::ShowGso(port) => self.gso_page(port),
        }
    }

    fn set_tso(&mut self, segment: u16, port: PortId) -> Result<Answer, Failure> {
        let refusal = format!("Error: TSO is not supported by port {port}");
        self.ask_offload(port, offload::port::TCP_SEGMENTS, segment > 0, &refusal)?;
        self.set_csum(port, |options| options.segment = segment)?;
        self.tso_page(Packets::Plain, port)
    }

    fn set_tunnel_tso(&mut self, segment: u16, port: PortId) -> Result<String, Failure> {
        let refusal = format!("Error: port={port} don't support tunnel TSO offloads.");
        self.ask_offload(port, offload::port::TUNNEL_SEGMENTS, segment > 0, &refusal)?;
        self.set_csum(port, |options| options.tunnel_segment = segment)?;
        let page = TsoPage { tunnelled: true, segment }.to_string();
        if segment == 0 {
            return Ok(page);
        }
        let offloads = self.dataplane.port(port).map_or(0, |slot| slot.wanted.tx_offloads);
        let lacking = TUNNELS.iter().filter(|(_, offload)| offloads & offload == 0);
        let warnings = lacking.map(|(name, _)| {
            format!(
                "Warning: {name} TUNNEL TSO not supported therefore not enabled for port {port}\n"
            )
        });
        let mut answer = warnings.collect::<String>() + &page;
        if !self.forwarding.options.csum.port(port).parse_tunnel {
            answer +=
                "Error: csum parse_tunnel must be set so that tunneled packets are recognized\n";
        }
        if offloads & offload::port::OUTER_IPV4_CHECKSUM == 0 {
            answer += "Error: csum set outer-ip must be set to hw if outer L3 is IPv4; not necessary for IPv6\n";
        }
        Ok(answer)
    }

    fn tso_page(&self, packets: Packets, port: PortId) -> Result<Answer, Failure> {
        self.selected(PortSelection::One(port))?;
        let options = self.forwarding.options.csum.port(port);
        Ok(Answer::page(match packets {
            Packets::Plain => TsoPage { tunnelled: false, segment: options.segment },
            Packets::Tunnelled => TsoPage { tunnelled: true, segment: options.tunnel_segment },
        }))
    }

    fn set_gro(&mut self, port: PortId, on: bool) -> Result<(), Failure> {
        self.selected(PortSelection::One(port))?;
        self.forwards_not("Before enable/disable GRO, please stop forwarding first")?;
        match (self.forwarding.options.csum.port(port).gro, on) {
            (true, true) => {
                return Err(refused(format!(
                    "Port {port} has enabled GRO. Please disable GRO first"
                )));
            }
            (false, false) => return Err(refused(format!("Port {port} has disabled GRO"))),
            // Merged packets may leave by any port.
            (false, true) => self.allow_chains(PortSelection::All)?,
            (true, false) => {}
        }
        self.set_csum(port, |options| options.gro = on)
    }

    fn set_gro_flush(&mut self, bursts: u8) -> Result<(), Failure> {
        let most = CsumOptions::MOST_GRO_FLUSH;
        self.forwards_not("Before change flush interval for GRO, please stop forwarding first.")?;
        let valid = (1..=most).contains(&bursts);
        self.set_csum_of_all(|options| options.gro_flush = if valid { bursts } else { 1 })?;
        if valid {
            return Ok(());
        }
        Err(refused(format!(
            "The flushing cycle be in the range of 1 to {most}. Revert to the default value 1."
        )))
    }

    fn gro_page(&self, port: PortId) -> Result<Answer, Failure> {
        self.selected(PortSelection::One(port))?;
        let options = &self.forwarding.options.csum;
        let packets = match options.gro_flush {
            1 => u32::from(gro::BURST_FLOWS) * u32::from(gro::BURST_PACKETS_PER_FLOW),
            _ => u32::from(CsumOptions::MOST_GRO_FLUSH) * MAX_BURST as u32,
        };
        let (on, flush) = (options.port(port).gro, options.gro_flush);
        Ok(Answer::page(GroPage { port, on, packets, flush }))
    }

    fn set_gso(&mut self, port: PortId, on: bool) -> Result<(), Failure> {
        self.selected(PortSelection::One(port))?;
        let deed = if on { "enabling" } else { "disabling" };
        self.forwards_not(&format!("before {deed} GSO, please stop forwarding first"))?;
        if on {
            self.allow_chains(PortSelection::One(port))?;
        }
        self.set_csum(port, |options| options.gso = on)
    }

    fn set_gso_segment(&mut self, bytes: u16) -> Result<(), Failure> {
        self.forwards_not("Before setting GSO segsz, please first stop forwarding")?;
        if bytes < gso::MIN_SEGMENT {
            return Err(refused(format!(
                "gso_size should be larger than {}. Please input a legal value",
                gso::MIN_SEGMENT
            )));
        }
        self.set_csum_of_all(|options| options.gso_segment = bytes)
    }

    fn gso_page(&self, port: PortId) -> Result<Answer, Failure> {
        self.selected(PortSelection::One(port))?;
        let options = &self.forwarding.options.csum;
        let (on, segment) = (options.port(port).gso, options.gso_segment);
        Ok(Answer::page(GsoPage { port, on, segment }))
    }

    fn set_csum_of_all(&mut self, change: impl FnOnce(&mut CsumOptions)) -> Result<(), Failure> {
        let mut forwarding = self.forwarding.clone();
        change(&mut forwarding.options.csum);
        self.forward_as(forwarding)
    }

    /// What is held back or cut in the middle of it would be lost.
    fn forwards_not(&self, words: &str) -> Result<(), Failure> {
        if self.is_forwarding() { Err(refused(words)) } else { Ok(()) }
    }

    /// Has ports send packets of several buffers from their next start on. One whose driver was promised single buffers when
    /// it was started must be stopped before.
    fn allow_chains(&mut self, ports: PortSelection) -> Result<(), Failure> {
        let ids = self.selected(ports)?;
        let promised = |slot: &Slot| {
            slot.granted().is_some_and(|granted| granted.tx_offloads & PortConfig::FAST_FREE != 0)
        };
        let slots = || ids.iter().filter_map(|id| self.dataplane.port(*id));
        if let Some(slot) = slots().find(|slot| slot.is_started() && promised(slot)) {
            let id = slot.id();
            return Err(refused(format!(
                "port {id} was started to send packets of single buffers (mbuf_fast_free): port stop {id}, then this again, \
                 then port start {id}"
            )));
        }
        for id in ids {
            if let Some(slot) = self.dataplane.port_mut(id) {
                slot.wanted.chains = true;
            }
        }
        Ok(())
    }
}

/// The answer of a command that did what it was asked to.
fn nothing() -> Answer {
    String::new().into()
}
