//! Packets of the same headers, in order.

use super::ahead::{Ahead, BLOCK, Block};
use super::error::BuildError;
use super::offload::{Checksums, Offload};
use super::size::{FCS_BYTES, SizeRound};
use super::stack;
use crate::traffic::probe::PROBE_BYTES;
use crate::traffic::rate::Volume;
use crate::traffic::spec::{Layer, StreamSpec};

/// What makes them.
#[derive(Clone, Debug)]
pub struct Template {
    /// A packet as large as the largest, without what changes.
    image: Box<[Block]>,
    ahead: Ahead,
    probe_at: usize,
    offload: Option<Offload>,
}

impl Template {
    /// Works out what the packets of a stream are.
    ///
    /// # Errors
    /// [`BuildError`] says what cannot be, and what to change.
    pub fn new(spec: &StreamSpec) -> Result<Self, BuildError> {
        Self::made(spec, Checksums::Software)
    }

    /// Works out the same for a port that fills in checksums.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(in crate::traffic) fn made(
        spec: &StreamSpec,
        checksums: Checksums,
    ) -> Result<Self, BuildError> {
        let layers = spec.stack();
        let offload = match checksums {
            Checksums::Software => None,
            Checksums::Device => Offload::of(&layers),
        };
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
        let mut image = stack::build(&layers, sizes.largest().into(), offload)?;
        let sums = image.settle(&sizes);
        image.bytes.resize(image.bytes.len().next_multiple_of(BLOCK), 0);
        let blocks = image.bytes.as_chunks().0;
        let ahead = Ahead::new(sizes, blocks, image.edits, sums);
        let offload = image.offload.filter(Offload::is_asked_for);
        Ok(Self { image: blocks.into(), ahead, probe_at, offload })
    }

    /// What is to be told to the device of each packet.
    #[inline]
    pub(super) fn offload(&self) -> Option<Offload> {
        self.offload
    }

    /// Where the probe lies in every packet.
    pub fn probe_at(&self) -> usize {
        self.probe_at
    }

    /// The bytes of buffer that the largest packet is made in.
    pub fn room(&self) -> usize {
        self.image.len() * BLOCK
    }

    /// The packets of a round of sizes, for reckoning rates.
    pub fn volume(&self) -> Volume {
        self.ahead.sizes().volume()
    }

    /// The bytes of the first `packets` frames, their check sequences included.
    pub fn frame_bytes(&self, packets: u64) -> u64 {
        self.ahead.sizes().frame_bytes(packets)
    }

    /// Makes the next packet, all but its probe, in a buffer of [`Self::room`] bytes; returns how many of them it has.
    #[inline]
    pub fn make(&mut self, buffer: &mut [u8]) -> u16 {
        let bytes = self.ahead.turn();
        let place = buffer.as_chunks_mut().0;
        let behind = self.ahead.write_head(place);
        if behind < self.image.len() {
            // Whole blocks: what lies behind the packet's end is not sent.
            let used = usize::from(bytes).div_ceil(BLOCK);
            if let Some((to, from)) = place.get_mut(behind..used).zip(self.image.get(behind..used))
            {
                to.copy_from_slice(from);
            }
        }
        bytes
    }
}
