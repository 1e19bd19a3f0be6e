//! `apply FILE`: what a running system lacks to be what a configuration says, as a list of steps.
//!
//! The difference is worked out without DPDK (`difference.rs`), shown, and carried out by the session step by step. Each step
//! that is taken returns the one that takes it back.

mod difference;
mod page;

pub(crate) use difference::{Running, RunningPort, difference};
pub(crate) use page::{ApplyPage, Outcome};

use crate::settings::PortSettings;
use dataplane::engine::plan::Topology;
use dataplane::forward::Forwarding;
use dataplane::lcore::LcoreId;
use dataplane::port::{PortId, QueueId};
use dataplane::switch::{Mirror, PortPolicy};
use dataplane::wire::ethernet::MacAddr;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One change of a running system.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Forward a port no longer, and remove its device.
    Remove(PortId, PortSettings),
    /// Make a device, which gets this number, and start its port; it does not forward yet.
    Add(PortId, PortSettings),
    /// Forward these ports in this order.
    Forward(Vec<PortId>),
    /// Lay forwarding out so.
    LayOut(Shape),
    /// Have certain lcores poll these receive queues.
    Place(BTreeMap<(PortId, QueueId), LcoreId>),
    /// Forward packets so.
    Mode(Box<Forwarding>),
    /// Change what a port is to the switch.
    Policy(PortId, Box<PortPolicy>),
    /// Copy these packets to other ports.
    Mirrors(Vec<Mirror>),
    /// Change how long addresses are remembered.
    Aging(Duration),
    /// Add a group of the switch.
    AddGroup(String),
    /// Give a group other buckets.
    ModGroup(String),
    /// Delete a group that no rule names any more.
    DelGroup(u32, String),
    /// Add a rule, in place of the one for the same packets with the same priority, if there is one.
    AddFlow(String),
    /// Delete a rule.
    DelFlow(String),
    /// Set an address to a port.
    SetAddress(Address),
    /// Forget an address that was set to a port.
    ForgetAddress(Address),
}

/// How forwarding is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which port sends what a port receives.
    pub(crate) topology: Topology,
    /// How many lcores forward.
    pub(crate) nb_cores: Option<usize>,
    /// Packets that a receive call asks for.
    pub(crate) burst: u16,
}

/// An address that neither moves nor ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The address.
    pub(crate) mac: MacAddr,
    /// Its VLAN.
    pub(crate) vlan: u16,
    /// The port behind which it is.
    pub(crate) port: PortId,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove(id, port) => write!(f, "remove port {id} ({})", port.device.typed),
            Self::Add(id, port) => write!(f, "add port {id} ({})", port.device.typed),
            Self::Forward(ports) => {
                let ports: Vec<String> = ports.iter().map(PortId::to_string).collect();
                write!(f, "forward ports {}", ports.join(", "))
            }
            Self::LayOut(Shape { topology, nb_cores, burst }) => {
                let cores = nb_cores.map_or("all".to_owned(), |cores| cores.to_string());
                let topology = topology.name();
                write!(f, "lay out: topology {topology}, cores {cores}, burst {burst}")
            }
            Self::Place(placed) => {
                f.write_str("place receive queues:")?;
                if placed.is_empty() {
                    f.write_str(" none")?;
                }
                placed.iter().try_for_each(|((port, queue), lcore)| {
                    write!(f, " {port}/{queue} on lcore {lcore}")
                })
            }
            Self::Mode(forwarding) => write!(f, "forward in mode {}", forwarding.mode.name),
            Self::Policy(port, _) => write!(f, "change what port {port} is to the switch"),
            Self::Mirrors(mirrors) => write!(f, "have {} mirrors", mirrors.len()),
            Self::Aging(time) => write!(f, "forget addresses after {} s", time.as_secs()),
            Self::AddGroup(group) => write!(f, "add group {group}"),
            Self::ModGroup(group) => write!(f, "change group {group}"),
            Self::DelGroup(id, _) => write!(f, "delete group {id}"),
            Self::AddFlow(rule) => write!(f, "add rule {rule}"),
            Self::DelFlow(rule) => write!(f, "delete rule {rule}"),
            Self::SetAddress(Address { mac, vlan, port }) => {
                write!(f, "set {mac} of VLAN {vlan} to port {port}")
            }
            Self::ForgetAddress(Address { mac, vlan, .. }) => {
                write!(f, "forget {mac} of VLAN {vlan}")
            }
        }
    }
}
