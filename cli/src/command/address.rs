//! Commands that tell a port whose packets are its own: addresses and groups.

use super::PortSelection;
use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;

/// Tells a port whose packets are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressCommand {
    /// Something becomes of an address.
    Change(PortId, AddressChange, MacAddr),
    /// Packets for an address, or for all, come in by its hash, or no longer.
    Hash(PortId, Option<MacAddr>, bool),
    /// Packets for any address, or no longer.
    Promiscuous(PortSelection, bool),
    /// Packets for any group, or no longer.
    Allmulticast(PortSelection, bool),
}

/// What becomes of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressChange {
    /// It is the port's too.
    Add,
    /// It is no longer the port's.
    Remove,
    /// It becomes the port's default one.
    Set,
    /// The port takes packets for the group.
    Join,
    /// It no longer does.
    Leave,
}
