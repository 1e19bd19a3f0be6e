//! Commands that start and stop forwarding.

use std::path::PathBuf;

/// Starts, stops, ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ControlCommand {
    /// Start forwarding, after so many bursts of packets made here were sent.
    Start { tx_first: u32 },
    /// Stop forwarding and show what was forwarded.
    Stop,
    /// Stop forwarding and end the program.
    Quit,
    /// Become what a configuration file says, or show which steps that takes.
    Apply { file: PathBuf, dry_run: bool },
}
