//! What DPDK's libraries measure of ports while they forward: bit rates, and how long packets stay.
//!
//! They keep it in shared memory, where other processes read it (`dpdk-proc-info --metrics`) and [`Metrics`] does.

use super::error::Errno;
use super::info::text;
use super::{Any, Port, PortId};
use crate::eal::Eal;
use serde::Serialize;
use std::ops::Range;
use std::ptr::NonNull;

/// A figure that a library keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// The library's name of it, e.g. `mean_bits_in`.
    pub name: String,
    /// Its value.
    pub value: u64,
}

/// What is measured. There is one in a process; dropping it ends the measurement.
pub struct Metrics {
    bit_rates: Option<(NonNull<dpdk_sys::rte_stats_bitrates>, Range<usize>)>,
    latency: Option<Range<usize>>,
    _eal: Eal,
}

impl Metrics {
    /// Makes room for figures.
    ///
    /// # Errors
    /// [`Errno`]: no memory is left.
    ///
    /// Source: `rte_metrics.h`, `rte_metrics_init`.
    pub fn new(eal: &Eal) -> Result<Self, Errno> {
        // SAFETY: EAL runs.
        Errno::check(unsafe { dpdk_sys::rte_metrics_init(eal.socket_of(eal.main_lcore()).0) })?;
        Ok(Self { bit_rates: None, latency: None, _eal: eal.clone() })
    }

    /// Measures from now on the bit rates of ports, each time that they are [looked at](Self::look).
    ///
    /// # Errors
    /// [`Errno`]: no room is left for figures.
    ///
    /// Source: `rte_bitrate.h`, `rte_stats_bitrate_create`, `rte_stats_bitrate_reg`.
    pub fn measure_bit_rates(&mut self) -> Result<(), Errno> {
        let before = Errno::count(count())?;
        // SAFETY: EAL runs and the figures have a place, since `self` is.
        let rates = NonNull::new(unsafe { dpdk_sys::rte_stats_bitrate_create() });
        let rates = rates.ok_or_else(Errno::last)?;
        // SAFETY: it was made a moment ago.
        let added = Errno::check(unsafe { dpdk_sys::rte_stats_bitrate_reg(rates.as_ptr()) });
        let after = added.and_then(|()| Errno::count(count())).inspect_err(|_| {
            // SAFETY: nobody else has it.
            unsafe { dpdk_sys::rte_stats_bitrate_free(rates.as_ptr()) }
        })?;
        self.bit_rates = Some((rates, before as usize..after as usize));
        Ok(())
    }

    /// Measures from now on how long packets stay, from one of the queues that ports have now to another. A callback on each of
    /// these stamps what is received and looks at what is sent, which workers pay for.
    ///
    /// # Errors
    /// [`Errno`]: no room is left for figures or for a packet's time.
    ///
    /// Source: `rte_latencystats.h`, `rte_latencystats_init`.
    pub fn measure_latency(&mut self) -> Result<(), Errno> {
        /// Nanoseconds between two packets that are stamped: each is.
        const EACH: u64 = 1;
        let before = Errno::count(count())?;
        // SAFETY: EAL runs and the figures have a place, since `self` is; no callback of ours is passed.
        Errno::check(unsafe { dpdk_sys::rte_latencystats_init(EACH, None) })?;
        let after = Errno::count(count())?;
        self.latency = Some(before as usize..after as usize);
        Ok(())
    }

    /// Looks at what these ports have counted, which is to happen once a second, and publishes what was measured.
    pub fn look<'a>(&self, ports: impl Iterator<Item = &'a Port<Any>>) {
        if let Some((rates, _)) = &self.bit_rates {
            for port in ports.filter(|port| port.counts()) {
                // SAFETY: the port exists, and control calls are this thread's, as it has the port; `rates` lives as long as
                // `self`.
                unsafe { dpdk_sys::rte_stats_bitrate_calc(rates.as_ptr(), port.id().0) };
            }
        }
        if self.latency.is_some() {
            // SAFETY: the measurement was begun.
            unsafe { dpdk_sys::rte_latencystats_update() };
        }
    }

    /// The bit rates of a port, if they are measured.
    pub fn bit_rates(&self, port: PortId) -> Vec<Metric> {
        let range = self.bit_rates.as_ref().map(|(_, range)| range.clone());
        figures(i32::from(port.0), range.unwrap_or_default())
    }

    /// How long packets stay, over all ports, if it is measured.
    pub fn latency(&self) -> Vec<Metric> {
        figures(dpdk_sys::RTE_METRICS_GLOBAL, self.latency.clone().unwrap_or_default())
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        // SAFETY: what was begun is ended, once; the callbacks' memory stays, as a worker may still be in one.
        unsafe {
            if self.latency.is_some() {
                dpdk_sys::rte_latencystats_uninit();
            }
            if let Some((rates, _)) = &self.bit_rates {
                dpdk_sys::rte_stats_bitrate_free(rates.as_ptr());
            }
            dpdk_sys::rte_metrics_deinit();
        }
    }
}

/// How many figures there are.
fn count() -> i32 {
    // SAFETY: without room for names the call tells the count.
    unsafe { dpdk_sys::rte_metrics_get_names(std::ptr::null_mut(), 0) }
}

/// Some of the figures of a port, or of all together.
///
/// Source: `rte_metrics.h`, `rte_metrics_get_names`, `rte_metrics_get_values`.
fn figures(port: i32, range: Range<usize>) -> Vec<Metric> {
    let room = u16::try_from(count()).unwrap_or(0);
    let mut names = vec![dpdk_sys::rte_metric_name::default(); usize::from(room)];
    let mut values = vec![dpdk_sys::rte_metric_value::default(); usize::from(room)];
    // SAFETY: both have `room` entries, as the calls are told.
    let got = unsafe {
        let names = dpdk_sys::rte_metrics_get_names(names.as_mut_ptr(), room);
        (names, dpdk_sys::rte_metrics_get_values(port, values.as_mut_ptr(), room))
    };
    if got != (i32::from(room), i32::from(room)) {
        return Vec::new();
    }
    let pairs = names.iter().zip(&values).skip(range.start).take(range.len());
    let metric = |(name, value): (&dpdk_sys::rte_metric_name, &dpdk_sys::rte_metric_value)| {
        // SAFETY: the library terminates the name within its array.
        Metric { name: unsafe { text(name.name.as_ptr()) }, value: value.value }
    };
    pairs.map(metric).collect()
}
