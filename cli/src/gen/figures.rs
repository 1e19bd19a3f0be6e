//! A trial's times as they are stored and drawn: shares of packets on a grid that is the same for every trial, so that several
//! can be laid over each other.

use dataplane::traffic::distribution::Distribution as Recorded;
use dataplane::traffic::invalid::Invalid;
use dataplane::traffic::result::{self, Path, StreamResult, Ticking, TrialResult};
use serde::{Deserialize, Serialize};

/// Bars in a factor of ten. With 20 of them neighbouring edges are 12 % apart, which is finer than a picture shows.
const BARS_A_DECADE: f64 = 20.0;

/// The percentiles of a curve: the usual ones, and between them enough for a smooth line.
const PERCENTILES: [f64; 19] = [
    0.0, 10.0, 25.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95,
    99.99, 99.999, 100.0,
];

/// Times of many packets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    /// How many times were recorded.
    pub(crate) count: u64,
    /// The arithmetic mean.
    pub(crate) mean_ns: f64,
    /// How many fell into which range, ascending, empty ranges left out.
    pub(crate) bars: Vec<Bar>,
    /// The percentile curve: percent and the nanoseconds that so many times do not exceed.
    pub(crate) percentiles: Vec<(f64, u64)>,
}

/// A range of nanoseconds and the times in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bar {
    /// The range's first nanosecond.
    pub(crate) from_ns: u64,
    /// The first nanosecond behind it.
    pub(crate) to_ns: u64,
    /// How many times lie in it.
    pub(crate) count: u64,
}

/// A second of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Second {
    /// Where it ends, in seconds from the trial's start.
    pub(crate) at_s: f64,
    /// Packets sent a second.
    pub(crate) sent_pps: f64,
    /// Packets received a second.
    pub(crate) received_pps: f64,
    /// The delays of the packets that came in it.
    pub(crate) delay: Distribution,
}

/// A stream's trial as tables and pictures show it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// What it is called.
    pub(crate) name: String,
    /// The rate asked for, in words.
    pub(crate) asked: String,
    /// Packets a second that left.
    pub(crate) sent_pps: f64,
    /// Packets that left.
    pub(crate) sent: u64,
    /// What became of them; `None` for packets that carry no probe.
    pub(crate) fates: Option<Fates>,
    /// `round trip` or `one way`.
    pub(crate) path: String,
    /// From the departure to the arrival.
    pub(crate) delay: Distribution,
    /// From the departure to the arrival at the device, by its own clock; nothing if it has none.
    #[serde(default)]
    pub(crate) hardware: Distribution,
    /// How exact that clock is, in nanoseconds; `None` if the timestamp counter is the only one.
    #[serde(default)]
    pub(crate) hardware_error_ns: Option<u64>,
    /// The delay without what the generator itself adds; nothing if that was not measured.
    pub(crate) corrected: Distribution,
    /// From the time when a packet was to depart.
    pub(crate) intended: Distribution,
    /// How late packets left.
    pub(crate) departure_error: Distribution,
    /// The same of those that were due while the sender did not stall.
    #[serde(default)]
    pub(crate) steady_departure_error: Distribution,
    /// The trial second by second.
    pub(crate) seconds: Vec<Second>,
    /// What the generator knows of itself.
    pub(crate) own: Own,
    /// Why the trial is not what was asked for.
    pub(crate) invalid: Vec<String>,
}

/// What the generator knows of itself: how steadily its poll loops ran, and what it adds to every delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    /// The longest time between two polls.
    pub(crate) longest_gap_ns: u64,
    /// How often a poll loop stalled.
    pub(crate) stalls: u64,
    /// Packets received in the first poll after a stall.
    pub(crate) touched: u64,
    /// The median and the spread of its own delay, if that was measured.
    pub(crate) delay_ns: Option<(u64, u64)>,
}

/// What became of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fates {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) late: u64,
    pub(crate) corrupted: u64,
}

impl Distribution {
    /// What was recorded in nanoseconds.
    pub(crate) fn of(recorded: &Recorded) -> Self {
        let Some(summary) = recorded.summary() else { return Self::default() };
        let percentile = |percent: f64| match percent {
            0.0 => (percent, summary.min),
            percent => (percent, recorded.quantile(percent / 100.0)),
        };
        Self {
            count: summary.count,
            mean_ns: summary.mean,
            bars: bars(recorded.buckets()),
            percentiles: PERCENTILES.map(percentile).to_vec(),
        }
    }

    /// What was kept of a second.
    fn of_second(second: &result::Second) -> Self {
        let Some(summary) = &second.delay_ns else { return Self::default() };
        Self {
            count: summary.count,
            mean_ns: summary.mean,
            bars: bars(&second.bars),
            percentiles: vec![
                (0.0, summary.min),
                (50.0, summary.p50),
                (90.0, summary.p90),
                (99.0, summary.p99),
                (99.9, summary.p999),
                (100.0, summary.max),
            ],
        }
    }

    /// The nanoseconds that `percent` of the times do not exceed, for one of the curve's percentiles.
    pub(crate) fn percentile(&self, percent: f64) -> Option<u64> {
        self.percentiles.iter().find(|(at, _)| *at == percent).map(|(_, ns)| *ns)
    }
}

impl Trial {
    /// What a stream of a trial came to.
    pub(crate) fn of(stream: &StreamResult, result: &TrialResult) -> Self {
        let recorded = |times: &Option<Recorded>| {
            times.as_ref().map_or(Distribution::default(), Distribution::of)
        };
        let second = |second: &result::Second| Second {
            at_s: f64::from(second.second + 1),
            sent_pps: second.sent as f64,
            received_pps: second.received as f64,
            delay: Distribution::of_second(second),
        };
        let fates = stream.account.as_ref().map(|account| Fates {
            received: account.received,
            lost: account.lost,
            duplicated: account.duplicated,
            reordered: account.reordered,
            late: account.late,
            corrupted: account.corrupted,
        });
        Self {
            name: stream.name.clone(),
            asked: stream.sending.asked.to_string(),
            sent_pps: stream.sending.pps,
            sent: stream.sending.packets,
            fates,
            path: match stream.delay.path {
                Path::RoundTrip => "round trip".to_owned(),
                Path::OneWay => "one way".to_owned(),
            },
            delay: recorded(&stream.delay.actual_ns),
            hardware: recorded(&stream.delay.hardware_ns),
            hardware_error_ns: hardware_error_ns(stream, result),
            corrected: recorded(&stream.delay.corrected_ns),
            intended: recorded(&stream.delay.intended_ns),
            departure_error: recorded(&stream.sending.departure_error_ns),
            steady_departure_error: recorded(&stream.sending.steady_departure_error_ns),
            seconds: stream.timeline.iter().map(second).collect(),
            own: Own::of(result),
            invalid: result.invalid.iter().map(Invalid::to_string).collect(),
        }
    }
}

/// How exact the clock is of the device that a stream's packets were received by.
fn hardware_error_ns(stream: &StreamResult, result: &TrialResult) -> Option<u64> {
    let mut clocks = result.receive_clocks.iter();
    let ours = clocks.find(|clock| clock.port == stream.delay.receive_port)?;
    match ours.ticking {
        Ticking::Hardware { error_ns, .. } => Some(error_ns),
        Ticking::Software { .. } => None,
    }
}

impl Own {
    /// Of all lcores together.
    fn of(result: &TrialResult) -> Self {
        let polling = || result.polling.iter();
        Self {
            longest_gap_ns: polling().map(|polling| polling.longest_gap_ns).max().unwrap_or(0),
            stalls: polling().map(|polling| polling.stalls).sum(),
            touched: polling().map(|polling| polling.samples_touched).sum(),
            delay_ns: result.calibration.as_ref().map(|own| (own.bias_ns, own.spread_ns)),
        }
    }
}

/// Numbers in ascending order and their counts as cells of the grid.
fn bars(buckets: &[(u64, u64)]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (ns, count) in buckets {
        let (from_ns, to_ns) = cell(*ns);
        match bars.last_mut() {
            Some(last) if last.from_ns == from_ns => last.count += count,
            _ => bars.push(Bar { from_ns, to_ns, count: *count }),
        }
    }
    bars
}

/// The range of the grid in which a time lies.
fn cell(ns: u64) -> (u64, u64) {
    let edge = |step: f64| 10_f64.powf(step / BARS_A_DECADE).ceil() as u64;
    let mut step = ((ns.max(1) as f64).log10() * BARS_A_DECADE).floor();
    // Short times have cells of a nanosecond, and a logarithm may be off by its last digit.
    while edge(step + 1.0) <= ns {
        step += 1.0;
    }
    while step > 0.0 && edge(step) > ns {
        step -= 1.0;
    }
    let from = if ns == 0 { 0 } else { edge(step) };
    (from, edge(step + 1.0).max(from + 1))
}

/// Times as they are after a trial, for the tests of what shows them.
#[cfg(test)]
pub(super) fn distribution(times: &[u64]) -> Distribution {
    let mut histogram = dataplane::traffic::histogram::Histogram::new(10_000_000_000);
    for ns in times {
        histogram.record(*ns);
    }
    Distribution::of(&histogram.numbers())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_distribution_keeps_count_least_and_most() {
        let drawn = distribution(&(1..=1000).collect::<Vec<_>>());
        assert_eq!(drawn.count, 1000);
        assert_eq!(drawn.bars.iter().map(|bar| bar.count).sum::<u64>(), 1000);
        assert_eq!((drawn.percentile(0.0), drawn.percentile(50.0)), (Some(1), Some(500)));
        assert_eq!((drawn.percentile(100.0), drawn.mean_ns), (Some(1000), 500.5));
        assert_eq!(distribution(&[]), Distribution::default());
    }

    proptest! {
        #[test]
        fn every_time_lies_in_its_cell(ns in prop_oneof![0u64..2000, 0u64..10_000_000_000]) {
            let (from, to) = cell(ns);
            prop_assert!(from <= ns && ns < to, "{}..{}", from, to);
        }

        #[test]
        fn cells_do_not_overlap(ns in 0u64..10_000_000_000) {
            let (_, to) = cell(ns);
            prop_assert!(cell(to).0 >= to.min(ns + 1));
            prop_assert_eq!(cell(to).0, to);
        }
    }
}
