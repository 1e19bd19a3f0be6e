//! The values of a field that changes, packet by packet, where they stand in the packet.

use super::ahead::Row;
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
    /// The packet's bytes less so many, in the first two of the eight bytes.
    Length { minus: u16 },
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
    /// Where a length stands in its eight bytes.
    pub(super) const LENGTH_SHIFT: u32 = u64::BITS - u16::BITS;

    /// Those of the next packets, which have so many `bytes`.
    #[inline]
    pub(super) fn fill(&mut self, next: &mut Row<u64>, bytes: &Row<u16>) {
        match self {
            Self::Counted(counter) => next.fill_with(|| counter.next()),
            Self::Listed { values, at } => next.fill_with(|| {
                let value = values.get(*at).copied().unwrap_or_default();
                *at = if *at + 1 < values.len() { *at + 1 } else { 0 };
                value
            }),
            Self::Drawn { random, mask } => next.fill_with(|| random.next() & *mask),
            Self::Length { minus } => next.iter_mut().zip(bytes).for_each(|(value, bytes)| {
                *value = u64::from(bytes.wrapping_sub(*minus)) << Self::LENGTH_SHIFT;
            }),
        }
    }
}
