//! The round trips as an HdrHistogram log, which HdrHistogram's own tools read.
//!
//! Format: HdrHistogramJS and HdrHistogram's `HistogramLogProcessor`, version 1.3; one line a stream, tagged with its name.

use dataplane::traffic::result::StreamResult;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::io;
use std::time::{Duration, SystemTime};

/// Largest values of a log are written in milliseconds; times are in nanoseconds.
const NS_A_MS: f64 = 1e6;

/// A stream's part of a trial: where it began and how long it took.
pub(super) struct Interval<'a> {
    /// From the log's beginning to the trial's.
    pub(super) start: Duration,
    /// How long the trial was.
    pub(super) duration: Duration,
    /// The stream.
    pub(super) stream: &'a StreamResult,
}

/// Writes the log of streams that were measured.
///
/// # Errors
///
/// A histogram that cannot be written; there is none.
pub(super) fn log(began: SystemTime, intervals: &[Interval<'_>]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("Written by pollway gen; times in nanoseconds");
    builder.with_start_time(began).with_max_value_divisor(NS_A_MS);
    let mut writer = builder.begin_log_with(&mut bytes, &mut serializer)?;
    for interval in intervals {
        let Some(times) = &interval.stream.delay.actual_ns else { continue };
        let histogram = times.to_hdr().map_err(io::Error::other)?;
        // A tag ends at a comma or a blank.
        let name = interval.stream.name.replace([',', ' ', '\n', '\r'], "-");
        writer
            .write_histogram(&histogram, interval.start, interval.duration, Tag::new(&name))
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
    }
    Ok(bytes)
}
