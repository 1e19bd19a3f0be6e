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

mod decision;
mod layers;
mod options;
mod software;

pub use options::{CsumOptions, CsumPort};

use super::{Context, Counts, DropReason, Fate, Made, Mode, StreamContext, Tally};
use crate::batch::Batch;
use crate::mbuf::{HeaderLengths, Mbuf};
use crate::offload::rx;
use crate::wire::ethernet::Frame;
use crate::wire::transport::Transport;
use decision::{Decision, Offloads, OuterUdp};
use layers::{Layers, Network};
use std::sync::Arc;

/// Names of the mode's counts, as testpmd's statistics have them: packets whose checksum the device that received them found
/// to be wrong.
pub const BAD_CHECKSUMS: [&str; 4] =
    ["Bad-ipcsum", "Bad-l4csum", "Bad-outer-l4csum", "Bad-outer-ipcsum"];

/// What is set for the stream's egress port.
struct Csum {
    /// Destination and source to write into each frame, unless they are to stay.
    addresses: Option<[u8; 12]>,
    /// Whether to look into tunnels.
    tunnels: bool,
    offloads: Offloads,
    tally: Arc<Tally>,
}

/// A mode for packets that leave by the stream's egress port.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let port = stream.options.csum.port(stream.egress.id);
    let mut addresses = [0; 12];
    addresses[..6].copy_from_slice(&stream.peer_mac.0);
    addresses[6..].copy_from_slice(&stream.egress.mac.0);
    Ok(Some(Box::new(Csum {
        addresses: port.mac_swap.then_some(addresses),
        tunnels: port.parse_tunnel,
        offloads: Offloads {
            granted: stream.egress.tx_offloads,
            segment: port.segment,
            tunnel_segment: port.tunnel_segment,
        },
        tally: Arc::new(Tally::new(&BAD_CHECKSUMS)),
    })))
}

impl Mode for Csum {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.settle(batch, |mbuf| self.packet(mbuf));
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.tally.clone())
    }
}

impl Csum {
    #[inline]
    fn packet(&self, mbuf: &mut Mbuf) -> Fate {
        self.count_bad(mbuf.ol_flags());
        let Some(bytes) = mbuf.data_mut() else { return Fate::Drop(DropReason::Shared) };
        let Some(mut frame) = Frame::new_checked(&mut *bytes) else {
            return Fate::Drop(DropReason::Truncated);
        };
        if let Some(addresses) = self.addresses {
            frame.set_addresses(addresses);
        }
        let layers = Layers::parse(bytes, self.tunnels);
        if layers.network.is_none() && layers.outer.is_none() {
            let lengths = HeaderLengths { l2: layers.link_len, ..HeaderLengths::default() };
            mbuf.set_tx_offload(0, lengths);
        } else {
            self.checksums(mbuf, &layers);
        }
        Fate::Send
    }

    /// Not inlined: packets that are no IP would pay for the registers of those that are.
    #[inline(never)]
    fn checksums(&self, mbuf: &mut Mbuf, layers: &Layers) {
        let decision = self.offloads.decide(layers, mbuf.pkt_len());
        if let Some(network) = &layers.network {
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
        if let Some((_, outer)) = &layers.outer {
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
        if flags & ANY == 0 {
            return;
        }
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
fn fill_outer(mbuf: &mut Mbuf, outer: &Network, decision: &Decision) {
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
