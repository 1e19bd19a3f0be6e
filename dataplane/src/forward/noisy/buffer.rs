//! Packets on their way, in the order in which they came.

use crate::batch::{Batch, MAX_BURST};
use crate::forward::{Context, DropReason, ModeError, StreamContext};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use std::collections::VecDeque;

/// Packets that wait until others need their room, or until it was quiet for too long.
pub(super) struct Buffer {
    packets: VecDeque<Mbuf>,
    room: usize,
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
        let room = room as usize;
        Ok(Self {
            packets: VecDeque::with_capacity(room),
            room,
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
        if came > self.free() && came <= self.packets.len() {
            exchange(&mut self.packets, batch);
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
        if batch.len() > self.free() {
            self.leave(&mut out);
        }
        let entered = batch.len().min(self.free());
        context.dropped(DropReason::HoldFull, batch.len() - entered);
        batch.truncate(entered);
        batch.drain_each(|mbuf| self.packets.push_back(mbuf));
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
            self.flushing = !self.packets.is_empty();
        }
    }

    /// Adds its first packets to `batch`, as many as fit; returns how many.
    fn leave(&mut self, batch: &mut Batch) -> usize {
        let count = self.packets.len().min(batch.room());
        for mbuf in self.packets.drain(..count) {
            // There is room, as just looked.
            let _ = batch.push(mbuf);
        }
        count
    }

    fn free(&self) -> usize {
        self.room - self.packets.len()
    }
}

/// Exchanges a burst for the first packets of a queue that holds no fewer; those of the burst are its last then.
#[inline]
fn exchange<T>(queue: &mut VecDeque<T>, burst: &mut [T]) {
    queue.rotate_left(burst.len());
    let (front, back) = queue.as_mut_slices();
    let (early, late) = burst.split_at_mut(burst.len().saturating_sub(back.len()));
    let front_rest = front.len() - early.len();
    early.swap_with_slice(&mut front[front_rest..]);
    let back_rest = back.len() - late.len();
    late.swap_with_slice(&mut back[back_rest..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_takes_the_places_of_what_came_first_wherever_they_are() {
        for (room, held) in [(7, 4), (8, 8), (100, 33)] {
            let mut queue = VecDeque::with_capacity(room);
            queue.extend(0..held);
            let (mut came, mut left) = (held, 0);
            for burst in (0..=held).cycle().take(200) {
                let mut packets: Vec<_> = (came..came + burst).collect();
                exchange(&mut queue, &mut packets);
                assert!(
                    packets.iter().copied().eq(left..left + burst),
                    "{room} {held}: {packets:?}"
                );
                (came, left) = (came + burst, left + burst);
                assert!(queue.iter().copied().eq(left..came), "{room} {held}: {queue:?}");
            }
        }
    }
}
