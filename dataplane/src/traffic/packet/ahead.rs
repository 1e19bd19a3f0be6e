//! The packets that come next, worked out several at a time: field by field, so that what a field is matters once in as many
//! packets, and a packet is but copied when its time has come.
//!
//! ```text
//!                    packet 0, 1, 2 …
//! sizes, fields ──►  values ─┬─► heads
//!                            └─► sums ──► checksums, in the heads
//! ```
//!
//! A head is the part of a packet in which something changes, in whole blocks; what is behind it is the same in all packets.
//! The heads' first blocks lie together, then their second ones: all the places of a field are as far apart.

use super::image::{Checksum, Edit, NO_SUM};
use super::size::SizeRound;
use super::values::Values;
use std::collections::BTreeSet;

/// Bytes that are copied at once: a cache line, as the smallest frames fill it.
pub(super) const BLOCK: usize = 64;

/// A piece of a packet.
pub(super) type Block = [u8; BLOCK];

/// Packets that are worked out at a time: few, so that a slow stream's packet hardly waits for those behind it.
const AHEAD: usize = 16;
/// Blocks that a head has at least, if the packet does: small frames are copied without a call.
const SMALL: usize = 2;

/// A number for each of the packets.
pub(super) type Row<T> = [T; AHEAD];

/// The sizes and heads of the next packets.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    sizes: SizeRound,
    bytes: Row<u16>,
    fields: Box<[Changing]>,
    /// The words that fields stand in, and what does not change of them.
    words: Box<[(usize, u64)]>,
    sums: Box<[(Checksum, Row<u64>)]>,
    heads: Box<[Row<Block>]>,
    /// Whose turn it is.
    at: usize,
}

/// A field that changes, and what it changes.
#[derive(Clone, Debug)]
struct Changing {
    values: Values,
    /// By how many bits values are rotated into the words that they stand in.
    rotation: u32,
    /// Those words, and the bits of them that are the field's.
    words: [Option<(usize, u64)>; 2],
    /// The checksums that cover the field.
    sums: [Option<usize>; 2],
}

impl Changing {
    fn new(edit: Edit, checksums: &[Checksum]) -> Self {
        let Edit { at, mask, values, sums } = edit;
        let (word, rotation) = (at / 8, (at % 8 * 8) as u32);
        let rotated = mask.rotate_right(rotation);
        // What is rotated out at the right has its place in the next word.
        let here = u64::MAX >> rotation;
        let place = |word, mask| (mask != 0).then_some((word, mask));
        let known = |sum| checksums.iter().position(|it| sum != NO_SUM && it.sum == sum);
        Self {
            values,
            rotation,
            words: [place(word, rotated & here), place(word + 1, rotated & !here)],
            sums: sums.map(known),
        }
    }
}

impl Ahead {
    /// Packets of these sizes that are copies of `image` but for the edits and the checksums.
    pub(super) fn new(
        sizes: SizeRound,
        image: &[Block],
        edits: Vec<Edit>,
        sums: Vec<Checksum>,
    ) -> Self {
        let fields: Box<[_]> = edits.into_iter().map(|edit| Changing::new(edit, &sums)).collect();
        let words = fields.iter().flat_map(|field| field.words).flatten().map(|(word, _)| word);
        let words: BTreeSet<usize> = words.collect();
        let changing = words.iter().map(|word| word * 8).chain(sums.iter().map(|sum| sum.at));
        let head_blocks = (changing.max().unwrap_or_default() / BLOCK + 1).max(SMALL);
        let image_words = image.as_flattened().as_chunks().0;
        let fixed = |word: usize| image_words.get(word).copied().map_or(0, u64::from_be_bytes);
        Self {
            sizes,
            bytes: [0; AHEAD],
            fields,
            words: words.into_iter().map(|word| (word, fixed(word))).collect(),
            sums: sums.into_iter().map(|sum| (sum, [0; AHEAD])).collect(),
            heads: image.iter().take(head_blocks).map(|block| [*block; AHEAD]).collect(),
            at: AHEAD - 1,
        }
    }

    /// The sizes of the packets.
    pub(super) fn sizes(&self) -> &SizeRound {
        &self.sizes
    }

    /// Goes on to the next packet; returns its bytes.
    #[inline]
    pub(super) fn turn(&mut self) -> u16 {
        self.at = (self.at + 1) % AHEAD;
        if self.at == 0 {
            self.work_out();
        }
        self.bytes[self.at]
    }

    /// Writes the packet's head into `place`, as far as that goes; returns how many blocks it may have.
    #[inline]
    pub(super) fn write_head(&self, place: &mut [Block]) -> usize {
        let at = self.at % AHEAD;
        match (place, &*self.heads) {
            // Small frames, which come in the greatest numbers, without a loop.
            ([first], [heads]) => *first = heads[at],
            ([first, second], [heads, behind]) => (*first, *second) = (heads[at], behind[at]),
            (place, heads) => {
                place.iter_mut().zip(heads).for_each(|(to, from)| *to = from[at]);
            }
        }
        self.heads.len()
    }

    /// Works out the next packets.
    #[inline(never)]
    fn work_out(&mut self) {
        let Self { sizes, bytes, fields, words, sums, heads, .. } = self;
        sizes.fill(bytes);
        for (word, fixed) in words {
            places(heads, *word).for_each(|place| *place = fixed.to_be_bytes());
        }
        for (checksum, row) in &mut *sums {
            row.fill(checksum.base);
        }
        let mut values = [0; AHEAD];
        for Changing { values: next, rotation, words, sums: covering } in fields {
            next.fill(&mut values, bytes);
            for (word, mask) in words.iter().flatten() {
                for (place, value) in places(heads, *word).zip(&values) {
                    let bits = (value.rotate_right(*rotation) & mask).to_be();
                    *place = (u64::from_ne_bytes(*place) | bits).to_ne_bytes();
                }
            }
            for sum in covering.iter().flatten() {
                // A number of several words is worth the sum of its halves.
                let halves = |value: u64| (value >> 32) + (value & 0xffff_ffff);
                let row = sums[*sum].1.iter_mut();
                row.zip(&values).for_each(|(sum, value)| *sum += halves(*value));
            }
        }
        for (Checksum { at, form, .. }, row) in sums {
            let checksums = row.map(|sum| form.of(sum));
            for (place, checksum) in places(heads, *at / 2).zip(checksums) {
                *place = checksum.to_be_bytes();
            }
        }
    }
}

/// Bytes of every head: piece number `at`, counted in pieces as long.
#[inline]
fn places<const BYTES: usize>(
    heads: &mut [Row<Block>],
    at: usize,
) -> impl Iterator<Item = &mut [u8; BYTES]> {
    let blocks = heads.get_mut(at / (BLOCK / BYTES)).map_or(&mut [][..], |blocks| blocks);
    blocks.iter_mut().map(move |block| &mut block.as_chunks_mut().0[at % (BLOCK / BYTES)])
}
