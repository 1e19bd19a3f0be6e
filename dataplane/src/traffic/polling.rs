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

    /// Notes a poll that found `packets`; returns whether it came after a stall.
    #[inline]
    pub(super) fn poll(&mut self, now_tsc: u64, packets: usize) -> bool {
        let gap = now_tsc.saturating_sub(self.last_tsc);
        self.last_tsc = now_tsc;
        self.longest = self.longest.max(gap);
        let stalled = gap >= self.stall;
        if stalled {
            self.stalls += 1;
            self.touched += packets as u64;
        }
        stalled
    }
}

/// Whether a sender's packets are those that were due in a stall, or wait behind them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    is_behind: bool,
    is_rest: bool,
}

impl Backlog {
    /// Notes a burst, and whether more than it were due.
    #[inline]
    pub(super) fn hand_over(&mut self, more_due: bool) {
        self.is_rest = !more_due;
    }

    /// Notes the poll after that, which came after a stall or not, and whether all of the burst had left by then. Returns whether
    /// the burst was behind: so is that before a stall, which may have come while it was made.
    #[inline]
    pub(super) fn settle(&mut self, stalled: bool, all_left: bool) -> bool {
        let was_behind = stalled || self.is_behind;
        self.is_behind = stalled || self.is_behind && !(self.is_rest && all_left);
        was_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_behind_until_what_waited_has_left() {
        let mut backlog = Backlog::default();
        // Whether more were due than the burst, whether a stall followed, whether all had left; and whether it was behind.
        for (at, (more_due, stalled, all_left, behind)) in [
            (true, false, false, false),
            (false, true, true, true),
            (true, false, true, true),
            (false, false, false, true),
            (false, false, true, true),
            (true, false, true, false),
            (false, true, true, true),
            (false, false, true, true),
            (false, false, true, false),
        ]
        .into_iter()
        .enumerate()
        {
            backlog.hand_over(more_due);
            assert_eq!(backlog.settle(stalled, all_left), behind, "burst {at}");
        }
    }

    #[test]
    fn the_first_poll_has_no_gap_and_a_stall_touches_what_it_finds() {
        let mut clock = PollClock::new(100);
        let polls = [(5_000, 9), (5_010, 9), (5_110, 3), (5_209, 9)];
        let stalled = polls.map(|(now, packets)| clock.poll(now, packets));
        assert_eq!(stalled, [false, false, true, false]);
        assert_eq!((clock.longest, clock.stalls, clock.touched), (100, 1, 3));
    }
}
