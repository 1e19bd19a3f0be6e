//! `pollway gen report`: result files in one table and one picture.

use super::figures::Trial;
use super::flags::ReportFlags;
use super::output::{self, Stored};
use super::{table, terminal};
use crate::failure::Failure;
use crate::out::print;
use std::fs;

/// Runs the subcommand.
///
/// # Errors
///
/// A file that is no result, or one that cannot be written.
pub(super) fn run(flags: &ReportFlags) -> Result<(), Failure> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut environments = Vec::new();
    for named in &flags.files {
        let (name, file) = match named.split_once('=') {
            Some((name, file)) => (Some(name), file),
            None => (None, named.as_str()),
        };
        let stored = read(file)?;
        let several = stored.trials.iter().map(|trial| trial.drawn.len()).sum::<usize>() > 1;
        for trial in stored.trials.into_iter().flat_map(|trial| trial.drawn) {
            let name = match name {
                None => trial.name.clone(),
                Some(name) if several => format!("{name}, {}", trial.name),
                Some(name) => name.to_owned(),
            };
            trials.push(Trial { name, ..trial });
        }
        let environment = serde_json::to_string_pretty(&stored.environment).unwrap_or_default();
        environments.push(format!("{file}:\n{environment}"));
    }
    if flags.markdown {
        print(&table::markdown(&trials))?;
    } else {
        let drawn: String = trials.iter().map(terminal::draw).collect();
        print(&format!("{}{drawn}", table::text(&trials)))?;
    }
    let (folder, report) = (flags.pictures.as_deref(), flags.html.as_deref());
    output::draw(&trials, &environments.join("\n"), folder, report)
}

fn read(file: &str) -> Result<Stored, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::input(anyhow::anyhow!("cannot read {file}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::input(anyhow::anyhow!(
            "{file} is no result of pollway gen: {error}; give a file that --json wrote"
        ))
    })
}
