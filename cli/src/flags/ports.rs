//! The flags of `pollway fwd` that say what ports are to be, testpmd's, beside queues and descriptors.

use clap::Args;

/// What ports are to be.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Port flags (testpmd's)")]
pub(crate) struct PortFlags {
    /// Keep the frame check sequence of received frames
    #[arg(long)]
    pub(crate) disable_crc_strip: bool,
    /// Receive frames into several mbufs where one is too small
    #[arg(long)]
    pub(crate) enable_scatter: bool,
    /// Have the device join received TCP segments
    #[arg(long)]
    pub(crate) enable_lro: bool,
    /// Have the device check IPv4, TCP and UDP checksums of what it receives
    #[arg(long)]
    pub(crate) enable_rx_cksum: bool,
    /// Have the device stamp what it receives with the time
    #[arg(long)]
    pub(crate) enable_rx_timestamp: bool,
    /// Have the device filter VLANs, strip their tags and take doubly tagged frames
    #[arg(long)]
    pub(crate) enable_hw_vlan: bool,
    /// Have the device filter VLANs
    #[arg(long)]
    pub(crate) enable_hw_vlan_filter: bool,
    /// Have the device strip VLAN tags
    #[arg(long)]
    pub(crate) enable_hw_vlan_strip: bool,
    /// Have the device take doubly tagged frames
    #[arg(long)]
    pub(crate) enable_hw_vlan_extend: bool,
    /// Have the device strip both tags of doubly tagged frames
    #[arg(long)]
    pub(crate) enable_hw_qinq_strip: bool,
    /// Drop what finds its receive queue full, so that other queues go on
    #[arg(long)]
    pub(crate) enable_drop_en: bool,
    /// Hash the innermost headers of tunnels
    #[arg(long, conflicts_with = "rss_level_outer")]
    pub(crate) rss_level_inner: bool,
    /// Hash the outermost headers of tunnels
    #[arg(long)]
    pub(crate) rss_level_outer: bool,
    /// Multi-queue modes that may be used, a hexadecimal mask; RSS is bit 0
    #[arg(long, value_name = "0xMASK")]
    pub(crate) rx_mq_mode: Option<String>,
    /// Largest packet that joining TCP segments may make, bytes
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_lro_pkt_size: Option<u32>,
    /// Prefetch threshold of receive rings
    #[arg(long, value_name = "N")]
    pub(crate) rxpt: Option<u8>,
    /// Host threshold of receive rings
    #[arg(long, value_name = "N")]
    pub(crate) rxht: Option<u8>,
    /// Write-back threshold of receive rings
    #[arg(long, value_name = "N")]
    pub(crate) rxwt: Option<u8>,
    /// Descriptors of receive rings that are freed together
    #[arg(long, value_name = "N")]
    pub(crate) rxfreet: Option<u16>,
    /// Prefetch threshold of transmit rings
    #[arg(long, value_name = "N")]
    pub(crate) txpt: Option<u8>,
    /// Host threshold of transmit rings
    #[arg(long, value_name = "N")]
    pub(crate) txht: Option<u8>,
    /// Write-back threshold of transmit rings
    #[arg(long, value_name = "N")]
    pub(crate) txwt: Option<u8>,
    /// Descriptors of transmit rings that are freed together
    #[arg(long, value_name = "N")]
    pub(crate) txfreet: Option<u16>,
    /// Descriptors of transmit rings after which the device reports status
    #[arg(long, value_name = "N")]
    pub(crate) txrst: Option<u16>,
    /// Speed that links are set to, Mbit/s (negotiated unless given)
    #[arg(long, value_name = "MBPS")]
    pub(crate) eth_link_speed: Option<u32>,
    /// Do not ask devices to tell of link changes
    #[arg(long)]
    pub(crate) no_lsc_interrupt: bool,
    /// Do not ask devices to tell of their removal
    #[arg(long)]
    pub(crate) no_rmv_interrupt: bool,
    /// Share receive queues among this many ports, where devices can; among all of them unless a number is given
    #[arg(long, value_name = "PORTS", num_args = 0..=1, require_equals = true, default_missing_value = "4294967295")]
    pub(crate) rxq_share: Option<u32>,
    /// Receive only what flow rules lead to a queue, from the start of ports on
    #[arg(long)]
    pub(crate) flow_isolate_all: bool,
    /// Start only where the kernel can be asked to tell of devices that are taken away
    #[arg(long)]
    pub(crate) hot_plug: bool,
    /// All memory on one NUMA node, the first or that of --socket-num
    #[arg(long)]
    pub(crate) no_numa: bool,
    /// NUMA node of all packet pools
    #[arg(long, value_name = "NODE")]
    pub(crate) socket_num: Option<i32>,
    /// NUMA nodes of the pools that ports receive into: (PORT,NODE)[,(PORT,NODE)]
    #[arg(long, value_name = "LIST")]
    pub(crate) port_numa_config: Option<String>,
    /// NUMA nodes of descriptor rings: (PORT,FLAG,NODE)[,...], FLAG 1 receive, 2 transmit, 3 both
    #[arg(long, value_name = "LIST")]
    pub(crate) ring_numa_config: Option<String>,
}
