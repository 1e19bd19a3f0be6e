//! What is to be sent, as a value: it is read from TOML, built by the shell, checked, then turned into packets.

mod field;
mod layer;
mod load;
mod size;

pub use field::{Counted, Drawn, Field};
pub use layer::{Arp, Ethernet, Gre, Gtpu, Icmp, Ipv4, Ipv6, Layer, Mpls, Tag, Tcp, Udp, Vxlan};
pub use load::{Load, Phase, Replay, Spacing, Timing};
pub use size::{FRAME_SIZES, Mix, Sizes, Span, Weighted};

use crate::wire::ethernet::MacAddr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

/// A trial: the streams, how long they are sent, and how long their packets are waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficSpec {
    /// The streams, numbered 0, 1, ... in this order.
    pub stream: Vec<StreamSpec>,
    /// Addresses that are answered for: ARP, neighbour discovery and ping.
    pub host: Vec<HostSpec>,
    /// Ports whose received packets are written to files.
    pub capture: Vec<CaptureSpec>,
    /// Seconds of sending; without it until every stream has sent its count, or until stopped.
    pub duration: Option<f64>,
    /// How long after its departure a packet is waited for, in milliseconds; one that comes later is lost, and counted as
    /// late (RFC 7680 §2.4).
    pub wait_ms: u32,
    /// The number by which this trial's packets are told from others'; drawn anew for each unless given.
    pub signature: Option<u16>,
    /// Nanoseconds between two polls from which on the generator counts itself as stalled.
    pub stall_ns: u64,
}

impl Default for TrafficSpec {
    fn default() -> Self {
        Self {
            stream: Vec::new(),
            host: Vec::new(),
            capture: Vec::new(),
            duration: None,
            wait_ms: 1000,
            signature: None,
            stall_ns: 10_000,
        }
    }
}

/// One stream: its packets, how many of them, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreamSpec {
    /// What it is called in reports; its number unless given.
    pub name: String,
    /// The port that sends it.
    pub port: u16,
    /// That port's transmit queue.
    pub queue: u16,
    /// The port where its packets are expected; the one that sends them unless given.
    pub expect: Option<u16>,
    /// Headers, the outermost first; Ethernet, IPv4 and UDP unless given. The probe stands behind them.
    pub layers: Vec<Layer>,
    /// Frame sizes in bytes, the 4 of the frame check sequence included (RFC 2544 §9).
    pub size: Sizes,
    /// How many packets a second.
    pub rate: Load,
    /// How they are spread over time.
    pub spacing: Spacing,
    /// How many packets in all.
    pub count: Option<u64>,
    /// Seconds from the trial's beginning to the stream's first packet.
    pub start: f64,
    /// Packets of a capture file, sent as they are in place of packets that are built. They carry no probe, so they are
    /// counted but not measured.
    pub replay: Option<Replay>,
}

impl Default for StreamSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            port: 0,
            queue: 0,
            expect: None,
            layers: Vec::new(),
            size: Sizes::default(),
            rate: Load::default(),
            spacing: Spacing::default(),
            count: None,
            start: 0.0,
            replay: None,
        }
    }
}

impl StreamSpec {
    /// The headers, which are Ethernet, IPv4 and UDP where none are given.
    pub fn stack(&self) -> Vec<Layer> {
        if !self.layers.is_empty() {
            return self.layers.clone();
        }
        vec![
            Layer::Ethernet(Ethernet::default()),
            Layer::Ipv4(Ipv4::default()),
            Layer::Udp(Udp::default()),
        ]
    }
}

/// An address of the generator's own: who asks for it gets an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// The port where it is.
    pub port: u16,
    /// Its IP address.
    pub ip: IpAddr,
    /// Its MAC address; the port's unless given.
    pub mac: Option<MacAddr>,
}

/// What a port receives goes to a file, in pcap's classic format with nanoseconds. Questions that are answered are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureSpec {
    /// The port.
    pub port: u16,
    /// The file, made anew.
    pub file: PathBuf,
}

#[cfg(test)]
mod tests;
