//! The virtual switch in the configuration file.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the virtual switch is to be (`pollway switch`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Switch {
    /// Seconds after which an address that sends nothing is forgotten (300 unless given).
    pub(crate) aging: Option<u64>,
    /// Addresses that are learned at most (8192 unless given).
    pub(crate) mac_limit: Option<u32>,
    /// Rules in OVS's syntax: ["in_port=0,actions=output:1"].
    pub(crate) flows: Vec<String>,
    /// Groups in OVS's syntax: ["group_id=1,type=select,bucket=output:1,bucket=output:2"].
    pub(crate) groups: Vec<String>,
    /// Packets that are copied to another port.
    pub(crate) mirror: Vec<Mirror>,
    /// Addresses that neither move nor age.
    pub(crate) mac: Vec<StaticMac>,
}

/// Packets that are copied to another port.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mirror {
    /// Ports whose packets are copied as they come.
    #[serde(default)]
    pub(crate) received: Vec<u16>,
    /// Ports whose packets are copied as they leave.
    #[serde(default)]
    pub(crate) sent: Vec<u16>,
    /// The port that gets the copies, and nothing else.
    pub(crate) to: u16,
}

/// An address that neither moves nor ages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticMac {
    /// The address.
    pub(crate) mac: String,
    /// The port behind which it is.
    pub(crate) port: u16,
    /// Its VLAN; 0, that of packets without a tag, unless given.
    #[serde(default)]
    pub(crate) vlan: u16,
}

/// What a port is to the switch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SwitchPort {
    /// The one VLAN that it is in; its packets have no tag.
    pub(crate) access: Option<u16>,
    /// The VLANs that it is in; its packets have tags. In all unless given.
    pub(crate) trunk: Option<Vec<u16>>,
    /// The VLAN of packets that come to a trunk without a tag.
    pub(crate) native: Option<u16>,
    /// Whether packets of that VLAN leave with a tag all the same.
    pub(crate) native_tagged: bool,
    /// Whether it is kept apart from other isolated ports.
    pub(crate) isolated: bool,
    /// Whether addresses are learned from it (they are unless told otherwise).
    pub(crate) learning: Option<bool>,
    /// Addresses that are learned from it at most.
    pub(crate) mac_limit: Option<u32>,
    /// Whether it takes packets for addresses that nobody knows (it does unless told otherwise).
    pub(crate) unknown_unicast: Option<bool>,
    /// Whether it takes broadcast and multicast packets (it does unless told otherwise).
    pub(crate) flood: Option<bool>,
    /// Packets that it may send in a second, by their destination.
    pub(crate) storm: Storm,
    /// How much it may send.
    pub(crate) rate: Option<Rate>,
    /// How often a full transmit queue is tried again; it is not unless given.
    pub(crate) retry: Option<Retry>,
}

/// Packets a second by their destination.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Storm {
    /// To everyone.
    pub(crate) broadcast: Option<u32>,
    /// To groups.
    pub(crate) multicast: Option<u32>,
    /// To addresses that nobody knows.
    pub(crate) unknown: Option<u32>,
}

/// How much a port may send.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// Bytes a second.
    pub(crate) bytes_per_second: u64,
    /// Bytes that may come at once after a pause.
    pub(crate) burst: u64,
}

/// How often a full transmit queue is tried again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// How many tries follow the first.
    pub(crate) times: u32,
    /// Microseconds before each.
    pub(crate) delay: u32,
}
