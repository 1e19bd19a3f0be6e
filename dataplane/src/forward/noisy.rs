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
use crate::batch::{Batch, MAX_BURST};
use crate::lcore::cycles;
use crate::mbuf::Mbuf;
use crate::ring::{Consumer, Producer, Single, ring};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
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
        let mut packets = batch.len();
        if packets > 0 {
            if let Some(inner) = &mut self.inner {
                inner.process(batch, context);
            }
            if let Some(buffer) = &mut self.buffer {
                packets = buffer.pass(batch, context);
            }
            self.access_memory(packets);
        }
        if let Some(buffer) = &mut self.buffer
            && buffer.flush_cycles > 0
        {
            buffer.flush(batch);
        }
    }

    fn feed(&self) -> Feed {
        let flushes = self.buffer.as_ref().is_some_and(|buffer| buffer.flush_cycles > 0);
        if flushes { Feed::Polls } else { Feed::Bursts }
    }

    fn release(&mut self) -> usize {
        self.buffer.take().map_or(0, |buffer| buffer.held)
    }
}

/// Packets on their way, in the order in which they came.
struct Buffer {
    entry: Producer<Mbuf, Single>,
    exit: Consumer<Mbuf, Single>,
    /// How many there are, and can be: nobody else puts any in or takes any out, so the ring need not be asked.
    held: usize,
    room: usize,
    flush_cycles: u64,
    /// When something was last flushed, or the mode was first called.
    flushed: Option<u64>,
    flushing: bool,
}

impl Buffer {
    fn new(stream: &StreamContext<'_>) -> Result<Self, ModeError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let options = &stream.options.noisy;
        let room = options.buffer - 1;
        if room > stream.spare {
            return Err(ModeError::Buffer { asked: room, spare: stream.spare });
        }
        // A mode may be made while the one that it is to follow still runs.
        let name = format!("pw_noisy{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let pool = stream.pool;
        let (entry, exit) = ring(pool.eal(), &name, options.buffer, stream.egress.socket)?;
        let (room, flush_cycles) = (entry.capacity(), stream.cycles_in(options.flush));
        Ok(Self { entry, exit, held: 0, room, flush_cycles, flushed: None, flushing: false })
    }

    /// Puts a burst in and takes out what had to make room for it; returns how many packets went in.
    ///
    /// Not inlined: its batch would be on the stack of those that have no buffer, too.
    #[inline(never)]
    fn pass(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> usize {
        let came = batch.len();
        let mut out = Batch::new();
        // As testpmd: as many leave as come, if not all that come find room.
        if self.room - self.held < came {
            self.held -= self.exit.dequeue_batch(&mut out, came);
        }
        let entered = self.entry.enqueue_batch(batch);
        self.held += entered;
        if !batch.is_empty() {
            context.dropped(DropReason::HoldFull, batch.len());
            batch.clear();
        }
        batch.append(&mut out);
        entered
    }

    /// Has what is in it leave once it was quiet for too long.
    fn flush(&mut self, batch: &mut Batch) {
        let now = cycles();
        let since = *self.flushed.get_or_insert(now);
        if batch.is_empty() && now.saturating_sub(since) >= self.flush_cycles {
            self.flushing = true;
        }
        if self.flushing {
            let left = self.exit.dequeue_batch(batch, MAX_BURST);
            self.held -= left;
            self.flushing = self.held > 0;
            if left > 0 {
                self.flushed = Some(now);
            }
        }
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
