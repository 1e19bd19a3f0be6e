//! From the modes of a trial that is over to its result.

use super::account::TrafficAccount;
use super::arrival::ArrivalClocks;
use super::clock::{Reading, TscClock};
use super::distribution::{Distribution, SignedSummary};
use super::generator::expected_on;
use super::histogram::{Histogram, nanoseconds};
use super::invalid::Invalid;
use super::measure::Measure;
use super::packet::Packets;
use super::polling::PollClock;
use super::rate::{LINE_OVERHEAD_BYTES, Rate};
use super::receiver::{Receiver, Times};
use super::result::{
    Calibration, Clock, Delay, Path, Polling, Reordering, Sending, StreamResult, TrialResult,
};
use super::sender::{SendFigures, Stamp};
use super::spec::{Load, Phase, StreamSpec, TrafficSpec};
use super::timeline::Timelines;
use crate::engine::Engine;
use crate::engine::plan::Work;
use crate::lcore::LcoreId;
use crate::port::PortId;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// What a result is reckoned from beside the modes.
pub(super) struct Basis<'a> {
    pub(super) spec: &'a TrafficSpec,
    pub(super) clock: TscClock,
    /// When the sending began and when it ended.
    pub(super) begun: Reading,
    pub(super) ended: Reading,
    pub(super) interrupted: bool,
    /// How many packets each stream was to send.
    pub(super) counts: &'a [u64],
    pub(super) calibration: Option<&'a Calibration>,
    pub(super) arrivals: &'a ArrivalClocks,
    /// The ports that were taken away, and after how many seconds.
    pub(super) lost: &'a [(PortId, f64)],
}

/// Packets of a stream that left.
pub(super) fn sent(engine: &Engine, stream: u16) -> u64 {
    let figures = engine.figures();
    let ours = figures.streams().filter(|report| report.plan.work == Work::Generate { stream });
    ours.map(|report| report.figures.sent).sum()
}

/// Reads the result out of the modes.
pub(super) fn result(engine: &Engine, timelines: &mut Timelines, basis: &Basis<'_>) -> TrialResult {
    let mut gathered = Gathered::default();
    engine.visit(|lcore, stamp: &Stamp| gathered.add_sender(lcore, stamp, timelines));
    engine.visit(|lcore, measure: &Measure| gathered.add_measure(lcore, measure, timelines));

    let streams = (0..).zip(&basis.spec.stream).map(|(stream, spec)| {
        gathered.stream(stream, spec, sent(engine, stream), basis, timelines)
    });
    let streams: Vec<StreamResult> = streams.collect();
    let seconds = basis.ended.seconds_since(&basis.begun);
    let drift_ppm = basis.ended.drift_ppm(&basis.begun, basis.clock.hz);
    let mut invalid = Vec::from_iter(basis.ended.fault(&basis.begun, basis.clock.hz));
    invalid.extend(basis.arrivals.faults());
    if let Some(asked) = basis.spec.duration.filter(|_| basis.interrupted) {
        invalid.push(Invalid::Interrupted { seconds, asked });
    }
    let lost = basis.lost.iter().map(|&(port, seconds)| Invalid::TakenAway { port, seconds });
    invalid.extend(lost);
    for ((stream, spec), count) in streams.iter().zip(&basis.spec.stream).zip(basis.counts) {
        complaints(stream, *count, &mut invalid);
        if let Some(TrafficAccount { sent: sent @ 1.., received: 0, .. }) = stream.account {
            let (stream, port, wait_ms) = (stream.stream, expected_on(spec), basis.spec.wait_ms);
            invalid.push(Invalid::Silent { stream, sent, port, wait_ms });
        }
    }
    let TscClock { hz, invariant } = basis.clock;
    TrialResult {
        streams,
        seconds,
        foreign: gathered.foreign,
        answered: gathered.answered,
        captured: Vec::new(),
        invalid,
        polling: gathered.polling(basis.clock),
        clock: Clock { tsc_hz: hz.get(), invariant, drift_ppm },
        receive_clocks: basis.arrivals.results(basis.clock),
        calibration: basis.calibration.cloned(),
    }
}

/// What was not sent of what a stream was to send.
fn complaints(result: &StreamResult, count: u64, invalid: &mut Vec<Invalid>) {
    let stream = result.stream;
    let Sending { packets: sent, skipped, starved, .. } = result.sending;
    if skipped > 0 {
        invalid.push(Invalid::Skipped { stream, skipped });
    }
    if starved > 0 {
        invalid.push(Invalid::Starved { stream, starved });
    }
    if count != u64::MAX && sent < count {
        invalid.push(Invalid::Unfinished { stream, sent, asked: count });
    }
}

/// What all modes say, by stream and by lcore.
#[derive(Default)]
struct Gathered {
    senders: BTreeMap<u16, Sent>,
    receivers: BTreeMap<u16, Received>,
    foreign: u64,
    answered: u64,
    polls: BTreeMap<LcoreId, Polls>,
}

struct Sent {
    figures: SendFigures,
    skipped: u64,
    packets: Packets,
}

/// A stream's packets, all queues taken together.
struct Received {
    received: u64,
    duplicated: u64,
    reordered: u64,
    late: u64,
    corrupted: u64,
    extents: Histogram,
    extent_unknown: u64,
    times: Times,
}

#[derive(Default)]
struct Polls {
    longest: u64,
    stalls: u64,
    touched: u64,
}

impl Gathered {
    fn add_sender(&mut self, lcore: LcoreId, stamp: &Stamp, timelines: &mut Timelines) {
        timelines.add(stamp.last_line());
        self.add_polls(lcore, stamp.polls());
        let sent = Sent {
            figures: stamp.figures().clone(),
            skipped: stamp.pacer().skipped(),
            packets: stamp.packets().clone(),
        };
        self.senders.insert(stamp.stream(), sent);
    }

    fn add_measure(&mut self, lcore: LcoreId, measure: &Measure, timelines: &mut Timelines) {
        measure.last_lines().for_each(|line| timelines.add(line));
        self.add_polls(lcore, measure.polls());
        self.foreign += measure.foreign();
        self.answered += measure.answered();
        for (stream, receiver) in (0..).zip(measure.receivers()) {
            let Some(receiver) = receiver else { continue };
            match self.receivers.get_mut(&stream) {
                Some(received) => received.add(receiver),
                None => {
                    self.receivers.insert(stream, Received::new(receiver));
                }
            }
        }
    }

    fn add_polls(&mut self, lcore: LcoreId, clock: &PollClock) {
        let polls = self.polls.entry(lcore).or_default();
        polls.longest = polls.longest.max(clock.longest);
        // The modes of an lcore see the same stalls, each for itself.
        polls.stalls = polls.stalls.max(clock.stalls);
        polls.touched += clock.touched;
    }

    fn polling(&self, clock: TscClock) -> Vec<Polling> {
        let polls = self.polls.iter().map(|(lcore, polls)| Polling {
            lcore: lcore.0,
            longest_gap_ns: nanoseconds(polls.longest, clock.hz),
            stalls: polls.stalls,
            samples_touched: polls.touched,
        });
        polls.collect()
    }

    fn stream(
        &self,
        stream: u16,
        spec: &StreamSpec,
        sent: u64,
        basis: &Basis<'_>,
        timelines: &Timelines,
    ) -> StreamResult {
        let hz = basis.clock.hz;
        let received = self.receivers.get(&stream);
        let (from, to) = (PortId(spec.port), expected_on(spec));
        let name = if spec.name.is_empty() { stream.to_string() } else { spec.name.clone() };
        StreamResult {
            stream,
            name,
            account: received.map(|received| received.account(sent, hz)),
            reordering: received.map(Received::reordering).unwrap_or_default(),
            delay: Delay::new((from, to), received.map(|received| &received.times), basis),
            timeline: timelines.of(stream, hz),
            sending: self.sending(stream, spec, sent, basis),
        }
    }

    fn sending(&self, stream: u16, spec: &StreamSpec, sent: u64, basis: &Basis<'_>) -> Sending {
        let hz = basis.clock.hz;
        let asked = first_rate(&spec.rate);
        let Some(sender) = self.senders.get(&stream) else { return Sending::nothing(asked) };
        let figures = &sender.figures;
        let seconds = figures.last_tsc.saturating_sub(figures.first_tsc) as f64 / hz.get() as f64;
        // From the first departure to the last there is one gap less than there are packets.
        let pps = if seconds > 0.0 { sent.saturating_sub(1) as f64 / seconds } else { 0.0 };
        let bytes = sender.packets.frame_bytes(sent);
        let l2_bps = pps * 8.0 * bytes as f64 / sent.max(1) as f64;
        let asked_pps = asked.pps(sender.packets.volume());
        let lateness = figures.lateness.as_ref();
        Sending {
            asked,
            asked_pps: asked_pps.map(|(packets, seconds)| packets as f64 / seconds as f64),
            packets: sent,
            bytes,
            pps,
            l1_bps: l2_bps + pps * 8.0 * LINE_OVERHEAD_BYTES as f64,
            l2_bps,
            skipped: sender.skipped,
            starved: figures.starved,
            refused: figures.refused,
            checksums: sender.packets.checksums(),
            departure_error_ns: lateness.map(|lateness| lateness.all().nanoseconds(hz)),
            steady_departure_error_ns: lateness.map(|lateness| lateness.steady.nanoseconds(hz)),
        }
    }
}

/// The rate of a load, or of its first phase.
fn first_rate(load: &Load) -> Rate {
    match load {
        Load::Steady(rate) => *rate,
        Load::Phases(phases) => phases.first().map_or(Rate::FlatOut, |Phase { rate, .. }| *rate),
    }
}

impl Sending {
    fn nothing(asked: Rate) -> Self {
        Self {
            asked,
            asked_pps: None,
            packets: 0,
            bytes: 0,
            pps: 0.0,
            l1_bps: 0.0,
            l2_bps: 0.0,
            skipped: 0,
            starved: 0,
            refused: 0,
            checksums: None,
            departure_error_ns: None,
            steady_departure_error_ns: None,
        }
    }
}

impl Received {
    fn new(receiver: &Receiver) -> Self {
        let tracker = receiver.tracker();
        Self {
            received: tracker.received(),
            duplicated: tracker.duplicated(),
            reordered: tracker.reordered(),
            late: receiver.late(),
            corrupted: receiver.corrupted(),
            extents: tracker.extents().clone(),
            extent_unknown: tracker.extent_unknown(),
            times: receiver.times().clone(),
        }
    }

    fn add(&mut self, receiver: &Receiver) {
        let tracker = receiver.tracker();
        self.received += tracker.received();
        self.duplicated += tracker.duplicated();
        self.reordered += tracker.reordered();
        self.late += receiver.late();
        self.corrupted += receiver.corrupted();
        self.extents.merge(tracker.extents());
        self.extent_unknown += tracker.extent_unknown();
        self.times.merge(receiver.times());
    }

    /// A packet that came back was sent: a `sent` smaller than the number received was read too early, and that number
    /// is taken in its place.
    fn account(&self, sent: u64, hz: NonZeroU64) -> TrafficAccount {
        let sent = sent.max(self.received);
        TrafficAccount {
            sent,
            received: self.received,
            lost: sent - self.received,
            duplicated: self.duplicated,
            reordered: self.reordered,
            late: self.late,
            corrupted: self.corrupted,
            rtt_ns: self.times.actual.nanoseconds(hz).summary(),
        }
    }

    fn reordering(&self) -> Reordering {
        let extents = self.extents.numbers();
        Reordering {
            ratio: self.reordered as f64 / self.received.max(1) as f64,
            extent: extents.summary(),
            density: extents.buckets().to_vec(),
            extent_unknown: self.extent_unknown,
        }
    }
}

impl Delay {
    fn new((from, to): (PortId, PortId), times: Option<&Times>, basis: &Basis<'_>) -> Self {
        let hz = basis.clock.hz;
        let recorded =
            |histogram: &Histogram| (!histogram.is_empty()).then(|| histogram.nanoseconds(hz));
        let actual_ns = times.and_then(|times| recorded(&times.actual));
        let bias = basis.calibration.map(|calibration| calibration.bias_ns);
        let less = |by: u64| actual_ns.as_ref().map(|delays: &Distribution| delays.less(by));
        Self {
            path: if from == to { Path::RoundTrip } else { Path::OneWay },
            receive_port: to,
            corrected_ns: bias.and_then(less),
            pdv_ns: actual_ns.as_ref().and_then(|delays| less(delays.quantile(0.0))),
            intended_ns: times.and_then(|times| recorded(times.intended.as_ref()?)),
            hardware_ns: times.and_then(|times| recorded(times.hardware.as_ref()?)),
            ipdv_ns: times.and_then(|times| {
                let [grew, shrank] = &times.variation;
                SignedSummary::new(shrank, grew, hz)
            }),
            actual_ns,
        }
    }
}
