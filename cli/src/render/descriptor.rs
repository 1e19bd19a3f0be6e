//! Descriptors of a queue: `show port N rxq Q desc …` and `read rxd|txd` (testpmd's `port_rxtx_desc` commands,
//! `app/test-pmd/cmdline.c` and `config.c`).

use dataplane::port::Direction;
use serde::Serialize;
use std::fmt;

/// How many receive descriptors hold packets.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct UsedPage {
    /// How many.
    pub(crate) used: u32,
}

impl fmt::Display for UsedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Used desc count = {}", self.used)
    }
}

/// What a descriptor is for at the moment.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct DescriptorStatusPage {
    /// DPDK's word for it.
    pub(crate) status: &'static str,
}

impl fmt::Display for DescriptorStatusPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Desc status = {}", self.status)
    }
}

/// The bytes of a descriptor.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DescriptorPage {
    /// Of received packets, or of those to be sent.
    pub(crate) direction: Direction,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Display for DescriptorPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.bytes.chunks_exact(8).map(|pair| {
            // Descriptors are little-endian (every data sheet of those that keep them in memory).
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |w, b| w << 8 | u32::from(*b));
            let (low, high) = pair.split_at(4);
            format!("0x{:08X} - 0x{:08X}", word(high), word(low))
        });
        match self.direction {
            Direction::Rx => pairs.into_iter().try_for_each(|pair| writeln!(f, "    {pair}")),
            Direction::Tx => writeln!(f, "    {}", pairs.collect::<Vec<_>>().join(" / ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let page = |direction| DescriptorPage { direction, bytes: (0..16).collect() }.to_string();
        assert_eq!(
            page(Direction::Rx),
            "    0x07060504 - 0x03020100\n    0x0F0E0D0C - 0x0B0A0908\n"
        );
        assert_eq!(page(Direction::Tx), "    0x07060504 - 0x03020100 / 0x0F0E0D0C - 0x0B0A0908\n");
    }
}
