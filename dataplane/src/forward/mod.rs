//! Forwarding modes: one mode, one file, and the table of them.
//!
//! To add a mode, write its file and add its line to [`MODES`]: help, completion and the command line read that table.

mod io;
mod mac;
mod macswap;

use crate::batch::Batch;
use crate::engine::counters::StreamCounters;
use crate::mbuf::Mbuf;
use crate::wire::ethernet::{Frame, MacAddr};
use serde::Serialize;
use std::any::Any;
use std::fmt;

/// What a stream does to a burst of packets between its source and its sink.
///
/// The engine calls `process` once a burst. On a worker: no allocation, lock, system call or log line.
pub trait Mode: Any + Send {
    /// Changes the packets in `batch`, adds some, or takes some away.
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>);
}

/// What a mode is told about the stream it works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamContext {
    /// The address of the port where packets leave.
    pub egress_mac: MacAddr,
    /// The address of the station behind that port (testpmd's `--eth-peer`).
    pub peer_mac: MacAddr,
}

/// A forwarding mode by name, which is what tells it from others.
#[derive(Clone, Copy)]
pub struct ModeEntry {
    /// Its name, as testpmd's `--forward-mode` and `set fwd` take it.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Makes one for a stream; `None` if it leaves packets alone.
    pub make: fn(&StreamContext) -> Option<Box<dyn Mode>>,
}

impl PartialEq for ModeEntry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ModeEntry {}

impl fmt::Debug for ModeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All forwarding modes, in testpmd's order; the first is what is done unless told otherwise.
pub const MODES: &[ModeEntry] = &[
    ModeEntry { name: "io", summary: "forwards packets as they are", make: io::make },
    ModeEntry {
        name: "mac",
        summary: "sets source and destination to the egress port's and its peer's address",
        make: mac::make,
    },
    ModeEntry {
        name: "macswap",
        summary: "exchanges source and destination address",
        make: macswap::make,
    },
];

/// Finds a mode by its name.
pub fn mode(name: &str) -> Option<&'static ModeEntry> {
    MODES.iter().find(|mode| mode.name == name)
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes to the sink.
    Send,
    /// It is freed and counted under the reason.
    Drop(DropReason),
}

/// Why a packet was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The transmit queue took no more.
    TxFull,
    /// The ring to the next core took no more.
    RingFull,
    /// It shares its bytes with another packet, so they must not be changed.
    Shared,
    /// Too short for the headers that the mode needs.
    Truncated,
    /// The run ended before it could be sent.
    Stopped,
}

impl DropReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::TxFull, Self::RingFull, Self::Shared, Self::Truncated, Self::Stopped];
}

/// What a mode may use while it processes a burst.
pub struct Context<'a> {
    pub(crate) counters: &'a StreamCounters,
}

impl Context<'_> {
    /// Gives each packet its fate: those that are not sent are freed in bulk and counted.
    #[inline]
    pub fn settle(&mut self, batch: &mut Batch, mut fate: impl FnMut(&mut Mbuf) -> Fate) {
        batch.retain(|mbuf| match fate(mbuf) {
            Fate::Send => true,
            Fate::Drop(reason) => {
                self.counters.dropped(reason, 1);
                false
            }
        });
    }

    /// As [`Self::settle`], with the frame that begins each packet; packets that have none or share it are dropped.
    #[inline]
    pub fn settle_frames(
        &mut self,
        batch: &mut Batch,
        mut fate: impl FnMut(Frame<&mut [u8]>) -> Fate,
    ) {
        self.settle(batch, |mbuf| match mbuf.data_mut().map(Frame::new_checked) {
            Some(Some(frame)) => fate(frame),
            Some(None) => Fate::Drop(DropReason::Truncated),
            None => Fate::Drop(DropReason::Shared),
        });
    }
}
