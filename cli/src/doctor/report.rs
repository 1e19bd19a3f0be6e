//! What the doctor found, on paper.

use super::finding::{Check, Finding, Severity};
use crate::failure::Failure;
use crate::out;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    checked: usize,
    findings: &'a [Finding],
}

/// A check as `--list --json` prints it.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
    why: &'static str,
}

/// Shows findings, or that there are none.
///
/// # Errors
///
/// Standard output's.
pub(super) fn show(findings: &[Finding], checked: usize, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&Report { checked, findings });
    }
    let mut text = String::new();
    for finding in findings {
        let Finding { check, severity, what, why, mend, fixable } = finding;
        let word = word(*severity);
        let fix = if *fixable { " (--fix does it)" } else { "" };
        text +=
            &format!("{word}  {check}: {what}\n         why:  {why}\n         mend: {mend}{fix}\n");
    }
    let count = |wanted| findings.iter().filter(|finding| finding.severity == wanted).count();
    text += &format!(
        "{checked} checks: {} errors, {} warnings, {} notes\n",
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note)
    );
    Ok(out::print(&text)?)
}

/// Shows what is looked at.
///
/// # Errors
///
/// Standard output's.
pub(super) fn list(checks: &[&Check], json: bool) -> Result<(), Failure> {
    if json {
        let listed =
            |check: &&Check| Listed { name: check.name, about: check.about, why: check.why };
        return print_json(&checks.iter().map(listed).collect::<Vec<_>>());
    }
    let line = |check: &&Check| format!("{:<22} {}\n", check.name, check.about);
    Ok(out::print(&checks.iter().map(line).collect::<String>())?)
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(std::io::Error::from)?;
    Ok(out::print(&format!("{text}\n"))?)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR  ",
        Severity::Warning => "WARNING",
        Severity::Note => "NOTE   ",
    }
}
