//! Memory that is read and written at random.

use crate::forward::draw::Draw;
use std::hint::black_box;

const CACHE_LINE: u64 = 64;

/// Bytes, and where the next access is.
pub(super) struct Memory {
    bytes: Box<[u8]>,
    draw: Draw,
}

impl Memory {
    pub(super) fn new(bytes: usize, draw: Draw) -> Self {
        Self { bytes: vec![0; bytes].into(), draw }
    }

    /// The first byte of some cache line.
    #[inline]
    fn somewhere(&mut self) -> Option<&mut u8> {
        let lines = self.bytes.len() as u64 / CACHE_LINE;
        let at = self.draw.below(lines) * CACHE_LINE;
        self.bytes.get_mut(at as usize)
    }

    #[inline]
    pub(super) fn read(&mut self) {
        black_box(self.somewhere().map(|byte| *byte));
    }

    #[inline]
    pub(super) fn write(&mut self) {
        let value = self.draw.next() as u8;
        if let Some(byte) = self.somewhere() {
            *black_box(byte) = value;
        }
    }
}
