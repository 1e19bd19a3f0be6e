//! What happens second by second: small records that workers send to the control thread, which puts them together.

use super::distribution::Distribution;
use super::histogram::{BARS, bar_middle, nanoseconds};
use super::result::Second;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// Records that wait for the control thread; those beyond are lost, so it looks more often than this many are made.
const WAITING: usize = 256;

/// A stream's second, as one of its modes saw it.
pub(super) struct Line {
    pub(super) stream: u16,
    pub(super) second: u32,
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) duplicated: u64,
    pub(super) reordered: u64,
    /// The delays by bar; `None` from a sender.
    pub(super) bars: Option<[u32; BARS]>,
}

impl Line {
    /// A second in which nothing happened.
    pub(super) fn empty(stream: u16, second: u32) -> Self {
        Self { stream, second, sent: 0, received: 0, duplicated: 0, reordered: 0, bars: None }
    }
}

/// Tells when a second of the trial is over.
#[derive(Clone, Debug)]
pub(super) struct Ticker {
    tsc_hz: u64,
    next_tsc: u64,
    /// The second that runs.
    pub(super) second: u32,
}

impl Ticker {
    pub(super) fn new(tsc_hz: NonZeroU64) -> Self {
        Self { tsc_hz: tsc_hz.get(), next_tsc: 0, second: 0 }
    }

    /// The second that is over, if one is. The first call begins the first.
    #[inline]
    pub(super) fn over(&mut self, now_tsc: u64) -> Option<u32> {
        if now_tsc < self.next_tsc {
            return None;
        }
        self.turn(now_tsc)
    }

    #[cold]
    fn turn(&mut self, now_tsc: u64) -> Option<u32> {
        if self.next_tsc == 0 {
            self.next_tsc = now_tsc.saturating_add(self.tsc_hz);
            return None;
        }
        let over = self.second;
        // A loop that was away for long begins the second that it comes back in.
        let seconds = 1 + (now_tsc - self.next_tsc) / self.tsc_hz;
        self.next_tsc = self.next_tsc.saturating_add(seconds.saturating_mul(self.tsc_hz));
        self.second = self.second.saturating_add(u32::try_from(seconds).unwrap_or(u32::MAX));
        Some(over)
    }
}

/// The seconds of all streams, put together from their lines.
pub(super) struct Timelines {
    lines: (Sender<Line>, Receiver<Line>),
    seconds: BTreeMap<(u16, u32), Gathered>,
}

#[derive(Default)]
struct Gathered {
    second: Second,
    bars: BTreeMap<usize, u64>,
}

impl Timelines {
    pub(super) fn new() -> Self {
        Self { lines: bounded(WAITING), seconds: BTreeMap::new() }
    }

    /// Where a mode sends its lines: never blocks, never allocates.
    pub(super) fn sender(&self) -> Sender<Line> {
        self.lines.0.clone()
    }

    /// Takes in what the workers have sent.
    pub(super) fn gather(&mut self) {
        while let Ok(line) = self.lines.1.try_recv() {
            self.add(line);
        }
    }

    pub(super) fn add(&mut self, line: Line) {
        let gathered = self.seconds.entry((line.stream, line.second)).or_default();
        let second = &mut gathered.second;
        second.second = line.second;
        second.sent += line.sent;
        second.received += line.received;
        second.duplicated += line.duplicated;
        second.reordered += line.reordered;
        let bars = line.bars.iter().flatten().enumerate().filter(|(_, count)| **count > 0);
        for (bar, count) in bars {
            *gathered.bars.entry(bar).or_default() += u64::from(*count);
        }
    }

    /// A stream's seconds so far, in order.
    pub(super) fn of(&self, stream: u16, tsc_hz: NonZeroU64) -> Vec<Second> {
        let seconds = self.seconds.range((stream, 0)..=(stream, u32::MAX));
        seconds
            .map(|(_, gathered)| {
                let ns = |bar: &usize| nanoseconds(bar_middle(*bar), tsc_hz);
                let bars: Vec<(u64, u64)> =
                    gathered.bars.iter().map(|(bar, count)| (ns(bar), *count)).collect();
                let delay_ns = Distribution::new(bars.iter().copied(), 0).summary();
                Second { delay_ns, bars, ..gathered.second.clone() }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::histogram::{Histogram, bar};

    #[test]
    fn a_second_is_over_once_and_a_long_absence_skips_some() {
        let mut ticker = Ticker::new(NonZeroU64::new(100).unwrap());
        let over: Vec<Option<u32>> =
            [7, 106, 107, 150, 207, 560].map(|now| ticker.over(now)).to_vec();
        assert_eq!(over, [None, None, Some(0), None, Some(1), Some(2)]);
        assert_eq!(ticker.second, 5);
    }

    #[test]
    fn lines_of_sender_and_receivers_make_one_second() {
        let mut timelines = Timelines::new();
        let mut bars = [0; BARS];
        bars[bar(Histogram::new(u64::MAX).record(1_000_000))] = 7;
        let line = |sent, received, bars| Line { sent, received, bars, ..Line::empty(3, 1) };
        for line in [line(9, 0, None), line(0, 4, Some(bars)), line(0, 3, Some(bars))] {
            timelines.sender().try_send(line).unwrap();
        }
        timelines.gather();
        timelines.add(Line { reordered: 1, duplicated: 2, ..Line::empty(3, 0) });
        let seconds = timelines.of(3, NonZeroU64::new(1_000_000_000).unwrap());
        let found: Vec<_> =
            seconds.iter().map(|second| (second.second, second.sent, second.received)).collect();
        assert_eq!(found, [(0, 0, 0), (1, 9, 7)]);
        assert_eq!(
            (seconds[0].reordered, seconds[0].duplicated, &seconds[0].delay_ns),
            (1, 2, &None)
        );
        let delay = seconds[1].delay_ns.as_ref().unwrap();
        assert_eq!(delay.count, 14);
        assert!(delay.p50.abs_diff(1_000_000) < 1_000_000 / 60, "{}", delay.p50);
        assert!(timelines.of(4, NonZeroU64::MIN).is_empty());
    }
}
