//! `noisy`: forwards packets as a busy neighbour would, through a buffer and with memory accesses for each.
//!
//! ```text
//! before  1 2 3 … N N+1
//! after   1               the first leaves when the buffer has no room for another
//! ```
//!
//! What is done to a packet itself is another mode's (`--noisy-forward-mode`). A buffer of N slots holds N - 1 packets, as
//! testpmd's ring does.

mod buffer;
mod memory;
mod queue;

use super::draw::Draw;
use super::{Context, Feed, Made, Mode, ModeError, StreamContext};
use crate::batch::Batch;
use buffer::Buffer;
use memory::Memory;
use std::time::Duration;

const MIB: usize = 1 << 20;

/// What is asked of `noisy` (testpmd's `--noisy-…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoisyOptions {
    /// Slots of the buffer, of which one stays free; none if 0.
    pub buffer: u32,
    /// How long nothing may leave before all of the buffer does; without end if zero.
    pub flush: Duration,
    /// Memory to read and write in, in MiB.
    pub memory_mib: u32,
    /// Writes for each packet.
    pub writes: u32,
    /// Reads for each packet.
    pub reads: u32,
    /// Reads followed by a write for each packet.
    pub reads_writes: u32,
    /// What is done to the packets.
    pub inner: NoisyInner,
}

impl Default for NoisyOptions {
    fn default() -> Self {
        Self {
            buffer: 0,
            flush: Duration::ZERO,
            memory_mib: 0,
            writes: 0,
            reads: 0,
            reads_writes: 0,
            inner: NoisyInner::Io,
        }
    }
}

/// The modes that `noisy` can be on top of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoisyInner {
    /// `io`.
    #[default]
    Io,
    /// `mac`.
    Mac,
    /// `macswap`.
    Macswap,
    /// `5tswap`.
    FiveTupleSwap,
}

impl NoisyInner {
    /// All of them by name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("io", Self::Io),
        ("mac", Self::Mac),
        ("macswap", Self::Macswap),
        ("5tswap", Self::FiveTupleSwap),
    ];

    fn make(self, stream: &StreamContext<'_>) -> Made {
        match self {
            Self::Io => super::io::make(stream),
            Self::Mac => super::mac::make(stream),
            Self::Macswap => super::macswap::make(stream),
            Self::FiveTupleSwap => super::five_tuple_swap::make(stream),
        }
    }
}

/// Buffers packets and reads and writes memory.
struct Noisy {
    inner: Option<Box<dyn Mode>>,
    buffer: Option<Buffer>,
    memory: Memory,
    writes: u32,
    reads: u32,
    reads_writes: u32,
}

/// A mode that buffers and accesses memory as its options say.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let options = &stream.options.noisy;
    let accesses = options.writes + options.reads + options.reads_writes;
    if accesses > 0 && options.memory_mib == 0 {
        return Err(ModeError::NoMemory);
    }
    if accesses == 0 && options.buffer <= 1 {
        // There is nobody to be heard.
        return options.inner.make(stream);
    }
    Ok(Some(Box::new(Noisy {
        inner: options.inner.make(stream)?,
        buffer: (options.buffer > 1).then(|| Buffer::new(stream)).transpose()?,
        memory: Memory::new(options.memory_mib as usize * MIB, Draw::new(0, stream.number)),
        writes: options.writes,
        reads: options.reads,
        reads_writes: options.reads_writes,
    })))
}

impl Noisy {
    fn access_memory(&mut self, packets: usize) {
        if self.writes + self.reads + self.reads_writes == 0 {
            return;
        }
        for _ in 0..packets {
            (0..self.writes).for_each(|_| self.memory.write());
            (0..self.reads).for_each(|_| self.memory.read());
            for _ in 0..self.reads_writes {
                self.memory.read();
                self.memory.write();
            }
        }
    }
}

impl Mode for Noisy {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if !batch.is_empty() {
            if let Some(inner) = &mut self.inner {
                inner.process(batch, context);
            }
            let packets = match &mut self.buffer {
                Some(buffer) => buffer.pass(batch, context),
                None => batch.len(),
            };
            self.access_memory(packets);
        }
        if let Some(buffer) = &mut self.buffer {
            buffer.flush(batch);
        }
    }

    fn feed(&self) -> Feed {
        let flushes = self.buffer.as_ref().is_some_and(Buffer::flushes);
        if flushes { Feed::Polls } else { Feed::Bursts }
    }

    fn release(&mut self) -> usize {
        self.buffer.take().map_or(0, |buffer| buffer.len())
    }
}
