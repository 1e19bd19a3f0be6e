//! The configuration file of `pollway gen`: ports, lcores and streams.

use crate::config::{self, ConfigError, Eal};
use dataplane::traffic::spec::TrafficSpec;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

/// Configuration of `pollway gen`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GenConfig {
    /// How DPDK's environment (EAL) starts.
    pub(crate) eal: Eal,
    /// The ports, numbered 0, 1, ... in this order.
    pub(crate) port: Vec<GenPort>,
    /// How the generator runs.
    #[serde(rename = "gen")]
    pub(crate) generator: Generator,
    /// What is sent.
    pub(crate) traffic: TrafficSpec,
}

/// One port of the generator. It has a queue for each lcore that the map gives it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenPort {
    /// A PCI address, a vdev string, or a short form such as ring:, tap:IF, af_packet:IF, vhost:PATH.
    pub(crate) device: String,
    /// Descriptors of each receive queue.
    pub(crate) rxd: Option<u16>,
    /// Descriptors of each transmit queue.
    pub(crate) txd: Option<u16>,
    /// Its own MAC address, the device's unless given.
    pub(crate) mac: Option<String>,
}

/// How the generator runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Generator {
    /// Which lcores receive and send on which ports, as -m: `"1.0"`, `"[1:2].0"`.
    pub(crate) map: Option<String>,
    /// Packets of a burst at most (1 to 512).
    pub(crate) burst: Option<u16>,
    /// Measure the generator's own delay first, and show round trips without it too.
    pub(crate) calibrate: bool,
    /// Measure on a processor whose timestamp counter does not run at one speed always.
    pub(crate) force_tsc: bool,
}

impl GenConfig {
    /// Reads and parses a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: it cannot be read, or what is wrong at which line and column.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        let (name, text) = (file.display().to_string(), config::read(file)?);
        let file_has = tables(&text);
        if !file_has.contains_key(TRAFFIC)
            && let Some(of) = ["fwd", "switch"].into_iter().find(|of| file_has.contains_key(*of))
        {
            return Err(ConfigError::OfAnother { file: name, of });
        }
        config::parse(&name, &text)
    }
}

/// The table that only a generator's configuration has: what is sent.
const TRAFFIC: &str = "traffic";

/// Whether a file's text is a generator's configuration.
pub(crate) fn is_generators(text: &str) -> bool {
    tables(text).contains_key(TRAFFIC)
}

/// What a file's text has at its top; nothing if it is no TOML.
fn tables(text: &str) -> toml::Table {
    text.parse().unwrap_or_default()
}

impl From<GenPort> for config::Port {
    fn from(port: GenPort) -> Self {
        Self {
            device: port.device,
            rxq: None,
            txq: None,
            rxd: port.rxd,
            txd: port.txd,
            max_pkt_len: None,
            mac: port.mac,
            promiscuous: None,
            rxq_lcores: Vec::new(),
            eth_peer: None,
            switch: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_what_is_sent_is_a_generators() {
        assert!(is_generators("[[traffic.stream]]\nsize = 64\n"));
        assert!(!is_generators("[fwd]\nmode = 'io'\n"));
        assert!(!is_generators("[traffic"));
    }

    #[test]
    fn streams_are_read_and_a_slip_is_named() {
        let config: GenConfig = config::parse(
            "a.toml",
            "[gen]\nmap = '[1:2].0'\n[traffic]\nduration = 2.5\n[[traffic.stream]]\nrate = '10k'\nsize = 96\n",
        )
        .unwrap();
        assert_eq!(config.traffic.stream.len(), 1);
        assert_eq!(config.generator.map.as_deref(), Some("[1:2].0"));
        let error = config::parse::<GenConfig>("a.toml", "[[traffic.stream]]\nsise = 64\n");
        assert_eq!(
            error.unwrap_err().to_string(),
            "a.toml:2:1: unknown key `sise`; did you mean `size`?"
        );
    }
}
