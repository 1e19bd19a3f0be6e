//! `pollway schema`: the JSON schema of the configuration file.

use crate::config::Config;
use crate::failure::Failure;
use std::io::Write;

/// Runs the subcommand.
///
/// # Errors
///
/// Standard output's.
pub(crate) fn run() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &schemars::schema_for!(Config))
        .map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
