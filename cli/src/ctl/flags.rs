//! The flags of `pollway ctl`.

use clap::Args;
use std::path::PathBuf;

/// `pollway ctl`.
#[derive(Debug, Args)]
#[command(override_usage = "pollway ctl [FLAGS] COMMAND...\n       pollway ctl [FLAGS] < COMMANDS")]
pub(crate) struct CtlFlags {
    /// The program's control socket (that of the only program that runs, unless given)
    #[arg(long, value_name = "PATH", conflicts_with = "file_prefix")]
    pub(crate) socket: Option<PathBuf>,
    /// The program's file prefix, where several run
    #[arg(long, value_name = "PREFIX")]
    pub(crate) file_prefix: Option<String>,
    /// Answer in JSON, a line each
    #[arg(long)]
    pub(crate) json: bool,
    /// A command of the shell; help all lists them. Without one, lines of standard input are commands
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}
