//! The values of a field that changes, packet by packet, where they stand in the packet.

use crate::traffic::random::Random;

/// What gives the next value. Values are shifted to their place in the eight bytes that hold the field.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Up or down, from the first again after `count`.
    Counted(Counter),
    /// In turn.
    Listed { values: Box<[u64]>, at: usize },
    /// At random.
    Drawn { random: Random, mask: u64 },
}

/// A value that goes on by a step every so many packets.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    pub(super) from: u64,
    pub(super) step: u64,
    pub(super) mask: u64,
    pub(super) count: u64,
    pub(super) every: u64,
    value: u64,
    /// Values that are left of this round, and packets that are left of this value.
    values_left: u64,
    packets_left: u64,
}

impl Counter {
    /// A counter of `count` values, each for `every` packets; both are at least 1.
    pub(super) fn new(from: u64, step: u64, mask: u64, count: u64, every: u64) -> Self {
        Self {
            from,
            step,
            mask,
            count,
            every,
            value: from,
            values_left: count,
            packets_left: every,
        }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        let value = self.value & self.mask;
        self.packets_left -= 1;
        if self.packets_left == 0 {
            self.packets_left = self.every;
            self.value = self.value.wrapping_add(self.step);
            self.values_left -= 1;
            if self.values_left == 0 {
                self.values_left = self.count;
                self.value = self.from;
            }
        }
        value
    }
}

impl Values {
    /// The next packet's.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        match self {
            Self::Counted(counter) => counter.next(),
            Self::Listed { values, at } => {
                let value = values.get(*at).copied().unwrap_or_default();
                *at = if *at + 1 < values.len() { *at + 1 } else { 0 };
                value
            }
            Self::Drawn { random, mask } => random.next() & *mask,
        }
    }
}
