//! How many packets a second, when, and for how long.

use crate::traffic::rate::{Rate, Volume};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A stream's rate, the same all the time or by phases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "write a rate, as in \"10M\", or a list of { seconds, rate } or { seconds, rate, to }"
)]
pub enum Load {
    /// One rate.
    Steady(Rate),
    /// Phases, one after the other; with the last one the stream ends.
    Phases(Vec<Phase>),
}

impl Load {
    /// The most bits a second on a line, preambles and gaps included, that are asked for at any time; none flat out.
    pub fn fastest_bps(&self, volume: Volume) -> f64 {
        let rates = match self {
            Self::Steady(rate) => vec![*rate],
            Self::Phases(phases) => {
                phases.iter().flat_map(|phase| [Some(phase.rate), phase.to]).flatten().collect()
            }
        };
        rates.iter().filter_map(|rate| rate.l1_bps(volume)).fold(0.0, f64::max)
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::Steady(Rate::FlatOut)
    }
}

/// A step, or a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// How long it is.
    pub seconds: f64,
    /// The rate, a ramp's at its beginning.
    pub rate: Rate,
    /// A ramp's rate at its end.
    #[serde(default)]
    pub to: Option<Rate>,
}

/// How packets are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Spacing {
    /// Equally far apart.
    #[default]
    Constant,
    /// As independent arrivals: the gaps are exponentially distributed about the rate's.
    Poisson {
        /// What the draw begins with.
        seed: u64,
    },
    /// Bursts with a gap after each; the rate is that within a burst.
    Bursts {
        /// Packets of a burst.
        packets: u32,
        /// From a burst's last departure to the next one's first, in nanoseconds.
        gap_ns: u64,
    },
}

/// A capture file to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The file, in pcap's classic format.
    pub file: PathBuf,
    /// When its packets depart.
    #[serde(default)]
    pub timing: Timing,
    /// How many times it is sent; 0 is without end.
    #[serde(default = "once")]
    pub loops: u64,
}

fn once() -> u64 {
    1
}

/// When a capture file's packets depart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Timing {
    /// As far apart as in the file.
    #[default]
    Own,
    /// So many times as fast as in the file.
    Scaled(f64),
    /// By the stream's rate.
    Rate,
}
