//! The file's tables of forwarding modes: `[fwd.txonly]`, `[fwd.delay]` and so on.

use schemars::JsonSchema;
use serde::Deserialize;
use std::net::Ipv4Addr;

/// Packets that txonly and flowgen make.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Txonly {
    /// Bytes of each segment of a packet.
    pub(crate) segments: Option<Vec<u16>>,
    /// How packets are split into these segments: off, on, rand.
    pub(crate) split: Option<String>,
    /// Send packets of many flows.
    pub(crate) multi_flow: bool,
    /// Source and destination address.
    pub(crate) ip: Option<[Ipv4Addr; 2]>,
    /// Source and destination port.
    pub(crate) udp: Option<[u16; 2]>,
}

/// Where csum looks for tunnels.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Csum {
    /// The UDP port of VXLAN-GPE.
    pub(crate) vxlan_gpe_port: Option<u16>,
    /// The UDP port of GENEVE.
    pub(crate) geneve_port: Option<u16>,
}

/// The flows of flowgen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Flowgen {
    /// How many flows.
    pub(crate) flows: Option<u32>,
    /// How many further packets of a flow follow the first.
    pub(crate) clones: Option<u16>,
}

/// The buffer and the memory of noisy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Noisy {
    /// Slots of the buffer, a power of two.
    pub(crate) buffer: Option<u32>,
    /// Milliseconds without a packet after which the buffer is flushed.
    pub(crate) flush_ms: Option<u32>,
    /// MiB of memory to read and write in.
    pub(crate) memory_mib: Option<u32>,
    /// Random writes for each packet.
    pub(crate) writes: Option<u32>,
    /// Random reads for each packet.
    pub(crate) reads: Option<u32>,
    /// Random reads followed by writes for each packet.
    pub(crate) reads_writes: Option<u32>,
    /// What is done to the packets: io, mac, macswap, 5tswap.
    pub(crate) mode: Option<String>,
}

/// How delay holds packets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Delay {
    /// Microseconds that each packet is held.
    pub(crate) us: Option<f64>,
    /// Packets that the pool is to have for each stream to hold.
    pub(crate) packets: Option<u32>,
}

/// What impair does to which packets: "1/1000" for every 1000th, "0.1%" for a share, "0" for none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Impair {
    /// Packets that are dropped.
    pub(crate) drop: Option<String>,
    /// Packets that are sent twice.
    pub(crate) duplicate: Option<String>,
    /// Packets that are sent after the next one.
    pub(crate) swap: Option<String>,
    /// Packets of which a byte is inverted.
    pub(crate) corrupt: Option<String>,
    /// Packets that are sent later.
    pub(crate) delay: Option<String>,
    /// Microseconds by which they are later.
    pub(crate) delay_us: Option<f64>,
    /// What shares and inverted bytes are drawn from.
    pub(crate) seed: Option<u64>,
}

/// A value by the name of the flag that has the same meaning and by its key.
pub(crate) type Keyed = (&'static str, &'static str, Option<String>);

impl Txonly {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        let both = |[src, dst]: [u16; 2]| format!("{src},{dst}");
        vec![
            ("txpkts", "fwd.txonly.segments", self.segments.as_ref().map(|lengths| list(lengths))),
            ("txsplit", "fwd.txonly.split", self.split.clone()),
            ("txonly-multi-flow", "fwd.txonly.multi_flow", self.multi_flow.then(|| "on".into())),
            ("tx-ip", "fwd.txonly.ip", self.ip.map(|[src, dst]| format!("{src},{dst}"))),
            ("tx-udp", "fwd.txonly.udp", self.udp.map(both)),
        ]
    }
}

impl Csum {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        vec![
            ("vxlan-gpe-port", "fwd.csum.vxlan_gpe_port", text(self.vxlan_gpe_port)),
            ("geneve-parsed-port", "fwd.csum.geneve_port", text(self.geneve_port)),
        ]
    }
}

impl Flowgen {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        vec![
            ("flowgen-flows", "fwd.flowgen.flows", text(self.flows)),
            ("flowgen-clones", "fwd.flowgen.clones", text(self.clones)),
        ]
    }
}

impl Noisy {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        vec![
            ("noisy-tx-sw-buffer-size", "fwd.noisy.buffer", text(self.buffer)),
            ("noisy-tx-sw-buffer-flushtime", "fwd.noisy.flush_ms", text(self.flush_ms)),
            ("noisy-lkup-memory", "fwd.noisy.memory_mib", text(self.memory_mib)),
            ("noisy-lkup-num-writes", "fwd.noisy.writes", text(self.writes)),
            ("noisy-lkup-num-reads", "fwd.noisy.reads", text(self.reads)),
            ("noisy-lkup-num-reads-writes", "fwd.noisy.reads_writes", text(self.reads_writes)),
            ("noisy-forward-mode", "fwd.noisy.mode", self.mode.clone()),
        ]
    }
}

impl Delay {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        vec![
            ("delay-us", "fwd.delay.us", text(self.us)),
            ("delay-packets", "fwd.delay.packets", text(self.packets)),
        ]
    }
}

impl Impair {
    /// Every value of the table.
    pub(crate) fn given(&self) -> Vec<Keyed> {
        vec![
            ("impair-drop", "fwd.impair.drop", self.drop.clone()),
            ("impair-duplicate", "fwd.impair.duplicate", self.duplicate.clone()),
            ("impair-swap", "fwd.impair.swap", self.swap.clone()),
            ("impair-corrupt", "fwd.impair.corrupt", self.corrupt.clone()),
            ("impair-delay", "fwd.impair.delay", self.delay.clone()),
            ("impair-delay-us", "fwd.impair.delay_us", text(self.delay_us)),
            ("impair-seed", "fwd.impair.seed", text(self.seed)),
        ]
    }
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn list(numbers: &[u16]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
    numbers.join(",")
}
