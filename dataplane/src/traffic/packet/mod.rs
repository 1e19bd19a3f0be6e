//! The packets of a stream: built once as an image, copied and changed in a few instructions for each departure.
//!
//! ```text
//! image ──copy──► packet ──words, checksums──► packet, and just before the send call ──► probe
//! ```
//!
//! Nothing of this looks at headers. What a specification means is worked out once (`stack`, `field`, `size`); what is left is
//! a list of places where numbers go, and for each checksum the sum of all that never changes (`image`). What they are in each
//! packet is worked out for several packets at a time (`ahead`). The probe adds nothing to any checksum
//! ([`Probe`](super::probe::Probe)), so a packet of fixed fields has its checksums in the image already. Where the port fills
//! in checksums (`offload`), there are the sums of pseudo headers in their places.

mod ahead;
mod error;
mod field;
mod image;
mod offload;
mod replay;
mod size;
mod stack;
mod template;
#[cfg(test)]
mod tests;
mod values;

pub use error::BuildError;
pub use offload::Checksums;
pub use replay::{Recording, RecordingError, Replay};
pub use template::Template;

use super::rate::Volume;
use crate::batch::Batch;
use crate::mempool::Mempool;

/// Where a stream's packets come from.
#[derive(Clone, Debug)]
pub enum Packets {
    /// They are built.
    Built(Template),
    /// They are those of a file.
    Replayed(Replay),
}

impl Packets {
    /// Where the probe lies in every packet; `None` if there is none.
    pub fn probe_at(&self) -> Option<usize> {
        match self {
            Self::Built(template) => Some(template.probe_at()),
            Self::Replayed(_) => None,
        }
    }

    /// The bytes of buffer that the largest packet is made in.
    pub fn room(&self) -> usize {
        match self {
            Self::Built(template) => template.room(),
            Self::Replayed(replay) => replay.room(),
        }
    }

    /// Who fills in their checksums; `None` where they are those of a file.
    pub(super) fn checksums(&self) -> Option<Checksums> {
        match self {
            Self::Built(template) => Some(match template.offload() {
                Some(_) => Checksums::Device,
                None => Checksums::Software,
            }),
            Self::Replayed(_) => None,
        }
    }

    /// The packets of a round, for reckoning rates.
    pub fn volume(&self) -> Volume {
        match self {
            Self::Built(template) => template.volume(),
            Self::Replayed(replay) => replay.volume(),
        }
    }

    /// The bytes of the first `packets` frames, their check sequences included.
    pub fn frame_bytes(&self, packets: u64) -> u64 {
        match self {
            Self::Built(template) => template.frame_bytes(packets),
            Self::Replayed(replay) => replay.frame_bytes(packets),
        }
    }

    /// Adds the next `count` packets to `batch`, all but their probes, out of `pool`; `false`, and none is added, if it has not
    /// as many or not the [`Self::room`].
    #[inline]
    pub fn make(&mut self, pool: &Mempool, batch: &mut Batch, count: usize) -> bool {
        let room = self.room();
        match self {
            Self::Built(template) => {
                let before = batch.len();
                let is_made = pool.make_bulk(batch, count, room, |buffer| template.make(buffer));
                if let Some(offload) = template.offload() {
                    offload.tell(&mut batch[before..]);
                }
                is_made
            }
            Self::Replayed(replay) => {
                pool.make_bulk(batch, count, room, |buffer| replay.make(buffer))
            }
        }
    }
}
