//! Plain figures in, text out: testpmd's tables byte for byte, and charts.

pub(crate) mod bad_checksums;
pub(crate) mod bus_devices;
pub(crate) mod chart;
pub(crate) mod dcb;
pub(crate) mod extended_stats;
pub(crate) mod flow_ctrl;
pub(crate) mod flow_rules;
pub(crate) mod forward_stats;
pub(crate) mod heaps;
pub(crate) mod hexdump;
pub(crate) mod macs;
mod names;
pub(crate) mod offloads;
pub(crate) mod port_info;
pub(crate) mod port_stats;
pub(crate) mod port_summary;
pub(crate) mod ptypes;
pub(crate) mod queue_info;
pub(crate) mod rate;
pub(crate) mod rss;
pub(crate) mod rxtx_config;
pub(crate) mod sight;
pub(crate) mod time;
