//! How many packets took how long.

use super::canvas::{
    Axis, PictureError, axes, builder, colour, key, legend, span, svg, time_axis, time_label,
};
use crate::r#gen::figures::{Distribution, Trial};
use plotters::chart::SeriesLabelPosition;
use plotters::series::LineSeries;
use plotters::style::Color;

/// Draws the histograms of trials as steps: the share of its packets in each cell of the grid.
pub(super) fn draw(trials: &[Trial]) -> Result<String, PictureError> {
    let times = span(trials.iter().map(|trial| &trial.delay));
    let steps: Vec<Vec<(f64, f64)>> = trials.iter().map(|trial| steps(&trial.delay)).collect();
    let most = steps.iter().flatten().map(|(_, share)| *share).fold(0.0, f64::max);
    svg(|canvas| {
        let mut chart = builder(canvas, "Round trip: how many packets took how long")
            .build_cartesian_2d(time_axis(times), 0.0..most * 1.1)?;
        axes(
            &mut chart,
            &Axis { name: "round trip", label: &time_label },
            &Axis { name: "packets in a bar", label: &|share| format!("{share:.1} %") },
        )?;
        for (number, (trial, steps)) in trials.iter().zip(steps).enumerate() {
            let colour = colour(number);
            chart
                .draw_series(LineSeries::new(steps, colour.stroke_width(2)))?
                .label(&trial.name)
                .legend(key(colour));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

/// The outline of a distribution's bars in percent of its packets, down to zero where there are none.
fn steps(distribution: &Distribution) -> Vec<(f64, f64)> {
    let mut steps = Vec::new();
    let mut end = None;
    for bar in &distribution.bars {
        let (from, to) = (bar.from_ns.max(1) as f64, bar.to_ns as f64);
        if end != Some(from) {
            steps.extend(end.map(|end| (end, 0.0)));
            steps.push((from, 0.0));
        }
        let share = bar.count as f64 / distribution.count as f64 * 100.0;
        steps.extend([(from, share), (to, share)]);
        end = Some(to);
    }
    steps.extend(end.map(|end| (end, 0.0)));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#gen::figures::Bar;

    #[test]
    fn the_outline_goes_down_where_nothing_was_recorded() {
        let bar = |from_ns, to_ns, count| Bar { from_ns, to_ns, count };
        let bars = vec![bar(10, 20, 1), bar(20, 30, 2), bar(40, 50, 1)];
        let distribution = Distribution { count: 4, bars, ..Distribution::default() };
        assert_eq!(
            steps(&distribution),
            [
                (10.0, 0.0),
                (10.0, 25.0),
                (20.0, 25.0),
                (20.0, 50.0),
                (30.0, 50.0),
                (30.0, 0.0),
                (40.0, 0.0),
                (40.0, 25.0),
                (50.0, 25.0),
                (50.0, 0.0),
            ]
        );
    }
}
