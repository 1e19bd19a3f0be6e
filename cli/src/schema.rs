//! `pollway schema`: the JSON schema of a configuration file.

use crate::config::Config;
use crate::failure::Failure;
use crate::flags::{SchemaFlags, SchemaOf};
use crate::r#gen::config::GenConfig;
use std::io::Write;

/// Runs the subcommand.
///
/// # Errors
///
/// Standard output's.
pub(crate) fn run(flags: &SchemaFlags) -> Result<(), Failure> {
    let schema = match flags.of {
        SchemaOf::Fwd => schemars::schema_for!(Config),
        SchemaOf::Gen => schemars::schema_for!(GenConfig),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &schema).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
