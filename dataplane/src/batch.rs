//! A burst of packets: an inline array of owned mbufs.
#![allow(unsafe_code)]

use crate::mbuf::{Mbuf, free_bulk};
use dpdk_sys::rte_mbuf;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

/// Packets a batch can hold, as in testpmd (`MAX_PKT_BURST`).
pub const MAX_BURST: usize = 512;

/// Up to [`MAX_BURST`] packets, in order, without allocation. Dropping it frees them in bulk.
///
/// The packets are the slice that it derefs to. The slots come first and begin a cache line, so that a burst of 32 lies on
/// four lines and not on five.
#[repr(C, align(64))]
pub struct Batch {
    slots: [MaybeUninit<Mbuf>; MAX_BURST],
    len: usize,
}

impl Batch {
    /// An empty batch.
    #[inline]
    pub const fn new() -> Self {
        Self { len: 0, slots: [const { MaybeUninit::uninit() }; MAX_BURST] }
    }

    /// How many more packets fit.
    #[inline]
    pub fn room(&self) -> usize {
        MAX_BURST - self.len
    }

    /// Adds a packet at the end, or gives it back if the batch is full.
    ///
    /// # Errors
    /// The packet itself.
    #[inline]
    pub fn push(&mut self, mbuf: Mbuf) -> Result<(), Mbuf> {
        match self.slots.get_mut(self.len) {
            Some(slot) => {
                slot.write(mbuf);
                self.len += 1;
                Ok(())
            }
            None => Err(mbuf),
        }
    }

    /// Takes packets out of `other`, from its first on, as many as fit.
    #[inline]
    pub fn append(&mut self, other: &mut Self) {
        let count = other.len.min(self.room());
        let left = other.len - count;
        let first = other.slots.as_mut_ptr();
        // SAFETY: this batch has room for `count` more, and so many of the other's slots are initialised. They are moved out
        // of it: its rest, within the array too, takes their place.
        unsafe {
            let room = self.slots.as_mut_ptr().add(self.len);
            std::ptr::copy_nonoverlapping(first.cast_const(), room, count);
            if left > 0 {
                std::ptr::copy(first.add(count), first, left);
            }
        }
        self.len += count;
        other.len = left;
    }

    /// Takes the last packet.
    #[inline]
    pub fn pop(&mut self) -> Option<Mbuf> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: slots below the old length are initialised, and the new length excludes this one.
        Some(unsafe { self.slots[self.len].assume_init_read() })
    }

    /// Frees all packets in bulk.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Frees all but the first `len` packets in bulk.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        let Some(count) = self.len.checked_sub(len).filter(|count| *count > 0) else { return };
        self.len = len;
        // SAFETY: the `count` slots from the new length on are initialised and no longer counted, so they are freed exactly
        // once.
        unsafe {
            let first = self.slots.as_ptr().add(len).cast::<Mbuf>();
            free_bulk(std::slice::from_raw_parts(first, count));
        }
    }

    /// Keeps the packets for which `keep` says so, in order; the others are freed in bulk. Returns how many were freed.
    ///
    /// All are asked before any is moved: most bursts lose nothing, and asked in one place alone `keep` becomes a part of this
    /// loop.
    #[inline]
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Mbuf) -> bool) -> usize {
        let mut rejects = Places::default();
        let first = self.as_ptr().addr();
        for mbuf in self.iter_mut() {
            if !keep(mbuf) {
                // From its address, so that the loop counts nothing for packets that stay.
                rejects.add((std::ptr::from_ref(mbuf).addr() - first) / size_of::<Mbuf>());
            }
        }
        if rejects.count > 0 {
            self.remove(&rejects);
        }
        rejects.count
    }

    /// Frees the packets at these places.
    #[inline(never)]
    fn remove(&mut self, places: &Places) {
        if places.count == self.len {
            return self.clear();
        }
        let mut removed = Self::new();
        let mut kept = 0;
        for at in 0..std::mem::take(&mut self.len) {
            // SAFETY: slots below the length that was are initialised, and each is read once. One that stays is written to a slot
            // that was read before.
            let mbuf = unsafe { self.slots[at].assume_init_read() };
            if places.has(at) {
                removed.slots[removed.len].write(mbuf);
                removed.len += 1;
            } else {
                self.slots[kept].write(mbuf);
                kept += 1;
            }
        }
        self.len = kept;
    }

    /// Hands out every packet, in order, and leaves the batch empty.
    #[inline]
    pub fn drain_each(&mut self, mut take: impl FnMut(Mbuf)) {
        let count = std::mem::take(&mut self.len);
        for slot in &self.slots[..count] {
            // SAFETY: slots below the old length are initialised; the new length excludes them, so each is read once.
            take(unsafe { slot.assume_init_read() });
        }
    }

    /// Lets `fill` write up to `limit` mbuf pointers behind the last packet; it returns how many it wrote.
    ///
    /// # Safety
    /// `fill` gets an array of the size that it is told and returns how many leading entries, no more than that, it set to
    /// mbufs that it hands over.
    #[inline]
    pub(crate) unsafe fn fill_with(
        &mut self,
        limit: usize,
        fill: impl FnOnce(*mut *mut rte_mbuf, u16) -> usize,
    ) -> usize {
        let limit = limit.min(self.room());
        // SAFETY: `len + limit` is at most MAX_BURST, so the pointer is within the array.
        let spare = unsafe { self.raw().add(self.len) };
        let filled = fill(spare, limit as u16);
        debug_assert!(filled <= limit, "{filled} packets where {limit} were asked for");
        self.len += filled;
        filled
    }

    /// Lets `rewrite` change the array of packets in place; it returns how many there are then, no more than before.
    ///
    /// # Safety
    /// `rewrite` gets the packets and their number; it owns those that it leaves out, and each of those that it leaves in is
    /// there once.
    #[inline]
    pub(crate) unsafe fn rewrite_with(
        &mut self,
        rewrite: impl FnOnce(*mut *mut rte_mbuf, u16) -> usize,
    ) {
        let left = rewrite(self.raw(), self.len as u16);
        debug_assert!(left <= self.len, "{left} of {} packets", self.len);
        self.len = left;
    }

    /// Lets `take` consume leading packets; it returns how many it took over. The rest moves to the front.
    ///
    /// # Safety
    /// `take` gets the packets and their number and returns `(taken, left)`: it owns the first `taken` entries, and the
    /// first `left` of the array, those taken included, were packets when it was done; further ones it has disposed of. So
    /// `taken` is at most `left`, and that at most the number of packets.
    #[inline]
    pub(crate) unsafe fn take_with(
        &mut self,
        take: impl FnOnce(*mut *mut rte_mbuf, u16) -> (usize, usize),
    ) -> usize {
        let (taken, left) = take(self.raw(), self.len as u16);
        debug_assert!(taken <= left && left <= self.len, "{taken} of {left} of {}", self.len);
        if taken < left {
            let first = self.slots.as_mut_ptr();
            // SAFETY: both ranges are within the array; the taken entries are no longer ours.
            unsafe { std::ptr::copy(first.add(taken), first, left - taken) };
            self.len = left - taken;
        } else {
            self.len = 0;
        }
        taken
    }

    /// The slots as C sees them.
    #[inline]
    fn raw(&mut self) -> *mut *mut rte_mbuf {
        // `Mbuf` is a transparent NonNull<rte_mbuf>, and MaybeUninit keeps its layout.
        self.slots.as_mut_ptr().cast()
    }
}

/// Places of a batch: a bit each.
#[derive(Default)]
struct Places {
    bits: [u64; MAX_BURST / 64],
    count: usize,
}

impl Places {
    /// Adds a place that is not there yet.
    ///
    /// A call of its own: what it takes would crowd out what the loop around it keeps in registers.
    #[cold]
    #[inline(never)]
    fn add(&mut self, place: usize) {
        self.bits[place / 64] |= 1 << (place % 64);
        self.count += 1;
    }

    fn has(&self, place: usize) -> bool {
        self.bits[place / 64] >> (place % 64) & 1 == 1
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Batch {
    type Target = [Mbuf];

    #[inline]
    fn deref(&self) -> &[Mbuf] {
        // SAFETY: the first `len` slots are initialised.
        unsafe { std::slice::from_raw_parts(self.slots.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Batch {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Mbuf] {
        // SAFETY: the first `len` slots are initialised.
        unsafe { std::slice::from_raw_parts_mut(self.slots.as_mut_ptr().cast(), self.len) }
    }
}

impl Drop for Batch {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}
