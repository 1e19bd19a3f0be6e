//! The flags of `pollway fwd` itself: testpmd's where testpmd has one, then our own.
//!
//! Every flag is optional here, so that a configuration file can be told from a default; ranges are checked in
//! `settings`, where flags and file have met.

use super::modes::ModeFlags;
use super::ports::PortFlags;
use super::records::RecordFlags;
use clap::Args;
use std::path::PathBuf;

/// testpmd's application flags and ours.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Forwarding flags (testpmd's)")]
pub(crate) struct AppFlags {
    /// Open the shell instead of forwarding at once
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Start forwarding when the shell opens
    #[arg(short, long)]
    pub(crate) auto_start: bool,
    /// Carry out a file's commands before the shell opens
    #[arg(long, value_name = "FILE")]
    pub(crate) cmdline_file: Option<PathBuf>,
    /// Send a burst of packets made here before forwarding starts (not in the shell)
    #[arg(long, conflicts_with = "interactive")]
    pub(crate) tx_first: bool,
    /// What is done to packets: io, mac, macswap and more (docs/modes.md has them all)
    #[arg(long, value_name = "MODE")]
    pub(crate) forward_mode: Option<String>,
    /// Which port sends what a port receives: paired, chained, loop
    #[arg(long, value_name = "TOPOLOGY")]
    pub(crate) port_topology: Option<String>,
    /// How many lcores forward
    #[arg(long, value_name = "N")]
    pub(crate) nb_cores: Option<usize>,
    /// Lcores that forward, a hexadecimal mask
    #[arg(long, value_name = "0xMASK")]
    pub(crate) coremask: Option<String>,
    /// How many ports forward
    #[arg(long, value_name = "N")]
    pub(crate) nb_ports: Option<usize>,
    /// Ports that forward, a hexadecimal mask
    #[arg(long, value_name = "0xMASK", conflicts_with = "portlist")]
    pub(crate) portmask: Option<String>,
    /// Ports that forward, in forwarding order: 0,2-3
    #[arg(long, value_name = "LIST")]
    pub(crate) portlist: Option<String>,
    /// Receive queues of each port
    #[arg(long, value_name = "N")]
    pub(crate) rxq: Option<u16>,
    /// Transmit queues of each port
    #[arg(long, value_name = "N")]
    pub(crate) txq: Option<u16>,
    /// Descriptors of each receive queue
    #[arg(long, value_name = "N")]
    pub(crate) rxd: Option<u16>,
    /// Descriptors of each transmit queue
    #[arg(long, value_name = "N")]
    pub(crate) txd: Option<u16>,
    /// Packets that a receive call asks for (1 to 512)
    #[arg(long, value_name = "N")]
    pub(crate) burst: Option<u16>,
    /// Data room of an mbuf in bytes
    #[arg(long, value_name = "BYTES")]
    pub(crate) mbuf_size: Option<u16>,
    /// Mbufs of each pool (computed from queues, rings and bursts unless given)
    #[arg(long, value_name = "N")]
    pub(crate) total_num_mbufs: Option<u32>,
    /// Mbufs that each lcore caches of a pool (0 to 512)
    #[arg(long, value_name = "N")]
    pub(crate) mbcache: Option<u32>,
    /// Longest frame in bytes, the CRC counted
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_pkt_len: Option<u16>,
    /// Destination MAC of what a port sends in mode mac: PORT,MAC
    #[arg(long, value_name = "PORT,MAC")]
    pub(crate) eth_peer: Vec<String>,
    /// Destination MACs of what ports send in mode mac, one a line of a file, from port 0 on
    #[arg(long, value_name = "FILE")]
    pub(crate) eth_peers_configfile: Option<PathBuf>,
    /// Spread flows over receive queues by IP addresses (what is done unless told otherwise)
    #[arg(long, conflicts_with_all = ["rss_udp", "disable_rss"])]
    pub(crate) rss_ip: bool,
    /// Spread flows over receive queues by IP addresses and UDP ports
    #[arg(long, conflicts_with = "disable_rss")]
    pub(crate) rss_udp: bool,
    /// Do not spread flows over receive queues
    #[arg(long)]
    pub(crate) disable_rss: bool,
    /// Receive offloads of every port, a hexadecimal mask
    #[arg(long, value_name = "0xMASK")]
    pub(crate) rx_offloads: Option<String>,
    /// Transmit offloads of every port, a hexadecimal mask
    #[arg(long, value_name = "0xMASK")]
    pub(crate) tx_offloads: Option<String>,
    /// Show port statistics every so many seconds (not in the shell)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) stats_period: Option<u64>,
    /// Leave ports stopped; port start all starts them
    #[arg(long, requires = "interactive")]
    pub(crate) disable_device_start: bool,
    /// Forward what waits in receive queues when forwarding starts; else it is freed, captures alone are not
    #[arg(long)]
    pub(crate) no_flush_rx: bool,
    /// Do not look at links when ports start and stop
    #[arg(long)]
    pub(crate) disable_link_check: bool,
    /// Keep all memory of the program in place, not EAL's alone
    #[arg(long)]
    pub(crate) mlockall: bool,
    /// Show bursts by size in the final table
    #[arg(long)]
    pub(crate) record_burst_stats: bool,
    /// Show cycles per packet in the final table
    #[arg(long)]
    pub(crate) record_core_cycles: bool,
    /// Configuration file (TOML); flags win over it
    #[arg(long, value_name = "FILE", help_heading = "Flags of our own")]
    pub(crate) config: Option<PathBuf>,
    /// A port by device: a PCI address, a vdev string, or a short form such as null:, tap:IF, af_packet:IF, vhost:PATH
    #[arg(long, value_name = "DEVICE", help_heading = "Flags of our own")]
    pub(crate) port: Vec<String>,
    /// How cores share the work: run-to-completion, pipeline
    #[arg(long, value_name = "MODEL", help_heading = "Flags of our own")]
    pub(crate) model: Option<String>,
    /// Slots of each ring between pipeline stages, a power of two
    #[arg(long, value_name = "N", help_heading = "Flags of our own")]
    pub(crate) ring_size: Option<u32>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", help_heading = "Flags of our own")]
    pub(crate) duration: Option<f64>,
    /// Print the final figures as one JSON object
    #[arg(long, help_heading = "Flags of our own")]
    pub(crate) json: bool,
    /// Where pollway ctl finds this program: a Unix socket (in the folder of its file prefix unless given)
    #[arg(long, value_name = "PATH", help_heading = "Flags of our own")]
    pub(crate) control: Option<PathBuf>,
    /// Take no commands of pollway ctl
    #[arg(long, conflicts_with = "control", help_heading = "Flags of our own")]
    pub(crate) no_control: bool,
    #[command(flatten)]
    pub(crate) modes: ModeFlags,
    #[command(flatten)]
    pub(crate) ports: PortFlags,
    #[command(flatten)]
    pub(crate) records: RecordFlags,
}
