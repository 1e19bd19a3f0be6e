//! Commands that tell a device what to recognise, count and limit.

use dataplane::port::{Direction, FecModes, PortId, QueueId, Tunnel};

/// Tells the device of a port something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceCommand {
    /// Something about the port as a whole, also while it forwards.
    Port(PortId, DeviceChange),
    /// That a transmit queue is to free so many of the packets that it has sent, or all for zero.
    CleanUp(PortId, QueueId, u32),
}

/// What a device is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceChange {
    /// The packet types to look for (`RTE_PTYPE_*_MASK`).
    Ptypes(u32),
    /// Under which number of its statistics it counts a queue.
    StatsMapping(Direction, QueueId, u16),
    /// Its link goes up, or down.
    Link(bool),
    /// How much a transmit queue sends at most, Mbit/s.
    Rate(QueueId, u32),
    /// Whether it looks for a kind of tunnel at a UDP port.
    Tunnel(TunnelChange),
    /// How its link corrects errors.
    Fec(FecModes),
}

/// Whether a device looks for a kind of tunnel at a UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TunnelChange {
    /// The kind.
    pub(crate) tunnel: Tunnel,
    /// The port.
    pub(crate) udp_port: u16,
    /// Whether it is to look there.
    pub(crate) look: bool,
    /// What testpmd calls it where it fails.
    pub(crate) called: &'static str,
}
