//! Commands that start, stop, add and remove ports.

use super::PortSelection;
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, QueueId};

/// Starts, stops, adds or removes ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortsCommand {
    /// Configure as it is to be, and start.
    Start(PortSelection),
    /// Stop.
    Stop(PortSelection),
    /// Close for good.
    Close(PortSelection),
    /// Put the device back to what it was when it was made.
    Reset(PortSelection),
    /// Make a device and take its port.
    Attach(String),
    /// Close a port and remove its device.
    Detach(PortId),
    /// Close all ports of a device and remove it.
    DetachDevice(String),
    /// Make a device, start its port and forward it, while others forward.
    Add(String),
    /// Forward a port no longer, close it and remove its device, while others forward.
    Remove(PortId),
    /// Have an lcore poll a receive queue, or whichever it is dealt to.
    Place(PortId, QueueId, Option<LcoreId>),
}
