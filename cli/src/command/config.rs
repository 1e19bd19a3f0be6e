//! Commands that change how packets are forwarded.

use dataplane::forward::ModeEntry;

/// Changes how packets are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigCommand {
    /// The forwarding mode.
    Fwd(&'static ModeEntry),
    /// Which packets are shown as they pass.
    Verbose(u16),
}
