//! `pollway fwd`: forwards packets between ports.

use crate::failure::Failure;
use crate::flags::FwdFlags;
use crate::settings::FwdSettings;

/// Runs the subcommand.
///
/// # Errors
///
/// What was asked for and cannot be had.
pub(crate) fn run(flags: FwdFlags) -> Result<(), Failure> {
    let settings = FwdSettings::from_flags(flags)?;
    // What cannot work is refused before EAL takes memory and devices.
    if !settings.ports.is_empty() {
        settings.assumed_plan().map_err(|error| Failure::Input(error.into()))?;
    }
    Err(Failure::Running(anyhow::anyhow!("the session is not wired in yet")))
}
