//! How steadily a poll loop runs: what a mode knows of its own lcore.

/// Takes the time between polls. A loop that was away, in another program's time slice or in a page fault, finds packets that
/// waited for it: their delays are longer by up to as much.
#[derive(Clone, Debug)]
pub(super) struct PollClock {
    last_tsc: u64,
    stall: u64,
    /// The longest gap, in cycles.
    pub(super) longest: u64,
    /// Gaps as long as a stall.
    pub(super) stalls: u64,
    /// Packets that the first poll after a stall found.
    pub(super) touched: u64,
}

impl PollClock {
    /// A clock to which a gap of `stall` cycles or more is a stall.
    pub(super) fn new(stall: u64) -> Self {
        Self { last_tsc: u64::MAX, stall, longest: 0, stalls: 0, touched: 0 }
    }

    /// Notes a poll that found `packets`.
    #[inline]
    pub(super) fn poll(&mut self, now_tsc: u64, packets: usize) {
        let gap = now_tsc.saturating_sub(self.last_tsc);
        self.last_tsc = now_tsc;
        self.longest = self.longest.max(gap);
        if gap >= self.stall {
            self.stalls += 1;
            self.touched += packets as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_poll_has_no_gap_and_a_stall_touches_what_it_finds() {
        let mut clock = PollClock::new(100);
        for (now, packets) in [(5_000, 9), (5_010, 9), (5_110, 3), (5_209, 9)] {
            clock.poll(now, packets);
        }
        assert_eq!((clock.longest, clock.stalls, clock.touched), (100, 1, 3));
    }
}
