//! `pollway check` of a generator's file: its ports and streams, without starting anything.

use super::settings::GenSettings;
use crate::failure::Failure;
use crate::flags::CheckFlags;
use crate::out::print;
use dataplane::traffic::packet::Template;
use dataplane::traffic::spec::{Layer, Load, Sizes, StreamSpec, TrafficSpec};
use serde::Serialize;
use std::fmt::Write;

/// What `--json` prints.
#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    /// The devices, port 0 first.
    devices: Vec<&'a str>,
    traffic: &'a TrafficSpec,
}

/// Runs the subcommand.
///
/// # Errors
///
/// What is wrong with the file, or with what it asks for.
pub(crate) fn run(flags: &CheckFlags) -> Result<(), Failure> {
    let file = flags.file.display().to_string();
    let settings = GenSettings::from_file(flags.file.clone()).map_err(Failure::input)?;
    let traffic = settings.traffic.clone().unwrap_or_default();
    let devices: Vec<&str> = settings.base.assumed_devices().collect();
    for (number, stream) in traffic.stream.iter().enumerate() {
        judge(stream, devices.len()).map_err(|error| {
            Failure::Input(error.context(format!("{file}: traffic.stream[{number}]")))
        })?;
    }
    if flags.json {
        let checked = Checked { file, devices, traffic: &traffic };
        let object = serde_json::to_string(&checked).map_err(std::io::Error::from)?;
        return Ok(print(&format!("{object}\n"))?);
    }
    let mut text = String::new();
    for (number, device) in devices.into_iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Port {number}: {device}");
    }
    for (number, stream) in traffic.stream.iter().enumerate() {
        let _ = writeln!(text, "Stream {number}: {}", described(stream));
    }
    Ok(print(&text)?)
}

/// Whether a stream can be sent, as far as that can be said without its devices.
fn judge(stream: &StreamSpec, ports: usize) -> anyhow::Result<()> {
    if stream.replay.is_none() {
        Template::new(stream)?;
    }
    let named = [Some(stream.port), stream.expect];
    if let Some(port) = named.into_iter().flatten().find(|port| usize::from(*port) >= ports) {
        anyhow::bail!("there is no port {port}: {ports} are named");
    }
    Ok(())
}

/// A stream in a line.
fn described(stream: &StreamSpec) -> String {
    let name = if stream.name.is_empty() { "without a name" } else { &stream.name };
    let expect = stream.expect.unwrap_or(stream.port);
    let way = format!("{name}: port {} -> port {expect}", stream.port);
    if let Some(replay) = &stream.replay {
        return format!("{way}, packets of {}", replay.file.display());
    }
    let size = match &stream.size {
        Sizes::Fixed(bytes) => format!("{bytes} bytes"),
        Sizes::Span(span) => format!("{} to {} bytes", span.from, span.to),
        Sizes::Mix(_) | Sizes::Weighted(_) => "an IMIX".to_owned(),
    };
    let rate = match &stream.rate {
        Load::Steady(rate) => rate.to_string(),
        Load::Phases(phases) => format!("{} phases", phases.len()),
    };
    let names: Vec<&str> = stream.stack().iter().map(Layer::name).collect();
    format!("{way}, {rate}, {size}, {}", names.join(" "))
}
