//! The flags of `pollway doctor`.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// `pollway doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorFlags {
    /// What to look at: families or single checks, as in `hugepages` or `vfio.memlock`; everything unless named
    #[arg(value_name = "CHECK")]
    pub(super) checks: Vec<String>,
    /// Look at what this configuration needs
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Look at what this command line needs: fwd, switch or gen, with its flags
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "config")]
    pub(super) command: Vec<OsString>,
    /// Mend what can be mended without taking anything from anybody, asking before each command
    #[arg(long)]
    pub(super) fix: bool,
    /// Do not ask
    #[arg(long, requires = "fix")]
    pub(super) yes: bool,
    /// List the checks, and look at nothing
    #[arg(long, conflicts_with = "fix")]
    pub(super) list: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// A folder with a machine's sys, proc, dev and etc, to look at instead of this machine's
    #[arg(long, value_name = "DIR", default_value = "/", conflicts_with = "fix")]
    pub(super) sysroot: PathBuf,
}
