//! The generator's two modes: one stamps packets and sends them, one measures those that come back.
//!
//! They are forwarding modes like any other: the engine paces nothing, it polls. Departures are stamped right before the
//! send call and arrivals read right after the receive call.

use super::account::TrafficAccount;
use super::pacing::{Pacer, PacingError};
use super::rate::{Rate, Volume};
use super::receiver::Receiver;
use super::sequence::SequenceTracker;
use super::spec::{Load, Spacing};
use super::template::Template;
use crate::batch::{Batch, MAX_BURST};
use crate::engine::Engine;
use crate::engine::plan::Work;
use crate::forward::{Context, Feed, Mode};
use crate::lcore::cycles;
use crate::mempool::Mempool;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One stream of traffic.
#[derive(Clone)]
pub struct Traffic {
    /// Its packets.
    pub template: Template,
    /// How many a second.
    pub rate: Rate,
    /// How many in all; no end if `None`.
    pub packets: Option<u64>,
    /// Set to end the sending; what is on its way is still measured.
    pub halt: Arc<AtomicBool>,
}

/// Why a stream cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The packets of a stream do not fit into those of the pool.
    #[error(
        "packets of {frame} bytes do not fit into the pool's, which have room for {room}: give larger ones (--mbuf-size)"
    )]
    FrameTooLong {
        /// Bytes of the stream's packets.
        frame: usize,
        /// Bytes that one of the pool holds.
        room: u16,
    },
    /// Its rate has no meaning.
    #[error(transparent)]
    Pacing(#[from] PacingError),
}

/// Makes stamped, numbered packets when they are due.
///
/// Packets that the transmit queue did not take stay in the batch: they are sent first at the next poll, with a new
/// departure time, so no number is skipped and a full queue is not taken for the network's delay.
pub struct Stamp {
    traffic: Traffic,
    pool: Mempool,
    burst: u16,
    pacer: Pacer,
    begun: bool,
    numbered: u64,
    starved: u64,
}

impl Stamp {
    /// A sender of `traffic` whose packets come from `pool`, at most `burst` at a time.
    ///
    /// # Errors
    /// [`StampError`] if the pool's packets have no room for the template, or the rate has no meaning.
    pub fn new(
        traffic: Traffic,
        pool: Mempool,
        burst: u16,
        tsc_hz: NonZeroU64,
    ) -> Result<Self, StampError> {
        let (frame, room) = (traffic.template.packet_bytes(), pool.data_room());
        if frame > usize::from(room) {
            return Err(StampError::FrameTooLong { frame, room });
        }
        let load = Load::Steady(traffic.rate);
        let volume = Volume { packets: 1, bytes: frame as u32 + 4 };
        let pacer = Pacer::new(&load, Spacing::Constant, volume, tsc_hz)?;
        Ok(Self { traffic, pool, burst, pacer, begun: false, numbered: 0, starved: 0 })
    }

    /// How many packets are due now, no more than `room`.
    fn due(&mut self, room: u16) -> u16 {
        if self.traffic.halt.load(Ordering::Relaxed) {
            return 0;
        }
        let left =
            self.traffic.packets.map_or(u64::MAX, |packets| packets.saturating_sub(self.numbered));
        let room = u64::from(room).min(left) as u16;
        let now = cycles();
        // The first poll starts the clock.
        if !std::mem::replace(&mut self.begun, true) {
            self.pacer.begin(now);
        }
        let mut departures = [0; MAX_BURST];
        let room = usize::from(room).min(MAX_BURST);
        self.pacer.due(now, &mut departures[..room]) as u16
    }
}

impl Mode for Stamp {
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        let kept = batch.len();
        let due = self.due(self.burst.saturating_sub(kept as u16));
        if self.pool.alloc_bulk(batch, usize::from(due)) {
            let bytes = self.traffic.template.packet_bytes() as u16;
            for mbuf in &mut batch[kept..] {
                // A fresh packet of this pool has the room: `new` looked.
                let _ = mbuf.resize(bytes);
            }
        } else {
            self.starved += u64::from(due);
        }
        let first = self.numbered - kept as u64;
        self.numbered = first + batch.len() as u64;
        let departure = cycles();
        for (mbuf, sequence) in batch.iter_mut().zip(first..) {
            // Every packet here was made above and has one owner.
            if let Some(frame) = mbuf.data_mut() {
                self.traffic.template.stamp(frame, sequence, departure);
            }
        }
    }

    fn feed(&self) -> Feed {
        Feed::Itself
    }
}

/// Matches the packets that come back; its stream has no sink, so they end there.
pub struct Measure {
    receiver: Receiver,
}

impl Measure {
    /// A receiver of the packets of stream number `stream`.
    pub fn new(stream: u16, tsc_hz: NonZeroU64) -> Self {
        let tracker = SequenceTracker::new(SequenceTracker::DEFAULT_WINDOW);
        Self { receiver: Receiver::new(stream, Template::PROBE_OFFSET, tracker, tsc_hz) }
    }
}

impl Mode for Measure {
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        let arrival = cycles();
        for mbuf in batch.iter() {
            self.receiver.receive(mbuf.data(), arrival);
        }
    }
}

/// What a generator's run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Every packet's fate and the round-trip times.
    pub account: TrafficAccount,
    /// Departures given up because the sender was late or had no packets: what was asked for was not sent.
    pub skipped: u64,
    /// Round-trip times in bars for drawing: a range in nanoseconds and its packets.
    pub histogram: Vec<(Range<u64>, u64)>,
}

/// Reads the outcome of the generator on a stopped engine, with a histogram of `bars` bars; `None` if there is none.
pub fn outcome(engine: &Engine, bars: u16) -> Option<Outcome> {
    let figures = engine.figures();
    let sent: u64 = figures
        .streams()
        .filter(|stream| matches!(stream.plan.work, Work::Generate))
        .map(|stream| stream.figures.sent)
        .sum();
    let skipped = engine.look_at(|stamp: &Stamp| stamp.pacer.skipped() + stamp.starved)?;
    engine.look_at(|measure: &Measure| Outcome {
        account: measure.receiver.account(sent),
        skipped,
        histogram: measure.receiver.delays().bars(bars),
    })
}
