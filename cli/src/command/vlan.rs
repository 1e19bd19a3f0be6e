//! Commands about VLANs.

use dataplane::mbuf::VlanTags;
use dataplane::port::{PortId, QueueId, VlanOffload, VlanTag};

/// Changes what a port does about VLANs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VlanCommand {
    /// The port.
    pub(crate) port: PortId,
    /// What is changed.
    pub(crate) change: VlanChange,
}

/// What is changed about VLANs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VlanChange {
    /// An offload of received packets.
    Offload(VlanOffload, bool),
    /// Stripping on one receive queue, which has to be named.
    StripQueue(Option<QueueId>, bool),
    /// The EtherType a tag begins with.
    Tpid(VlanTag, u16),
    /// Packets of a VLAN are received, or no longer.
    Filter(u16, bool),
    /// Packets of all VLANs are received, or no longer.
    FilterAll(bool),
    /// The port, which is to be stopped, has its device tag what the forwarding mode sends, or no longer.
    Insert(Option<VlanTags>),
    /// The device tags all packets that it sends with this VLAN, or no longer.
    Pvid(u16, bool),
}
