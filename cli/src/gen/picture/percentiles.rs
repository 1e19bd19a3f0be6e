//! Percentile curves: how long all but the slowest packets took, and how late all but the latest left.

use super::canvas::{
    Axis, PictureError, axes, builder, colour, key, legend, span, svg, time_axis, time_label,
};
use crate::r#gen::figures::{Distribution, Trial};
use plotters::chart::SeriesLabelPosition;
use plotters::prelude::IntoLogRange;
use plotters::series::LineSeries;
use plotters::style::{Color, RGBColor};

/// The curve ends here: one packet in so many is slower.
const RAREST: f64 = 100_000.0;

/// Draws the curves of round trips.
pub(super) fn round_trips(trials: &[Trial]) -> Result<String, PictureError> {
    let curves = trials.iter().enumerate().map(|(number, trial)| Curve {
        name: trial.name.clone(),
        times: &trial.delay,
        colour: colour(number),
    });
    draw(&curves.collect::<Vec<_>>(), ("Round trip: percentiles", "round trip"))
}

/// Draws the curves of departure errors, of all packets and of those that were due while the sender did not stall.
pub(super) fn departures(trials: &[Trial]) -> Result<String, PictureError> {
    let curves = trials.iter().enumerate().flat_map(|(number, trial)| {
        let between = format!("{}, between stalls", trial.name);
        [(trial.name.clone(), &trial.departure_error), (between, &trial.steady_departure_error)]
            .into_iter()
            .zip(2 * number..)
            .map(|((name, times), number)| Curve { name, times, colour: colour(number) })
    });
    let named = ("How late packets left: percentiles", "departure error");
    draw(&curves.collect::<Vec<_>>(), named)
}

struct Curve<'a> {
    name: String,
    times: &'a Distribution,
    colour: RGBColor,
}

/// Draws curves. The axis gives each further nine the same room, as HdrHistogram's own plots do.
fn draw(curves: &[Curve<'_>], (title, axis): (&str, &str)) -> Result<String, PictureError> {
    let times = span(curves.iter().map(|curve| curve.times));
    svg(|canvas| {
        let mut chart = builder(canvas, title)
            .build_cartesian_2d((1.0..RAREST).log_scale(), time_axis(times))?;
        axes(
            &mut chart,
            &Axis { name: "percentile", label: &percentile_label },
            &Axis { name: axis, label: &time_label },
        )?;
        for Curve { name, times, colour } in curves {
            let points = times.percentiles.iter().filter_map(|(percent, ns)| {
                let one_in = 100.0 / (100.0 - percent);
                (one_in <= RAREST * 1.001).then_some((one_in, (*ns).max(1) as f64))
            });
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(2))?
                .label(name)
                .legend(key(*colour));
        }
        // Curves go up from the left to the right.
        legend(&mut chart, SeriesLabelPosition::UpperLeft)
    })
}

/// `99.9 %` for one packet in a thousand.
fn percentile_label(one_in: &f64) -> String {
    let nines = (one_in.log10().round() - 2.0).max(0.0) as usize;
    format!("{:.nines$} %", 100.0 - 100.0 / one_in)
}

#[cfg(test)]
mod tests {
    use super::percentile_label;

    #[test]
    fn percentiles_have_as_many_nines_as_they_need() {
        let labels = [1.0, 2.0, 10.0, 100.0, 1000.0, 100_000.0].map(|x| percentile_label(&x));
        assert_eq!(labels, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.999 %"]);
    }
}
