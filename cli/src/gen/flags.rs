//! The flags of `pollway gen`.

use crate::flags::eal::EalFlags;
use crate::flags::modes::ModeFlags;
use clap::{Args, Subcommand};
use dataplane::traffic::rate::Rate;
use std::path::PathBuf;

/// `pollway gen`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    override_usage = "pollway gen [EAL FLAGS] -- -m 1.0 [FLAGS] < COMMANDS\n       \
                      pollway gen --config FILE [FLAGS]\n       \
                      pollway gen [EAL FLAGS] -- -m 1.0 --rate 1M --duration 10 [FLAGS]\n       \
                      pollway gen calibrate [EAL FLAGS] [FLAGS]\n       \
                      pollway gen report FILE..."
)]
pub(crate) struct GenFlags {
    #[command(subcommand)]
    pub(crate) what: Option<GenSub>,
    #[command(flatten)]
    pub(crate) eal: EalFlags,
    #[command(flatten)]
    pub(crate) app: GenAppFlags,
}

/// What else the generator does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GenSub {
    /// Measure what the generator itself adds to every round trip, over an in-process loop
    Calibrate(CalibrateFlags),
    /// Draw result files, several in one table and one picture
    Report(ReportFlags),
}

/// The generator's own flags.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Generator flags")]
pub(crate) struct GenAppFlags {
    /// Which lcores receive and send on which ports: `1.0`, or `[1:2].0` (as Pktgen-DPDK's -m; -m behind -- only)
    #[arg(short = 'm', long, value_name = "LCORES.PORT,...")]
    pub(crate) map: Vec<String>,
    /// A port by device: a PCI address, a vdev string, or a short form such as ring:, tap:IF, af_packet:IF, vhost:PATH
    #[arg(long, value_name = "DEVICE")]
    pub(crate) port: Vec<String>,
    /// Configuration file (TOML) with ports and streams; the trial starts at once
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// File of commands to carry out before those of the standard input
    #[arg(short = 'f', long = "command-file", value_name = "FILE")]
    pub(crate) commands: Option<PathBuf>,
    /// Packets of a burst at most (1 to 512)
    #[arg(long, value_name = "N")]
    pub(crate) burst: Option<u16>,
    /// Bytes of an mbuf's buffer; as the longest frame needs unless given
    #[arg(long, value_name = "BYTES")]
    pub(crate) mbuf_size: Option<u16>,
    /// Mbufs of each pool (computed unless given)
    #[arg(long, value_name = "N")]
    pub(crate) total_num_mbufs: Option<u32>,
    /// Descriptors of each receive queue
    #[arg(long, value_name = "N")]
    pub(crate) rxd: Option<u16>,
    /// Descriptors of each transmit queue
    #[arg(long, value_name = "N")]
    pub(crate) txd: Option<u16>,
    /// A device under test in this process: a forwarder of that mode, wired to a port of its own, which comes last
    #[arg(long, value_name = "MODE")]
    pub(crate) forwarder: Option<String>,
    /// The port that the forwarder is on, such as a container's end of a vhost-user port, in place of one of its own
    #[arg(long, value_name = "PORT", requires = "forwarder")]
    pub(crate) forwarder_port: Option<u16>,
    /// Measure on a processor whose timestamp counter does not run at one speed always
    #[arg(long)]
    pub(crate) force_tsc: bool,
    /// Measure the generator's own delay first, and show round trips without it too
    #[arg(long)]
    pub(crate) calibrate: bool,
    #[command(flatten)]
    pub(crate) stream: StreamFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    /// What is asked of the forwarder's mode.
    #[command(flatten)]
    pub(crate) modes: ModeFlags,
}

/// One stream, for which no file is needed. Any of these starts the trial at once.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "One stream without a file")]
pub(crate) struct StreamFlags {
    /// The port that sends (0 unless given)
    #[arg(long, value_name = "PORT")]
    pub(crate) tx_port: Option<u16>,
    /// The port that receives (the one that sends unless given)
    #[arg(long, value_name = "PORT")]
    pub(crate) rx_port: Option<u16>,
    /// Packets a second (10M), bits a second (1Gbit/s L1, 1Gbit/s L2), 40% of 10Gbit/s, or flat-out
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<Rate>,
    /// Bytes of a frame, its check sequence included; or an IMIX: simple, full
    #[arg(long, value_name = "BYTES|IMIX")]
    pub(crate) size: Option<String>,
    /// Packets in all
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Seconds of sending
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<f64>,
    /// Destination MAC address
    #[arg(long, value_name = "MAC")]
    pub(crate) dst_mac: Option<String>,
    /// How many flows: source ports that packets take in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) flows: Option<u16>,
    /// Write what comes back to a capture file (pcap, with nanoseconds)
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
}

/// Where results go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct OutputFlags {
    /// Write the result as JSON into a file, or to standard output; also on Ctrl-C
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,
    /// Write all round trips as an HdrHistogram log
    #[arg(long, value_name = "FILE")]
    pub(crate) hdr: Option<PathBuf>,
    /// Write the pictures as SVG into a folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) pictures: Option<PathBuf>,
    /// Write a report with all figures and pictures as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// `pollway gen calibrate`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CalibrateFlags {
    #[command(flatten)]
    pub(crate) eal: EalFlags,
    /// Packets a second, or flat-out
    #[arg(long, default_value = "1M", value_name = "RATE")]
    pub(crate) rate: Rate,
    /// Bytes of a frame, its check sequence included
    #[arg(long, default_value = "64", value_name = "BYTES", value_parser = clap::value_parser!(u16).range(64..=9600))]
    pub(crate) size: u16,
    /// Packets of a burst at most
    #[arg(long, default_value = "32", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) burst: u16,
    /// Seconds of sending
    #[arg(long, default_value = "2", value_name = "SECONDS")]
    pub(crate) duration: f64,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `pollway gen report`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportFlags {
    /// Result files (--json of earlier runs), each with a name before it if wanted: bridge=FILE
    #[arg(required = true, value_name = "[NAME=]FILE")]
    pub(crate) files: Vec<String>,
    /// Write the pictures as SVG into a folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) pictures: Option<PathBuf>,
    /// Write a report with all figures and pictures as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print the table as Markdown, for a page of documentation
    #[arg(long)]
    pub(crate) markdown: bool,
}
