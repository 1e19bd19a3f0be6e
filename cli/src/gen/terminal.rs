//! The pictures of a trial in text.

use super::figures::{Bar, Second, Trial};
use crate::render::chart::{self, COLUMNS, Scale, width};
use crate::render::rate::packets_a_second;
use crate::render::time::nanoseconds;
use std::fmt::Write;

/// Bars of a histogram and rows of a heat map: two or three of the grid's cells each, so that a screen holds them.
const ROWS: usize = 16;

/// Everything that there is to draw of a trial.
pub(super) fn draw(trial: &Trial) -> String {
    let mut text = String::new();
    let mut add = |title: &str, drawn: String| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{title}, {}:\n{drawn}", trial.name);
    };
    if trial.delay.count > 0 {
        let bars = widened(&trial.delay.bars);
        let bars: Vec<_> = bars.iter().map(|bar| (bar.from_ns..bar.to_ns, bar.count)).collect();
        add("Round trip", chart::histogram(&bars));
        let curve: Vec<f64> = trial.delay.percentiles.iter().map(|(_, ns)| *ns as f64).collect();
        add("Percentiles", times(&curve, ("0", "100 %")));
    }
    if trial.seconds.len() > 1 {
        let end = format!("{:.0} s", trial.seconds.last().map_or(0.0, |second| second.at_s));
        let rates: Vec<f64> = trial.seconds.iter().map(|second| second.received_pps).collect();
        let rates = chart::curve(&rates, Scale::Linear, &packets_a_second, ("0 s", &end));
        add("Received a second", rates);
        let medians: Vec<f64> = trial.seconds.iter().map(median).collect();
        if medians.iter().any(|ns| *ns > 0.0) {
            add("Median round trip", times(&medians, ("0 s", &end)));
            add("Round trips over time", heat_map(&trial.seconds, &end));
        }
    }
    text
}

fn times(ns: &[f64], ends: (&str, &str)) -> String {
    chart::curve(ns, Scale::Logarithmic, &|ns| nanoseconds(ns as u64), ends)
}

fn median(second: &Second) -> f64 {
    second.delay.percentile(50.0).unwrap_or(0) as f64
}

/// The bars as at most [`ROWS`] wider ones, which have no gaps between them.
fn widened(bars: &[Bar]) -> Vec<Bar> {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Vec::new() };
    let spread = last.to_ns as f64 / first.from_ns.max(1) as f64;
    let edge = |row: usize| {
        let share = row as f64 / ROWS as f64;
        (first.from_ns.max(1) as f64 * spread.powf(share)).round() as u64
    };
    let mut rows: Vec<Bar> = Vec::new();
    for row in 0..ROWS {
        let from_ns = rows.last().map_or(first.from_ns, |bar| bar.to_ns);
        let to_ns = if row + 1 == ROWS { last.to_ns } else { edge(row + 1) };
        if to_ns > from_ns {
            rows.push(Bar { from_ns, to_ns, count: 0 });
        }
    }
    for bar in bars {
        // A cell of the grid that an edge cuts belongs where it begins.
        let place = rows.partition_point(|row| row.to_ns <= bar.from_ns);
        if let Some(row) = rows.get_mut(place) {
            row.count += bar.count;
        }
    }
    rows
}

/// A row a range of times, the longest first; a column a second, or several; darker where more packets lie.
fn heat_map(seconds: &[Second], end: &str) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let mut all: Vec<Bar> = seconds.iter().flat_map(|s| s.delay.bars.clone()).collect();
    all.sort_unstable_by_key(|bar| bar.from_ns);
    let rows = widened(&all);
    let columns: Vec<&[Second]> = seconds.chunks(seconds.len().div_ceil(COLUMNS).max(1)).collect();
    let count = |row: &Bar, column: &[Second]| -> u64 {
        let bars = column.iter().flat_map(|second| &second.delay.bars);
        let inside = bars.filter(|bar| (row.from_ns..row.to_ns).contains(&bar.from_ns));
        inside.map(|bar| bar.count).sum()
    };
    let counts: Vec<Vec<u64>> =
        rows.iter().map(|row| columns.iter().map(|column| count(row, column)).collect()).collect();
    let most = counts.iter().flatten().copied().max().unwrap_or(1);
    let shade = |count: u64| {
        let share = (count as f64).ln_1p() / (most as f64).ln_1p();
        // A single packet is seen.
        let step = (share * (SHADES.len() - 1) as f64).ceil() as usize;
        SHADES[step.min(SHADES.len() - 1)]
    };
    let mut text = String::new();
    for (row, counts) in rows.iter().zip(&counts).rev() {
        let wide = |count: &u64| std::iter::repeat_n(shade(*count), width(seconds.len()));
        let line: String = counts.iter().flat_map(wide).collect();
        let _ = writeln!(text, "  {:>11} ┤{}", nanoseconds(row.from_ns), line.trim_end());
    }
    let room = (columns.len() * width(seconds.len())).saturating_sub(3);
    let _ = writeln!(text, "  {:>11}  0 s{end:>room$}", "");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#gen::figures::distribution;
    use proptest::prelude::*;

    #[test]
    fn a_trial_is_drawn_in_text() {
        let second = |at: u32, ns| Second {
            at_s: at.into(),
            sent_pps: 2e6,
            received_pps: 1e6,
            delay: distribution(&[ns; 9]),
        };
        let trial = Trial {
            name: "io".into(),
            delay: distribution(&[100, 100, 10_000]),
            seconds: vec![second(1, 100), second(2, 10_000)],
            ..Trial::default()
        };
        let drawn = draw(&trial);
        for title in [
            "Round trip, io:",
            "Percentiles, io:",
            "Received a second, io:",
            "Median round trip, io:",
            "Round trips over time, io:",
        ] {
            assert!(drawn.contains(title), "{drawn}");
        }
        assert!(drawn.contains("1 Mpps"), "{drawn}");
        let map: Vec<&str> = drawn.split("over time").last().unwrap().lines().collect();
        let (blank, full) = (" ".repeat(16), "█".repeat(16));
        assert!(map[1].ends_with(&format!("┤{blank}{full}")), "{drawn}");
        assert!(map[16].ends_with(&format!("100 ns ┤{full}")), "{drawn}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(draw(&Trial::default()), "");
    }

    proptest! {
        #[test]
        fn wider_bars_keep_every_packet(times in prop::collection::vec(0u64..10_000_000_000, 1..50)) {
            let bars = distribution(&times).bars;
            let wide = widened(&bars);
            prop_assert!(wide.len() <= ROWS);
            prop_assert_eq!(wide.iter().map(|bar| bar.count).sum::<u64>(), times.len() as u64);
            prop_assert!(wide.windows(2).all(|pair| pair[0].to_ns == pair[1].from_ns));
        }
    }
}
