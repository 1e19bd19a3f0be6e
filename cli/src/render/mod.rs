//! testpmd's tables, byte for byte: plain figures in, text out.

pub(crate) mod bad_checksums;
pub(crate) mod forward_stats;
mod names;
pub(crate) mod port_info;
pub(crate) mod port_stats;
