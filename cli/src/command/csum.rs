//! Commands of the `csum` mode.

use dataplane::port::PortId;

/// Changes or shows what the `csum` mode does to packets that a port sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CsumCommand {
    /// Whether tunnels are looked into.
    ParseTunnel(PortId, bool),
    /// Whether frames get the port's and its peer's addresses.
    MacSwap(PortId, bool),
    /// What is set.
    Show(PortId),
}
