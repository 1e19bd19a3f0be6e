//! How a subcommand fails, and with which exit code.

use crate::settings::SettingsError;
use std::io::{self, ErrorKind};
use std::process::ExitCode;

/// Why a subcommand ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed or configured cannot be done.
    Input(anyhow::Error),
    /// Something failed while running.
    Running(anyhow::Error),
}

impl Failure {
    /// Says what is wrong, in one paragraph on stderr, and which exit code that is.
    pub(crate) fn report(&self) -> ExitCode {
        if self.nobody_reads() {
            return ExitCode::SUCCESS;
        }
        let (error, code) = match self {
            Self::Input(error) => (error, 2),
            Self::Running(error) => (error, 1),
        };
        eprintln!("pollway: error: {error:#}");
        ExitCode::from(code)
    }

    /// Whether the reader of our output has seen enough, as `head` has after ten lines.
    fn nobody_reads(&self) -> bool {
        let (Self::Input(error) | Self::Running(error)) = self;
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Input(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Running(error.into())
    }
}
