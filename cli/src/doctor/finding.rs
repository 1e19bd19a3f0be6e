//! What the doctor says of a machine.

use super::subject::Subject;
use serde::Serialize;
use std::fmt;

/// How bad a finding is; also the doctor's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Good to know.
    Note,
    /// It works, and less well than it could.
    Warning,
    /// It does not work.
    Error,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mend {
    /// A command for a shell. `--fix` runs it.
    Run(String),
    /// A command for a shell that takes something from somebody, or needs a decision. `--fix` leaves it to the user.
    Decide(String),
    /// Parameters for the kernel's command line.
    Boot(String),
    /// What no command does.
    Do(String),
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(text) | Self::Decide(text) | Self::Do(text) => f.write_str(text),
            Self::Boot(parameters) => f.write_str(&by_grub(parameters)),
        }
    }
}

/// The command that has GRUB start the kernel with these parameters. Of two of one name the kernel takes the first or the last
/// one, so that others go.
fn by_grub(parameters: &str) -> String {
    let names: Vec<&str> =
        parameters.split(' ').filter_map(|word| Some(word.split_once('=')?.0)).collect();
    let others = format!("/^GRUB_CMDLINE_LINUX/s/\\b({})=[^ \"]* ?//g", names.join("|"));
    let ours = format!("s/^GRUB_CMDLINE_LINUX=\"/&{parameters} /");
    format!("sed -Ei '{others}; {ours}' /etc/default/grub && update-grub && reboot")
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// What is wrong, on which thing.
    pub(super) what: String,
    pub(super) mend: Mend,
}

impl Problem {
    pub(super) fn error(what: impl Into<String>, mend: Mend) -> Self {
        Self { severity: Severity::Error, what: what.into(), mend }
    }

    pub(super) fn warning(what: impl Into<String>, mend: Mend) -> Self {
        Self { severity: Severity::Warning, what: what.into(), mend }
    }
}

/// One thing that is looked at.
pub(super) struct Check {
    /// Its family and its name, with a dot between them.
    pub(super) name: &'static str,
    /// What is looked at.
    pub(super) about: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
    /// Looks; what is fine has no problem.
    pub(super) look: fn(&Subject) -> Vec<Problem>,
}

impl Check {
    /// Whether a name means it: its own, its family's.
    pub(super) fn is_meant_by(&self, name: &str) -> bool {
        self.name == name || self.family() == name
    }

    /// The part before the dot.
    pub(super) fn family(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// A problem and the check that found it, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) severity: Severity,
    pub(super) what: String,
    pub(super) why: &'static str,
    /// What to type, or to do.
    pub(super) mend: String,
    /// Whether `--fix` does it.
    pub(super) fixable: bool,
}

impl Finding {
    pub(super) fn of(check: &Check, problem: Problem) -> Self {
        Self {
            check: check.name,
            severity: problem.severity,
            what: problem.what,
            why: check.why,
            fixable: matches!(problem.mend, Mend::Run(_)),
            mend: problem.mend.to_string(),
        }
    }
}
