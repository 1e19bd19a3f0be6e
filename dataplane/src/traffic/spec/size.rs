//! Frame sizes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Frame sizes from Ethernet's smallest to a jumbo frame, the frame check sequence included.
pub const FRAME_SIZES: RangeInclusive<u16> = 64..=9600;

/// The sizes of a stream's frames, the 4 bytes of the frame check sequence included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "write a size in bytes, { from, to }, \"simple\" or \"full\" for an IMIX, or a list of { bytes, weight }"
)]
pub enum Sizes {
    /// All the same.
    Fixed(u16),
    /// An IMIX that has a name.
    Mix(Mix),
    /// From one size to another.
    Span(Span),
    /// An IMIX of one's own.
    Weighted(Vec<Weighted>),
}

impl Default for Sizes {
    fn default() -> Self {
        Self::Fixed(*FRAME_SIZES.start())
    }
}

/// An IMIX that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// 64, 594 and 1518 bytes as 7 : 4 : 1.
    Simple,
    /// 64, 570, 594 and 1518 bytes as 57 : 7 : 16 : 20.
    Full,
}

/// Every size from one to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The smallest.
    pub from: u16,
    /// The largest.
    pub to: u16,
    /// From one size to the next.
    #[serde(default = "one")]
    pub step: u16,
    /// Draws the sizes, the same ones for the same seed; without it they go up and begin again.
    #[serde(default)]
    pub seed: Option<u64>,
}

fn one() -> u16 {
    1
}

/// A size of an IMIX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// The frame's size.
    pub bytes: u16,
    /// How many of them come for how many of the others.
    pub weight: u16,
}
