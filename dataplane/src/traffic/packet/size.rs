//! The sizes of a stream's packets, one after the other.

use super::error::BuildError;
use crate::traffic::random::Random;
use crate::traffic::rate::Volume;
use crate::traffic::spec::{FRAME_SIZES, Mix, Sizes, Span, Weighted};

/// The frame check sequence, which a port adds behind the bytes of a packet. Testers count it in a frame's size.
pub(super) const FCS_BYTES: u16 = 4;

/// How many sizes are drawn before they come again.
const DRAWN: usize = 4096;
/// The most packets of an IMIX before it begins again.
const LONGEST_MIX: u32 = 1 << 16;

/// A round of packet sizes, without frame check sequences; it begins again at its end.
#[derive(Clone, Debug)]
pub(super) struct SizeRound {
    bytes: Box<[u16]>,
    at: usize,
}

impl SizeRound {
    pub(super) fn new(sizes: &Sizes) -> Result<Self, BuildError> {
        let frames = match sizes {
            Sizes::Fixed(size) => vec![*size],
            Sizes::Mix(Mix::Simple) => mixed(&[(64, 7), (594, 4), (1518, 1)])?,
            Sizes::Mix(Mix::Full) => mixed(&[(64, 57), (570, 7), (594, 16), (1518, 20)])?,
            Sizes::Weighted(sizes) => {
                let sizes = sizes.iter().map(|Weighted { bytes, weight }| (*bytes, *weight));
                mixed(&sizes.collect::<Vec<_>>())?
            }
            Sizes::Span(span) => spanned(span)?,
        };
        match frames.iter().find(|size| !FRAME_SIZES.contains(size)) {
            Some(size) => Err(BuildError::FrameSize(*size)),
            None => Ok(Self { bytes: frames.iter().map(|size| size - FCS_BYTES).collect(), at: 0 }),
        }
    }

    /// From the sizes of packets that there are, without their frame check sequences.
    pub(super) fn of_packets(bytes: impl Iterator<Item = u16>) -> Self {
        Self { bytes: bytes.collect(), at: 0 }
    }

    /// Those of the next packets.
    #[inline]
    pub(super) fn fill(&mut self, next: &mut [u16]) {
        match *self.bytes {
            [only] => next.fill(only),
            _ => next.fill_with(|| self.next()),
        }
    }

    /// The next packet's.
    #[inline]
    pub(super) fn next(&mut self) -> u16 {
        let size = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at = if self.at + 1 < self.bytes.len() { self.at + 1 } else { 0 };
        size
    }

    pub(super) fn smallest(&self) -> u16 {
        self.bytes.iter().copied().min().unwrap_or_default()
    }

    pub(super) fn largest(&self) -> u16 {
        self.bytes.iter().copied().max().unwrap_or_default()
    }

    /// The frames of a whole round.
    pub(super) fn volume(&self) -> Volume {
        Volume {
            packets: self.bytes.len() as u32,
            bytes: self.frame_bytes(self.bytes.len() as u64) as u32,
        }
    }

    /// What the first `packets` come to, the frame check sequences included.
    pub(super) fn frame_bytes(&self, packets: u64) -> u64 {
        let sum =
            |sizes: &[u16]| -> u64 { sizes.iter().map(|size| u64::from(size + FCS_BYTES)).sum() };
        let round = self.bytes.len().max(1) as u64;
        let begun = self.bytes.get(..(packets % round) as usize).unwrap_or_default();
        packets / round * sum(&self.bytes) + sum(begun)
    }
}

/// The sizes of an IMIX, each spread evenly over the round.
fn mixed(sizes: &[(u16, u16)]) -> Result<Vec<u16>, BuildError> {
    let total: u32 = sizes.iter().map(|(_, weight)| u32::from(*weight)).sum();
    if total == 0 || total > LONGEST_MIX {
        return Err(BuildError::Weights { total, most: LONGEST_MIX });
    }
    // Each size earns its weight with every packet, and who has earned most goes next and pays for all.
    let mut earned = vec![0i64; sizes.len()];
    Ok((0..total)
        .map(|_| {
            earned
                .iter_mut()
                .zip(sizes)
                .for_each(|(earned, (_, weight))| *earned += i64::from(*weight));
            let richest =
                (0..sizes.len()).max_by_key(|at| (earned[*at], usize::MAX - at)).unwrap_or(0);
            earned[richest] -= i64::from(total);
            sizes[richest].0
        })
        .collect())
}

fn spanned(span: &Span) -> Result<Vec<u16>, BuildError> {
    let Span { from, to, step, seed } = *span;
    if from > to || step == 0 {
        return Err(BuildError::Span { from, to, step });
    }
    let sizes: Vec<u16> = (from..=to).step_by(usize::from(step)).collect();
    Ok(match seed.map(Random::new) {
        None => sizes,
        Some(mut random) => {
            (0..DRAWN).map(|_| sizes[(random.next() % sizes.len() as u64) as usize]).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(sizes: Sizes) -> Vec<u16> {
        let mut round = SizeRound::new(&sizes).unwrap();
        (0..round.bytes.len()).map(|_| round.next() + FCS_BYTES).collect()
    }

    #[test]
    fn an_imix_is_spread_over_its_round() {
        let simple = round(Sizes::Mix(Mix::Simple));
        assert_eq!(simple, [64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64]);
        let full = round(Sizes::Mix(Mix::Full));
        let count = |size| full.iter().filter(|found| **found == size).count();
        assert_eq!([64, 570, 594, 1518].map(count), [57, 7, 16, 20]);
    }

    #[test]
    fn a_span_goes_up_or_is_drawn() {
        let span = |seed| Sizes::Span(Span { from: 64, to: 70, step: 3, seed });
        assert_eq!(round(span(None)), [64, 67, 70]);
        let drawn = round(span(Some(1)));
        assert_eq!(drawn.len(), DRAWN);
        assert!(
            [64, 67, 70]
                .iter()
                .all(|size| drawn.iter().filter(|found| *found == size).count() > 1000)
        );
        assert_eq!(drawn, round(span(Some(1))));
    }

    #[test]
    fn the_bytes_of_any_number_of_packets_are_known() {
        let sizes =
            SizeRound::new(&Sizes::Span(Span { from: 64, to: 66, step: 1, seed: None })).unwrap();
        assert_eq!([0, 1, 3, 5].map(|packets| sizes.frame_bytes(packets)), [0, 64, 195, 324]);
        assert_eq!(sizes.volume(), Volume { packets: 3, bytes: 195 });
        assert_eq!((sizes.smallest(), sizes.largest()), (60, 62));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        let weighted = |weight| Sizes::Weighted(vec![Weighted { bytes: 64, weight }]);
        for sizes in [
            Sizes::Fixed(63),
            Sizes::Fixed(9601),
            weighted(0),
            Sizes::Weighted(vec![]),
            Sizes::Span(Span { from: 65, to: 64, step: 1, seed: None }),
            Sizes::Span(Span { from: 64, to: 65, step: 0, seed: None }),
        ] {
            assert!(SizeRound::new(&sizes).is_err(), "{sizes:?}");
        }
        assert!(SizeRound::new(&weighted(9)).is_ok());
    }
}
