//! What the virtual switch is to be.

use super::SettingsError;
use super::given::Layers;
use super::value;
use crate::config::switch::{self as config, Mirror, StaticMac, SwitchPort};
use crate::config::{Fwd, Port};
use crate::flags::app::AppFlags;
use dataplane::forward::Retry;
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use dataplane::switch::{
    Native, PortPolicy, RateLimit, StormLimits, Switch, SwitchConfig, VlanPolicy,
};
use dataplane::wire::ethernet::MacAddr;
use std::fmt::Display;
use std::time::Duration;

/// What the virtual switch is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SwitchSettings {
    /// Its ports and limits.
    pub(crate) config: SwitchConfig,
    /// Groups in OVS's syntax, before the rules that name them.
    pub(crate) groups: Vec<String>,
    /// Rules in OVS's syntax.
    pub(crate) flows: Vec<String>,
    /// Addresses that neither move nor age, their VLANs and ports.
    pub(crate) addresses: Vec<(MacAddr, u16, PortId)>,
}

impl SwitchSettings {
    /// The switch, whose streams run on some of these lcores.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Switch`] for the first thing that cannot be.
    pub(crate) fn build(&self, lcores: Vec<LcoreId>) -> Result<Switch, SettingsError> {
        let switch =
            Switch::new(lcores, self.config.clone()).map_err(|error| wrong("switch", error))?;
        for (at, group) in self.groups.iter().enumerate() {
            let named = format!("switch.groups[{at}] = {group}");
            switch.add_group(group).map_err(|error| wrong(&named, error))?;
        }
        for (at, flow) in self.flows.iter().enumerate() {
            let named = format!("switch.flows[{at}] = {flow}");
            switch.add_flow(flow).map_err(|error| wrong(&named, error))?;
        }
        for (mac, vlan, port) in &self.addresses {
            let named = format!("switch.mac: {mac}");
            switch.add_static(*mac, *vlan, *port).map_err(|error| wrong(&named, error))?;
        }
        Ok(switch)
    }
}

/// What the file says of the switch; its ports follow.
pub(super) fn switch(
    layers: &Layers<'_>,
    file: config::Switch,
) -> Result<SwitchSettings, SettingsError> {
    let config::Switch { aging, mac_limit, flows, groups, mirror, mac } = file;
    let default = SwitchConfig::default();
    let config = SwitchConfig {
        aging: aging.map_or(default.aging, Duration::from_secs),
        mac_limit: mac_limit.unwrap_or(default.mac_limit),
        mirrors: mirror.into_iter().map(mirrored).collect(),
        ..default
    };
    let mut addresses = Vec::new();
    for (at, StaticMac { mac, port, vlan }) in mac.into_iter().enumerate() {
        let mac = layers
            .key(&format!("switch.mac[{at}].mac"), Some(mac))
            .try_map(|text| value::mac(&text))?;
        addresses.extend(mac.map(|mac| (mac, vlan, PortId(port))));
    }
    Ok(SwitchSettings { config, groups, flows, addresses })
}

/// Refuses what only a forwarder has.
pub(super) fn is_alone(
    layers: &Layers<'_>,
    app: &AppFlags,
    fwd: &Fwd,
) -> Result<(), SettingsError> {
    let flags = [
        ("--forward-mode", app.forward_mode.is_some()),
        ("--port-topology", app.port_topology.is_some()),
        ("--model", app.model.is_some()),
        ("--tx-first", app.tx_first),
    ];
    let keys = [
        ("fwd.mode", fwd.mode.is_some()),
        ("fwd.topology", fwd.topology.is_some()),
        ("fwd.model", fwd.model.is_some()),
        ("fwd.pipeline", fwd.pipeline.is_some()),
    ];
    let flags = flags.map(|(flag, given)| (flag.to_owned(), given));
    let keys = keys.map(|(key, given)| (format!("{}: {key}", layers.file), given));
    match flags.into_iter().chain(keys).find(|(_, given)| *given) {
        Some((setting, _)) => Err(SettingsError::NotOfSwitch { setting }),
        None => Ok(()),
    }
}

/// What ports are to the switch, by their places in the file; `None` where it does not say.
pub(super) fn policies(
    layers: &Layers<'_>,
    ports: &[Port],
) -> Result<Vec<Option<PortPolicy>>, SettingsError> {
    let asked = ports.iter().map(|port| port.switch.clone()).enumerate();
    asked
        .map(|(index, asked)| asked.map(|asked| policy(layers, index, asked)).transpose())
        .collect()
}

fn policy(
    layers: &Layers<'_>,
    index: usize,
    file: SwitchPort,
) -> Result<PortPolicy, SettingsError> {
    let default = PortPolicy::default();
    let native = file.native.map(|vlan| Native { vlan, tagged: file.native_tagged });
    let vlan = match (file.access, file.trunk) {
        (Some(_), Some(_)) => {
            return Err(SettingsError::Value {
                setting: format!("{}: port[{index}].switch", layers.file),
                why: "a port is an access port of one VLAN or a trunk".into(),
                mend: "leave access or trunk out".into(),
            });
        }
        (Some(vlan), None) => VlanPolicy::Access(vlan),
        (None, vlans) => {
            VlanPolicy::Trunk { vlans: vlans.map(|vlans| vlans.into_iter().collect()), native }
        }
    };
    let policy = PortPolicy {
        vlan,
        isolated: file.isolated,
        learning: file.learning.unwrap_or(default.learning),
        mac_limit: file.mac_limit,
        unknown_unicast: file.unknown_unicast.unwrap_or(default.unknown_unicast),
        flood: file.flood.unwrap_or(default.flood),
        storm: StormLimits {
            broadcast: file.storm.broadcast,
            multicast: file.storm.multicast,
            unknown: file.storm.unknown,
        },
        rate: file
            .rate
            .map(|rate| RateLimit { bytes_per_second: rate.bytes_per_second, burst: rate.burst }),
        retry: file.retry.map(|retry| Retry {
            delay: Duration::from_micros(retry.delay.into()),
            times: retry.times,
        }),
    };
    policy
        .check()
        .map_err(|error| wrong(&format!("{}: port[{index}].switch", layers.file), error))?;
    Ok(policy)
}

fn mirrored(file: Mirror) -> dataplane::switch::Mirror {
    let ports = |ports: Vec<u16>| ports.into_iter().map(PortId).collect();
    dataplane::switch::Mirror {
        received: ports(file.received),
        sent: ports(file.sent),
        to: PortId(file.to),
    }
}

/// A refusal of the switch's, which says by itself what to write instead.
fn wrong(key: &str, error: impl Display) -> SettingsError {
    SettingsError::Switch { setting: key.to_owned(), why: error.to_string() }
}
