//! From a field as it is described to bytes and edits.

use super::error::BuildError;
use super::image::{Edit, Image};
use super::values::{Counter, Values};
use crate::traffic::random::Random;
use crate::traffic::spec::{Counted, Drawn, Field};
use crate::wire::ethernet::MacAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a field can hold, as a number.
pub(super) trait Value: Copy {
    fn number(self) -> u128;
}

macro_rules! value {
    ($($type:ty: $number:expr;)*) => {$(
        impl Value for $type {
            fn number(self) -> u128 {
                ($number)(self)
            }
        }
    )*};
}

value! {
    u8: u128::from;
    u16: u128::from;
    u32: u128::from;
    MacAddr: |mac: MacAddr| mac.to_bits().into();
    Ipv4Addr: |ip: Ipv4Addr| ip.to_bits().into();
    Ipv6Addr: |ip: Ipv6Addr| ip.to_bits();
}

/// Where a field stands: its header and name for messages, its first bit in the packet, and its length.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) layer: &'static str,
    pub(super) field: &'static str,
    pub(super) bit: usize,
    pub(super) bits: u32,
}

impl Place {
    fn fitting(self, value: u128) -> Result<u128, BuildError> {
        let most = u128::MAX >> (128 - self.bits);
        if value <= most {
            return Ok(value);
        }
        let Self { layer, field, bits, .. } = self;
        Err(BuildError::Value { layer, field, value, bits, most })
    }

    fn empty(self) -> BuildError {
        BuildError::Empty { layer: self.layer, field: self.field }
    }

    /// The part of the field that changes: all of it, or the last 64 bits.
    fn changing(self) -> Self {
        let bits = self.bits.min(64);
        Self { bit: self.bit + (self.bits - bits) as usize, bits, ..self }
    }

    /// The first of the eight bytes that hold a field of up to 64 bits, an even one, and the bits behind it there.
    fn container(self) -> (usize, u32) {
        let at = self.bit / 16 * 2;
        (at, u64::BITS - (self.bit - at * 8) as u32 - self.bits)
    }
}

/// Writes a field that the checksums `sums` cover.
pub(super) fn put<T: Value>(
    image: &mut Image,
    place: Place,
    field: &Field<T>,
    sums: [usize; 2],
) -> Result<(), BuildError> {
    let changing = place.changing();
    let (at, shift) = changing.container();
    let full = (u128::MAX >> (128 - changing.bits)) as u64;
    // The low part of a number, in its place.
    let placed = |number: u128| (number as u64 & full) << shift;
    let masked = |mask: Option<T>| -> Result<u64, BuildError> {
        let mask = mask.map(|mask| changing.fitting(mask.number())).transpose()?;
        Ok(mask.map_or(full << shift, placed))
    };
    let (fixed, mask, values) = match field {
        Field::Fixed(value) => return put_fixed(image, place, place.fitting(value.number())?),
        Field::Listed(values) => {
            let numbers: Result<Vec<u128>, _> =
                values.iter().map(|value| place.fitting(value.number())).collect();
            let numbers = numbers?;
            let first = *numbers.first().ok_or_else(|| place.empty())?;
            if place.bits > 64 {
                return put_wide(image, place, &numbers, sums);
            }
            let values = numbers.into_iter().map(placed).collect();
            (first & !u128::from(full), full << shift, Values::Listed { values, at: 0 })
        }
        Field::Counted(Counted { from, step, count, every, mask }) => {
            let from = place.fitting(from.number())?;
            let mask = masked(*mask)?;
            if *count == 0 || *every == 0 {
                return Err(place.empty());
            }
            // A step down wraps, like the numbers themselves.
            let step = (*step as u64) << shift;
            let values = Values::Counted(Counter::new(placed(from), step, mask, *count, *every));
            (from & !u128::from(mask >> shift), mask, values)
        }
        Field::Drawn(Drawn { from, mask, seed }) => {
            let mask = masked(*mask)?;
            let from = place.fitting(from.number())?;
            let values = Values::Drawn { random: Random::new(*seed), mask };
            (from & !u128::from(mask >> shift), mask, values)
        }
    };
    put_fixed(image, place, fixed)?;
    image.edits.push(Edit { at, mask, values, sums });
    Ok(())
}

/// Writes a number that stays.
pub(super) fn put_fixed(image: &mut Image, place: Place, number: u128) -> Result<(), BuildError> {
    let number = place.fitting(number)?;
    for bit in 0..place.bits as usize {
        let at = place.bit + place.bits as usize - 1 - bit;
        if number >> bit & 1 == 1 {
            image.bytes[at / 8] |= 0x80 >> (at % 8);
        }
    }
    Ok(())
}

/// A list of numbers of more than 64 bits: one of their first parts and one of their last, in step.
fn put_wide(
    image: &mut Image,
    place: Place,
    numbers: &[u128],
    sums: [usize; 2],
) -> Result<(), BuildError> {
    let parts = [(Place { bits: place.bits - 64, ..place }, 64), (place.changing(), 0)];
    for (part, behind) in parts {
        let (at, shift) = part.container();
        let values = numbers.iter().map(|number| ((number >> behind) as u64) << shift).collect();
        let mask = (u64::MAX >> (u64::BITS - part.bits)) << shift;
        image.edits.push(Edit { at, mask, values: Values::Listed { values, at: 0 }, sums });
    }
    Ok(())
}
