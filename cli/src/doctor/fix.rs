//! `--fix`: runs the commands that mend findings and take nothing from anybody.

use super::finding::Finding;
use crate::failure::Failure;
use crate::out;
use std::io::BufRead;
use std::process::Command;

/// Mends what can be mended, asking before each command unless told not to. What it does goes to standard error, as the report
/// follows on standard output.
///
/// # Errors
///
/// A command that fails; those before it have been done.
pub(super) fn mend(findings: &[Finding], without_asking: bool) -> Result<(), Failure> {
    for finding in findings.iter().filter(|finding| finding.fixable) {
        let command = &finding.mend;
        if !without_asking
            && !asked(&format!("{}: {}\n  {command}\nrun it? [y/N] ", finding.check, finding.what))
        {
            continue;
        }
        out::note(&format!("{}: running: {command}", finding.check));
        let status = Command::new("sh").args(["-c", command]).status()?;
        if !status.success() {
            return Err(Failure::Running(anyhow::anyhow!(
                "{}: `{command}` failed ({status}); its own words are above",
                finding.check
            )));
        }
    }
    Ok(())
}

/// Whether the user says yes. The end of the input is a no.
fn asked(question: &str) -> bool {
    out::complain(question);
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
