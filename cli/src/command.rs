//! The typed commands of a running dataplane: what the shell parses and the session carries out.

use dataplane::forward::ModeEntry;
use dataplane::port::PortId;

/// Something to do to a running dataplane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Start forwarding.
    Start,
    /// Stop forwarding and show what was forwarded.
    Stop,
    /// Show device statistics.
    ShowPortStats(PortSelection),
    /// Show what a device is and can do.
    ShowPortInfo(PortSelection),
    /// Show what has been forwarded since the start.
    ShowFwdStats,
    /// Show which lcore forwards what.
    ShowConfigFwd,
    /// Change the forwarding mode.
    SetFwd(&'static ModeEntry),
    /// Set device statistics to zero.
    ClearPortStats(PortSelection),
    /// Stop forwarding and end the program.
    Quit,
}

/// One port or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortSelection {
    /// The port of this number.
    One(PortId),
    /// Every port.
    All,
}
