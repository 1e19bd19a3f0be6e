//! What `apply` answers.

use super::Step;
use serde::Serialize;
use std::fmt;

/// The steps from what runs to what a configuration says, and what became of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApplyPage {
    /// In their order.
    steps: Vec<String>,
    outcome: Outcome,
}

/// What became of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// Nothing has changed, as asked.
    Shown,
    /// All were taken.
    Applied,
}

impl ApplyPage {
    pub(crate) fn new(steps: &[Step], outcome: Outcome) -> Self {
        Self { steps: steps.iter().map(Step::to_string).collect(), outcome }
    }
}

impl fmt::Display for ApplyPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        match (self.steps.len(), self.outcome) {
            (0, _) => writeln!(f, "Nothing differs"),
            (count, Outcome::Shown) => writeln!(f, "{count} steps, none taken"),
            (count, Outcome::Applied) => writeln!(f, "{count} steps taken"),
        }
    }
}
