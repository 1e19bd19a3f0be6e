//! What DPDK's libraries measure of ports (`--bitrate-stats`, `--latencystats`).

use super::Session;
use crate::failure::Failure;
use crate::render::metrics::{MetricsPage, PortMetrics};
use crate::settings::RecordSettings;
use dataplane::eal::Eal;
use dataplane::port::{Errno, Metrics};
use dataplane::runtime::Slot;
use std::time::{Duration, Instant};

/// Bit rates are those of a second.
const PERIOD: Duration = Duration::from_secs(1);

/// What is measured, and when it is looked at next.
pub(super) struct Measured {
    metrics: Metrics,
    next: Instant,
}

impl Measured {
    /// Begins what was asked for; `None` if nothing was. The ports are started: their queues are those that count.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] where there is no memory for it.
    pub(super) fn begin(settings: &RecordSettings, eal: &Eal) -> Result<Option<Self>, Failure> {
        if !settings.bit_rates && !settings.latency {
            return Ok(None);
        }
        let failed = |flag: &'static str| {
            move |errno: Errno| {
                Failure::running(anyhow::anyhow!("{flag} measures nothing: {errno}"))
            }
        };
        let mut metrics = Metrics::new(eal).map_err(failed("--bitrate-stats or --latencystats"))?;
        if settings.bit_rates {
            metrics.measure_bit_rates().map_err(failed("--bitrate-stats"))?;
        }
        if settings.latency {
            metrics.measure_latency().map_err(failed("--latencystats"))?;
        }
        Ok(Some(Self { metrics, next: Instant::now() }))
    }
}

impl Session {
    /// Looks at the ports if it is time to.
    pub(super) fn measure(&mut self) {
        let Some(Measured { metrics, next }) = &mut self.measured else { return };
        let now = Instant::now();
        if now < *next {
            return;
        }
        // On a grid, as each time is taken for a second. What was missed meanwhile is not made up for.
        *next = (*next + PERIOD).max(now);
        metrics.look(self.dataplane.ports().map(Slot::port));
    }

    /// What was measured, if anything was.
    pub(super) fn metrics_page(&self) -> Option<MetricsPage> {
        let Measured { metrics, .. } = self.measured.as_ref()?;
        let of =
            |slot: &Slot| PortMetrics { port: slot.id(), metrics: metrics.bit_rates(slot.id()) };
        let ports = self.dataplane.ports().map(of).filter(|port| !port.metrics.is_empty());
        Some(MetricsPage { ports: ports.collect(), latency: metrics.latency() })
    }
}
