//! A packet in the making: its bytes, what changes from packet to packet, and the checksums over both.

use super::error::BuildError;
use super::offload::Offload;
use super::size::SizeRound;
use super::values::Values;
use crate::traffic::probe::folded;
use std::ops::Range;

/// Checksums that a packet can have; one more place takes what no checksum covers.
pub(super) const SUMS: usize = 7;
/// That place.
pub(super) const NO_SUM: usize = SUMS;

/// The packet: fields that change are zero in it, and so are checksums.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) edits: Vec<Edit>,
    pub(super) lengths: Vec<Length>,
    pub(super) sums: Vec<Covered>,
    /// What the device is told that sends it, if checksums are left to that.
    pub(super) offload: Option<Offload>,
}

/// A field that changes, in the eight bytes from `at` on, an even number; the checksums that cover it.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) at: usize,
    /// Which bits of the eight bytes are the field's: none, where a value only counts in checksums.
    pub(super) mask: u64,
    pub(super) values: Values,
    pub(super) sums: [usize; 2],
}

/// A length: the packet's bytes less `minus`. Where it only counts in a checksum it stands nowhere.
#[derive(Clone, Debug)]
pub(super) struct Length {
    pub(super) at: Option<usize>,
    pub(super) minus: u16,
    /// The checksum that counts it; twice, where a transport's length is in the pseudo header too.
    pub(super) sums: [usize; 2],
}

/// A checksum and what it covers.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) at: usize,
    pub(super) bytes: Range<usize>,
    /// The addresses and the protocol of a pseudo header.
    pub(super) pseudo: Option<(Range<usize>, u8)>,
    pub(super) form: Form,
}

/// What is written of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its complement (RFC 1071).
    Checksum,
    /// The same, but zero is written as all ones: to UDP zero means none (RFC 768).
    Udp,
    /// The sum itself: that of a pseudo header, to which a device adds the rest.
    Unfinished,
}

/// A checksum, ready to be made: what does not change is summed.
#[derive(Clone, Debug)]
pub(super) struct Checksum {
    pub(super) at: usize,
    pub(super) sum: usize,
    pub(super) base: u64,
    pub(super) form: Form,
}

impl Image {
    pub(super) fn new(bytes: usize, offload: Option<Offload>) -> Self {
        let bytes = vec![0; bytes];
        Self { bytes, edits: Vec::new(), lengths: Vec::new(), sums: Vec::new(), offload }
    }

    /// Adds a checksum; returns its number.
    pub(super) fn cover(&mut self, covered: Covered) -> Result<usize, BuildError> {
        if self.sums.len() == SUMS {
            return Err(BuildError::Checksums(SUMS));
        }
        self.sums.push(covered);
        Ok(self.sums.len() - 1)
    }

    /// Writes the lengths and checksums that are the same in all packets of these sizes, and makes edits of lengths that
    /// are not; returns the checksums that are not.
    pub(super) fn settle(&mut self, sizes: &SizeRound) -> Vec<Checksum> {
        let mut constant = [0u64; SUMS + 1];
        for Length { at, minus, sums } in std::mem::take(&mut self.lengths) {
            if sizes.smallest() < sizes.largest() {
                self.edits.push(Edit {
                    at: at.unwrap_or_default(),
                    mask: at.map_or(0, |_| u64::from(u16::MAX) << Values::LENGTH_SHIFT),
                    values: Values::Length { minus },
                    sums,
                });
                continue;
            }
            let bytes = sizes.smallest().saturating_sub(minus);
            sums.iter().for_each(|sum| constant[*sum] += u64::from(bytes));
            if let Some(at) = at {
                self.bytes[at..at + 2].copy_from_slice(&bytes.to_be_bytes());
                // What stands in the packet is summed with it below.
                constant[sums[0]] -= u64::from(bytes);
            }
        }
        let mut changing = Vec::new();
        for (sum, covered) in self.sums.iter().enumerate() {
            let base = constant[sum] + self.base(covered);
            if self.edits.iter().any(|edit| edit.sums.contains(&sum)) {
                let Covered { at, form, .. } = *covered;
                changing.push(Checksum { at, sum, base, form });
            } else {
                let at = covered.at;
                let checksum = covered.form.of(base);
                self.bytes[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
            }
        }
        changing
    }

    /// The sum of what does not change. The probe adds nothing to it, and the rest of the payload is zero.
    fn base(&self, covered: &Covered) -> u64 {
        let words = |bytes: &[u8]| -> u64 {
            bytes
                .chunks(2)
                .map(|word| u64::from(word[0]) << 8 | word.get(1).map_or(0, |low| u64::from(*low)))
                .sum()
        };
        let pseudo = covered.pseudo.as_ref().map_or(0, |(addresses, protocol)| {
            words(&self.bytes[addresses.clone()]) + u64::from(*protocol)
        });
        words(&self.bytes[covered.bytes.clone()]) + pseudo
    }
}

impl Form {
    /// A sum folded to 16 bits, in this form.
    #[inline]
    pub(super) fn of(self, sum: u64) -> u16 {
        let folded = folded(sum);
        match self {
            Self::Checksum => !folded,
            Self::Udp if folded == 0xffff => 0xffff,
            Self::Udp => !folded,
            Self::Unfinished => folded,
        }
    }
}
