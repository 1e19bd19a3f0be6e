//! Packets are copied into segments of set lengths (testpmd's `set txsplit`), so that a device gets chains to send.

use crate::batch::Batch;
use crate::forward::draw::Draw;
use crate::forward::{Split, StreamContext};
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;

/// Copies packets into segments.
pub(super) struct Splitter {
    lengths: Vec<u16>,
    /// Draws how many of the segments a packet has, from the first on.
    random: Option<Draw>,
    pool: Mempool,
    fresh: Batch,
}

impl Splitter {
    /// What the stream's options ask for; `None` if packets are to stay as they are.
    pub(super) fn of(stream: &StreamContext<'_>) -> Option<Self> {
        let tx = &stream.options.tx;
        (tx.split != Split::Off).then(|| Self {
            lengths: tx.segments.clone(),
            random: (tx.split == Split::Random).then(|| Draw::new(0, stream.number)),
            pool: stream.pool.clone(),
            fresh: Batch::new(),
        })
    }

    /// Puts a copy in segments in the place of each packet. One for which there are no buffers, or too short ones, stays.
    pub(super) fn split(&mut self, batch: &mut Batch) {
        for mbuf in batch.iter_mut() {
            if let Some(copy) = self.copy(mbuf) {
                *mbuf = copy;
            }
        }
    }

    fn copy(&mut self, mbuf: &Mbuf) -> Option<Mbuf> {
        let all = self.lengths.len();
        let most = self.random.as_mut().map_or(all, |draw| 1 + draw.below(all as u64) as usize);
        let (count, last) = segments(&self.lengths[..most], mbuf.pkt_len());
        let room = u32::from(self.pool.data_room());
        let fits = last <= room && self.lengths.iter().all(|length| u32::from(*length) <= room);
        if count == 0 || !fits || !self.pool.alloc_bulk(&mut self.fresh, count) {
            return None;
        }
        let mut lengths = self.lengths[..count - 1].iter().copied().chain([last as u16]);
        let mut bytes = Bytes { left: &[], further: mbuf.chunks() };
        let mut copy: Option<Mbuf> = None;
        self.fresh.drain_each(|mut segment| {
            // A fresh segment has the room: that was just looked at.
            let length = lengths.next().unwrap_or_default();
            bytes.copy_to(segment.resize(length).unwrap_or_default());
            match &mut copy {
                // Their number fits: `set txpkts` takes no more than DPDK does.
                Some(head) => {
                    let _ = head.chain(segment);
                }
                None => copy = Some(segment),
            }
        });
        let mut copy = copy?;
        copy.set_tx_offload_of(mbuf);
        Some(copy)
    }
}

/// How many of these segments a packet takes, and the length of its last one, which takes all that is left.
fn segments(lengths: &[u16], pkt_len: u32) -> (usize, u32) {
    let (mut count, mut before, mut end) = (0, 0, 0);
    for length in lengths {
        if end >= pkt_len {
            break;
        }
        (count, before) = (count + 1, end);
        end += u32::from(*length);
    }
    (count, pkt_len - before)
}

/// A packet's bytes that are still to be copied.
struct Bytes<'a, I> {
    left: &'a [u8],
    further: I,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Bytes<'a, I> {
    /// Fills a segment, as far as there are bytes.
    fn copy_to(&mut self, mut segment: &mut [u8]) {
        while !segment.is_empty() {
            if self.left.is_empty() {
                let Some(next) = self.further.next() else { return };
                self.left = next;
            }
            let count = segment.len().min(self.left.len());
            let (copied, left) = self.left.split_at(count);
            let (filled, rest) = segment.split_at_mut(count);
            filled.copy_from_slice(copied);
            (self.left, segment) = (left, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_takes_what_is_left() {
        for (lengths, pkt_len, taken) in [
            (&[64][..], 60, (1, 60)),
            (&[64], 1000, (1, 1000)),
            (&[20, 30, 40], 60, (3, 10)),
            (&[20, 30, 40], 50, (2, 30)),
            (&[20, 30, 40], 51, (3, 1)),
            (&[20, 30], 100, (2, 80)),
            (&[20, 30], 0, (0, 0)),
        ] {
            assert_eq!(segments(lengths, pkt_len), taken, "{lengths:?} {pkt_len}");
        }
    }

    #[test]
    fn segments_are_filled_over_the_ends_of_what_is_copied() {
        let chunks = [&[1, 2, 3][..], &[], &[4, 5, 6, 7]];
        let mut bytes = Bytes { left: &[], further: chunks.into_iter() };
        let mut segments = [[0; 2]; 4];
        segments.iter_mut().for_each(|segment| bytes.copy_to(segment));
        assert_eq!(segments, [[1, 2], [3, 4], [5, 6], [7, 0]]);
    }
}
