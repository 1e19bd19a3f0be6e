//! Why a specification cannot be sent.

use super::LONGEST_WAIT_MS;
use crate::traffic::pacing::PacingError;
use crate::traffic::packet::{BuildError, RecordingError};

/// Why a specification cannot be sent. Each names the stream and says what to change.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// There is nothing to send.
    #[error("there is no stream: describe one or more ([[traffic.stream]])")]
    NoStream,
    /// A probe numbers streams with 16 bits.
    #[error(
        "{0} streams are too many: at most 65536 can be told apart; let one stream have several flows"
    )]
    Streams(usize),
    /// A stream's packets cannot be built.
    #[error("stream {stream}: {error}")]
    Build {
        /// The stream's number.
        stream: usize,
        /// Why.
        error: BuildError,
    },
    /// A stream's departures have no meaning.
    #[error("stream {stream}: {error}")]
    Pacing {
        /// The stream's number.
        stream: usize,
        /// Why.
        error: PacingError,
    },
    /// A stream's file cannot be sent.
    #[error("stream {stream}: {error}")]
    Recording {
        /// The stream's number.
        stream: usize,
        /// Why.
        error: RecordingError,
    },
    /// A stream has headers and a file.
    #[error(
        "stream {0} has headers and a file to replay: a file's packets are sent as they are; leave out one of the two"
    )]
    HeadersAndFile(usize),
    /// The wait is too long.
    #[error("packets cannot be waited for {0} ms: give at most {LONGEST_WAIT_MS} (wait_ms)")]
    Wait(u32),
    /// A time that is none.
    #[error("{what} of {seconds} seconds cannot be: give a number of 0 or more")]
    Seconds {
        /// What it is of.
        what: &'static str,
        /// The number.
        seconds: f64,
    },
    /// The pool's packets are too small.
    #[error(
        "stream {stream} needs packets with room for {room} bytes, and the pool's have {has}: give larger ones (--mbuf-size {})",
        room + 128
    )]
    FrameTooLong {
        /// The stream's number.
        stream: u16,
        /// Bytes needed.
        room: usize,
        /// Bytes that the pool's packets have.
        has: u16,
    },
}
