//! Logical cores and NUMA sockets.

use serde::Serialize;
use std::fmt;

/// A logical core as EAL numbers them (`-l 0-3`, `--lcores`), not a processor number of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LcoreId(pub u32);

/// A NUMA node as DPDK numbers them; `ANY` where a device belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SocketId(pub i32);

impl SocketId {
    /// `SOCKET_ID_ANY` (`rte_memory.h`).
    pub const ANY: Self = Self(-1);
}

impl fmt::Display for LcoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
