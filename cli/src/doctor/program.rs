//! The program that is going to be started, and for whose needs is looked: by its configuration or by its command line.

use super::flags::DoctorFlags;
use crate::config;
use crate::failure::Failure;
use crate::flags::{self, Sub};
use crate::r#gen;
use crate::r#gen::settings::GenSettings;
use crate::settings::FwdSettings;
use std::ffi::OsString;
use std::path::Path;

/// What the program is to do, as far as DPDK is concerned; `None` where none is named.
///
/// # Errors
///
/// What is wrong with the configuration or the command line, in the words of the program itself.
pub(super) fn settings(flags: &DoctorFlags) -> Result<Option<FwdSettings>, Failure> {
    match (&flags.config, flags.command.as_slice()) {
        (Some(file), _) => of_file(file).map(Some),
        (None, []) => Ok(None),
        (None, command) => of_command(command).map(Some),
    }
}

fn of_file(file: &Path) -> Result<FwdSettings, Failure> {
    // A file that cannot be read is refused below, in the words for it.
    if config::read(file).is_ok_and(|text| r#gen::config::is_generators(&text)) {
        let settings = GenSettings::from_file(file.to_owned()).map_err(Failure::input)?;
        return Ok(settings.base);
    }
    Ok(FwdSettings::from_file(file)?)
}

fn of_command(command: &[OsString]) -> Result<FwdSettings, Failure> {
    let argv = std::iter::once("pollway".into()).chain(command.iter().cloned());
    let cli = flags::parse(argv).map_err(|fault| {
        let said = fault.to_string();
        let first = said.lines().next().unwrap_or_default();
        let why = first.strip_prefix("error: ").unwrap_or(first).to_owned();
        Failure::Input(anyhow::anyhow!("the command line after `--`: {why}"))
    })?;
    match cli.subcommand {
        Sub::Fwd(flags) | Sub::Switch(flags) => Ok(FwdSettings::from_flags(*flags)?),
        Sub::Gen(flags) if flags.what.is_none() => {
            Ok(GenSettings::from_flags(&flags).map_err(Failure::input)?.base)
        }
        _ => Err(Failure::Input(anyhow::anyhow!(
            "the command line after `--` has no ports; write one of fwd, switch or gen, with its flags"
        ))),
    }
}

/// The command line of this process, as it can be written after `--`.
pub(super) fn own_command() -> Vec<OsString> {
    let mut argv = std::env::args_os();
    let program = argv.next().unwrap_or_default();
    let sub = flags::is_testpmd(Path::new(&program)).then(|| "fwd".into());
    sub.into_iter().chain(argv).collect()
}
