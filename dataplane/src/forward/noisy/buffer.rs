//! Packets on their way, in the order in which they came.

use super::queue::Queue;
use crate::batch::Batch;
use crate::forward::{Context, DropReason, ModeError, StreamContext};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;

/// Packets that wait until others need their room, or until it was quiet for too long.
pub(super) struct Buffer {
    packets: Queue<Mbuf>,
    flush_cycles: u64,
    /// When something was last flushed, or the clock first read.
    flushed: Option<u64>,
    flushing: bool,
}

impl Buffer {
    pub(super) fn new(stream: &StreamContext<'_>) -> Result<Self, ModeError> {
        let options = &stream.options.noisy;
        let room = options.buffer - 1;
        if room > stream.spare {
            return Err(ModeError::Buffer { asked: room, spare: stream.spare });
        }
        Ok(Self {
            packets: Queue::with_room(room as usize),
            flush_cycles: stream.cycles_in(options.flush),
            flushed: None,
            flushing: false,
        })
    }

    /// Whether it is ever flushed.
    pub(super) fn flushes(&self) -> bool {
        self.flush_cycles > 0
    }

    /// How many packets it holds.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Puts a burst in and takes out what had to make room for it; returns how many packets went in.
    ///
    /// As testpmd: as many leave as come, if not all that come find room.
    #[inline]
    pub(super) fn pass(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> usize {
        let came = batch.len();
        if came > self.packets.free() && came <= self.packets.len() {
            self.packets.exchange(batch);
            return came;
        }
        self.fill(batch, context)
    }

    /// As [`Self::pass`], of a burst for which there is room, or which is as large as all that leaves.
    ///
    /// Not inlined: its batch would be on the stack of those bursts too that take the places of others.
    #[inline(never)]
    fn fill(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> usize {
        let mut out = Batch::new();
        if batch.len() > self.packets.free() {
            self.leave(&mut out);
        }
        let entered = batch.len().min(self.packets.free());
        context.dropped(DropReason::HoldFull, batch.len() - entered);
        batch.truncate(entered);
        batch.drain_each(|mbuf| self.packets.push(mbuf));
        batch.append(&mut out);
        entered
    }

    /// Has what is in it leave once it was quiet for too long. What passes it is no quiet, and takes no look at the clock.
    #[inline]
    pub(super) fn flush(&mut self, batch: &mut Batch) {
        if self.flushes() && (batch.is_empty() || self.flushing) {
            self.flush_at(cycles(), batch);
        }
    }

    #[inline(never)]
    fn flush_at(&mut self, now: u64, batch: &mut Batch) {
        let since = *self.flushed.get_or_insert(now);
        self.flushing |= now.saturating_sub(since) >= self.flush_cycles;
        if self.flushing {
            if self.leave(batch) > 0 {
                self.flushed = Some(now);
            }
            self.flushing = self.packets.len() > 0;
        }
    }

    /// Adds its first packets to `batch`, as many as fit; returns how many.
    fn leave(&mut self, batch: &mut Batch) -> usize {
        let count = self.packets.len().min(batch.room());
        for mbuf in self.packets.take_first(count) {
            // There is room, as just looked.
            let _ = batch.push(mbuf);
        }
        count
    }
}
