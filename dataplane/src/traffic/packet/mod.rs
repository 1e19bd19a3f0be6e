//! The packets of a stream: built once as an image, copied and changed in a few instructions for each departure.
//!
//! ```text
//! image ──copy──► packet ──edits──► fields ──sums──► checksums, and just before the send call ──► probe
//! ```
//!
//! Nothing of this looks at headers. What a specification means is worked out once (`stack`, `field`, `size`); what is left is
//! a list of places where numbers go, and for each checksum the sum of all that never changes. The probe adds nothing to
//! any checksum ([`Probe`](super::probe::Probe)), so a packet of fixed fields has its checksums in the image already.

mod error;
mod field;
mod image;
mod replay;
mod size;
mod stack;
#[cfg(test)]
mod tests;
mod values;

pub use error::BuildError;
pub use replay::{Recording, RecordingError, Replay};

use super::probe::PROBE_BYTES;
use super::rate::Volume;
use super::spec::{Layer, StreamSpec};
use image::{Checksum, Edit, Length, SUMS, complement};
use size::{FCS_BYTES, SizeRound};

/// Bytes that are copied at once: a cache line, as the smallest frames fill it.
const BLOCK: usize = 64;
/// An edit's eight bytes may reach beyond the headers.
const SPARE: usize = 8;

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

    /// The next packet's bytes: a packet is made of that size.
    #[inline]
    pub fn next_bytes(&mut self) -> u16 {
        match self {
            Self::Built(template) => template.next_bytes(),
            Self::Replayed(replay) => replay.next_bytes(),
        }
    }

    /// Makes the next packet, all but its probe, in the first `bytes` of a buffer of [`Self::room`] bytes.
    #[inline]
    pub fn make(&mut self, buffer: &mut [u8], bytes: u16) {
        match self {
            Self::Built(template) => template.make(buffer, bytes),
            Self::Replayed(replay) => replay.make(buffer),
        }
    }
}

/// What makes packets of the same headers, in order.
#[derive(Clone, Debug)]
pub struct Template {
    blocks: Box<[[u8; BLOCK]]>,
    sizes: SizeRound,
    edits: Box<[Edit]>,
    lengths: Box<[Length]>,
    sums: Box<[Checksum]>,
    probe_at: usize,
}

impl Template {
    /// Works out what the packets of a stream are.
    ///
    /// # Errors
    /// [`BuildError`] says what cannot be, and what to change.
    pub fn new(spec: &StreamSpec) -> Result<Self, BuildError> {
        let layers = spec.stack();
        let sizes = SizeRound::new(&spec.size)?;
        let probe_at: usize = layers.iter().map(stack::header_bytes).sum();
        let need = probe_at + PROBE_BYTES;
        if need > usize::from(sizes.smallest()) {
            return Err(BuildError::BelowHeaders {
                size: sizes.smallest() + FCS_BYTES,
                headers: layers.iter().map(Layer::name).collect::<Vec<_>>().join(", "),
                need: need + usize::from(FCS_BYTES),
            });
        }
        let mut image = stack::build(&layers, usize::from(sizes.largest()).max(probe_at + SPARE))?;
        let sums = image.settle(&sizes);
        image.bytes.resize(image.bytes.len().next_multiple_of(BLOCK), 0);
        Ok(Self {
            blocks: image.bytes.as_chunks::<BLOCK>().0.into(),
            sizes,
            edits: image.edits.into(),
            lengths: image.lengths.into(),
            sums: sums.into(),
            probe_at,
        })
    }

    /// Where the probe lies in every packet.
    pub fn probe_at(&self) -> usize {
        self.probe_at
    }

    /// The bytes of buffer that the largest packet is made in.
    pub fn room(&self) -> usize {
        self.blocks.len() * BLOCK
    }

    /// The packets of a round of sizes, for reckoning rates.
    pub fn volume(&self) -> Volume {
        self.sizes.volume()
    }

    /// The bytes of the first `packets` frames, their check sequences included.
    pub fn frame_bytes(&self, packets: u64) -> u64 {
        self.sizes.frame_bytes(packets)
    }

    /// The next packet's bytes: a packet is made of that size.
    #[inline]
    pub fn next_bytes(&mut self) -> u16 {
        self.sizes.next()
    }

    /// Makes the next packet, all but its probe, in the first `bytes` of a buffer of [`Self::room`] bytes.
    #[inline]
    pub fn make(&mut self, buffer: &mut [u8], bytes: u16) {
        // Whole blocks are copied without a call; what lies behind the packet's end is not sent.
        let used = usize::from(bytes).div_ceil(BLOCK);
        for (to, from) in
            buffer.as_chunks_mut::<BLOCK>().0.iter_mut().zip(self.blocks.iter().take(used))
        {
            *to = *from;
        }
        if self.edits.is_empty() && self.lengths.is_empty() {
            return;
        }
        let mut changed = [0u64; SUMS + 1];
        for edit in &mut self.edits {
            let bits = edit.values.next();
            if let Some(word) =
                buffer.get_mut(edit.at..).and_then(|rest| rest.first_chunk_mut::<8>())
            {
                *word = (u64::from_be_bytes(*word) | bits).to_be_bytes();
            }
            let sum = (bits >> 32) + (bits & 0xffff_ffff);
            edit.sums.iter().for_each(|at| changed[*at] += sum);
        }
        for length in &self.lengths {
            let value = bytes.wrapping_sub(length.minus);
            if let Some(at) = length.at {
                put_u16(buffer, at, value);
            }
            changed[length.sum] += u64::from(value) * length.times;
        }
        for sum in &self.sums {
            put_u16(buffer, sum.at, complement(sum.base + changed[sum.sum], sum.is_udp));
        }
    }
}

/// Writes a number in the network's order.
#[inline]
fn put_u16(buffer: &mut [u8], at: usize, number: u16) {
    if let Some(place) = buffer.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<2>()) {
        *place = number.to_be_bytes();
    }
}
