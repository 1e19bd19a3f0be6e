//! What a stream does to packets, as the engine sees it: a mode, and what becomes of packets that the sink did not take.

use super::{Context, Counts};
use crate::batch::Batch;
use crate::engine::segmenter::Segmenter;
use crate::lcore::LcoreId;
use crate::mbuf::gro::GroError;
use crate::port::{Errno, PortId};
use crate::traffic::generator::GeneratorError;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// What a stream does to a burst of packets between its source and its sink.
///
/// The engine calls `process` once a burst. On a worker: no allocation, lock, system call or log line.
pub trait Mode: Any + Send {
    /// Changes the packets in `batch`, adds some, or takes some away.
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>);

    /// When `process` is called, and whether the stream's port is polled for it.
    fn feed(&self) -> Feed {
        Feed::Bursts
    }

    /// The mode's own counts, if it keeps any: asked for once, before it goes to its worker.
    fn counts(&self) -> Option<Arc<dyn Counts>> {
        None
    }

    /// Whether the exit to `port` is tried again when its queue is full, for a mode that puts packets into exits.
    fn retry(&self, _port: PortId) -> Option<Retry> {
        None
    }

    /// Frees the packets that the mode holds, and returns how many: the run ends, or another mode takes over.
    fn release(&mut self) -> usize {
        0
    }
}

/// When a mode is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// With each burst of packets, and not without one.
    Bursts,
    /// At every poll, with a burst or an empty batch: the mode has packets of its own, or holds some back.
    Polls,
    /// At every poll; the stream's port is left alone, as the mode makes all packets itself. What another mode left in a
    /// ring before it, it gets.
    Itself,
}

/// A mode and how its stream sends.
#[derive(Default)]
pub struct Job {
    /// What is done to packets; `None` hands them on.
    pub(crate) mode: Option<Box<dyn Mode>>,
    /// Whether a transmit queue that did not take all is tried again; `None` drops the rest at once.
    pub(crate) retry: Option<Retry>,
    /// What has packets be such as the sink's port takes; `None` if no port brings any that have to be changed for it. The
    /// dataplane's to say, which knows the ports.
    pub(crate) segmenter: Option<Box<Segmenter>>,
    /// Whether the stream leaves its port's receive queue alone. The engine's to say, as a pipeline's receiving stream has
    /// no mode itself.
    pub(crate) rests: bool,
}

impl Job {
    /// A job of these two.
    pub fn new(mode: Option<Box<dyn Mode>>, retry: Option<Retry>) -> Self {
        Self { mode, retry, ..Self::default() }
    }

    /// The job of a mode that sends once.
    pub fn of(mode: Box<dyn Mode>) -> Self {
        Self::new(Some(mode), None)
    }

    /// When the mode is called.
    pub(crate) fn feed(&self) -> Feed {
        self.mode.as_ref().map_or(Feed::Bursts, |mode| mode.feed())
    }
}

/// How often a transmit queue that is full is tried again, and how long is waited before each try (testpmd's `set fwd MODE
/// retry`, `set burst tx delay US retry N`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait before each try. The worker waits busily, so it is meant to be short.
    pub delay: Duration,
    /// How many tries follow the first.
    pub times: u32,
}

impl Retry {
    /// How long a worker may stand still for one burst: it hears no order meanwhile, `stop` neither.
    pub const LONGEST: Duration = Duration::from_secs(1);

    /// How long a worker stands still for a burst of which nothing is taken.
    pub fn in_all(&self) -> Duration {
        self.delay.saturating_mul(self.times)
    }
}

impl Default for Retry {
    /// testpmd's (`BURST_TX_WAIT_US` and `BURST_TX_RETRIES`, `app/test-pmd/testpmd.h`).
    fn default() -> Self {
        Self { delay: Duration::from_micros(1), times: 64 }
    }
}

/// Why a mode cannot be had on a stream. Each says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ModeError {
    /// The device takes no timestamps.
    #[error(
        "mode ieee1588 needs a device with hardware timestamps, which that of port {port} does not have: {reason}; give a port \
         on such a device, or another mode"
    )]
    NoTimesync {
        /// The port.
        port: PortId,
        /// DPDK's answer.
        reason: Errno,
    },
    /// A packet that the mode would make is too short for its headers, or too long for the pool's buffers.
    #[error(
        "mode {mode} cannot make packets or segments of {asked} bytes, as there is room for {most} in one mbuf and at least \
         {least} are headers: give other lengths (--txpkts) or larger mbufs (--mbuf-size)"
    )]
    PacketLength {
        /// The mode.
        mode: &'static str,
        /// Bytes asked for.
        asked: u32,
        /// Bytes at least.
        least: u32,
        /// Bytes at most.
        most: u32,
    },
    /// testpmd's condition for headers that change from packet to packet.
    #[error(
        "Random segment number or multiple flow is enabled, but tx_pkt_seg_lengths[0] {first} < {least} (needed): make the \
         first of --txpkts longer"
    )]
    FirstSegment {
        /// Bytes asked for.
        first: u16,
        /// Bytes needed.
        least: u16,
    },
    /// Memory accesses without memory.
    #[error("mode noisy is to access memory and has none: give it some (--noisy-lkup-memory=MIB)")]
    NoMemory,
    /// A buffer larger than what the pool has to spare.
    #[error(
        "mode noisy cannot hold {asked} packets, as {spare} of the pool's are what queues, rings and bursts cannot need: give \
         it a smaller buffer (--noisy-tx-sw-buffer-size) or the pool more (--total-num-mbufs)"
    )]
    Buffer {
        /// Packets asked for.
        asked: u32,
        /// Packets to spare.
        spare: u32,
    },
    /// A stream of the generator cannot be sent.
    #[error(transparent)]
    Generator(#[from] Box<GeneratorError>),
    /// A switch that keeps no counts for the lcore.
    #[error("lcore {0} is not one that the switch was made for: name it with -l before it starts")]
    NotOfSwitch(LcoreId),
    /// There is no memory for packets that wait to be merged.
    #[error(transparent)]
    Gro(#[from] GroError),
    /// The pool has no packets that the mode could hold back.
    #[error(
        "mode {mode} holds packets back, and the pool's {pool} are no more than queues, rings and bursts can need: give it \
         more (--total-num-mbufs) or ask for fewer descriptors (--rxd, --txd)"
    )]
    NoSpare {
        /// The mode.
        mode: &'static str,
        /// Packets of the pool.
        pool: u32,
    },
}
