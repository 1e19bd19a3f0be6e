//! Commands of segments: packets merged and cut by mode `csum`, and TCP cut by devices.

use dataplane::port::PortId;

/// Changes or shows which packets are merged and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentsCommand {
    /// Payload of the segments that the device cuts TCP into; 0 if it is not to.
    Tso(Packets, u16, PortId),
    /// Whether the device cuts TCP.
    ShowTso(Packets, PortId),
    /// Whether packets that enter by a port are merged.
    Gro(PortId, bool),
    /// After how many bursts those that wait for others go on.
    GroFlush(u8),
    /// Whether packets are merged.
    ShowGro(PortId),
    /// Whether packets that leave by a port are cut here.
    Gso(PortId, bool),
    /// Bytes of the segments that packets are cut into here, headers counted.
    GsoSegment(u16),
    /// Whether packets are cut here.
    ShowGso(PortId),
}

/// Packets that a device cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packets {
    /// Those in no tunnel.
    Plain,
    /// Those in one.
    Tunnelled,
}
