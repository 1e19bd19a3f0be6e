//! `csum`: computes the checksums of each packet anew, here or in the device that sends it.
//!
//! ```text
//! before  dst=D               src=S                  IP (bad) / TCP (bad) / payload
//! after   dst=the peer's MAC  src=the egress port's  IP (good) / TCP (good) / payload
//! ```
//!
//! IPv4, IPv6, TCP, UDP and SCTP are known, behind VLAN tags and, if asked for, within VXLAN, VXLAN-GPE, GENEVE, GTP, GRE
//! and IP in IP. Other packets are forwarded as they are. So is a checksum for which there are not all bytes: that of a
//! fragment's transport, or of a packet cut short.
//!
//! On request packets are merged and cut before that (GRO, GSO), so that what leaves has the checksums of what it is by then;
//! and copied into segments after it.

mod cut;
mod decision;
mod layers;
mod merge;
mod options;
mod software;
mod split;

pub use options::{CsumOptions, CsumPort};

use super::{Context, Counts, DropReason, Fate, Feed, Made, Mode, StreamContext, Tally};
use crate::batch::Batch;
use crate::mbuf::{HeaderLengths, Mbuf};
use crate::offload::rx;
use crate::wire::ethernet::{EtherType, Frame, HEADER_LEN};
use crate::wire::transport::Transport;
use crate::wire::tunnel::UdpPorts;
use crate::wire::vlan;
use cut::Cutter;
use decision::{Decision, Offloads, OuterUdp};
use layers::{Layers, Network};
use merge::Merger;
use split::Splitter;
use std::sync::Arc;

/// Names of the mode's counts, as testpmd's statistics have them: packets whose checksum the device that received them found
/// to be wrong.
pub const BAD_CHECKSUMS: [&str; 4] =
    ["Bad-ipcsum", "Bad-l4csum", "Bad-outer-l4csum", "Bad-outer-ipcsum"];

/// What is set for the stream's ports.
struct Csum {
    merger: Option<Merger>,
    cutter: Option<Cutter>,
    headers: Headers,
    splitter: Option<Splitter>,
}

/// What is done to the headers of each packet.
struct Headers {
    /// Destination and source to write into each frame, unless they are to stay.
    addresses: Option<[u8; 12]>,
    /// Whether to look into tunnels, and where some are found.
    tunnels: Option<UdpPorts>,
    offloads: Offloads,
    tally: Arc<Tally>,
}

/// A mode for packets that leave by the stream's egress port.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let options = &stream.options.csum;
    let port = options.port(stream.egress.id);
    let mut addresses = [0; 12];
    addresses[..6].copy_from_slice(&stream.peer_mac.0);
    addresses[6..].copy_from_slice(&stream.egress.mac.0);
    let merges = options.port(stream.ingress.id).gro;
    Ok(Some(Box::new(Csum {
        merger: merges.then(|| Merger::of(stream, options)).transpose()?,
        cutter: port.gso.then(|| Cutter::new(stream, options.gso_segment)),
        headers: Headers {
            addresses: port.mac_swap.then_some(addresses),
            tunnels: port.parse_tunnel.then_some(options.tunnel_ports),
            offloads: Offloads {
                granted: stream.egress.tx_offloads,
                segment: port.segment,
                tunnel_segment: port.tunnel_segment,
            },
            tally: Arc::new(Tally::new(&BAD_CHECKSUMS)),
        },
        splitter: Splitter::of(stream),
    })))
}

impl Mode for Csum {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if self.merger.is_some() || self.cutter.is_some() {
            self.reshape(batch, context);
        }
        context.settle(batch, |mbuf| self.headers.packet(mbuf));
        if let Some(splitter) = &mut self.splitter {
            splitter.split(batch);
        }
    }

    fn feed(&self) -> Feed {
        match (&self.merger, &self.cutter) {
            (None | Some(Merger::Burst), None) => Feed::Bursts,
            _ => Feed::Polls,
        }
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.headers.tally.clone())
    }

    fn release(&mut self) -> usize {
        self.merger.as_mut().map_or(0, Merger::release)
            + self.cutter.as_mut().map_or(0, Cutter::release)
    }
}

impl Csum {
    /// Merges and cuts packets, as far as that is asked for.
    #[inline(never)]
    fn reshape(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        let idle = self.merger.as_ref().is_none_or(Merger::is_idle)
            && self.cutter.as_ref().is_none_or(Cutter::is_idle);
        if batch.is_empty() && idle {
            return;
        }
        // What the devices found of a packet is counted as long as it is one, and then forgotten.
        context.settle(batch, |mbuf| {
            if mbuf.data_mut().is_none() {
                return Fate::Drop(DropReason::Shared);
            }
            self.headers.count_bad(mbuf.ol_flags());
            match self.merger {
                Some(_) => merge::mark(mbuf),
                None => mbuf.set_tx_offload(0, HeaderLengths::default()),
            }
            Fate::Send
        });
        if let Some(merger) = &mut self.merger {
            merger.merge(batch);
        }
        if let Some(cutter) = &mut self.cutter {
            cutter.cut(batch, self.headers.tunnels, context);
        }
    }
}

impl Headers {
    #[inline]
    fn packet(&self, mbuf: &mut Mbuf) -> Fate {
        self.count_bad(mbuf.ol_flags());
        let Some(bytes) = mbuf.data_mut() else { return Fate::Drop(DropReason::Shared) };
        let Some(mut frame) = Frame::new_checked(bytes) else {
            return Fate::Drop(DropReason::Truncated);
        };
        let ethertype = frame.ethertype();
        if let Some(addresses) = self.addresses {
            frame.set_addresses(addresses);
        }
        if vlan::is_tag(ethertype) || ethertype == EtherType::IPV4 || ethertype == EtherType::IPV6 {
            self.checksums(mbuf);
        } else {
            let lengths = HeaderLengths { l2: HEADER_LEN as u16, ..HeaderLengths::default() };
            mbuf.set_tx_offload(0, lengths);
        }
        Fate::Send
    }

    /// The checksums of a packet that is IP, or tagged.
    ///
    /// Not inlined: packets that are neither would pay for the registers of those that are.
    #[inline(never)]
    fn checksums(&self, mbuf: &mut Mbuf) {
        let layers = Layers::outermost(mbuf.data());
        if let (Some(outer), Some(ports)) = (layers.network, self.tunnels)
            && let Some(layers) = Layers::within(mbuf.data(), outer, ports)
        {
            return self.tunnelled(mbuf, layers);
        }
        self.fill(mbuf, layers);
    }

    /// As [`Self::fill`], for a packet in a tunnel: a function of its own, so that the other has no tunnel to think of.
    #[inline(never)]
    fn tunnelled(&self, mbuf: &mut Mbuf, layers: Layers) {
        self.fill(mbuf, layers);
    }

    /// Has the checksums of these layers computed.
    #[inline(always)]
    fn fill(&self, mbuf: &mut Mbuf, layers: Layers) {
        let decision = self.offloads.decide(&layers, mbuf.pkt_len());
        if let Some(network) = layers.network {
            if decision.network
                && let Some(bytes) = mbuf.data_mut()
            {
                software::fill_network(bytes, network);
            }
            if decision.transport
                && let Some(transport) = network.transport
            {
                software::fill_transport(mbuf, network, transport);
            }
        }
        if let Some((_, outer)) = layers.outer {
            fill_outer(mbuf, outer, &decision);
        }
        mbuf.set_tx_offload(decision.flags, decision.lengths);
    }

    /// Counts what the device found when it received the packet.
    #[inline]
    fn count_bad(&self, flags: u64) {
        const ANY: u64 = rx::IP_CHECKSUM_BAD
            | rx::L4_CHECKSUM_BAD
            | rx::OUTER_L4_CHECKSUM_BAD
            | rx::OUTER_IP_CHECKSUM_BAD;
        if flags & ANY != 0 {
            self.count_which(flags);
        }
    }

    #[cold]
    fn count_which(&self, flags: u64) {
        let bad = [
            flags & rx::IP_CHECKSUM == rx::IP_CHECKSUM_BAD,
            flags & rx::L4_CHECKSUM == rx::L4_CHECKSUM_BAD,
            flags & rx::OUTER_L4_CHECKSUM_BAD != 0,
            flags & rx::OUTER_IP_CHECKSUM_BAD != 0,
        ];
        for (at, bad) in bad.into_iter().enumerate() {
            self.tally.add(at, bad.into());
        }
    }
}

/// The checksums of the headers around a tunnel, after those within.
fn fill_outer(mbuf: &mut Mbuf, outer: Network, decision: &Decision) {
    if decision.outer_network
        && let Some(bytes) = mbuf.data_mut()
    {
        software::fill_network(bytes, outer);
    }
    match decision.outer_udp {
        OuterUdp::Leave => {}
        OuterUdp::Fill => software::fill_transport(mbuf, outer, Transport::Udp),
        OuterUdp::Clear => software::clear_udp(mbuf, outer),
        OuterUdp::Offload => software::fill_udp_pseudo_header(mbuf, outer),
    }
}
