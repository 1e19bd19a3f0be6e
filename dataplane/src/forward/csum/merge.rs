//! TCP packets of a flow are merged before their checksums are computed (testpmd's `set port P gro on`).

use super::CsumOptions;
use super::layers::{Layers, Version};
use crate::batch::{Batch, MAX_BURST};
use crate::forward::{ModeError, StreamContext};
use crate::mbuf::gro::{self, GroTable, MERGED};
use crate::mbuf::{HeaderLengths, Mbuf};
use crate::offload::rx;
use crate::wire::ethernet::HEADER_LEN;
use crate::wire::transport::Transport;

/// The most bursts that packets wait for others, as in testpmd (`GRO_MAX_FLUSH_CYCLES`).
pub(super) const MOST_BURSTS: u8 = 4;

/// What merges packets, and those that wait for others.
pub(super) enum Merger {
    /// Within a burst: none waits.
    Burst,
    /// Over several bursts.
    Bursts {
        table: GroTable,
        /// After how many bursts what waits goes on, and how many there were since.
        flush: u8,
        bursts: u8,
    },
}

impl Merger {
    /// What the stream's options ask for.
    pub(super) fn of(stream: &StreamContext<'_>, options: &CsumOptions) -> Result<Self, ModeError> {
        if options.gro_flush <= 1 {
            return Ok(Self::Burst);
        }
        // testpmd's, unless the pool has less to spare.
        let packets = (MAX_BURST as u32).min(stream.spare / u32::from(MOST_BURSTS)) as u16;
        if packets == 0 {
            return Err(ModeError::NoSpare { mode: "csum", pool: stream.pool.size() });
        }
        let table =
            GroTable::new(stream.pool.eal(), stream.ingress.socket, MOST_BURSTS.into(), packets)?;
        Ok(Self::Bursts { table, flush: options.gro_flush, bursts: 0 })
    }

    /// Whether no packet waits.
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Burst => true,
            Self::Bursts { table, .. } => table.is_empty(),
        }
    }

    /// Merges what can be merged, once each packet is [`marked`](mark).
    pub(super) fn merge(&mut self, batch: &mut Batch) {
        match self {
            Self::Burst => gro::merge(batch),
            Self::Bursts { table, flush, bursts } => {
                table.take(batch);
                *bursts += 1;
                if bursts >= flush {
                    *bursts = 0;
                    table.give(batch);
                }
            }
        }
    }

    /// Frees what waits; returns how many packets that were.
    pub(super) fn release(&mut self) -> usize {
        match self {
            Self::Burst => 0,
            Self::Bursts { table, .. } => table.clear(),
        }
    }
}

/// Says what DPDK needs to know of a packet that may be merged, and of all others that they may not.
///
/// DPDK tells flows apart by addresses and ports and not by VLANs, so packets with tags are not for it; nor is one whose
/// checksum the device found to be wrong.
pub(super) fn mark(mbuf: &mut Mbuf) {
    let lengths = lengths(mbuf);
    mbuf.set_packet_type(if lengths.is_some() { MERGED } else { 0 });
    mbuf.set_tx_offload(0, lengths.unwrap_or_default());
}

/// The header lengths of a packet of TCP over IPv4 that is whole.
fn lengths(mbuf: &Mbuf) -> Option<HeaderLengths> {
    /// Where the network header is behind an Ethernet header without tags.
    const UNTAGGED: u16 = HEADER_LEN as u16;
    if mbuf.ol_flags() & (rx::IP_CHECKSUM_BAD | rx::L4_CHECKSUM_BAD) != 0 {
        return None;
    }
    let layers = Layers::parse(mbuf.data(), None);
    let network = layers.network.filter(|network| {
        network.version == Version::V4
            && network.at == UNTAGGED
            && network.transport == Some(Transport::Tcp)
            && network.transport_is_whole(mbuf)
    })?;
    // Padding behind the packet is cut off, as far as it is in one buffer with it.
    let end = network.payload().end;
    let len = mbuf.pkt_len() as usize;
    (end == len || (end < len && mbuf.segments() == 1)).then(|| HeaderLengths {
        l2: layers.link_len,
        l3: network.len,
        l4: network.transport_len,
        ..HeaderLengths::default()
    })
}
