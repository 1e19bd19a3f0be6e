//! Commands that change what ports and queues are to be.

use super::PortSelection;
use dataplane::port::{Direction, PortId, QueueId};

/// Changes what ports and queues are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortConfigCommand {
    /// A number of every port, by testpmd's name of it.
    All(&'static Setting, u32),
    /// Packets that a receive call asks for.
    Burst(u16),
    /// Whether full receive queues of every port drop packets.
    DropEn(bool),
    /// What RSS hashes on every port, by testpmd's name.
    Rss(String),
    /// A port's MTU.
    Mtu(PortId, u16),
    /// Entries of a port's RSS redirection table: `(hash,queue),…`.
    Reta(PortId, String),
    /// What a port's RSS hashes and its key, in hexadecimal.
    RssKey { port: PortId, types: String, key: String },
    /// A link's speed in Mbit/s, `None` to negotiate, and whether both ends may send at once.
    Speed { ports: PortSelection, mbps: Option<u32>, full_duplex: bool },
    /// The device's own number of a loopback mode.
    Loopback(PortSelection, u32),
    /// An offload of a port, or of one of its queues.
    Offload { port: PortId, queue: Option<QueueId>, direction: Direction, name: String, on: bool },
    /// One queue.
    Queue(PortId, Direction, QueueId, QueueChange),
}

/// What is done to one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueChange {
    /// Starts or stops it, on a port that runs.
    Run(bool),
    /// Sets it up anew, on a port that runs.
    SetUp,
    /// Leaves it stopped when the port starts, or no longer.
    Deferred(bool),
    /// Sets its number of descriptors.
    RingSize(u16),
}

/// A number that every port has.
pub(crate) struct Setting {
    /// testpmd's name of it.
    pub(crate) name: &'static str,
    /// The most it can be.
    pub(crate) most: u32,
    /// Sets it.
    pub(crate) set: fn(&mut dataplane::port::PortConfig, u32),
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Setting {}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const U8: u32 = u8::MAX as u32;
const U16: u32 = u16::MAX as u32;

/// The numbers that every port has. A table checked the range, so that no conversion cuts anything off.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting { name: "rxq", most: U16, set: |port, value| port.rx_queues = value as u16 },
    Setting { name: "txq", most: U16, set: |port, value| port.tx_queues = value as u16 },
    Setting { name: "rxd", most: U16, set: |port, value| port.rx_desc = value as u16 },
    Setting { name: "txd", most: U16, set: |port, value| port.tx_desc = value as u16 },
    Setting {
        name: "max-pkt-len",
        most: U16,
        set: |port, value| {
            let overhead = u32::from(dataplane::port::ETHERNET_OVERHEAD);
            port.mtu = Some(value.saturating_sub(overhead) as u16);
        },
    },
    Setting {
        name: "max-lro-pkt-size",
        most: u32::MAX,
        set: |port, value| port.max_lro_bytes = value,
    },
    Setting {
        name: "txpt",
        most: U8,
        set: |port, value| port.tx_tuning.prefetch = Some(value as u8),
    },
    Setting { name: "txht", most: U8, set: |port, value| port.tx_tuning.host = Some(value as u8) },
    Setting {
        name: "txwt",
        most: U8,
        set: |port, value| port.tx_tuning.write_back = Some(value as u8),
    },
    Setting {
        name: "rxpt",
        most: U8,
        set: |port, value| port.rx_tuning.prefetch = Some(value as u8),
    },
    Setting { name: "rxht", most: U8, set: |port, value| port.rx_tuning.host = Some(value as u8) },
    Setting {
        name: "rxwt",
        most: U8,
        set: |port, value| port.rx_tuning.write_back = Some(value as u8),
    },
    Setting {
        name: "txfreet",
        most: U16,
        set: |port, value| port.tx_tuning.free = Some(value as u16),
    },
    Setting {
        name: "txrst",
        most: U16,
        set: |port, value| port.tx_tuning.report_status = Some(value as u16),
    },
    Setting {
        name: "rxfreet",
        most: U16,
        set: |port, value| port.rx_tuning.free = Some(value as u16),
    },
];
