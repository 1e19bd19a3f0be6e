//! Rate and latency second by second.

use super::canvas::{
    Axis, PictureError, SECONDS, axes, builder, colour, key, legend, span, svg, time_axis,
    time_label,
};
use crate::r#gen::figures::{Second, Trial};
use crate::render::rate::packets_a_second;
use plotters::chart::SeriesLabelPosition;
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::Color;

/// Draws how many packets a second left (dashed) and came back.
pub(super) fn rate(trials: &[Trial]) -> Result<String, PictureError> {
    let rates = seconds(trials).flat_map(|second| [second.sent_pps, second.received_pps]);
    let most = rates.fold(1.0, f64::max);
    svg(|canvas| {
        let mut chart = builder(canvas, "Packets a second: sent (dashed) and received")
            .build_cartesian_2d(0.0..end(trials), 0.0..most * 1.15)?;
        axes(&mut chart, &SECONDS, &Axis { name: "rate", label: &|pps| packets_a_second(*pps) })?;
        for (number, trial) in trials.iter().enumerate() {
            let colour = colour(number);
            let line = |pps: fn(&Second) -> f64| {
                trial.seconds.iter().map(move |second| (second.at_s, pps(second)))
            };
            let sent = line(|second| second.sent_pps);
            chart.draw_series(DashedLineSeries::new(sent, 6, 4, colour.stroke_width(1)))?;
            let received = line(|second| second.received_pps);
            chart
                .draw_series(LineSeries::new(received, colour.stroke_width(2)).point_size(2))?
                .label(&trial.name)
                .legend(key(colour));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

/// Draws the median of each second, and its 99th percentile and longest time thinner.
pub(super) fn latency(trials: &[Trial]) -> Result<String, PictureError> {
    let times = span(seconds(trials).map(|second| &second.delay));
    svg(|canvas| {
        let mut chart = builder(canvas, "Round trip over time: median, 99 % (dashed), longest")
            .build_cartesian_2d(0.0..end(trials), time_axis(times))?;
        axes(&mut chart, &SECONDS, &Axis { name: "round trip", label: &time_label })?;
        for (number, trial) in trials.iter().enumerate() {
            let colour = colour(number);
            let line = |percent: f64| {
                trial.seconds.iter().filter_map(move |second| {
                    Some((second.at_s, second.delay.percentile(percent)?.max(1) as f64))
                })
            };
            let slow = line(99.0);
            chart.draw_series(DashedLineSeries::new(slow, 6, 4, colour.stroke_width(1)))?;
            chart.draw_series(LineSeries::new(line(100.0), colour.mix(0.4).stroke_width(1)))?;
            chart
                .draw_series(LineSeries::new(line(50.0), colour.stroke_width(2)).point_size(2))?
                .label(&trial.name)
                .legend(key(colour));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

fn seconds(trials: &[Trial]) -> impl Iterator<Item = &Second> {
    trials.iter().flat_map(|trial| &trial.seconds)
}

/// Where the last second of all trials ends.
fn end(trials: &[Trial]) -> f64 {
    seconds(trials).map(|second| second.at_s).fold(1.0, f64::max)
}
