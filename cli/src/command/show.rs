//! Commands that show something and change nothing.

use super::PortSelection;

/// Shows something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShowCommand {
    /// Device statistics.
    PortStats(PortSelection),
    /// What a device is and can do.
    PortInfo(PortSelection),
    /// What has been forwarded since the start.
    FwdStats,
    /// Which lcore forwards what.
    ConfigFwd,
}
