//! What DPDK's libraries measure: `show metrics`.

use dataplane::port::{Metric, PortId};
use serde::Serialize;
use std::fmt;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MetricsPage {
    /// Bit rates, if they are measured.
    pub(crate) ports: Vec<PortMetrics>,
    /// How long packets stay, over all ports, if that is measured.
    pub(crate) latency: Vec<Metric>,
}

/// What was measured of a port.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortMetrics {
    /// The port.
    pub(crate) port: PortId,
    /// Its figures.
    pub(crate) metrics: Vec<Metric>,
}

impl fmt::Display for MetricsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PortMetrics { port, metrics } in &self.ports {
            writeln!(f, "Bit rates of port {port}:")?;
            write_metrics(f, metrics)?;
        }
        if !self.latency.is_empty() {
            writeln!(f, "Latency of packets, over all ports:")?;
        }
        write_metrics(f, &self.latency)
    }
}

fn write_metrics(f: &mut fmt::Formatter<'_>, metrics: &[Metric]) -> fmt::Result {
    metrics.iter().try_for_each(|Metric { name, value }| writeln!(f, "  {name}: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_figure() {
        let metric = |name: &str, value| Metric { name: name.to_owned(), value };
        let port = PortMetrics { port: PortId(1), metrics: vec![metric("mean_bits_in", 7)] };
        let page = MetricsPage { ports: vec![port], latency: vec![metric("min_latency_ns", 8)] };
        assert_eq!(
            page.to_string(),
            "Bit rates of port 1:\n  mean_bits_in: 7\nLatency of packets, over all ports:\n  min_latency_ns: 8\n"
        );
    }
}
