//! Commands about flow rules.

use dataplane::port::{FlowId, FlowRule, PortId};

/// Something to do with the flow rules of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlowCommand {
    /// The port.
    pub(crate) port: PortId,
    /// What.
    pub(crate) deed: FlowDeed,
}

/// What is done with a port's flow rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlowDeed {
    /// Ask whether the device would take a rule.
    Validate(FlowRule),
    /// Give it one.
    Create(FlowRule),
    /// Take some away.
    Destroy(Vec<FlowId>),
    /// Take all away.
    Flush,
    /// Show those of some groups, or of all if none is named.
    List(Vec<u32>),
    /// Show what a rule has counted.
    QueryCount(FlowId),
    /// Receive only what rules lead to a queue.
    Isolate(bool),
}
