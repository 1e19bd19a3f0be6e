//! Commands that show what DPDK holds.

use dataplane::eal::{Dump, DumpOne};

/// Shows what DPDK holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DumpCommand {
    /// All there is of something.
    All(Dump),
    /// One thing by its name.
    One(DumpOne, String),
    /// Memory by NUMA node.
    SocketMemory,
    /// Bytes of the structures that memory is mostly made of.
    StructSizes,
}
