//! `txonly`: sends UDP packets and receives none.
//!
//! ```text
//! before  nothing is received
//! after   dst=the peer's MAC src=the egress port's [ip src=198.18.0.1 dst=198.18.0.2] [udp 9 → 9]
//! ```
//!
//! The payload is what the buffer held, as in testpmd. With several flows (`--txonly-multi-flow`) the source is the
//! destination's network with another third octet in each packet, and the lcore's number added, as testpmd's is.

use super::draw::Draw;
use super::made::{HEADERS, Headers, Spec, Turn};
use super::{Context, Feed, Made, Mode, ModeError, StreamContext};
use crate::batch::Batch;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use std::net::Ipv4Addr;

/// What is asked of the modes that make packets (testpmd's `--txpkts`, `set txsplit`, `--txonly-multi-flow`, `--tx-ip`,
/// `--tx-udp`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOptions {
    /// Bytes of each segment.
    pub segments: Vec<u16>,
    /// Whether a packet has all of them.
    pub split: Split,
    /// Whether packets are of several flows.
    pub multi_flow: bool,
    /// Their source address.
    pub ip_src: Ipv4Addr,
    /// Their destination address.
    pub ip_dst: Ipv4Addr,
    /// Their source port.
    pub udp_src: u16,
    /// Their destination port.
    pub udp_dst: u16,
}

impl TxOptions {
    /// Bytes of all segments.
    pub fn length(&self) -> u32 {
        self.segments.iter().map(|length| u32::from(*length)).sum()
    }
}

impl Default for TxOptions {
    fn default() -> Self {
        Self {
            segments: vec![64],
            split: Split::Off,
            multi_flow: false,
            // Addresses for benchmarks (RFC 2544), and the discard service.
            ip_src: Ipv4Addr::new(198, 18, 0, 1),
            ip_dst: Ipv4Addr::new(198, 18, 0, 2),
            udp_src: 9,
            udp_dst: 9,
        }
    }
}

/// How packets are split into segments (testpmd's `set txsplit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// A mode that makes packets makes all segments; one that forwards them splits none.
    #[default]
    Off,
    /// Into all segments.
    On,
    /// Into some of them, from the first on.
    Random,
}

/// Flows before the first comes again: one of each third octet.
const FLOWS: u32 = 256;

/// Makes packets, in one segment or several.
struct Txonly {
    headers: Headers,
    segments: Vec<u16>,
    /// Whether each packet has its own number of segments.
    random: Option<Draw>,
    /// The source address of the first flow, and whose turn it is, if there are several.
    flows: Option<(u32, Turn)>,
    burst: u16,
    pool: Mempool,
    /// Segments of the packets that are being made, beyond the first of each.
    more: Batch,
}

/// A mode that makes packets as `set txpkts` and `set txsplit` say.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let tx = &stream.options.tx;
    let room = stream.pool.data_room();
    let (asked, longest) = (tx.length(), tx.segments.iter().copied().max().unwrap_or_default());
    if (asked as usize) < HEADERS || asked > u32::from(u16::MAX) || longest > room {
        return Err(ModeError::PacketLength {
            mode: "txonly",
            asked: asked.max(longest.into()),
            least: HEADERS as u32,
            most: room.into(),
        });
    }
    let first = tx.segments.first().copied().unwrap_or_default();
    if (tx.split == Split::Random || tx.multi_flow) && usize::from(first) < HEADERS {
        return Err(ModeError::FirstSegment { first, least: HEADERS as u16 });
    }
    let spec = Spec {
        dst: stream.peer_mac,
        src: stream.egress.mac,
        ip_src: tx.ip_src,
        ip_dst: tx.ip_dst,
        udp_src: tx.udp_src,
        udp_dst: tx.udp_dst,
        length: asked as u16,
    };
    let base = u32::from(tx.ip_dst).wrapping_add(stream.lcore.0);
    Ok(Some(Box::new(Txonly {
        headers: Headers::new(&spec),
        segments: tx.segments.clone(),
        random: (tx.split == Split::Random).then(|| Draw::new(0, stream.number)),
        flows: tx.multi_flow.then(|| (base, Turn::new(FLOWS))),
        burst: stream.burst,
        pool: stream.pool.clone(),
        more: Batch::new(),
    })))
}

impl Txonly {
    /// The headers of the next packet, of all segments.
    #[inline]
    fn next_headers(&mut self) -> Headers {
        match &mut self.flows {
            Some((base, turn)) => {
                let src = base.wrapping_add(turn.take() << 8);
                self.headers.with_src(Ipv4Addr::from(src))
            }
            None => self.headers,
        }
    }

    /// Makes a fresh packet, the first of so many, one of several segments; `false` if there are no more packets for them.
    #[inline]
    fn fill_segments(&mut self, mbuf: &mut Mbuf, packets: usize) -> bool {
        let all = self.segments.len();
        let count = self.random.as_mut().map_or(all, |draw| 1 + draw.below(all as u64) as usize);
        if self.more.len() < count - 1 && !self.get_more(count - 1, packets) {
            return false;
        }
        let mut headers = self.next_headers();
        if count < all {
            headers.set_length(self.segments[..count].iter().sum());
        }
        // A fresh segment has the room: `make` looked.
        let mut rest = match mbuf.resize(self.segments[0]) {
            Some(bytes) => match bytes.first_chunk_mut() {
                Some(bytes) => {
                    *bytes = headers.0;
                    &[]
                }
                None => begin(bytes, &headers.0),
            },
            None => &headers.0[..],
        };
        for length in &self.segments[1..count] {
            if let Some(mut segment) = self.more.pop() {
                if let Some(bytes) = segment.resize(*length)
                    && !rest.is_empty()
                {
                    rest = begin(bytes, rest);
                }
                // Its number of segments fits: `set txpkts` takes no more than DPDK does.
                let _ = mbuf.chain(segment);
            }
        }
        true
    }

    /// Gets so many segments, and if it can be, those for so many packets at once.
    fn get_more(&mut self, segments: usize, packets: usize) -> bool {
        let room = self.more.room();
        let ahead = if self.random.is_some() { 1 } else { packets.min(room / segments) };
        self.pool.alloc_bulk(&mut self.more, segments * ahead)
            || self.pool.alloc_bulk(&mut self.more, segments)
    }
}

/// Has a segment begin with what fits of `headers`; returns the rest of them.
///
/// Only segments shorter than all headers come here, and a copy of any length is a call: kept apart from where the length is known.
#[cold]
#[inline(never)]
fn begin<'a>(segment: &mut [u8], headers: &'a [u8]) -> &'a [u8] {
    let (here, rest) = headers.split_at(headers.len().min(segment.len()));
    segment[..here.len()].copy_from_slice(here);
    rest
}

impl Mode for Txonly {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        // What another mode left in a ring ends here.
        batch.clear();
        if let Some((_, turn)) = &mut self.flows {
            turn.step_back(context);
        }
        if !self.pool.alloc_bulk(batch, usize::from(self.burst)) {
            return;
        }
        if let [length] = self.segments[..] {
            for mbuf in batch.iter_mut() {
                let headers = self.next_headers();
                if let Some(bytes) = mbuf.resize(length) {
                    bytes[..HEADERS].copy_from_slice(&headers.0);
                }
            }
        } else {
            let (mut dry, mut packets) = (false, batch.len());
            batch.retain(|mbuf| {
                dry = dry || !self.fill_segments(mbuf, packets);
                packets -= 1;
                !dry
            });
        }
    }

    fn feed(&self) -> Feed {
        Feed::Itself
    }
}
