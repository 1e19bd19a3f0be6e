//! `pollway doctor`: looks at all that keeps DPDK from starting or from being fast, and says what mends it. Runs without EAL.

mod devices;
pub(crate) mod explain;
mod files;
mod finding;
mod fix;
mod flags;
mod hugepages;
mod pmd;
mod processors;
mod program;
mod report;
mod subject;
mod user;
mod vfio;
mod word;

pub(crate) use flags::DoctorFlags;

use crate::failure::Failure;
use crate::nearest::nearest;
use dataplane::machine::Machine;
use finding::{Check, Finding, Severity};
use std::process::ExitCode;
use subject::Subject;

/// Every check, by family.
fn checks() -> impl Iterator<Item = &'static Check> {
    [processors::CHECKS, hugepages::CHECKS, vfio::CHECKS, devices::CHECKS, files::CHECKS]
        .into_iter()
        .flatten()
}

/// Runs the subcommand. Its exit code is the worst severity: 0 for none or a note, 1 for a warning, 2 for an error.
///
/// # Errors
///
/// A check, a configuration or a command line that is none.
pub(crate) fn run(flags: &DoctorFlags) -> Result<ExitCode, Failure> {
    let chosen = chosen(&flags.checks)?;
    if flags.list {
        report::list(&chosen, flags.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = program::settings(flags)?;
    let examine = || {
        let subject = Subject::of(Machine::at(&flags.sysroot), settings.as_ref());
        examine(&subject, &chosen)
    };
    let mut findings = examine();
    if flags.fix {
        fix::mend(&findings, flags.yes)?;
        findings = examine();
    }
    report::show(&findings, chosen.len(), flags.json)?;
    Ok(match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => ExitCode::from(2),
        Some(Severity::Warning) => ExitCode::from(1),
        Some(Severity::Note) | None => ExitCode::SUCCESS,
    })
}

/// The checks that are meant; all where none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Check>, Failure> {
    for name in names {
        if !checks().any(|check| check.is_meant_by(name)) {
            let known = checks().flat_map(|check| [check.family(), check.name]);
            let hint =
                nearest(name, known).map_or(String::new(), |word| format!("did you mean {word}? "));
            return Err(Failure::Input(anyhow::anyhow!(
                "there is no check {name}; {hint}`pollway doctor --list` lists them"
            )));
        }
    }
    let is_meant =
        |check: &&Check| names.is_empty() || names.iter().any(|name| check.is_meant_by(name));
    Ok(checks().filter(is_meant).collect())
}

/// What is wrong, the worst first.
fn examine(subject: &Subject, checks: &[&'static Check]) -> Vec<Finding> {
    let of = |check: &&'static Check| {
        let problems = (check.look)(subject);
        problems.into_iter().map(|problem| Finding::of(check, problem)).collect::<Vec<_>>()
    };
    let mut findings: Vec<Finding> = checks.iter().flat_map(of).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}
