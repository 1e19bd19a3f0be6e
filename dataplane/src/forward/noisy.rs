//! `noisy`: forwards packets as a busy neighbour would, through a buffer and with memory accesses for each.
//!
//! ```text
//! before  1 2 3 … N N+1
//! after   1               the first leaves when the buffer has no room for another
//! ```
//!
//! What is done to a packet itself is another mode's (`--noisy-forward-mode`). A buffer of N slots holds N - 1 packets, as
//! testpmd's ring does.

use super::draw::Draw;
use super::{Context, DropReason, Feed, Made, Mode, ModeError, StreamContext};
use crate::batch::Batch;
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

const CACHE_LINE: u64 = 64;
const MIB: usize = 1 << 20;

/// What is asked of `noisy` (testpmd's `--noisy-…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoisyOptions {
    /// Slots of the buffer, a power of two; none if 0.
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
    buffer: VecDeque<Mbuf>,
    /// Packets that the buffer holds; 0 if there is none.
    room: usize,
    flush_cycles: u64,
    /// When something was last flushed, or the mode was first called.
    flushed: Option<u64>,
    flushing: bool,
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
    let room = options.buffer.saturating_sub(1);
    if room > stream.spare {
        return Err(ModeError::Buffer { asked: room, spare: stream.spare });
    }
    Ok(Some(Box::new(Noisy {
        inner: options.inner.make(stream)?,
        buffer: VecDeque::with_capacity(room as usize),
        room: room as usize,
        flush_cycles: stream.cycles_in(options.flush),
        flushed: None,
        flushing: false,
        memory: Memory::new(options.memory_mib as usize * MIB, Draw::new(0, stream.number)),
        writes: options.writes,
        reads: options.reads,
        reads_writes: options.reads_writes,
    })))
}

impl Noisy {
    /// Puts a burst into the buffer and takes out what had to make room for it; returns how many packets went in.
    fn through_buffer(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> usize {
        let came = batch.len();
        let free = self.room - self.buffer.len();
        // As testpmd: as many leave as come, if not all that come find room.
        let leave = if free >= came { 0 } else { came.min(self.buffer.len()) };
        let mut out = Batch::new();
        for mbuf in self.buffer.drain(..leave) {
            // No more than came in one batch.
            let _ = out.push(mbuf);
        }
        let mut entered = 0;
        batch.drain_each(|mbuf| {
            if self.buffer.len() < self.room {
                self.buffer.push_back(mbuf);
                entered += 1;
            } else {
                context.dropped(DropReason::HoldFull, 1);
            }
        });
        out.drain_each(|mbuf| {
            let _ = batch.push(mbuf);
        });
        entered
    }

    /// Has the buffer leave once it was quiet for too long.
    fn flush(&mut self, batch: &mut Batch) {
        let now = cycles();
        let since = *self.flushed.get_or_insert(now);
        if batch.is_empty() && now.saturating_sub(since) >= self.flush_cycles {
            self.flushing = true;
        }
        if self.flushing {
            let leave = batch.room().min(self.buffer.len());
            for mbuf in self.buffer.drain(..leave) {
                let _ = batch.push(mbuf);
            }
            self.flushing = !self.buffer.is_empty();
            if leave > 0 {
                self.flushed = Some(now);
            }
        }
    }

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
        let mut packets = batch.len();
        if packets > 0 {
            if let Some(inner) = &mut self.inner {
                inner.process(batch, context);
            }
            if self.room > 0 {
                packets = self.through_buffer(batch, context);
            }
            self.access_memory(packets);
        }
        if self.room > 0 && self.flush_cycles > 0 {
            self.flush(batch);
        }
    }

    fn feed(&self) -> Feed {
        if self.room > 0 && self.flush_cycles > 0 { Feed::Polls } else { Feed::Bursts }
    }

    fn release(&mut self) -> usize {
        let held = self.buffer.len();
        self.buffer.clear();
        held
    }
}

/// Memory that is read and written at random.
struct Memory {
    bytes: Box<[u8]>,
    draw: Draw,
}

impl Memory {
    fn new(bytes: usize, draw: Draw) -> Self {
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
    fn read(&mut self) {
        black_box(self.somewhere().map(|byte| *byte));
    }

    #[inline]
    fn write(&mut self) {
        let value = self.draw.next() as u8;
        if let Some(byte) = self.somewhere() {
            *black_box(byte) = value;
        }
    }
}
