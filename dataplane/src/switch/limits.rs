//! What a port may send into the switch: its meters, kept by each of its receive queues for its part.

use super::policy::{PortPolicy, RateLimit, StormLimits};
use crate::lcore::cycles;
use crate::port::Meter;

/// One receive queue's meters.
#[derive(Default)]
pub(super) struct Limits {
    asked: Option<(StormLimits, Option<RateLimit>)>,
    broadcast: Option<Meter>,
    multicast: Option<Meter>,
    unknown: Option<Meter>,
    rate: Option<Meter>,
}

/// Packets that storms are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storm {
    Broadcast,
    Multicast,
    Unknown,
}

impl Limits {
    /// Meters for a part of what the port may send, one of so many queues. Meters of limits that are as they were go on.
    pub(super) fn set(&mut self, policy: &PortPolicy, queues: u16) {
        let asked = (policy.storm, policy.rate);
        if self.asked == Some(asked) {
            return;
        }
        let part = |whole: u64| whole.div_ceil(u64::from(queues.max(1)));
        // What may come within a second may come at its beginning.
        let packets = |limit: Option<u32>| {
            limit.and_then(|limit| Meter::new(part(limit.into()), part(limit.into())))
        };
        let bytes = |rate: RateLimit| Meter::new(part(rate.bytes_per_second), rate.burst);
        let StormLimits { broadcast, multicast, unknown } = policy.storm;
        *self = Self {
            asked: Some(asked),
            broadcast: packets(broadcast),
            multicast: packets(multicast),
            unknown: packets(unknown),
            rate: policy.rate.and_then(bytes),
        };
    }

    /// Whether there is a rate to keep.
    #[inline]
    pub(super) fn has_rate(&self) -> bool {
        self.rate.is_some()
    }

    /// Whether a packet of so many bytes is within the rate.
    pub(super) fn admits_bytes(&mut self, now: u64, bytes: u32) -> bool {
        self.rate.as_mut().is_none_or(|rate| rate.admits(now, bytes))
    }

    /// Whether a packet of a kind is within its limit.
    #[inline]
    pub(super) fn admits(&mut self, storm: Storm) -> bool {
        let meter = match storm {
            Storm::Broadcast => &mut self.broadcast,
            Storm::Multicast => &mut self.multicast,
            Storm::Unknown => &mut self.unknown,
        };
        meter.as_mut().is_none_or(|meter| meter.admits(cycles(), 1))
    }
}
