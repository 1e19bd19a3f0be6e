//! Where memory is to be: testpmd's NUMA flags.

use super::SettingsError;
use super::given::Fault;
use crate::flags::ports::PortFlags;
use dataplane::lcore::SocketId;
use dataplane::port::{PortConfig, PortId};
use std::collections::BTreeMap;

/// Where memory is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numa {
    /// The node of everything, unless a port is named below.
    all: Option<SocketId>,
    pools: BTreeMap<PortId, SocketId>,
    rx_rings: BTreeMap<PortId, SocketId>,
    tx_rings: BTreeMap<PortId, SocketId>,
}

impl Numa {
    /// What the flags say.
    pub(super) fn of(flags: &PortFlags) -> Result<Self, SettingsError> {
        let node = flags.socket_num.or(flags.no_numa.then_some(0)).map(SocketId);
        let mut numa = Self { all: node, ..Self::default() };
        if let Some(typed) = &flags.port_numa_config {
            for group in groups("--port-numa-config", typed, "(0,0),(1,1)")? {
                let [port, node] = group[..] else {
                    return Err(fault("--port-numa-config", typed, "(0,0),(1,1)"));
                };
                numa.pools.insert(PortId(port), SocketId(node.into()));
            }
        }
        if let Some(typed) = &flags.ring_numa_config {
            for group in groups("--ring-numa-config", typed, "(0,3,0),(1,1,1)")? {
                let ([port, which, node], true) = (&group[..], group.len() == 3) else {
                    return Err(fault("--ring-numa-config", typed, "(0,3,0),(1,1,1)"));
                };
                let (port, node) = (PortId(*port), SocketId((*node).into()));
                if !(1..=3).contains(which) {
                    return Err(fault("--ring-numa-config", typed, "(0,3,0),(1,1,1)"));
                }
                if which & 1 != 0 {
                    numa.rx_rings.insert(port, node);
                }
                if which & 2 != 0 {
                    numa.tx_rings.insert(port, node);
                }
            }
        }
        Ok(numa)
    }

    /// Sets a port's nodes.
    pub(crate) fn apply(&self, port: PortId, config: &mut PortConfig) {
        let of = |nodes: &BTreeMap<PortId, SocketId>| nodes.get(&port).copied().or(self.all);
        config.pool_socket = of(&self.pools);
        config.rx_socket = of(&self.rx_rings);
        config.tx_socket = of(&self.tx_rings);
    }
}

/// Numbers in brackets: `(0,1),(1,0)`.
fn groups(flag: &str, typed: &str, example: &str) -> Result<Vec<Vec<u16>>, SettingsError> {
    let inner = typed.strip_prefix('(').and_then(|typed| typed.strip_suffix(')'));
    let group = |text: &str| text.split(',').map(|number| number.trim().parse().ok()).collect();
    let groups: Option<Vec<Vec<u16>>> =
        inner.and_then(|inner| inner.split("),(").map(group).collect());
    groups.ok_or_else(|| fault(flag, typed, example))
}

fn fault(flag: &str, typed: &str, example: &str) -> SettingsError {
    let Fault { why, mend } = Fault {
        why: "not numbers in brackets".into(),
        mend: format!("write for example {example}"),
    };
    SettingsError::Value { setting: format!("{flag}={typed}"), why, mend }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_gets_the_nodes_that_were_named() {
        let flags = PortFlags {
            socket_num: Some(1),
            port_numa_config: Some("(0,0),(2,0)".to_owned()),
            ring_numa_config: Some("(0,1,0),(1,3,0)".to_owned()),
            ..PortFlags::default()
        };
        let numa = Numa::of(&flags).unwrap();
        let nodes = |port| {
            let mut config = PortConfig::default();
            numa.apply(PortId(port), &mut config);
            [config.pool_socket, config.rx_socket, config.tx_socket].map(|node| node.unwrap().0)
        };
        assert_eq!([nodes(0), nodes(1), nodes(2)], [[0, 0, 1], [1, 0, 0], [0, 1, 1]]);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for typed in ["", "0,0", "(0)", "(0,x)", "(0,0", "(0,1,2)"] {
            let flags =
                PortFlags { port_numa_config: Some(typed.to_owned()), ..PortFlags::default() };
            assert!(Numa::of(&flags).is_err(), "{typed}");
        }
    }
}
