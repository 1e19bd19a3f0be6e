//! Why a trial's figures are not what was asked for.

use crate::port::PortId;
use serde::{Serialize, Serializer};

/// Why a trial is not valid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Invalid {
    /// Departures were given up.
    #[error(
        "stream {stream} gave up {skipped} departures because its core came too late or its queue was full: ask for less, \
         or give it a core of its own"
    )]
    Skipped {
        /// The stream.
        stream: u16,
        /// Departures.
        skipped: u64,
    },
    /// The pool ran dry.
    #[error(
        "stream {stream} found no packets in the pool {starved} times: give more (--total-num-mbufs)"
    )]
    Starved {
        /// The stream.
        stream: u16,
        /// Departures.
        starved: u64,
    },
    /// It ended early.
    #[error("stream {stream} sent {sent} of {asked} packets before the trial was ended")]
    Unfinished {
        /// The stream.
        stream: u16,
        /// Packets that left.
        sent: u64,
        /// Packets that were asked for.
        asked: u64,
    },
    /// Nothing came back.
    #[error(
        "stream {stream} sent {sent} packets and none came back to port {port} within {wait_ms} ms: nobody sends them there, or they \
         take longer; say where they come out (--rx-port, expect) or wait longer (wait_ms)"
    )]
    Silent {
        /// The stream.
        stream: u16,
        /// Packets that left.
        sent: u64,
        /// Where they were expected.
        port: PortId,
        /// How long each was waited for.
        wait_ms: u32,
    },
    /// It was interrupted.
    #[error("the trial was ended after {seconds:.1} of {asked:.1} seconds")]
    Interrupted {
        /// How long it ran.
        seconds: f64,
        /// How long it was to run.
        asked: f64,
    },
    /// A port's device went.
    #[error(
        "port {port} was taken away after {seconds:.1} seconds: it sent and received no more from then on"
    )]
    TakenAway {
        /// The port.
        port: PortId,
        /// When.
        seconds: f64,
    },
    /// The clock ran at another speed than EAL found, or stepped.
    #[error(
        "the timestamp counter ran {drift_ppm:.0} millionths faster than the system's clock: the times cannot be trusted"
    )]
    Clock {
        /// By how much.
        drift_ppm: f64,
    },
    /// A device's clock was set, by whoever keeps its time.
    #[error(
        "the clock of port {port}'s device stepped {steps} times: its receive times cannot be trusted; stop what sets it (ptp4l, \
         phc2sys), or go by the software's"
    )]
    DeviceClock {
        /// The port.
        port: PortId,
        /// How often.
        steps: u64,
    },
}

impl Serialize for Invalid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
