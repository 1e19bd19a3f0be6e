//! Packets held back until their time.

use crate::batch::Batch;
use crate::mbuf::Mbuf;
use std::collections::VecDeque;

/// Packets in the order in which they came, each with the time until which it is held. All are held equally long, so the
/// first is always the next.
pub(super) struct Hold {
    held: VecDeque<Held>,
    room: usize,
}

struct Held {
    due: u64,
    mbuf: Mbuf,
}

impl Hold {
    /// Room for so many packets, and all the memory for it.
    pub(super) fn new(room: u32) -> Self {
        let room = room as usize;
        Self { held: VecDeque::with_capacity(room), room }
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Holds a packet until the TSC reads `due`, or gives it back if there is no room.
    ///
    /// # Errors
    /// The packet itself.
    #[inline]
    pub(super) fn push(&mut self, mbuf: Mbuf, due: u64) -> Result<(), Mbuf> {
        // Beyond its capacity the queue would allocate.
        if self.held.len() == self.room {
            return Err(mbuf);
        }
        self.held.push_back(Held { due, mbuf });
        Ok(())
    }

    /// When the first packet is to go, if there is one.
    #[inline]
    pub(super) fn next_due(&self) -> Option<u64> {
        self.held.front().map(|held| held.due)
    }

    /// Adds packets whose time has come to `batch`, as many as fit; `late` is told each one's cycles beyond its time.
    #[inline]
    pub(super) fn let_go(&mut self, now: u64, batch: &mut Batch, mut late: impl FnMut(u64)) {
        while batch.room() > 0
            && self.held.front().is_some_and(|held| held.due <= now)
            && let Some(Held { due, mbuf }) = self.held.pop_front()
        {
            late(now - due);
            // There is room, as just looked.
            let _ = batch.push(mbuf);
        }
    }

    /// Frees everything; returns how many packets that was.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.held.len();
        self.held.clear();
        count
    }
}
