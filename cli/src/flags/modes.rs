//! The flags of forwarding modes: testpmd's, then those of our own modes.
//!
//! Their values are text here; `settings/modes.rs` says what each means, for flags, file and shell alike.

use clap::Args;

/// What is asked of each mode.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Flags of forwarding modes")]
pub(crate) struct ModeFlags {
    /// txonly, flowgen, csum: bytes of each segment of a packet that is made or copied: 64 or 64,128
    #[arg(long, value_name = "BYTES,…")]
    pub(crate) txpkts: Option<String>,
    /// txonly: send packets of many flows
    #[arg(long)]
    pub(crate) txonly_multi_flow: bool,
    /// txonly: source and destination address
    #[arg(long, value_name = "SRC,DST")]
    pub(crate) tx_ip: Option<String>,
    /// txonly: source and destination port, or one for both
    #[arg(long, value_name = "SRC,DST")]
    pub(crate) tx_udp: Option<String>,
    /// csum: the UDP port where VXLAN-GPE is looked for
    #[arg(long, value_name = "UDP_PORT")]
    pub(crate) vxlan_gpe_port: Option<String>,
    /// csum: the UDP port where GENEVE is looked for
    #[arg(long, value_name = "UDP_PORT")]
    pub(crate) geneve_parsed_port: Option<String>,
    /// flowgen: how many flows
    #[arg(long, value_name = "N")]
    pub(crate) flowgen_flows: Option<String>,
    /// flowgen: how many further packets of a flow follow the first
    #[arg(long, value_name = "N")]
    pub(crate) flowgen_clones: Option<String>,
    /// noisy: slots of the buffer, a power of two
    #[arg(long, value_name = "N")]
    pub(crate) noisy_tx_sw_buffer_size: Option<String>,
    /// noisy: milliseconds without a packet after which the buffer is flushed
    #[arg(long, value_name = "MS")]
    pub(crate) noisy_tx_sw_buffer_flushtime: Option<String>,
    /// noisy: MiB of memory to read and write in
    #[arg(long, value_name = "MIB")]
    pub(crate) noisy_lkup_memory: Option<String>,
    /// noisy: random writes for each packet
    #[arg(long, value_name = "N")]
    pub(crate) noisy_lkup_num_writes: Option<String>,
    /// noisy: random reads for each packet
    #[arg(long, value_name = "N")]
    pub(crate) noisy_lkup_num_reads: Option<String>,
    /// noisy: random reads followed by writes for each packet
    #[arg(long, value_name = "N")]
    pub(crate) noisy_lkup_num_reads_writes: Option<String>,
    /// noisy: what is done to the packets: io, mac, macswap, 5tswap
    #[arg(long, value_name = "MODE")]
    pub(crate) noisy_forward_mode: Option<String>,
    /// delay: microseconds that each packet is held
    #[arg(long, value_name = "US")]
    pub(crate) delay_us: Option<String>,
    /// delay: packets that the pool is to have for each stream to hold
    #[arg(long, value_name = "N")]
    pub(crate) delay_packets: Option<String>,
    /// impair: packets that are dropped: 1/1000 for every 1000th, 0.1% for a share, 0 for none
    #[arg(long, value_name = "WHICH")]
    pub(crate) impair_drop: Option<String>,
    /// impair: packets that are sent twice
    #[arg(long, value_name = "WHICH")]
    pub(crate) impair_duplicate: Option<String>,
    /// impair: packets that are sent after the next one
    #[arg(long, value_name = "WHICH")]
    pub(crate) impair_swap: Option<String>,
    /// impair: packets of which a byte is inverted
    #[arg(long, value_name = "WHICH")]
    pub(crate) impair_corrupt: Option<String>,
    /// impair: packets that are sent later
    #[arg(long, value_name = "WHICH")]
    pub(crate) impair_delay: Option<String>,
    /// impair: microseconds by which they are later
    #[arg(long, value_name = "US")]
    pub(crate) impair_delay_us: Option<String>,
    /// impair: what shares and inverted bytes are drawn from
    #[arg(long, value_name = "N")]
    pub(crate) impair_seed: Option<String>,
}

impl ModeFlags {
    /// Every flag by its name, with its value if it was given.
    pub(crate) fn given(&self) -> Vec<(&'static str, Option<&str>)> {
        let multi_flow = if self.txonly_multi_flow { Some("on") } else { None };
        vec![
            ("txpkts", self.txpkts.as_deref()),
            ("txonly-multi-flow", multi_flow),
            ("tx-ip", self.tx_ip.as_deref()),
            ("tx-udp", self.tx_udp.as_deref()),
            ("vxlan-gpe-port", self.vxlan_gpe_port.as_deref()),
            ("geneve-parsed-port", self.geneve_parsed_port.as_deref()),
            ("flowgen-flows", self.flowgen_flows.as_deref()),
            ("flowgen-clones", self.flowgen_clones.as_deref()),
            ("noisy-tx-sw-buffer-size", self.noisy_tx_sw_buffer_size.as_deref()),
            ("noisy-tx-sw-buffer-flushtime", self.noisy_tx_sw_buffer_flushtime.as_deref()),
            ("noisy-lkup-memory", self.noisy_lkup_memory.as_deref()),
            ("noisy-lkup-num-writes", self.noisy_lkup_num_writes.as_deref()),
            ("noisy-lkup-num-reads", self.noisy_lkup_num_reads.as_deref()),
            ("noisy-lkup-num-reads-writes", self.noisy_lkup_num_reads_writes.as_deref()),
            ("noisy-forward-mode", self.noisy_forward_mode.as_deref()),
            ("delay-us", self.delay_us.as_deref()),
            ("delay-packets", self.delay_packets.as_deref()),
            ("impair-drop", self.impair_drop.as_deref()),
            ("impair-duplicate", self.impair_duplicate.as_deref()),
            ("impair-swap", self.impair_swap.as_deref()),
            ("impair-corrupt", self.impair_corrupt.as_deref()),
            ("impair-delay", self.impair_delay.as_deref()),
            ("impair-delay-us", self.impair_delay_us.as_deref()),
            ("impair-seed", self.impair_seed.as_deref()),
        ]
    }
}
