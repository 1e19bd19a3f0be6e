//! What all pictures share: their size, colours and axes.

use crate::render::time::nanoseconds;
use plotters::backend::SVGBackend;
use plotters::chart::{ChartContext, SeriesLabelPosition};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use std::ops::Range;

/// Why a picture cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a picture cannot be drawn: {0}")]
pub(crate) struct PictureError(String);

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for PictureError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

/// The area that a picture is drawn on.
pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SIZE: (u32, u32) = (960, 480);
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);

/// Okabe and Ito's colours, which stay apart for those who see fewer of them. The first is blue.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x00, 0x00),
];

/// The colour of the trial of this number.
pub(super) fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// An SVG document of what `draw` draws.
pub(super) fn svg(
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), PictureError>,
) -> Result<String, PictureError> {
    let mut text = String::new();
    {
        let canvas = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        canvas.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.present()?;
    }
    Ok(text)
}

/// A chart with a title and room for its axes.
pub(super) fn builder<'a, 'b>(
    canvas: &'a Canvas<'b>,
    title: &str,
) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(canvas);
    builder
        .caption(title, (FONT, 20).into_font().color(&INK))
        .margin(16)
        // Half of the last label stands beyond the axis.
        .margin_right(40)
        .x_label_area_size(48)
        .y_label_area_size(84);
    builder
}

/// How an axis is written.
pub(super) struct Axis<'a> {
    /// What it shows.
    pub(super) name: &'a str,
    /// A value in words.
    pub(super) label: &'a dyn Fn(&f64) -> String,
}

/// Draws grid and axes.
pub(super) fn axes<X, Y>(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
    x: &Axis<'_>,
    y: &Axis<'_>,
) -> Result<(), PictureError>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.2))
        .light_line_style(TRANSPARENT)
        .label_style((FONT, 13).into_font().color(&INK))
        .axis_desc_style((FONT, 14).into_font().color(&INK))
        .x_desc(x.name)
        .y_desc(y.name)
        .x_label_formatter(x.label)
        .y_label_formatter(y.label)
        .x_labels(12)
        .draw()?;
    Ok(())
}

/// Draws the legend of the series that have labels, where the picture has room for it.
pub(super) fn legend<'a, C: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, C>,
    position: SeriesLabelPosition,
) -> Result<(), PictureError> {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(INK.mix(0.2))
        .label_font((FONT, 13).into_font().color(&INK))
        .draw()?;
    Ok(())
}

/// The line that stands for a series in the legend.
pub(super) fn key(colour: RGBColor) -> impl Fn((i32, i32)) -> PathElement<(i32, i32)> {
    move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
}

/// A logarithmic axis of times that begins and ends at a half or a whole power of ten.
pub(super) fn time_axis(
    times: Range<u64>,
) -> impl AsRangedCoord<Value = f64, CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>> {
    let start = (times.start.max(1) as f64).log10().floor();
    let end = (times.end.max(2) as f64).log10().ceil();
    (10_f64.powf(start)..10_f64.powf(end.max(start + 1.0))).log_scale()
}

/// A time in words for an axis, where all are powers of ten.
pub(super) fn time_label(ns: &f64) -> String {
    nanoseconds(ns.round() as u64).replace(".00", "")
}

/// The axis along which a trial runs.
pub(super) const SECONDS: Axis<'static> =
    Axis { name: "time", label: &|at| format!("{} s", (at * 10.0).round() / 10.0) };

/// From the shortest time of several distributions to the longest.
pub(super) fn span<'a>(
    distributions: impl Iterator<Item = &'a crate::r#gen::figures::Distribution>,
) -> Range<u64> {
    let (mut first, mut last) = (u64::MAX, 1);
    for bars in distributions.map(|distribution| &distribution.bars) {
        first = first.min(bars.first().map_or(u64::MAX, |bar| bar.from_ns));
        last = last.max(bars.last().map_or(1, |bar| bar.to_ns));
    }
    first..last
}
