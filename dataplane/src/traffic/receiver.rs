//! The generator's receiving half: matches every packet that comes back.

use super::account::TrafficAccount;
use super::distribution::Distribution;
use super::histogram::Histogram;
use super::probe::{NotAProbe, Probe};
use super::sequence::{Arrival, SequenceTracker};
use std::num::NonZeroU64;

/// The longest round trip told apart.
const LONGEST_SECONDS: u64 = 10;

/// Matches one stream's packets with those sent, and keeps their account.
#[derive(Clone, Debug)]
pub struct Receiver {
    stream: u16,
    probe_offset: usize,
    tracker: SequenceTracker,
    tsc_hz: NonZeroU64,
    delays: Histogram,
    foreign: u64,
    corrupted: u64,
}

impl Receiver {
    /// Makes the receiver of a stream whose probes lie `probe_offset` bytes into the frame.
    pub fn new(
        stream: u16,
        probe_offset: usize,
        tracker: SequenceTracker,
        tsc_hz: NonZeroU64,
    ) -> Self {
        let delays = Histogram::new(tsc_hz.get().saturating_mul(LONGEST_SECONDS));
        Self { stream, probe_offset, tracker, tsc_hz, delays, foreign: 0, corrupted: 0 }
    }

    /// Counts a frame that arrived at `now_tsc`.
    ///
    /// The first arrival of a packet gives a round-trip time. A departure after the arrival, which the counters of
    /// two sockets can make, is taken for no time at all.
    #[inline]
    pub fn receive(&mut self, frame: &[u8], now_tsc: u64) {
        match Probe::read(frame.get(self.probe_offset..).unwrap_or_default()) {
            Ok(probe) if probe.stream == self.stream => {
                match self.tracker.observe(self.tracker.extend(probe.sequence)) {
                    Arrival::New | Arrival::Reordered => {
                        self.delays.record(now_tsc.saturating_sub(probe.departure_tsc));
                    }
                    Arrival::Duplicate | Arrival::Late => {}
                }
            }
            Ok(_) | Err(NotAProbe::Foreign) => self.foreign += 1,
            Err(NotAProbe::Corrupt) => self.corrupted += 1,
        }
    }

    /// How many different packets came back so far.
    pub fn received(&self) -> u64 {
        self.tracker.received()
    }

    /// The round-trip times.
    pub fn delays(&self) -> Distribution {
        self.delays.nanoseconds(self.tsc_hz)
    }

    /// The account, given how many packets were sent.
    ///
    /// A packet that came back was sent: a `sent` smaller than the number received was read too early, and that
    /// number is taken in its place.
    pub fn account(&self, sent: u64) -> TrafficAccount {
        let received = self.tracker.received();
        let sent = sent.max(received);
        TrafficAccount {
            sent,
            received,
            lost: sent - received,
            duplicated: self.tracker.duplicated(),
            reordered: self.tracker.reordered(),
            late: self.tracker.late(),
            foreign: self.foreign,
            corrupted: self.corrupted,
            rtt_ns: self.delays().summary(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::probe::PROBE_BYTES;
    use proptest::prelude::*;

    const OFFSET: usize = 42;
    const STREAM: u16 = 3;

    fn receiver(window: usize) -> Receiver {
        let tsc_hz = NonZeroU64::new(1_000_000_000).unwrap();
        Receiver::new(STREAM, OFFSET, SequenceTracker::new(window), tsc_hz)
    }

    fn frame(stream: u16, sequence: u32, departure_tsc: u64) -> [u8; OFFSET + PROBE_BYTES] {
        let mut frame = [0; OFFSET + PROBE_BYTES];
        let probe = Probe { stream, sequence, departure_tsc };
        frame[OFFSET..].copy_from_slice(&probe.to_bytes());
        frame
    }

    #[test]
    fn every_arrival_is_accounted_for() {
        let mut receiver = receiver(64);
        receiver.receive(&frame(STREAM, 0, 100), 110);
        receiver.receive(&frame(STREAM, 70, 100), 130);
        receiver.receive(&frame(STREAM, 69, 100), 120);
        receiver.receive(&frame(STREAM, 69, 100), 9_000);
        receiver.receive(&frame(STREAM, 1, 100), 9_000);
        receiver.receive(&frame(STREAM, 71, 500), 499);
        receiver.receive(&frame(STREAM + 1, 72, 100), 9_000);
        receiver.receive(&[0; 300], 9_000);
        receiver.receive(&[0; 20], 9_000);
        let mut damaged = frame(STREAM, 73, 100);
        damaged[OFFSET + 9] ^= 4;
        receiver.receive(&damaged, 9_000);

        let rtt_ns = serde_json::json!({
            "min": 0, "p50": 10, "p90": 30, "p99": 30, "p999": 30, "max": 30, "mean": 15.0, "count": 4, "saturated": 0,
        });
        let account = serde_json::json!({
            "sent": 74, "received": 4, "lost": 70, "duplicated": 1, "reordered": 1, "late": 1, "foreign": 3,
            "corrupted": 1, "rtt_ns": rtt_ns,
        });
        assert_eq!(serde_json::to_value(receiver.account(74)).unwrap(), account);
        assert_eq!(receiver.received(), 4);
        assert_eq!(receiver.delays().bars(1), [(0..31, 4)]);
    }

    #[test]
    fn the_numbers_go_on_where_the_probe_starts_anew() {
        let mut receiver = receiver(64);
        let last = 1 << 31;
        for sequence in [last, u32::MAX, 0, u32::MAX, 1] {
            receiver.receive(&frame(STREAM, sequence, 0), 1);
        }
        let account = receiver.account((1 << 32) + 2);
        assert_eq!(
            (account.received, account.duplicated, account.reordered, account.late),
            (4, 1, 0, 0)
        );
    }

    proptest! {
        #[test]
        fn what_was_sent_is_received_or_lost(
            sent in 0u32..300, arrivals in prop::collection::vec((0u32..300, 0u16..6, any::<bool>()), 0..600),
        ) {
            let mut receiver = receiver(128);
            let mut ours = 0;
            for (sequence, stream, damaged) in arrivals.iter().copied().filter(|(sequence, ..)| *sequence < sent) {
                let mut frame = frame(stream, sequence, 5);
                frame[OFFSET + 4] ^= u8::from(damaged);
                receiver.receive(&frame, 9);
                ours += u64::from(stream == STREAM && !damaged);
            }
            let account = receiver.account(u64::from(sent));
            prop_assert_eq!(account.sent, account.received + account.lost);
            prop_assert_eq!(account.sent, u64::from(sent));
            prop_assert_eq!(account.received + account.duplicated + account.late, ours);
            prop_assert_eq!(account.rtt_ns.map_or(0, |rtt| rtt.count), account.received);
        }

        #[test]
        fn any_frame_is_received_without_panic(bytes: Vec<u8>, now: u64) {
            let mut receiver = receiver(64);
            receiver.receive(&bytes, now);
            prop_assert_eq!(receiver.account(0).foreign, 1);
        }
    }
}
