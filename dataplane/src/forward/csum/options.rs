//! What the user asked of the `csum` mode.

use super::merge::MOST_BURSTS;
use crate::batch::MAX_BURST;
use crate::port::PortId;
use crate::wire::tunnel::UdpPorts;
use std::collections::BTreeMap;

/// The `csum` mode's options: some of each port, others of all.
#[derive(Clone, Debug, PartialEq)]
pub struct CsumOptions {
    ports: BTreeMap<PortId, CsumPort>,
    /// After how many bursts packets that wait to be merged go on; with 1 none waits (testpmd's `set gro flush`).
    pub gro_flush: u8,
    /// Bytes of a segment that packets are cut into here, headers counted (testpmd's `set gso segsz`).
    pub gso_segment: u16,
    /// Where tunnels are looked for (testpmd's `--vxlan-gpe-port`, `--geneve-parsed-port`).
    pub tunnel_ports: UdpPorts,
}

/// What the mode does to packets that leave by one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsumPort {
    /// Whether tunnels are looked into; else what they carry is payload (testpmd's `csum parse-tunnel`).
    pub parse_tunnel: bool,
    /// Whether the frame gets the port's and its peer's addresses (testpmd's `csum mac-swap`).
    pub mac_swap: bool,
    /// Payload of the segments that the device cuts TCP into, in bytes; 0 if it does not (testpmd's `tso set`).
    pub segment: u16,
    /// The same for packets in a tunnel (testpmd's `tunnel_tso set`).
    pub tunnel_segment: u16,
    /// Whether packets that *enter* by the port are merged (testpmd's `set port P gro`).
    pub gro: bool,
    /// Whether packets are cut here, not by the device (testpmd's `set port P gso`).
    pub gso: bool,
}

impl Default for CsumPort {
    /// testpmd's (`app/test-pmd/testpmd.c`).
    fn default() -> Self {
        Self {
            parse_tunnel: false,
            mac_swap: true,
            segment: 0,
            tunnel_segment: 0,
            gro: false,
            gso: false,
        }
    }
}

impl Default for CsumOptions {
    /// testpmd's: the longest frame without a tag, its check sequence not counted (`app/test-pmd/testpmd.c`).
    fn default() -> Self {
        Self {
            ports: BTreeMap::new(),
            gro_flush: 1,
            gso_segment: 1514,
            tunnel_ports: UdpPorts::default(),
        }
    }
}

impl CsumOptions {
    /// The most bursts that packets may wait to be merged.
    pub const MOST_GRO_FLUSH: u8 = MOST_BURSTS;

    /// The options of a port.
    pub fn port(&self, port: PortId) -> CsumPort {
        self.ports.get(&port).copied().unwrap_or_default()
    }

    /// The options of a port, to change.
    pub fn port_mut(&mut self, port: PortId) -> &mut CsumPort {
        self.ports.entry(port).or_default()
    }

    /// Packets that a stream may hold: those that wait to be merged or cut, and segments, which are two each.
    pub(in crate::forward) fn held(&self) -> u32 {
        let any = |asks: fn(&CsumPort) -> bool| self.ports.values().any(asks);
        let merged = if any(|port| port.gro) && self.gro_flush > 1 { MOST_BURSTS } else { 0 };
        let cut = if any(|port| port.gso) { 3 } else { 0 };
        (u32::from(merged) + cut) * MAX_BURST as u32
    }
}
