//! Who forwards: `show config fwd` and `show config cores` (testpmd's `pkt_fwd_config_display` and
//! `fwd_lcores_config_display`, `app/test-pmd/config.c`).

use dataplane::engine::plan::{Plan, Surroundings};
use dataplane::lcore::LcoreId;
use serde::Serialize;
use std::fmt;

/// Which lcore forwards what.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ForwardingPage {
    mode: String,
    /// Whether a full transmit queue is tried again.
    retries: bool,
    plan: Plan,
    #[serde(skip)]
    described: String,
}

impl ForwardingPage {
    /// Of a plan and what is around it.
    pub(crate) fn new(plan: Plan, surroundings: &Surroundings<'_>) -> Self {
        let described = plan.describe(surroundings).to_string();
        let (mode, retries) = (surroundings.mode.to_owned(), surroundings.retry.is_some());
        Self { mode, retries, plan, described }
    }
}

impl fmt::Display for ForwardingPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The blank line is testpmd's, too.
        writeln!(f, "{}\n", self.described)
    }
}

/// Which lcores forward.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CoresPage {
    /// In their order.
    pub(crate) lcores: Vec<LcoreId>,
}

impl fmt::Display for CoresPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List of forwarding lcores:")?;
        self.lcores.iter().try_for_each(|lcore| write!(f, " {lcore:2}"))?;
        writeln!(f)
    }
}
