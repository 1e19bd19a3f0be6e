//! Packets longer than a segment are cut before the checksums of the segments are computed (testpmd's `set port P gso on`).

use super::layers::{Layers, Network, Version};
use super::software;
use crate::batch::{Batch, MAX_BURST};
use crate::forward::{Context, DropReason, StreamContext};
use crate::mbuf::gso::{Gso, Uncut};
use crate::mbuf::{HeaderLengths, Mbuf};
use crate::offload::tx;
use crate::wire::transport::Transport;
use crate::wire::tunnel::{Tunnel, UdpPorts};
use std::collections::VecDeque;

/// Cuts packets, and has those wait whose segments the burst has no room for.
pub(super) struct Cutter {
    gso: Gso,
    segment: u16,
    waiting: VecDeque<Mbuf>,
}

impl Cutter {
    /// Cuts what a stream sends into segments of so many bytes, headers counted.
    pub(super) fn new(stream: &StreamContext<'_>, segment: u16) -> Self {
        let waiting = VecDeque::with_capacity(MAX_BURST);
        Self { gso: Gso::new(stream.pool, segment), segment, waiting }
    }

    /// Whether no packet waits.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Cuts the packets of a burst after those that wait, in order.
    pub(super) fn cut(
        &mut self,
        batch: &mut Batch,
        tunnels: Option<UdpPorts>,
        context: &mut Context<'_>,
    ) {
        batch.drain_each(|mbuf| {
            // Beyond its capacity the queue would allocate.
            if self.waiting.len() < MAX_BURST {
                self.waiting.push_back(mbuf);
            } else {
                context.dropped(DropReason::HoldFull, 1);
            }
        });
        while let Some(mbuf) = self.waiting.pop_front() {
            match self.cut_one(mbuf, batch, tunnels) {
                Ok(()) => {}
                Err((mbuf, Uncut::NoRoom)) if !batch.is_empty() => {
                    self.waiting.push_front(mbuf);
                    return;
                }
                // More segments than any burst has room for.
                Err((_, Uncut::NoRoom)) => context.dropped(DropReason::HoldFull, 1),
                Err((_, Uncut::NoBuffers)) => context.dropped(DropReason::NoBuffer, 1),
            }
        }
    }

    /// Frees what waits; returns how many packets that were.
    pub(super) fn release(&mut self) -> usize {
        let waiting = self.waiting.len();
        self.waiting.clear();
        waiting
    }

    fn cut_one(
        &self,
        mut mbuf: Mbuf,
        batch: &mut Batch,
        tunnels: Option<UdpPorts>,
    ) -> Result<(), (Mbuf, Uncut)> {
        if mbuf.pkt_len() > self.segment.into() && mark(&mut mbuf, tunnels) {
            self.gso.cut(mbuf, batch)
        } else {
            batch.push(mbuf).map_err(|mbuf| (mbuf, Uncut::NoRoom))
        }
    }
}

/// Says what DPDK needs to know of a packet to cut it; `false` if it is none that can be cut.
fn mark(mbuf: &mut Mbuf, tunnels: Option<UdpPorts>) -> bool {
    let layers = Layers::parse(mbuf.data(), tunnels);
    let Some(network) = layers.network.filter(|network| {
        network.version == Version::V4 && network.payload().end == mbuf.pkt_len() as usize
    }) else {
        return false;
    };
    let transport = network.transport.filter(|_| network.transport_is_whole(mbuf));
    let segments = match transport {
        Some(Transport::Tcp) => tx::TCP_SEGMENT,
        Some(Transport::Udp) => tx::UDP_SEGMENT,
        Some(Transport::Sctp) | None => return false,
    };
    let inner = HeaderLengths {
        l2: layers.link_len,
        l3: network.len,
        l4: network.transport_len,
        ..HeaderLengths::default()
    };
    let Some((flags, lengths)) = within(layers.outer, segments, inner) else { return false };
    if segments == tx::UDP_SEGMENT && !network.unsummed {
        // Fragments have one checksum together, in the first.
        software::fill_transport(mbuf, network, Transport::Udp);
    }
    mbuf.set_tx_offload(tx::IPV4 | segments | flags, lengths);
    true
}

/// Flags and lengths of a packet in a tunnel, if it is in one; `None` if those in such a tunnel cannot be cut.
fn within(
    outer: Option<(Tunnel, Network)>,
    segments: u64,
    inner: HeaderLengths,
) -> Option<(u64, HeaderLengths)> {
    let Some((tunnel, outer)) = outer else { return Some((0, inner)) };
    let known = match tunnel {
        Tunnel::Vxlan => true,
        Tunnel::Gre => segments == tx::TCP_SEGMENT,
        Tunnel::Gtp | Tunnel::VxlanGpe | Tunnel::Geneve | Tunnel::Ipip => false,
    };
    let lengths = HeaderLengths { outer_l2: outer.at, outer_l3: outer.len, ..inner };
    let flags = tx::tunnel(tunnel) | tx::OUTER_IPV4;
    (known && outer.version == Version::V4).then_some((flags, lengths))
}
