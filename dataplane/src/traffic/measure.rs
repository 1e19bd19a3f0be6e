//! The receiving mode: finds the probes of the packets that come, and hands them to their streams' receivers.

use super::arrival::ArrivalReader;
use super::capture::CaptureTap;
use super::polling::PollClock;
use super::probe::{NotAProbe, PROBE_BYTES, Probe};
use super::receiver::Receiver;
use super::responder::Responder;
use super::run::Run;
use super::timeline::{Line, Ticker};
use crate::batch::Batch;
use crate::forward::{Context, Counts, Feed, Mode, Tally};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::port::PortId;
use crate::wire::ethernet::HEADER_LEN;
use crossbeam_channel::Sender;
use std::sync::Arc;

/// How far into a packet a probe is looked for where none was expected: behind any headers that a device may have added.
const SEARCHED: usize = 256;

/// The name of its count of different packets received in time.
pub(super) const RECEIVED: &str = "received";

/// What a receiving mode is made of.
pub(super) struct MeasureParts {
    pub(super) port: PortId,
    pub(super) signature: u16,
    /// Where the streams' probes lie, the likeliest first.
    pub(super) places: Vec<usize>,
    /// By stream number; `None` for streams that are expected elsewhere.
    pub(super) receivers: Vec<Option<Receiver>>,
    /// The device's clock; `None` if the port has none.
    pub(super) arrivals: Option<ArrivalReader>,
    pub(super) polls: PollClock,
    pub(super) ticker: Ticker,
    pub(super) lines: Sender<Line>,
    /// Who answers questions; `None` if the stream has no sink by which answers would leave.
    pub(super) responder: Option<Responder>,
    /// Where packets go in place of their pool.
    pub(super) capture: Option<CaptureTap>,
}

/// Matches the packets that come back; they end there. What is left in the batch are answers to questions.
pub struct Measure {
    parts: MeasureParts,
    foreign: u64,
    counts: Arc<Tally>,
}

impl Measure {
    pub(super) fn new(parts: MeasureParts) -> Self {
        Self { parts, foreign: 0, counts: Arc::new(Tally::new(&[RECEIVED])) }
    }

    /// The packets from the first one on that left together; `None` if that one has no probe.
    #[inline]
    fn run<'a>(&mut self, mut frames: impl Iterator<Item = &'a [u8]>) -> Option<Run> {
        let frame = frames.next()?;
        let first = self.likeliest();
        let mut run = match read_at(frame, first, self.parts.signature) {
            Ok(run) => run,
            Err(_) => self.search(frame)?,
        };
        let place = self.likeliest();
        run.go_on(frames.map(|frame| frame.get(place..).unwrap_or_default()));
        Some(run)
    }

    /// Where a probe is looked for first.
    #[inline]
    fn likeliest(&self) -> usize {
        self.parts.places.first().copied().unwrap_or_default()
    }

    /// Counts packets that arrived at `now_tsc`, and the first of them at its device at `hardware_tsc`; returns how many came in time
    /// and are the first of their numbers.
    #[inline]
    fn receive(&mut self, run: &Run, now_tsc: u64, hardware_tsc: Option<u64>) -> u64 {
        match self.receiver(run.probe().stream) {
            Some(receiver) => receiver.receive(run, now_tsc, hardware_tsc),
            None => {
                self.foreign += run.packets();
                0
            }
        }
    }

    /// Makes a packet without a probe its answer, or counts it; `true` if it is to be sent.
    #[cold]
    fn answer(&mut self, mbuf: &mut Mbuf) -> bool {
        if let (Some(responder), Some(frame)) = (&mut self.parts.responder, mbuf.data_mut())
            && responder.answer(frame)
        {
            return true;
        }
        self.receive_unknown(mbuf.data());
        false
    }

    #[inline]
    fn receiver(&mut self, stream: u16) -> Option<&mut Receiver> {
        self.parts.receivers.get_mut(usize::from(stream))?.as_mut()
    }

    /// Looks for a probe where the others lie, then where a device may have moved it by headers of its own. Where it is found
    /// the next one is looked for first.
    #[cold]
    fn search(&mut self, frame: &[u8]) -> Option<Run> {
        let MeasureParts { signature, places, .. } = &mut self.parts;
        let last = frame.len().min(SEARCHED).saturating_sub(PROBE_BYTES);
        // No packet's headers are shorter than Ethernet's, and all are even in length.
        let others = (HEADER_LEN..=last).step_by(2);
        let (place, run) = places
            .iter()
            .copied()
            .chain(others)
            .find_map(|place| read_at(frame, place, *signature).ok().map(|run| (place, run)))?;
        if let Some(at) = places.iter().position(|known| *known == place) {
            places.swap(0, at);
        } else if let Some(first) = places.first_mut() {
            // It replaces the one that was tried in vain; no memory is asked for.
            *first = place;
        }
        Some(run)
    }

    /// Counts a frame without a sound probe. A damaged one counts for the stream that it names, if there is one.
    fn receive_unknown(&mut self, frame: &[u8]) {
        let MeasureParts { signature, places, .. } = &self.parts;
        let damaged = |place: &&usize| {
            read_at(frame, **place, *signature).is_err_and(|reason| reason == NotAProbe::Corrupt)
        };
        let named = places.iter().find(damaged).and_then(|place| {
            frame.get(place + Probe::STREAM_AT..)?.first_chunk().copied().map(u16::from_be_bytes)
        });
        match named.and_then(|stream| self.receiver(stream)) {
            Some(receiver) => receiver.receive_corrupt(),
            None => self.foreign += 1,
        }
    }

    /// Sends the lines of a second that is over.
    #[cold]
    fn report(&mut self, second: u32) {
        for (stream, receiver) in (0..).zip(&mut self.parts.receivers) {
            if let Some(receiver) = receiver {
                // With the control thread away for minutes there is no room, and its record has a gap.
                let _ = self.parts.lines.try_send(receiver.last_line(stream, second));
                receiver.turn();
            }
        }
    }

    pub(super) fn receivers(&self) -> &[Option<Receiver>] {
        &self.parts.receivers
    }

    pub(super) fn polls(&self) -> &PollClock {
        &self.parts.polls
    }

    pub(super) fn foreign(&self) -> u64 {
        self.foreign
    }

    pub(super) fn answered(&self) -> u64 {
        self.parts.responder.as_ref().map_or(0, Responder::answered)
    }

    /// The port that it measures.
    pub(super) fn port(&self) -> PortId {
        self.parts.port
    }

    /// Packets that found no room on their way to a file.
    pub(super) fn missed(&self) -> u64 {
        self.parts.capture.as_ref().map_or(0, CaptureTap::missed)
    }

    /// What no line tells of yet.
    pub(super) fn last_lines(&self) -> impl Iterator<Item = Line> {
        let second = self.parts.ticker.second;
        let receivers = (0..).zip(&self.parts.receivers);
        receivers.filter_map(move |(stream, receiver)| {
            Some(receiver.as_ref()?.last_line(stream, second))
        })
    }
}

#[inline]
fn read_at(frame: &[u8], place: usize, signature: u16) -> Result<Run, NotAProbe> {
    Run::read(frame.get(place..).unwrap_or_default(), signature)
}

impl Mode for Measure {
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        let now_tsc = cycles();
        self.parts.polls.poll(now_tsc, batch.len());
        if let Some(second) = self.parts.ticker.over(now_tsc) {
            self.report(second);
        }
        let arrivals = self.parts.arrivals.as_mut().map(ArrivalReader::now);
        // The times that a device takes are each packet's own.
        let together = if arrivals.is_some() { 1 } else { usize::MAX };
        let (mut at, mut received, mut answers) = (0, 0, 0);
        while at < batch.len() {
            let Some(run) = self.run(batch[at..].iter().map(Mbuf::data).take(together)) else {
                if self.answer(&mut batch[at]) {
                    // To the front, where in the end only answers are left.
                    batch[answers..=at].rotate_right(1);
                    answers += 1;
                }
                at += 1;
                continue;
            };
            let hardware_tsc = arrivals.as_ref().and_then(|arrivals| arrivals.tsc(&batch[at]));
            received += self.receive(&run, now_tsc, hardware_tsc);
            at += run.packets() as usize;
        }
        match &mut self.parts.capture {
            Some(capture) => capture.take(batch, answers, now_tsc),
            None => batch.truncate(answers),
        }
        self.counts.add(0, received);
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        let counts: Arc<dyn Counts> = Arc::<Tally>::clone(&self.counts);
        Some(counts)
    }

    fn feed(&self) -> Feed {
        Feed::Polls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;
    use proptest::prelude::*;
    use std::num::NonZeroU64;

    const SIGNATURE: u16 = 0x5057;

    fn measure(places: Vec<usize>) -> Measure {
        Measure::new(MeasureParts {
            port: PortId(0),
            signature: SIGNATURE,
            places,
            receivers: vec![
                Some(Receiver::new(1000, false, false)),
                None,
                Some(Receiver::new(1000, false, false)),
            ],
            arrivals: None,
            polls: PollClock::new(100),
            ticker: Ticker::new(NonZeroU64::MIN),
            lines: bounded(1).0,
            responder: None,
            capture: None,
        })
    }

    fn frame(stream: u16, sequence: u64, place: usize) -> Vec<u8> {
        let mut frame = vec![0; place + PROBE_BYTES + 4];
        let place = frame[place..].first_chunk_mut().unwrap();
        Probe::new(stream, sequence, 5, 5).write(place, SIGNATURE);
        frame
    }

    /// What `process` does with a packet that nobody answers.
    fn receive(measure: &mut Measure, frame: &[u8]) {
        match measure.run(std::iter::once(frame)) {
            Some(run) => {
                measure.receive(&run, 9, None);
            }
            None => measure.receive_unknown(frame),
        }
    }

    fn received(measure: &Measure, stream: usize) -> u64 {
        measure.receivers()[stream].as_ref().unwrap().tracker().received()
    }

    #[test]
    fn a_probe_is_found_where_a_device_moved_it() {
        let mut measure = measure(vec![42, 62]);
        // As sent, behind another stack, with a tag more, and again.
        for (sequence, place) in [(0, 42), (1, 62), (2, 46), (3, 46), (4, 42)] {
            receive(&mut measure, &frame(0, sequence, place));
        }
        assert_eq!((received(&measure, 0), measure.foreign()), (5, 0));
    }

    #[test]
    fn what_is_not_ours_is_foreign_and_what_is_damaged_is_corrupt() {
        let mut measure = measure(vec![42]);
        receive(&mut measure, &[0; 300]);
        receive(&mut measure, &[0; 20]);
        receive(&mut measure, &frame(1, 0, 42));
        receive(&mut measure, &frame(7, 0, 42));
        let mut damaged = frame(2, 0, 42);
        damaged[42 + 9] ^= 1;
        receive(&mut measure, &damaged);
        assert_eq!((measure.foreign(), received(&measure, 0), received(&measure, 2)), (4, 0, 0));
        assert_eq!(measure.receivers()[2].as_ref().unwrap().corrupted(), 1);
    }

    proptest! {
        #[test]
        fn any_frame_is_received_without_panic(bytes: Vec<u8>, places in prop::collection::vec(0usize..100, 0..3)) {
            let mut measure = measure(places);
            receive(&mut measure, &bytes);
            prop_assert_eq!(measure.foreign(), 1);
        }
    }
}
