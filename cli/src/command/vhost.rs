//! Commands about vhost-user ports.

use super::PortSelection;

/// Shows vhost-user ports, or lets go of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VhostCommand {
    /// What is known of each of several ports, its guest and its rings.
    Show(PortSelection),
}
