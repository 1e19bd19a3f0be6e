//! A header field: the same in every packet, or another in each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field's values, packet by packet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "write a value, a list of values, { from, step, count } to count, or { from, mask, seed } to draw"
)]
pub enum Field<T> {
    /// One value.
    Fixed(T),
    /// These values in turn.
    Listed(Vec<T>),
    /// Values that go up or down.
    Counted(Counted<T>),
    /// Values drawn at random, the same ones for the same seed.
    Drawn(Drawn<T>),
}

/// `from`, `from + step`, ..., `count` values, then again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted<T> {
    /// The first value.
    pub from: T,
    /// From one value to the next; negative to go down.
    #[serde(default = "upwards")]
    pub step: i64,
    /// How many values.
    pub count: u64,
    /// Packets that have the same value before the next one's turn: the count of a faster field makes this one carry.
    #[serde(default = "each")]
    pub every: u64,
    /// The bits that change; the others stay as in `from`.
    pub mask: Option<T>,
}

/// Values of which some bits are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drawn<T> {
    /// What gives the bits that are not drawn.
    pub from: T,
    /// The bits that are drawn; all unless given.
    pub mask: Option<T>,
    /// What the draw begins with.
    pub seed: u64,
}

fn upwards() -> i64 {
    1
}

fn each() -> u64 {
    1
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Fixed(value)
    }
}
