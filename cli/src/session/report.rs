//! The account of a run, as `--json` prints it.

use crate::render::forward_stats::ForwardStats;
use crate::render::metrics::MetricsPage;
use dataplane::engine::Figures;
use dataplane::engine::plan::Plan;
use dataplane::port::{Any, ExtendedStat, Port, PortId, PortStats};
use serde::Serialize;

/// The whole account of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(super) forward_mode: &'static str,
    pub(super) plan: Plan,
    pub(super) forward_stats: ForwardStats,
    pub(super) engine: Figures,
    /// What libraries measured, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<MetricsPage>,
    pub(super) ports: Vec<DeviceReport>,
    /// Packets that waited in receive queues at the end and were freed; `None` if the ports did not all stop.
    pub(super) drained: Option<u64>,
    /// Packets that drivers keep when their ports are closed, as net_af_xdp does.
    pub(super) mbufs_kept: Option<u32>,
    /// Packets that no pool got back beside those; `None` if the ports did not all stop.
    pub(super) mbufs_missing: Option<u32>,
}

/// A port's own statistics.
#[derive(Serialize)]
pub(super) struct DeviceReport {
    port: PortId,
    device: String,
    stats: Option<PortStats>,
    extended: Vec<ExtendedStat>,
}

impl DeviceReport {
    pub(super) fn of(port: &Port<Any>) -> Self {
        Self {
            port: port.id(),
            device: port.name().to_owned(),
            stats: port.stats(),
            extended: port.extended_stats().unwrap_or_default(),
        }
    }
}
