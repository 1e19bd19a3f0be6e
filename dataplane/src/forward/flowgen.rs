//! `flowgen`: receives packets and frees them, and sends its own: UDP of many flows, which differ in the destination.
//!
//! ```text
//! before  dst=D src=S …
//! after   dst=00:01:02:03:04:01 src=00:01:02:03:04:00 [ip src=10.254.0.0 dst=10.253.0.0 + flow] [udp 1000 → 1001]
//! ```
//!
//! The payload is what the buffer held, as in testpmd. A clone is a packet of its own with the same bytes, so that each has
//! one owner.

use super::made::{HEADERS, Headers, Spec, Turn};
use super::{Context, Feed, Made, Mode, ModeError, StreamContext};
use crate::batch::Batch;
use crate::mempool::Mempool;
use crate::wire::ethernet::MacAddr;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;

const DST: MacAddr = MacAddr([0, 1, 2, 3, 4, 1]);
const SRC: MacAddr = MacAddr([0, 1, 2, 3, 4, 0]);
const IP_SRC: Ipv4Addr = Ipv4Addr::new(10, 254, 0, 0);
const IP_DST: Ipv4Addr = Ipv4Addr::new(10, 253, 0, 0);
/// Bytes of the check sequence, which testpmd counts in the length of these packets.
const CHECK_SEQUENCE: u16 = 4;

/// What is asked of `flowgen` (testpmd's `--flowgen-flows`, `--flowgen-clones`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowgenOptions {
    /// How many flows.
    pub flows: NonZeroU32,
    /// How many further packets of a flow follow the first.
    pub clones: u16,
}

impl Default for FlowgenOptions {
    fn default() -> Self {
        Self { flows: NonZeroU32::MIN.saturating_add(1023), clones: 0 }
    }
}

/// Makes packets of flow after flow.
struct Flowgen {
    headers: Headers,
    length: u16,
    turn: Turn,
    clones: u16,
    burst: u16,
    pool: Mempool,
}

/// A mode that makes packets as long as `set txpkts` says.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let asked = stream.options.tx.length();
    let length = asked.saturating_sub(u32::from(CHECK_SEQUENCE));
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    if usize::from(length) < HEADERS || length > stream.pool.data_room() {
        return Err(ModeError::PacketLength {
            mode: "flowgen",
            asked,
            least: HEADERS as u32 + u32::from(CHECK_SEQUENCE),
            most: u32::from(stream.pool.data_room()) + u32::from(CHECK_SEQUENCE),
        });
    }
    let FlowgenOptions { flows, clones } = stream.options.flowgen;
    let spec = Spec {
        dst: DST,
        src: SRC,
        ip_src: IP_SRC,
        ip_dst: IP_DST,
        udp_src: 1000,
        udp_dst: 1001,
        length,
    };
    Ok(Some(Box::new(Flowgen {
        headers: Headers::new(&spec),
        length,
        turn: Turn::new(flows.get()),
        clones,
        burst: stream.burst,
        pool: stream.pool.clone(),
    })))
}

impl Mode for Flowgen {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        batch.clear();
        self.turn.step_back(context);
        if !self.pool.alloc_bulk(batch, usize::from(self.burst)) {
            return;
        }
        let first = u32::from(IP_DST);
        let (mut headers, mut clones) = (self.headers, 0);
        for mbuf in batch.iter_mut() {
            let flow = self.turn.take();
            if clones == 0 {
                clones = self.clones;
                headers = self.headers.with_dst(Ipv4Addr::from(first.wrapping_add(flow)));
            } else {
                clones -= 1;
            }
            // A fresh packet has the room: `make` looked.
            if let Some(bytes) = mbuf.resize(self.length) {
                bytes[..HEADERS].copy_from_slice(&headers.0);
            }
        }
    }

    fn feed(&self) -> Feed {
        Feed::Polls
    }
}
