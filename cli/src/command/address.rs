//! Commands that tell a port whose packets are its own: addresses and groups.

use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;

/// Tells a port an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressCommand {
    /// The port.
    pub(crate) port: PortId,
    /// What becomes of the address.
    pub(crate) change: AddressChange,
    /// The address.
    pub(crate) address: MacAddr,
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
