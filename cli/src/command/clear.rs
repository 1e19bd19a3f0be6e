//! Commands that set counts to zero.

use super::PortSelection;

/// Sets counts to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClearCommand {
    /// Device statistics.
    PortStats(PortSelection),
    /// A device's extended statistics.
    PortXstats(PortSelection),
    /// What was forwarded until now.
    FwdStats,
}
