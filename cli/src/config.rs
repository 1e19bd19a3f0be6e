//! The configuration file: TOML with the same settings as the flags of `pollway fwd`.
//!
//! The types here are the file's shape and its schema (`pollway schema`); what the values mean together with flags is
//! `settings`.

mod modes;
pub(crate) mod switch;

use crate::dev::Device;
use crate::flags::eal::EalFlags;
use crate::r#gen::config::is_generators;
use crate::nearest::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Configuration of `pollway fwd`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// How DPDK's environment (EAL) starts.
    pub(crate) eal: Eal,
    /// The ports, numbered 0, 1, ... in this order.
    pub(crate) port: Vec<Port>,
    /// Who forwards what, and how.
    pub(crate) fwd: Fwd,
    /// The virtual switch; a file that has it is pollway switch's.
    pub(crate) switch: Option<switch::Switch>,
    /// How pollway ctl reaches the program.
    pub(crate) control: Control,
    /// What PCI devices are to be; `pollway dev apply` makes them so.
    pub(crate) device: Vec<Device>,
}

/// How DPDK's environment (EAL) starts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Eal {
    /// Lcores and the processors they run on, as --lcores: "0-1", "0@0,1@0". The lowest is the main one.
    pub(crate) lcores: Option<String>,
    /// The lcore that controls and does not forward.
    pub(crate) main_lcore: Option<u32>,
    /// Prefix of this process's files; one for each program that runs at the same time.
    pub(crate) file_prefix: Option<String>,
    /// Memory to allocate, in MiB.
    pub(crate) memory_mb: Option<u32>,
    /// Ordinary memory instead of hugepages.
    pub(crate) no_huge: bool,
    /// No files shared with other processes.
    pub(crate) in_memory: bool,
    /// Hugepages in single files (virtio-user needs it).
    pub(crate) single_file_segments: bool,
    /// No PCI devices.
    pub(crate) no_pci: bool,
    /// PCI devices that DPDK takes, and no others.
    pub(crate) allow: Vec<String>,
    /// Any other EAL flags, in DPDK's spelling: ["--log-level=lib.eal:debug"].
    pub(crate) args: Vec<String>,
}

/// One port.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    /// A PCI address, a vdev string, or a short form such as null:, tap:IF, af_packet:IF, vhost:PATH.
    pub(crate) device: String,
    /// Receive queues.
    pub(crate) rxq: Option<u16>,
    /// Transmit queues.
    pub(crate) txq: Option<u16>,
    /// Descriptors of each receive queue.
    pub(crate) rxd: Option<u16>,
    /// Descriptors of each transmit queue.
    pub(crate) txd: Option<u16>,
    /// Longest frame in bytes, the CRC counted.
    pub(crate) max_pkt_len: Option<u16>,
    /// Its own MAC address, the device's unless given.
    pub(crate) mac: Option<String>,
    /// Whether it receives frames for any address (it does unless told otherwise).
    pub(crate) promiscuous: Option<bool>,
    /// Lcores that poll its receive queues, queue 0 first; queues without one are shared out.
    #[serde(default)]
    pub(crate) rxq_lcores: Vec<u32>,
    /// Destination MAC of what this port sends in mode mac.
    pub(crate) eth_peer: Option<String>,
    /// What it is to the virtual switch: a trunk of all VLANs without limits unless given.
    pub(crate) switch: Option<switch::SwitchPort>,
}

/// Who forwards what, and how.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fwd {
    /// What is done to packets: io, mac, macswap and more (docs/modes.md has them all).
    pub(crate) mode: Option<String>,
    /// Which port sends what a port receives: paired, chained, loop.
    pub(crate) topology: Option<String>,
    /// How cores share the work: run-to-completion, pipeline.
    pub(crate) model: Option<String>,
    /// How many lcores forward.
    pub(crate) cores: Option<usize>,
    /// Packets that a receive call asks for (1 to 512).
    pub(crate) burst: Option<u16>,
    /// Slots of each ring between pipeline stages, a power of two.
    pub(crate) ring_size: Option<u32>,
    /// Data room of an mbuf in bytes.
    pub(crate) mbuf_size: Option<u16>,
    /// Mbufs of each pool (computed unless given).
    pub(crate) total_num_mbufs: Option<u32>,
    /// Mbufs that each lcore caches of a pool (0 to 512).
    pub(crate) mbcache: Option<u32>,
    /// What flows are spread over receive queues by: ip, udp, off.
    pub(crate) rss: Option<String>,
    /// Receive offloads of every port, a hexadecimal mask as a string.
    pub(crate) rx_offloads: Option<String>,
    /// Transmit offloads of every port, a hexadecimal mask as a string.
    pub(crate) tx_offloads: Option<String>,
    /// Show port statistics every so many seconds.
    pub(crate) stats_period: Option<u64>,
    /// Stop after so many seconds.
    pub(crate) duration: Option<f64>,
    /// The lcores of each pipeline stage; without it they are shared out by their number.
    pub(crate) pipeline: Option<Pipeline>,
    /// Packets that txonly and flowgen make.
    pub(crate) txonly: modes::Txonly,
    /// Where csum looks for tunnels.
    pub(crate) csum: modes::Csum,
    /// The flows of flowgen.
    pub(crate) flowgen: modes::Flowgen,
    /// The buffer and the memory of noisy.
    pub(crate) noisy: modes::Noisy,
    /// How delay holds packets.
    pub(crate) delay: modes::Delay,
    /// What impair does to which packets.
    pub(crate) impair: modes::Impair,
}

/// The lcores of each pipeline stage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pipeline {
    /// Lcores that poll receive queues.
    pub(crate) receive: Vec<u32>,
    /// Lcores that run the forwarding mode.
    pub(crate) work: Vec<u32>,
    /// Lcores that feed transmit queues.
    pub(crate) transmit: Vec<u32>,
}

/// How `pollway ctl` reaches the program.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Control {
    /// Whether it does (it does unless told otherwise).
    pub(crate) enabled: Option<bool>,
    /// The Unix socket, in the folder of the file prefix unless given.
    pub(crate) socket: Option<PathBuf>,
    /// Who may use it, in octal digits: "0600" unless given.
    pub(crate) mode: Option<String>,
    /// The group that the socket belongs to, by name or number.
    pub(crate) group: Option<String>,
}

/// Why a configuration file cannot be read.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration {file}: {error}; check the path and its permissions")]
    Read { file: String, error: io::Error },
    #[error("{file} is a configuration of pollway {of}: pollway {of} --config {file}")]
    OfAnother { file: String, of: &'static str },
    #[error("{file}:{line}:{column}: {message}")]
    Syntax { file: String, line: usize, column: usize, message: String },
    #[error(
        "{file}: eal.args: {message}; write them as DPDK does, one string a flag: args = [\"--log-level=3\"]"
    )]
    EalArgs { file: String, message: String },
}

impl Config {
    /// Reads and parses a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: it cannot be read, it is the generator's, or what is wrong at which line and column.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        let (name, text) = (file.display().to_string(), read(file)?);
        if is_generators(&text) {
            return Err(ConfigError::OfAnother { file: name, of: "gen" });
        }
        parse(&name, &text)
    }
}

/// Reads a file's text.
///
/// # Errors
///
/// [`ConfigError::Read`].
pub(crate) fn read(file: &Path) -> Result<String, ConfigError> {
    read_at_most(file, LARGEST)
        .map_err(|error| ConfigError::Read { file: file.display().to_string(), error })
}

/// The largest file that is read as a configuration, in bytes: what has no end, such as `/dev/zero`, is none.
const LARGEST: u64 = 16 << 20;

fn read_at_most(file: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no text in UTF-8"))
}

/// Parses a file's text; `file` names it in errors.
///
/// # Errors
///
/// [`ConfigError::Syntax`].
pub(crate) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        let message = in_terms_of_toml(&with_nearest(error.message()));
        ConfigError::Syntax { file: file.to_owned(), line, column, message }
    })
}

impl Eal {
    /// The same as EAL flags.
    ///
    /// # Errors
    ///
    /// [`ConfigError::EalArgs`] for an entry of `args` that is no EAL flag.
    pub(crate) fn to_flags(&self, file: &str) -> Result<EalFlags, ConfigError> {
        let mut flags = EalFlags::parse(&self.args).map_err(|error| {
            // clap's first line is the fault; what follows is usage of a command line.
            let text = error.to_string();
            let fault = text.lines().next().unwrap_or_default();
            let message = fault.strip_prefix("error: ").unwrap_or(fault).to_owned();
            ConfigError::EalArgs { file: file.to_owned(), message }
        })?;
        let main_lcore = self.main_lcore.map(|id| id.to_string());
        let memory = self.memory_mb.map(|mb| mb.to_string());
        for (name, value) in [
            ("lcores", &self.lcores),
            ("main-lcore", &main_lcore),
            ("file-prefix", &self.file_prefix),
            ("m", &memory),
        ] {
            if value.is_some() {
                flags.set(name, value.as_deref());
            }
        }
        for (name, given) in [
            ("no-huge", self.no_huge),
            ("in-memory", self.in_memory),
            ("single-file-segments", self.single_file_segments),
            ("no-pci", self.no_pci),
        ] {
            if given {
                flags.set(name, None);
            }
        }
        for device in &self.allow {
            flags.set("allow", Some(device));
        }
        Ok(flags)
    }
}

/// Line and column of a byte, counted from 1 in characters as editors count.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).map_or(0, |line| line.chars().count());
    (before.matches('\n').count() + 1, column + 1)
}

/// Adds the nearest known key to serde's "unknown field" message, which quotes the unknown one first and then the known.
fn with_nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(unknown) = quoted.next()
        && let Some(known) = nearest(unknown, quoted)
    {
        return format!("unknown key `{unknown}`; did you mean `{known}`?");
    }
    message.replacen("unknown field", "unknown key", 1).replace('\n', "; ")
}

/// Puts what serde says of Rust's types in terms of what is written in the file.
fn in_terms_of_toml(message: &str) -> String {
    let lists = "invalid type: map, expected a sequence";
    let message = message.replace(
        lists,
        "there can be several of these: write [[name]] rather than [name], or a list",
    );
    let numbers = [("u8", u8::MAX.into()), ("u16", u16::MAX.into()), ("u32", u32::MAX)];
    numbers.into_iter().fold(message, |message, (kind, most)| {
        message.replace(&format!("expected {kind}"), &format!("expected a number from 0 to {most}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_named_in_terms_of_the_file() {
        assert_eq!(
            error("[port]\ndevice = 'null:'\n"),
            "a.toml:1:1: there can be several of these: write [[name]] rather than [name], or a list"
        );
        assert_eq!(
            error("[[port]]\ndevice = 'null:'\nrxq = -1\n"),
            "a.toml:3:7: invalid value: integer `-1`, expected a number from 0 to 65535"
        );
    }

    #[test]
    fn what_has_no_end_is_no_configuration() {
        let why = read_at_most(Path::new("/dev/zero"), 64).unwrap_err().to_string();
        assert_eq!(why, "it has more than 64 bytes");
    }

    fn error(text: &str) -> String {
        parse::<Config>("a.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn every_table_is_read() {
        let config = parse::<Config>(
            "a.toml",
            r#"
            [eal]
            lcores = "0-1"
            no_huge = true
            args = ["--log-level=3"]
            [[port]]
            device = "tap:pw0"
            rxq = 2
            [fwd]
            mode = "mac"
            pipeline = { receive = [1], work = [2, 3], transmit = [4] }
            "#,
        )
        .unwrap();
        assert_eq!(
            config.eal.to_flags("a.toml").unwrap().to_argv(),
            ["--log-level=3", "--lcores=0-1", "--no-huge"]
        );
        assert_eq!((config.port[0].device.as_str(), config.port[0].rxq), ("tap:pw0", Some(2)));
        assert_eq!(config.fwd.mode.as_deref(), Some("mac"));
        assert_eq!(config.fwd.pipeline.unwrap().work, [2, 3]);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        assert_eq!(
            error("[fwd]\nbrust = 3\n"),
            "a.toml:2:1: unknown key `brust`; did you mean `burst`?"
        );
        assert!(
            error("[fwd]\nxyzzy = 3\n")
                .starts_with("a.toml:2:1: unknown key `xyzzy`, expected one of `mode`")
        );
    }

    #[test]
    fn malformed_toml_has_line_and_column() {
        assert_eq!(
            error("[fwd]\nmode = \n"),
            "a.toml:2:8: string values must be quoted, expected literal string"
        );
        assert_eq!(
            error("[fwd]\n  burst = \"x\"\n"),
            "a.toml:2:11: invalid type: string \"x\", expected a number from 0 to 65535"
        );
        assert_eq!(error("[[port]]\nrxq = 1\n"), "a.toml:1:1: missing field `device`");
    }

    #[test]
    fn a_flag_that_eal_lacks_is_named() {
        let config = parse::<Config>("a.toml", "eal.args = ['--hugepages']").unwrap();
        assert_eq!(
            config.eal.to_flags("a.toml").unwrap_err().to_string(),
            "a.toml: eal.args: unexpected argument '--hugepages' found; write them as DPDK does, one string a flag: \
             args = [\"--log-level=3\"]"
        );
    }
}
