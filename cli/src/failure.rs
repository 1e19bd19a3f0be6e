//! How a subcommand fails, and with which exit code.

use crate::out;
use crate::settings::SettingsError;
use std::fmt;
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
    /// What was asked for cannot be had.
    pub(crate) fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    /// Something failed while running.
    pub(crate) fn running(error: impl Into<anyhow::Error>) -> Self {
        Self::Running(error.into())
    }

    /// The exit code that stands for it.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Running(_) => 1,
        }
    }

    /// Says what is wrong, in one paragraph on stderr, and which exit code that is.
    pub(crate) fn report(&self) -> ExitCode {
        if self.nobody_reads() {
            return ExitCode::SUCCESS;
        }
        out::note(&format!("error: {self}"));
        ExitCode::from(self.code())
    }

    /// Whether the reader of our output has seen enough, as `head` has after ten lines.
    fn nobody_reads(&self) -> bool {
        let (Self::Input(error) | Self::Running(error)) = self;
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(error) | Self::Running(error)) = self;
        write!(f, "{error:#}")
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
