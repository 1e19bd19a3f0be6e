//! A trial's round trips over time: a column a second, darker where more packets lie.

use super::canvas::{
    Axis, PictureError, SECONDS, axes, builder, colour, span, svg, time_axis, time_label,
};
use crate::r#gen::figures::Trial;
use plotters::element::Rectangle;
use plotters::style::Color;

/// Draws one trial; two heat maps in one picture would hide each other.
pub(super) fn draw(trial: &Trial) -> Result<String, PictureError> {
    let times = span(trial.seconds.iter().map(|second| &second.delay));
    let cells = cells(trial);
    let most = cells.iter().map(|cell| cell.count).max().unwrap_or(1);
    let end = trial.seconds.last().map_or(1.0, |second| second.at_s);
    svg(|canvas| {
        let title = format!("Round trips over time: {}", trial.name);
        let mut chart = builder(canvas, &title).build_cartesian_2d(0.0..end, time_axis(times))?;
        axes(&mut chart, &SECONDS, &Axis { name: "round trip", label: &time_label })?;
        chart.draw_series(cells.iter().map(|cell| {
            Rectangle::new(
                [(cell.from_s, cell.from_ns), (cell.to_s, cell.to_ns)],
                colour(0).mix(darkness(cell.count, most)).filled(),
            )
        }))?;
        Ok(())
    })
}

/// A rectangle of the map.
struct Cell {
    from_s: f64,
    to_s: f64,
    from_ns: f64,
    to_ns: f64,
    count: u64,
}

fn cells(trial: &Trial) -> Vec<Cell> {
    let starts = std::iter::once(0.0).chain(trial.seconds.iter().map(|second| second.at_s));
    let columns = starts.zip(&trial.seconds);
    columns
        .flat_map(|(from_s, second)| {
            second.delay.bars.iter().map(move |bar| Cell {
                from_s,
                to_s: second.at_s,
                from_ns: bar.from_ns.max(1) as f64,
                to_ns: bar.to_ns as f64,
                count: bar.count,
            })
        })
        .collect()
}

/// How opaque a cell is. A single packet is seen beside a million: the scale is logarithmic and begins at a tenth.
fn darkness(count: u64, most: u64) -> f64 {
    let share = (count as f64).ln_1p() / (most as f64).ln_1p();
    0.1 + 0.9 * share.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::darkness;

    #[test]
    fn a_single_packet_is_seen_and_the_most_are_full() {
        assert!(darkness(1, 1_000_000) > 0.1);
        assert_eq!(darkness(1_000_000, 1_000_000), 1.0);
        assert!(darkness(10, 1000) < darkness(100, 1000));
    }
}
