//! Token buckets: `rte_meter`'s single-rate meter, of which the committed part is used.

use crate::lcore::cycles_hz;
use dpdk_sys::{rte_meter_srtcm, rte_meter_srtcm_params, rte_meter_srtcm_profile};

/// A meter of one lcore: so many units a second, and so many at once after a pause. Units are bytes, or packets.
pub struct Meter {
    profile: rte_meter_srtcm_profile,
    state: rte_meter_srtcm,
}

impl Meter {
    /// A meter that is full; `None` where DPDK's arithmetic cannot do the numbers, as for a rate or a burst of 0.
    ///
    /// Source: `rte_meter.h`, `rte_meter_srtcm_profile_config`, `rte_meter_srtcm_config`.
    pub fn new(per_second: u64, burst: u64) -> Option<Self> {
        if per_second == 0 || burst == 0 || per_second > cycles_hz().saturating_mul(1000) {
            return None;
        }
        let mut params = rte_meter_srtcm_params { cir: per_second, cbs: burst, ebs: 0 };
        let mut meter = Self { profile: Default::default(), state: Default::default() };
        // SAFETY: both calls write the structure that they are given, which is ours, and keep no pointer.
        let refused = unsafe {
            dpdk_sys::rte_meter_srtcm_profile_config(&mut meter.profile, &mut params) != 0
                || dpdk_sys::rte_meter_srtcm_config(&mut meter.state, &mut meter.profile) != 0
        };
        (!refused).then_some(meter)
    }

    /// Whether so many units more are within the rate at a time of [`crate::lcore::cycles`]; if so, they are counted.
    ///
    /// Source: `rte_meter.h`, `rte_meter_srtcm_color_blind_check`.
    #[inline]
    pub fn admits(&mut self, now: u64, units: u32) -> bool {
        // SAFETY: the call reads and writes the two structures, which `&mut self` makes this the only access to.
        unsafe { dpdk_sys::pw_meter_check(&mut self.state, &mut self.profile, now, units) == 0 }
    }
}
