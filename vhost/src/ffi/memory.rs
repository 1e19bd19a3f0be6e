//! A guest's memory as it is mapped here. The guest writes to it at any time, so each number is read once and means nothing
//! more than that it was there.

use std::marker::PhantomData;
use std::ptr;

/// A region of a guest's memory, and where it is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Its address in the guest.
    pub(crate) guest: u64,
    /// Its address here.
    pub(crate) host: u64,
    /// Its bytes.
    pub(crate) size: u64,
    /// Where the file that it lies in is mapped.
    pub(crate) mapped: u64,
    /// So many bytes of the file.
    pub(crate) mapped_size: u64,
}

/// A descriptor of either ring format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// The buffer's address in the guest.
    pub(crate) address: u64,
    /// Its bytes.
    pub(crate) length: u32,
    /// What it is (`VRING_DESC_F_*`).
    pub(crate) flags: u16,
    /// In a split ring, the descriptor that follows.
    pub(crate) next: u16,
}

/// The wrap counter in a place of a packed ring.
pub(crate) const WRAP: u16 = 1 << 15;

/// The bytes of a descriptor.
pub(crate) const DESCRIPTOR_SIZE: u64 = 16;

/// A ring that is mapped here, for as long as its guest leaves it where it is.
pub(crate) struct MappedRing<'a> {
    descriptors: u64,
    /// In a split ring, the ring of those that are available.
    available: u64,
    /// How many descriptors it has.
    pub(crate) size: u16,
    /// The places of the next one to be taken and of the next one to be given back; in a packed ring with the wrap counter
    /// above them.
    pub(crate) places: [u16; 2],
    /// Its format.
    pub(crate) is_packed: bool,
    _guest: PhantomData<&'a ()>,
}

impl MappedRing<'_> {
    /// A ring; `None` if it is not mapped.
    ///
    /// # Safety
    /// Where the addresses are not 0, a ring of this size and format is mapped there for as long as the value lives.
    pub(super) unsafe fn new(
        descriptors: u64,
        available: u64,
        size: u16,
        places: [u16; 2],
        is_packed: bool,
    ) -> Option<Self> {
        let is_mapped = descriptors != 0 && available != 0 && size != 0;
        let ring = Self { descriptors, available, size, places, is_packed, _guest: PhantomData };
        is_mapped.then_some(ring)
    }

    /// The place of the next one to be taken; in a packed ring with the wrap counter above it.
    pub(crate) fn next(&self) -> u16 {
        self.places[0]
    }

    /// A descriptor; `None` past the ring's end.
    pub(crate) fn descriptor(&self, place: u16) -> Option<Descriptor> {
        let at = self.descriptors + DESCRIPTOR_SIZE * u64::from(place);
        // SAFETY: `new` was told of `size` descriptors.
        (place < self.size).then(|| unsafe { read_descriptor(at, self.is_packed) })
    }

    /// In a split ring, how many descriptors were ever made available, modulo 2^16.
    pub(crate) fn available(&self) -> u16 {
        // SAFETY: the index follows the flags, two bytes in, in the ring that `new` was told of.
        unsafe { read(self.available + 2) }
    }

    /// In a split ring, the descriptor that was made available at a place, modulo the ring's size.
    pub(crate) fn available_at(&self, place: u16) -> u16 {
        // SAFETY: after flags and index there are `size` numbers of two bytes.
        unsafe { read(self.available + 4 + 2 * u64::from(place % self.size)) }
    }
}

/// A descriptor of an indirect table, at an address of the guest's; `None` if that is in no region.
pub(crate) fn indirect(memory: &[Mapping], address: u64, is_packed: bool) -> Option<Descriptor> {
    let region = memory.iter().find(|region| {
        let start = address.checked_sub(region.guest);
        let end = start.and_then(|start| start.checked_add(DESCRIPTOR_SIZE));
        end.is_some_and(|end| end <= region.size)
    })?;
    // SAFETY: all of it is in a region, which librte_vhost has mapped; the caller's `Still` keeps it so.
    Some(unsafe { read_descriptor(region.host + (address - region.guest), is_packed) })
}

/// # Safety
/// There are [`DESCRIPTOR_SIZE`] readable bytes.
unsafe fn read_descriptor(at: u64, is_packed: bool) -> Descriptor {
    // SAFETY: the caller's.
    unsafe {
        let (address, length) = (read(at), read(at + 8));
        let (third, fourth): (u16, u16) = (read(at + 12), read(at + 14));
        let (flags, next) = if is_packed { (fourth, 0) } else { (third, fourth) };
        Descriptor { address, length, flags, next }
    }
}

/// # Safety
/// A `T`, for which any bytes will do, can be read there.
unsafe fn read<T: Copy>(at: u64) -> T {
    // A guest may place its rings anywhere, and a number that it changes meanwhile is read in parts at worst.
    // SAFETY: the caller's; the bytes are copied one by one, so alignment does not matter.
    unsafe {
        let mut value = std::mem::MaybeUninit::<T>::uninit();
        for byte in 0..size_of::<T>() {
            let from = (at as *const u8).add(byte);
            value.as_mut_ptr().cast::<u8>().add(byte).write(ptr::read_volatile(from));
        }
        value.assume_init()
    }
}
