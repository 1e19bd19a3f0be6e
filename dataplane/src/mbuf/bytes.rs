//! A packet's bytes, read one piece after the other over all of its buffers.

use super::Mbuf;

/// What is left of a packet's bytes to be read.
pub struct Bytes<'a, C> {
    chunk: &'a [u8],
    chunks: C,
}

impl Mbuf {
    /// The bytes from a place in the first segment on.
    pub fn bytes_from(&self, from: usize) -> Bytes<'_, impl Iterator<Item = &[u8]>> {
        let mut chunks = self.chunks();
        let chunk = chunks.next().and_then(|chunk| chunk.get(from..)).unwrap_or_default();
        Bytes { chunk, chunks }
    }
}

impl<'a, C: Iterator<Item = &'a [u8]>> Bytes<'a, C> {
    /// Fills `room` with what comes next, as far as there is anything.
    pub fn read(&mut self, mut room: &mut [u8]) {
        while !room.is_empty() {
            if self.chunk.is_empty() {
                let Some(next) = self.chunks.next() else { return };
                self.chunk = next;
                continue;
            }
            let count = room.len().min(self.chunk.len());
            let (now, later) = room.split_at_mut(count);
            let (bytes, rest) = self.chunk.split_at(count);
            now.copy_from_slice(bytes);
            (room, self.chunk) = (later, rest);
        }
    }
}
