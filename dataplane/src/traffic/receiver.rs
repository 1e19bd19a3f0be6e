//! What becomes of one stream's packets, as one receive queue sees them.

use super::histogram::{BARS, Histogram, bar};
use super::run::Run;
use super::sequence::{Arrival, SequenceTracker};
use super::timeline::Line;
use std::array;

/// Matches one stream's packets with those sent, and takes their times.
///
/// Packets of a flow stay on one queue, and so do a packet's copies: each queue's account is right by itself, and a stream's is
/// their sum. Between queues there is no order to be kept.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    tracker: SequenceTracker,
    /// How long a packet is waited for, in cycles.
    wait: u64,
    too_late: u64,
    corrupted: u64,
    times: Times,
    /// The delays of the second that runs, by bar.
    bars: Box<[u32; BARS]>,
    /// What earlier seconds' lines told of.
    reported: Reported,
}

/// The times of the packets received.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// From the departure to the arrival.
    pub(super) actual: Histogram,
    /// From the time of departure that was meant; `None` for a stream that is sent flat out.
    pub(super) intended: Option<Histogram>,
    /// From the departure to the arrival by the device's clock; `None` on a port that has none.
    pub(super) hardware: Option<Histogram>,
    /// From one packet's delay to the next one's: those that grew, and those that shrank.
    pub(super) variation: [Histogram; 2],
    /// The delay of the packet before.
    last: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reported {
    received: u64,
    duplicated: u64,
    reordered: u64,
}

impl Receiver {
    /// A receiver that waits `wait` cycles for a packet, and tells the intended times from the others if the stream has them, and
    /// the device's if the port has those.
    pub(super) fn new(wait: u64, is_timed: bool, has_hardware: bool) -> Self {
        Self {
            tracker: SequenceTracker::default(),
            wait,
            too_late: 0,
            corrupted: 0,
            times: Times {
                actual: Histogram::new(wait),
                intended: is_timed.then(|| Histogram::new(wait)),
                hardware: has_hardware.then(|| Histogram::new(wait)),
                variation: array::from_fn(|_| Histogram::new(wait)),
                last: None,
            },
            bars: Box::new([0; BARS]),
            reported: Reported::default(),
        }
    }

    /// Counts packets that arrived at `now_tsc`, and the first of them at its device at `hardware_tsc`; returns how many came in time
    /// and are the first of their numbers.
    #[inline]
    pub(super) fn receive(&mut self, run: &Run, now_tsc: u64, hardware_tsc: Option<u64>) -> u64 {
        let delay = run.probe().delay(now_tsc);
        if delay > self.wait {
            return self.receive_late(run);
        }
        let first = self.tracker.extend(run.probe().sequence);
        if !self.tracker.observe_next(first, run.packets()) {
            return self.receive_apart(first, run, delay, hardware_tsc);
        }
        self.time(first, run, run.packets(), delay, hardware_tsc);
        run.packets()
    }

    #[cold]
    fn receive_late(&mut self, run: &Run) -> u64 {
        self.too_late += run.packets();
        0
    }

    /// Counts packets of which the first was not expected next.
    #[cold]
    fn receive_apart(
        &mut self,
        first: u64,
        run: &Run,
        delay: u64,
        hardware_tsc: Option<u64>,
    ) -> u64 {
        let mut received = 0;
        for sequence in first..first.saturating_add(run.packets()) {
            match self.tracker.observe(sequence) {
                Arrival::New | Arrival::Reordered => {
                    self.time(sequence, run, 1, delay, hardware_tsc);
                    received += 1;
                }
                Arrival::Duplicate | Arrival::Late => {}
            }
        }
        received
    }

    /// Takes the times of packets that were received, with the numbers from `first` on.
    #[inline]
    fn time(&mut self, first: u64, run: &Run, packets: u64, delay: u64, hardware_tsc: Option<u64>) {
        let times = &mut self.times;
        let bucket = times.actual.record_times(delay, packets);
        if let Some(bar) = self.bars.get_mut(bar(bucket)) {
            *bar += packets as u32;
        }
        if let Some(intended) = &mut times.intended {
            intended.record_times(delay + run.probe().late(), packets);
        }
        if let Some(arrival) = hardware_tsc {
            times.record_hardware(run.probe().delay(arrival));
        }
        let [grew, shrank] = &mut times.variation;
        if let Some((before, last)) = times.last
            && first == before + 1
        {
            if delay >= last {
                grew.record(delay - last)
            } else {
                shrank.record(last - delay)
            };
        }
        if packets > 1 {
            grew.record_times(0, packets - 1);
        }
        times.last = Some((first + (packets - 1), delay));
    }

    /// Counts a packet whose probe had changed and names this stream.
    pub(super) fn receive_corrupt(&mut self) {
        self.corrupted += 1;
    }

    pub(super) fn tracker(&self) -> &SequenceTracker {
        &self.tracker
    }

    pub(super) fn times(&self) -> &Times {
        &self.times
    }

    /// Arrivals after the wait, and those too old to be told from duplicates.
    pub(super) fn late(&self) -> u64 {
        self.too_late + self.tracker.late()
    }

    pub(super) fn corrupted(&self) -> u64 {
        self.corrupted
    }

    /// What no line tells of yet.
    pub(super) fn last_line(&self, stream: u16, second: u32) -> Line {
        Line {
            received: self.tracker.received() - self.reported.received,
            duplicated: self.tracker.duplicated() - self.reported.duplicated,
            reordered: self.tracker.reordered() - self.reported.reordered,
            bars: Some(*self.bars),
            ..Line::empty(stream, second)
        }
    }

    /// Begins a new second.
    pub(super) fn turn(&mut self) {
        self.reported = Reported {
            received: self.tracker.received(),
            duplicated: self.tracker.duplicated(),
            reordered: self.tracker.reordered(),
        };
        self.bars.fill(0);
    }
}

impl Times {
    // As reading the device's clock: out of the way.
    #[inline(never)]
    fn record_hardware(&mut self, delay: u64) {
        if let Some(hardware) = &mut self.hardware {
            hardware.record(delay);
        }
    }

    /// Adds another queue's times.
    pub(super) fn merge(&mut self, other: &Self) {
        self.actual.merge(&other.actual);
        if let (Some(intended), Some(more)) = (&mut self.intended, &other.intended) {
            intended.merge(more);
        }
        if let (Some(hardware), Some(more)) = (&mut self.hardware, &other.hardware) {
            hardware.merge(more);
        }
        let pairs = self.variation.iter_mut().zip(&other.variation);
        pairs.for_each(|(variation, more)| variation.merge(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::probe::{PROBE_BYTES, Probe};
    use proptest::prelude::*;

    const WAIT: u64 = 10_000;

    /// The packet of a number that departs at `departure`, ten cycles late.
    fn packet(sequence: u64, departure: u64) -> Run {
        let mut bytes = [0; PROBE_BYTES];
        Probe::new(3, sequence, departure - 10, departure).write(&mut bytes, 7);
        Run::read(&bytes, 7).unwrap()
    }

    #[test]
    fn every_arrival_is_accounted_for() {
        let mut receiver = Receiver::new(WAIT, true, true);
        for (sequence, departure, arrival) in [
            (0, 100, 110),
            (1, 100, 130),
            (3, 100, 120),
            (2, 100, 9_000),
            (2, 100, 9_000),
            (4, 100, WAIT + 101),
        ] {
            // The device saw it five cycles earlier, but for one that it did not look at.
            let hardware = (sequence != 1).then(|| arrival - 5);
            receiver.receive(&packet(sequence, departure), arrival, hardware);
        }
        receiver.receive_corrupt();
        let tracker = receiver.tracker();
        assert_eq!((tracker.received(), tracker.reordered(), tracker.duplicated()), (4, 1, 1));
        assert_eq!((receiver.late(), receiver.corrupted()), (1, 1));
        let times = receiver.times();
        assert_eq!(times.actual.numbers().quantile(0.5), 20);
        assert_eq!(times.intended.as_ref().unwrap().numbers().quantile(0.5), 30);
        let hardware = times.hardware.as_ref().unwrap().numbers();
        assert_eq!(hardware.buckets()[..2], [(5, 1), (15, 1)]);
        assert_eq!(hardware.count(), 3);
        let [grew, shrank] = &times.variation;
        assert_eq!((grew.numbers().count(), shrank.numbers().count()), (1, 0));
        assert_eq!(grew.numbers().quantile(0.5), 20, "only from 0 to 1 did one follow the other");
    }

    #[test]
    fn a_line_tells_of_its_second_alone() {
        let mut receiver = Receiver::new(WAIT, false, false);
        receiver.receive(&packet(0, 100), 110, None);
        receiver.receive(&packet(0, 100), 110, None);
        let line = receiver.last_line(3, 0);
        assert_eq!((line.received, line.duplicated, line.bars.unwrap()[bar(10)]), (1, 1, 1));
        receiver.turn();
        receiver.receive(&packet(1, 100), 110, None);
        let line = receiver.last_line(3, 1);
        assert_eq!((line.received, line.duplicated, line.reordered), (1, 0, 0));
    }

    proptest! {
        #[test]
        fn what_arrives_is_counted_once(arrivals in prop::collection::vec((0u64..300, 0u64..2 * WAIT), 0..600)) {
            let mut receiver = Receiver::new(WAIT, true, false);
            for (sequence, delay) in &arrivals {
                receiver.receive(&packet(*sequence, 50), 50 + delay, None);
            }
            let (tracker, times) = (receiver.tracker(), receiver.times());
            let counted = tracker.received() + tracker.duplicated() + receiver.late();
            prop_assert_eq!(counted, arrivals.len() as u64);
            prop_assert_eq!(times.actual.numbers().count(), tracker.received());
            prop_assert_eq!(times.intended.as_ref().unwrap().numbers().count(), tracker.received());
        }
    }
}
