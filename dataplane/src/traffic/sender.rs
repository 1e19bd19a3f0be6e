//! The sending mode: makes packets when they are due, and stamps them just before they are sent.

use super::histogram::Histogram;
use super::pacing::{Pacer, WHENEVER};
use super::packet::Packets;
use super::polling::{Backlog, PollClock};
use super::probe::{Probe, Words};
use super::timeline::{Line, Ticker};
use crate::batch::{Batch, MAX_BURST};
use crate::forward::{Context, Feed, Mode};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a sender is made of.
pub(super) struct SenderParts {
    pub(super) stream: u16,
    pub(super) signature: u16,
    pub(super) packets: Packets,
    pub(super) pacer: Pacer,
    /// How many in all.
    pub(super) count: u64,
    /// Cycles from the first poll to the first departure.
    pub(super) start: u64,
    /// The longest lateness that is told apart, in cycles; `None` for a stream that is sent flat out.
    pub(super) latest: Option<u64>,
    pub(super) polls: PollClock,
    pub(super) ticker: Ticker,
    pub(super) lines: Sender<Line>,
    /// Set to end the sending; what is on its way is still measured.
    pub(super) halt: Arc<AtomicBool>,
}

/// Makes stamped, numbered packets when they are due.
///
/// Packets that the transmit queue did not take stay in the batch: they are sent first at the next poll, with a new
/// departure time and the one that they were meant to have, so no number is skipped, a full queue is not taken for the
/// network's delay, and what it costs is known all the same.
pub struct Stamp {
    parts: SenderParts,
    pool: Mempool,
    burst: usize,
    begun: bool,
    /// When each packet of the batch was to depart.
    intended: Box<[u64; MAX_BURST]>,
    /// Packets in the batch when it was handed to the queue, and how many of them were new.
    handed: usize,
    fresh: usize,
    backlog: Backlog,
    /// When the batch was stamped.
    departure_tsc: u64,
    figures: SendFigures,
    /// Packets sent before the second that runs.
    reported: u64,
}

/// What a sender knows of its sending.
#[derive(Clone, Debug, Default)]
pub(super) struct SendFigures {
    /// Packets that were made.
    pub(super) made: u64,
    /// Packets that left, as far as the next poll saw.
    pub(super) sent: u64,
    pub(super) starved: u64,
    pub(super) refused: u64,
    /// When the first and the last packet left.
    pub(super) first_tsc: u64,
    pub(super) last_tsc: u64,
    pub(super) lateness: Option<Lateness>,
}

/// How late packets left, in cycles: each is in one of the two.
#[derive(Clone, Debug)]
pub(super) struct Lateness {
    /// Those that were due while the loop polled.
    pub(super) steady: Histogram,
    /// Those that were due in a stall, and those that had to wait for them; those of the polls before and after it.
    pub(super) behind: Histogram,
}

impl Lateness {
    /// Up to `latest` is told apart.
    fn new(latest: u64) -> Self {
        Self { steady: Histogram::new(latest), behind: Histogram::new(latest) }
    }

    /// Of all packets.
    pub(super) fn all(&self) -> Histogram {
        let mut all = self.steady.clone();
        all.merge(&self.behind);
        all
    }
}

impl Stamp {
    /// A sender whose packets come from `pool`, at most `burst` at a time.
    pub(super) fn new(parts: SenderParts, pool: Mempool, burst: u16) -> Self {
        let lateness = parts.latest.map(Lateness::new);
        Self {
            parts,
            pool,
            burst: usize::from(burst).min(MAX_BURST),
            begun: false,
            intended: Box::new([0; MAX_BURST]),
            handed: 0,
            fresh: 0,
            backlog: Backlog::default(),
            departure_tsc: 0,
            figures: SendFigures { lateness, ..SendFigures::default() },
            reported: 0,
        }
    }

    pub(super) fn stream(&self) -> u16 {
        self.parts.stream
    }

    pub(super) fn figures(&self) -> &SendFigures {
        &self.figures
    }

    pub(super) fn pacer(&self) -> &Pacer {
        &self.parts.pacer
    }

    pub(super) fn packets(&self) -> &Packets {
        &self.parts.packets
    }

    pub(super) fn polls(&self) -> &PollClock {
        &self.parts.polls
    }

    /// Packets of the second that runs, which no line tells of yet.
    pub(super) fn last_line(&self) -> Line {
        let (stream, second) = (self.parts.stream, self.parts.ticker.second);
        Line { sent: self.figures.sent - self.reported, ..Line::empty(stream, second) }
    }

    /// Notes what became of the batch that was handed over: its last `kept` packets are back.
    #[inline]
    fn settle(&mut self, kept: usize, stalled: bool) {
        let sent = self.handed.saturating_sub(kept);
        let is_behind = self.backlog.settle(stalled, kept == 0);
        let figures = &mut self.figures;
        if sent > 0 {
            figures.sent += sent as u64;
            figures.last_tsc = self.departure_tsc;
            if figures.first_tsc == 0 {
                figures.first_tsc = self.departure_tsc;
            }
            if let Some(Lateness { steady, behind }) = &mut figures.lateness {
                let lateness = if is_behind { behind } else { steady };
                let timed = self.intended[..sent].iter().filter(|intended| **intended != WHENEVER);
                for intended in timed {
                    lateness.record(self.departure_tsc.saturating_sub(*intended));
                }
            }
        }
        if kept > 0 {
            figures.refused += kept.min(self.fresh) as u64;
            self.intended.copy_within(sent..self.handed, 0);
        }
    }

    /// Writes the times of the packets that are due behind those of the `kept` ones; returns how many there are.
    #[inline]
    fn due(&mut self, now_tsc: u64, kept: usize) -> usize {
        let left = self.parts.count - self.figures.made;
        // When all are made, the pacer is not asked any more: it would take what is not sent for given up.
        if left == 0 || self.parts.halt.load(Ordering::Relaxed) {
            return 0;
        }
        if !self.begun {
            self.begun = true;
            self.parts.pacer.begin(now_tsc.saturating_add(self.parts.start));
        }
        let room = self.burst.saturating_sub(kept).min(usize::try_from(left).unwrap_or(usize::MAX));
        let places = self.intended.get_mut(kept..kept + room).unwrap_or_default();
        let due = self.parts.pacer.due(now_tsc, places);
        self.backlog.hand_over(due == room);
        due
    }

    /// Adds `due` packets to the batch, all but their probes; returns how many.
    #[inline]
    fn make(&mut self, batch: &mut Batch, due: usize) -> usize {
        if due == 0 {
            return 0;
        }
        if !self.parts.packets.make(&self.pool, batch, due) {
            self.figures.starved += due as u64;
            return 0;
        }
        self.figures.made += due as u64;
        due
    }

    /// Writes the probes of all packets of the batch: they are about to be sent.
    #[inline]
    fn stamp(&mut self, batch: &mut Batch) {
        self.departure_tsc = cycles();
        let Some(at) = self.parts.packets.probe_at() else { return };
        let (stream, signature) = (self.parts.stream, self.parts.signature);
        let mut times = &self.intended[..batch.len()];
        let differing = times.windows(2).fold(0, |bits, pair| bits | (pair[0] ^ pair[1]));
        let mut sequence = self.figures.made - batch.len() as u64;
        let mut packets = &mut batch[..];
        while let Some(intended) = times.first() {
            let probe = Probe::new(stream, sequence, *intended, self.departure_tsc);
            let words = probe.words(signature);
            // What was to depart at the same time, or whenever, has the same probe but for its number.
            let alike = if differing == 0 { 1 + usize::from(words.followers()) } else { 1 };
            let alike = alike.min(times.len());
            let (now, later) = packets.split_at_mut(alike);
            write_probes(now, at, words);
            (packets, times) = (later, &times[alike..]);
            sequence += alike as u64;
        }
    }

    /// Sends the line of a second that is over.
    #[cold]
    #[inline(never)]
    fn report(&mut self, second: u32) {
        let line = Line { second, ..self.last_line() };
        self.reported = self.figures.sent;
        // With the control thread away for minutes there is no room, and its record has a gap.
        let _ = self.parts.lines.try_send(line);
    }
}

/// Writes a probe at a place of each packet: these words into the first, and into each other one what follows.
///
/// A call of its own, which keeps in registers what it needs.
#[inline(never)]
fn write_probes(packets: &mut [Mbuf], at: usize, mut words: Words) {
    for mbuf in packets {
        // Every packet here was made above and has one owner.
        let rest = mbuf.data_mut().and_then(|frame| frame.get_mut(at..));
        if let Some(place) = rest.and_then(|rest| rest.first_chunk_mut()) {
            words.write(place);
        }
        words = words.following();
    }
}

impl Mode for Stamp {
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        let now_tsc = cycles();
        let kept = batch.len();
        let stalled = self.parts.polls.poll(now_tsc, 0);
        self.settle(kept, stalled);
        if let Some(second) = self.parts.ticker.over(now_tsc) {
            self.report(second);
        }
        let due = self.due(now_tsc, kept);
        self.fresh = self.make(batch, due);
        self.handed = batch.len();
        if self.handed > 0 {
            self.stamp(batch);
        }
    }

    fn feed(&self) -> Feed {
        Feed::Itself
    }
}
