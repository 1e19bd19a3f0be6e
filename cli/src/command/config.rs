//! Commands that change how packets are forwarded.

use dataplane::forward::{ModeEntry, Retry};
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;

/// Changes how packets are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigCommand {
    /// The forwarding mode, and whether a full transmit queue is tried again.
    Fwd { mode: &'static ModeEntry, retry: bool },
    /// The ports that forward, in forwarding order.
    Ports(Vec<PortId>),
    /// The ports whose bits are set forward.
    PortMask(u64),
    /// How many of those ports forward.
    NbPorts(usize),
    /// The lcores that forward.
    Cores(Vec<LcoreId>),
    /// The lcores whose bits are set forward.
    CoreMask(u64),
    /// How many of those lcores forward.
    NbCores(usize),
    /// Packets that a receive call asks for.
    Burst(u16),
    /// How a full transmit queue is tried again.
    Retry(Retry),
    /// Whether what waits in receive queues is freed when forwarding starts.
    FlushRx(bool),
    /// The station behind a port.
    EthPeer(PortId, MacAddr),
    /// DPDK's log level, of the log types that an expression matches or of all.
    Log { types: Option<String>, level: u32 },
    /// Which packets are shown as they pass.
    Verbose(u16),
    /// Whether links are spoken of when ports start and stop.
    LinkCheck(bool),
    /// All ports and lcores, and peers by the numbers of their ports.
    Default,
}
