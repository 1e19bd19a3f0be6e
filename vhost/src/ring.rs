//! What stands in a guest's ring: how much is in it, and whether what comes next can be taken.

use crate::ffi::memory::{DESCRIPTOR_SIZE, Descriptor, MappedRing, Mapping, WRAP, indirect};
use std::fmt;

/// `VRING_DESC_F_*` and `VIRTQ_DESC_F_*` of the specification, 2.7.5 and 2.8.
const NEXT: u16 = 1;
const INDIRECT: u16 = 4;
const AVAILABLE: u16 = 1 << 7;
const USED: u16 = 1 << 15;

/// Why what comes next in a ring can never be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// More is available than the ring holds.
    Overrun { available: u16, size: u16 },
    /// A descriptor that the ring does not have.
    OutOfRange { descriptor: u16, size: u16 },
    /// A chain of more descriptors than there are.
    Loop { head: u16 },
    /// A buffer, or a table of descriptors, outside of the guest's memory.
    Unmapped { address: u64, length: u32 },
    /// A table of descriptors that is no multiple of one, or in a table.
    Table { length: u32 },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overrun { available, size } => {
                write!(f, "{available} descriptors are available in a ring of {size}")
            }
            Self::OutOfRange { descriptor, size } => {
                write!(f, "descriptor {descriptor} is not in a ring of {size}")
            }
            Self::Loop { head } => write!(f, "the chain of descriptor {head} has no end"),
            Self::Unmapped { address, length } => {
                write!(f, "{length} bytes at {address:#x} are not in its memory")
            }
            Self::Table { length } => {
                write!(f, "a table of {length} bytes of descriptors cannot be")
            }
        }
    }
}

/// How many descriptors, or in a split ring chains of them, are there to be taken.
pub(crate) fn available(ring: &MappedRing<'_>) -> u16 {
    if !ring.is_packed {
        return ring.available().wrapping_sub(ring.next());
    }
    let (mut place, mut wrap) = (ring.next() & !WRAP, ring.next() & WRAP != 0);
    for count in 0..ring.size {
        if !ring.descriptor(place).is_some_and(|descriptor| is_available(descriptor, wrap)) {
            return count;
        }
        place += 1;
        if place >= ring.size {
            (place, wrap) = (0, !wrap);
        }
    }
    ring.size
}

fn is_available(descriptor: Descriptor, wrap: bool) -> bool {
    (descriptor.flags & AVAILABLE != 0) == wrap && (descriptor.flags & USED != 0) != wrap
}

/// Whether what comes next can be taken, if there is anything.
///
/// # Errors
/// [`Malformed`]: no driver that keeps to the specification leaves it so.
pub(crate) fn check(ring: &MappedRing<'_>, memory: &[Mapping]) -> Result<(), Malformed> {
    let (available, size) = (available(ring), ring.size);
    if available == 0 {
        return Ok(());
    }
    if available > size {
        return Err(Malformed::Overrun { available, size });
    }
    let head = if ring.is_packed { ring.next() & !WRAP } else { ring.available_at(ring.next()) };
    let mut place = head;
    for _ in 0..size {
        let Some(descriptor) = ring.descriptor(place) else {
            return Err(Malformed::OutOfRange { descriptor: place, size });
        };
        if descriptor.flags & INDIRECT != 0 {
            check_table(descriptor, memory, ring.is_packed)?;
        } else {
            check_buffer(descriptor, memory)?;
        }
        if descriptor.flags & NEXT == 0 {
            return Ok(());
        }
        place = if ring.is_packed { (place + 1) % size } else { descriptor.next };
    }
    Err(Malformed::Loop { head })
}

/// A table of descriptors elsewhere in the guest's memory.
fn check_table(table: Descriptor, memory: &[Mapping], is_packed: bool) -> Result<(), Malformed> {
    let Descriptor { address, length, .. } = table;
    let count = u64::from(length) / DESCRIPTOR_SIZE;
    if count == 0 || !u64::from(length).is_multiple_of(DESCRIPTOR_SIZE) {
        return Err(Malformed::Table { length });
    }
    check_buffer(table, memory)?;
    let mut place = 0;
    for _ in 0..count {
        let at = address + place * DESCRIPTOR_SIZE;
        let Some(descriptor) = indirect(memory, at, is_packed).filter(|_| place < count) else {
            return Err(Malformed::Table { length });
        };
        if descriptor.flags & INDIRECT != 0 {
            return Err(Malformed::Table { length });
        }
        check_buffer(descriptor, memory)?;
        // In a packed ring all of the table is the chain.
        if !is_packed && descriptor.flags & NEXT == 0 {
            return Ok(());
        }
        place = if is_packed { place + 1 } else { u64::from(descriptor.next) };
    }
    if is_packed { Ok(()) } else { Err(Malformed::Loop { head: 0 }) }
}

/// A buffer, which may lie in several regions that follow one another.
fn check_buffer(buffer: Descriptor, memory: &[Mapping]) -> Result<(), Malformed> {
    let Descriptor { address, length, .. } = buffer;
    let (mut at, mut left) = (address, u64::from(length));
    loop {
        let region = memory
            .iter()
            .find(|region| at.checked_sub(region.guest).is_some_and(|start| start < region.size));
        let Some(region) = region else {
            return Err(Malformed::Unmapped { address, length });
        };
        let here = region.size - (at - region.guest);
        if left <= here {
            return Ok(());
        }
        (at, left) = (at + here, left - here);
    }
}
