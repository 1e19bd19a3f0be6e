//! A device's own counts by name: `show port xstats` (testpmd's `nic_xstats_display`, `app/test-pmd/config.c`).

use dataplane::port::{ExtendedStat, PortId};
use serde::Serialize;
use std::fmt;

/// A device's own counts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExtendedStatsPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// Its counts; `None` if the device does not say.
    pub(crate) stats: Option<Vec<ExtendedStat>>,
}

impl fmt::Display for ExtendedStatsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "###### NIC extended statistics for port {:<2}", self.port)?;
        let Some(stats) = &self.stats else {
            return writeln!(f, "Error: Cannot get count of xstats");
        };
        stats.iter().try_for_each(|ExtendedStat { name, value }| writeln!(f, "{name}: {value}"))
    }
}
