//! What the user asked of the `csum` mode.

use crate::port::PortId;
use std::collections::BTreeMap;

/// The `csum` mode's options, by port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CsumOptions {
    ports: BTreeMap<PortId, CsumPort>,
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
}

impl Default for CsumPort {
    /// testpmd's (`app/test-pmd/testpmd.c`).
    fn default() -> Self {
        Self { parse_tunnel: false, mac_swap: true, segment: 0, tunnel_segment: 0 }
    }
}

impl CsumOptions {
    /// The options of a port.
    pub fn port(&self, port: PortId) -> CsumPort {
        self.ports.get(&port).copied().unwrap_or_default()
    }

    /// The options of a port, to change.
    pub fn port_mut(&mut self, port: PortId) -> &mut CsumPort {
        self.ports.entry(port).or_default()
    }
}
