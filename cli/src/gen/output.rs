//! Where results go: the JSON file, the HdrHistogram log, pictures and the report.

use super::environment::Environment;
use super::figures::Trial;
use super::flags::OutputFlags;
use super::hdr::{self, Interval};
use super::{html, picture};
use crate::failure::Failure;
use crate::out::{note, print};
use dataplane::forward::TallyFigure;
use dataplane::traffic::result::TrialResult;
use dataplane::traffic::spec::TrafficSpec;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A trial that was carried out.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    /// What was asked for.
    pub(crate) configuration: TrafficSpec,
    /// What it came to.
    pub(crate) result: TrialResult,
    /// Its streams as they are drawn.
    pub(crate) drawn: Vec<Trial>,
    /// What the mode of the forwarder in this process counted itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) forwarder: Vec<TallyFigure>,
    /// Where it began, in seconds from the program's first trial.
    pub(crate) start_s: f64,
    /// Whether it was ended before its time, by Ctrl-C or by the end of the program.
    pub(crate) interrupted: bool,
}

/// The result file.
#[derive(Debug, Serialize)]
pub(crate) struct Results<'a> {
    /// What made the figures.
    pub(crate) environment: &'a Environment,
    /// The trials, the first one first.
    pub(crate) trials: &'a [Done],
}

/// A result file as it is read again: what is drawn, and the rest as it stands.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored {
    /// What made the figures.
    pub(crate) environment: serde_json::Value,
    /// The trials.
    pub(crate) trials: Vec<StoredTrial>,
}

/// A trial of a result file.
#[derive(Debug, Deserialize)]
pub(crate) struct StoredTrial {
    /// Its streams as they are drawn.
    pub(crate) drawn: Vec<Trial>,
}

impl Done {
    /// A trial that is over.
    pub(crate) fn new(
        configuration: TrafficSpec,
        result: TrialResult,
        forwarder: Vec<TallyFigure>,
        start: Duration,
        interrupted: bool,
    ) -> Self {
        let drawn = result.streams.iter().map(|stream| Trial::of(stream, &result)).collect();
        let start_s = start.as_secs_f64();
        Self { configuration, result, drawn, forwarder, start_s, interrupted }
    }
}

/// Everything of trials that is to be drawn.
pub(crate) fn drawn(trials: &[Done]) -> Vec<Trial> {
    trials.iter().flat_map(|trial| trial.drawn.iter().cloned()).collect()
}

/// Writes what the flags ask for.
///
/// # Errors
///
/// [`Failure::Running`] for a file that cannot be written.
pub(crate) fn write(
    flags: &OutputFlags,
    results: &Results<'_>,
    began: SystemTime,
) -> Result<(), Failure> {
    if let Some(file) = &flags.json {
        let text = serde_json::to_string(results).map_err(std::io::Error::from)? + "\n";
        if file.as_os_str() == "-" {
            print(&text)?;
        } else {
            write_file(file, text.as_bytes())?;
        }
    }
    if let Some(file) = &flags.hdr {
        let interval = |trial| {
            let Done { result, start_s, .. }: &Done = trial;
            let start = Duration::from_secs_f64(*start_s);
            let duration = Duration::try_from_secs_f64(result.seconds).unwrap_or_default();
            result.streams.iter().map(move |stream| Interval { start, duration, stream })
        };
        let intervals: Vec<Interval<'_>> = results.trials.iter().flat_map(interval).collect();
        write_file(file, &hdr::log(began, &intervals)?)?;
    }
    let environment = serde_json::to_string_pretty(results.environment).unwrap_or_default();
    draw(&drawn(results.trials), &environment, flags.pictures.as_deref(), flags.html.as_deref())
}

/// Writes pictures into a folder, and the report.
///
/// # Errors
///
/// [`Failure::Running`] for a file that cannot be written.
pub(crate) fn draw(
    trials: &[Trial],
    environment: &str,
    folder: Option<&Path>,
    report: Option<&Path>,
) -> Result<(), Failure> {
    if folder.is_none() && report.is_none() {
        return Ok(());
    }
    let pictures = picture::all(trials).map_err(Failure::running)?;
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        for picture in &pictures {
            write_file(&folder.join(format!("{}.svg", picture.name)), picture.svg.as_bytes())?;
        }
    }
    if let Some(file) = report {
        write_file(file, html::page(trials, &pictures, environment).as_bytes())?;
    }
    Ok(())
}

/// Checks before anything is measured that files can be written where they are to go.
///
/// # Errors
///
/// [`Failure::Input`] naming the first that cannot.
pub(crate) fn check(flags: &OutputFlags) -> Result<(), Failure> {
    let files = [&flags.json, &flags.hdr, &flags.html].into_iter().flatten();
    let files = files.filter(|file| file.as_os_str() != "-");
    let mut refusals = files
        .map(|file| (file, refusal_of_file(file)))
        .chain(flags.pictures.iter().map(|folder| (folder, refusal_of_folder(folder))));
    match refusals.find_map(|(path, why)| Some((path, why?))) {
        Some((path, why)) => Err(Failure::input(anyhow::anyhow!("{}: {why}", path.display()))),
        None => Ok(()),
    }
}

/// Why a folder that need not be there yet cannot be written into.
fn refusal_of_folder(folder: &Path) -> Option<String> {
    let is_file = folder.exists() && !folder.is_dir();
    is_file.then(|| "it is a file; pictures go into a folder".to_owned())
}

/// Why a file cannot be written.
fn refusal_of_file(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if file.is_dir() {
        return Some("it is a folder; name a file in it".to_owned());
    }
    if !folder.is_dir() {
        let folder = folder.display();
        return Some(format!("there is no folder {folder}; make it first, or write elsewhere"));
    }
    let written = if file.exists() { file } else { folder };
    let error = access(written, Access::WRITE_OK).err()?;
    Some(format!("{} cannot be written: {error}; write elsewhere", written.display()))
}

fn write_file(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(file, bytes).map_err(|error| cannot_write(file, &error))?;
    note(&format!("wrote {}", file.display()));
    Ok(())
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Failure {
    Failure::running(anyhow::anyhow!("cannot write {}: {error}", file.display()))
}
