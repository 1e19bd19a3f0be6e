//! Charts in text, for the terminal.

use super::time::nanoseconds;
use std::fmt::Write;
use std::ops::Range;

/// A latency histogram in text: a line a bar.
pub(crate) fn histogram(bars: &[(Range<u64>, u64)]) -> String {
    const WIDTH: u64 = 48;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for (range, count) in bars {
        let length = u128::from(*count) * u128::from(WIDTH * 8) / u128::from(most);
        // A bar that is there is seen, however short.
        let length = if *count > 0 { length.max(1) as usize } else { 0 };
        let bar = "█".repeat(length / 8) + EIGHTHS[length % 8];
        let from = nanoseconds(range.start);
        let to = nanoseconds(range.end);
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "  {from:>9} – {to:<9} {bar:<width$} {count}", width = WIDTH as usize);
    }
    text
}

/// How a curve's values become heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From zero to the greatest.
    Linear,
    /// From the least above zero to the greatest, a factor of ten always as high.
    Logarithmic,
}

/// The most columns of a curve; of more values each column shows the greatest of several.
pub(crate) const COLUMNS: usize = 64;

/// How many columns show a value where there are so few values that a curve would be narrow.
pub(crate) fn width(values: usize) -> usize {
    (COLUMNS / 2 / values.max(1)).clamp(1, 16)
}

/// A curve in text: a column a value, between its greatest and its least. `label` writes a value, `ends` what stands below
/// the first and the last column.
pub(crate) fn curve(
    values: &[f64],
    scale: Scale,
    label: &dyn Fn(f64) -> String,
    ends: (&str, &str),
) -> String {
    const ROWS: usize = 8;
    const EIGHTHS: [char; 8] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    let columns: Vec<f64> = values
        .chunks(values.len().div_ceil(COLUMNS).max(1))
        .map(|chunk| chunk.iter().copied().fold(0.0, f64::max))
        .flat_map(|value| std::iter::repeat_n(value, width(values.len())))
        .collect();
    let most = columns.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let least = match scale {
        Scale::Linear => 0.0,
        Scale::Logarithmic => columns.iter().copied().filter(|v| *v > 0.0).fold(most, f64::min),
    };
    // A value that is there is seen: the least of a logarithmic curve is an eighth of a row high.
    let height = |value: f64| match scale {
        Scale::Linear => (value / most * (ROWS * 8) as f64).round() as usize,
        Scale::Logarithmic if value <= 0.0 => 0,
        Scale::Logarithmic => {
            let share = (value / least).ln() / (most / least).ln().max(f64::MIN_POSITIVE);
            1 + (share * (ROWS * 8 - 1) as f64).round() as usize
        }
    };
    let mut text = String::new();
    for row in (0..ROWS).rev() {
        let bars = columns.iter().map(|value| match height(*value).saturating_sub(row * 8) {
            eighths @ 0..8 => EIGHTHS[eighths],
            _ => '█',
        });
        let edge = match row {
            0 => label(least),
            _ if row == ROWS - 1 => label(most),
            _ => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {edge:>11} ┤{}", bars.collect::<String>().trim_end());
    }
    let room = columns.len().saturating_sub(ends.0.chars().count());
    let _ = writeln!(text, "  {:>11}  {}{:>room$}", "", ends.0, ends.1);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_full_and_the_shortest_is_seen() {
        let drawn = histogram(&[(0..10, 1), (10..20, 1_000_000), (20..30, 0)]);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0].matches('▏').count(), 1);
        assert_eq!(lines[1].matches('█').count(), 48);
        assert_eq!(lines[2].matches(['█', '▏']).count(), 0);
    }

    #[test]
    fn a_curve_reaches_from_its_greatest_down_to_its_least() {
        let drawn = curve(&[0.0, 4.0, 8.0], Scale::Linear, &|v| format!("{v}"), ("0 s", "2 s"));
        let lines: Vec<&str> = drawn.lines().collect();
        let full = |line: &str| line.matches('█').count();
        assert_eq!(lines.len(), 9);
        assert!(lines[0].starts_with("            8 ┤"), "{drawn}");
        assert!(lines[7].starts_with("            0 ┤"), "{drawn}");
        assert_eq!([0, 3, 4, 7].map(|row| full(lines[row])), [10, 10, 20, 20], "{drawn}");
        assert!(lines[8].ends_with("0 s                        2 s"), "{drawn}");
        let drawn = curve(&[1.0, 10.0, 100.0], Scale::Logarithmic, &|v| format!("{v}"), ("", ""));
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!((full(lines[0]), lines[7].matches('▁').count()), (10, 10), "{drawn}");
        assert!(lines[7].starts_with("            1 ┤▁"), "{drawn}");
    }

    #[test]
    fn many_values_share_columns_and_none_is_no_column() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let drawn = curve(&values, Scale::Linear, &|v| format!("{v}"), ("a", "b"));
        assert!(drawn.lines().all(|line| line.chars().count() <= COLUMNS + 14), "{drawn}");
        assert!(drawn.starts_with("          999 ┤"), "{drawn}");
        assert!(curve(&[], Scale::Logarithmic, &|v| format!("{v}"), ("", "")).contains('┤'));
        assert!(curve(&[0.0], Scale::Linear, &|v| format!("{v:.0}"), ("", "")).contains('┤'));
    }
}
