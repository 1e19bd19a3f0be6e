//! The packets that modes make: `show config txpkts` (testpmd's `show_tx_pkt_segments`, `app/test-pmd/config.c`).

use serde::Serialize;
use std::fmt;

/// How packets that are made are cut.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TxPktsPage {
    /// Bytes of each segment.
    pub(crate) segments: Vec<u16>,
    /// Whether they are cut: `on`, `off` or `rand`.
    pub(crate) split: &'static str,
}

impl fmt::Display for TxPktsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segments, split } = self;
        let lengths: Vec<String> = segments.iter().map(u16::to_string).collect();
        writeln!(f, "Number of segments: {}", segments.len())?;
        writeln!(f, "Segment sizes: {}", lengths.join(","))?;
        writeln!(f, "Split packet: {split}")
    }
}
