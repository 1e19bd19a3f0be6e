//! Commands of the virtual switch.

use dataplane::forward::Retry;
use dataplane::port::PortId;
use dataplane::switch::{Flush, Mirror, Native, RateLimit};
use dataplane::wire::ethernet::MacAddr;
use std::time::Duration;

/// Changes or shows what the switch does. Rules and groups are text in OVS's syntax, which the switch reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SwitchCommand {
    /// Add a rule.
    AddFlow(String),
    /// Give the rules that are selected other actions; if `strict`, only the one of this very match and priority.
    ModFlows { text: String, strict: bool },
    /// Delete the rules that are selected.
    DelFlows { text: String, strict: bool },
    /// Show the rules that are selected, with what they counted.
    DumpFlows(String),
    /// Add a group.
    AddGroup(String),
    /// Change a group.
    ModGroup(String),
    /// Delete a group and the rules that name it, or all groups.
    DelGroups(Option<u32>),
    /// Show the groups.
    DumpGroups,
    /// Show the addresses that are known.
    Addresses,
    /// Show the table of addresses in numbers.
    AddressFigures,
    /// Set an address to a port by hand.
    AddAddress { mac: MacAddr, port: PortId, vlan: u16 },
    /// Forget addresses.
    Flush(Flush),
    /// Show what ports are to the switch.
    Ports,
    /// Change what a port is to the switch.
    Policy(PortId, PolicyChange),
    /// Copy packets to another port, beside those that are copied already.
    AddMirror(Mirror),
    /// Copy nothing any more.
    ClearMirrors,
    /// Change how long addresses are remembered.
    Aging(Duration),
    /// Show what was switched and what was not.
    Stats,
}

/// What is changed about a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyChange {
    /// In one VLAN, untagged.
    Access(u16),
    /// In these VLANs, or in all, tagged.
    Trunk(Option<Vec<u16>>),
    /// The VLAN of a trunk's untagged packets.
    Native(Native),
    /// Whether it is kept apart from other isolated ports.
    Isolated(bool),
    /// Whether addresses are learned there.
    Learning(bool),
    /// How many are at most.
    MacLimit(Option<u32>),
    /// Whether it takes packets for addresses that nobody knows.
    UnknownUnicast(bool),
    /// Whether it takes broadcast and multicast packets.
    Flood(bool),
    /// How many packets of a kind it may send in a second.
    Storm(StormKind, Option<u32>),
    /// How much it may send.
    Rate(Option<RateLimit>),
    /// How often a full transmit queue is tried again.
    Retry(Option<Retry>),
}

/// Packets that are limited by their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StormKind {
    /// Everyone.
    Broadcast,
    /// A group.
    Multicast,
    /// An address that nobody knows.
    Unknown,
}
