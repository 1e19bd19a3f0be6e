//! A packet: one owned `rte_mbuf`.
//!
//! Fields are read and written in Rust through the offsets of `compat.h`; a test holds each against its C accessor.
//! Reference counts stay DPDK's business: nothing here can make two owners of one packet.
#![allow(unsafe_code)]

mod bytes;
mod free;
mod front;
pub mod gro;
pub mod gso;
mod timestamp;

pub(crate) use free::free_bulk;
pub use timestamp::RxTimestamp;

use crate::offload::tx::{MEMORY, QINQ, VLAN};
use dpdk_sys::rte_mbuf;
use std::ptr::NonNull;

/// An owned packet. Dropping it returns it to its pool.
///
/// Not `Clone`: one owner. `Send`, because DPDK lets any EAL or registered thread free an mbuf
/// (`rte_mempool.h`: multi-producer by default); not `Sync`.
#[repr(transparent)]
pub struct Mbuf(NonNull<rte_mbuf>);

// SAFETY: an mbuf is plain memory with one owner, and its pool takes it back from any thread (`rte_mempool.h`).
unsafe impl Send for Mbuf {}

/// Reads a field of `rte_mbuf` at a fixed offset.
macro_rules! field {
    ($(#[$doc:meta])* $get:ident: $type:ty = $offset:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $get(&self) -> $type {
            // SAFETY: `self` owns a live rte_mbuf, and the offset is this field's, from offsetof() in compat.h.
            unsafe { self.at::<$type>(dpdk_sys::$offset).read() }
        }
    };
}

impl Mbuf {
    field!(/// Bytes of packet in this segment.
        data_len: u16 = PW_MBUF_DATA_LEN);
    field!(/// Bytes of packet in all segments.
        pkt_len: u32 = PW_MBUF_PKT_LEN);
    field!(/// Segments of this packet; 1 for most.
        segments: u16 = PW_MBUF_NB_SEGS);
    field!(/// The port it was received on.
        port: u16 = PW_MBUF_PORT);
    field!(/// Offload flags (`rte_mbuf_core.h`, RTE_MBUF_F_*).
        ol_flags: u64 = PW_MBUF_OL_FLAGS);
    field!(/// Size of the segment's buffer, headroom included.
        buf_len: u16 = PW_MBUF_BUF_LEN);
    field!(/// Bytes free before the data: room for headers to prepend.
        headroom: u16 = PW_MBUF_DATA_OFF);
    field!(/// Owners DPDK counts; 1 for every packet made here.
        refcnt: u16 = PW_MBUF_REFCNT);

    /// The device's RSS hash, if it computed one.
    #[inline]
    pub fn rss_hash(&self) -> Option<u32> {
        if self.ol_flags() & dpdk_sys::PW_MBUF_F_RX_RSS_HASH == 0 {
            return None;
        }
        // SAFETY: as in `field!`.
        Some(unsafe { self.at::<u32>(dpdk_sys::PW_MBUF_HASH_RSS).read() })
    }

    /// The first segment's bytes.
    #[inline]
    pub fn data(&self) -> &[u8] {
        // SAFETY: DPDK keeps data_off + data_len within the buffer, and `&self` keeps the packet alive and unchanged.
        unsafe { std::slice::from_raw_parts(self.data_ptr(), usize::from(self.data_len())) }
    }

    /// The first segment's bytes, to change; `None` if another packet shares them, as a driver that sends one buffer to
    /// several ports makes it.
    #[inline]
    pub fn data_mut(&mut self) -> Option<&mut [u8]> {
        if self.refcnt() != 1 {
            return None;
        }
        // SAFETY: as for `data`; `&mut self` and the count of one owner make this the only access.
        Some(unsafe {
            std::slice::from_raw_parts_mut(self.data_ptr(), usize::from(self.data_len()))
        })
    }

    /// Makes the packet `bytes` long and returns them, their content being whatever the buffer held.
    ///
    /// `None`, and no change, if the packet has several segments, shares its buffer, or has too short a one.
    #[inline]
    pub fn resize(&mut self, bytes: u16) -> Option<&mut [u8]> {
        let most = self.buf_len().saturating_sub(self.headroom());
        if self.segments() != 1 || self.refcnt() != 1 || bytes > most {
            return None;
        }
        // SAFETY: the data stays within the buffer, as just checked.
        unsafe { self.set_len(bytes) };
        self.data_mut()
    }

    /// Has `make` write a packet into the first `room` bytes of a fresh buffer; it returns how many of them are the packet.
    ///
    /// # Safety
    /// A pool has just given the packet out (`rte_mbuf.h`, `rte_pktmbuf_reset`: one segment and one owner, its data behind
    /// the headroom), and its buffers have `room` bytes there.
    #[inline]
    pub(crate) unsafe fn shape(&mut self, room: usize, make: impl FnOnce(&mut [u8]) -> u16) {
        // SAFETY: as in `field!`; the room is there, as the caller promises, and nobody else has it. The buffer is
        // initialised memory: EAL's heap comes zeroed from the kernel.
        let buffer = unsafe {
            let start = self.at::<NonNull<u8>>(dpdk_sys::PW_MBUF_BUF_ADDR).read();
            let data = start.add(dpdk_sys::RTE_PKTMBUF_HEADROOM as usize).as_ptr();
            std::slice::from_raw_parts_mut(data, room)
        };
        let bytes = make(buffer);
        debug_assert!(usize::from(bytes) <= room, "{bytes} bytes in a room of {room}");
        // SAFETY: `room` bytes fit, and no more are taken for the packet.
        unsafe { self.set_len(bytes.min(room as u16)) };
    }

    /// Makes a packet of one segment `bytes` long.
    ///
    /// # Safety
    /// The buffer has as many behind the headroom.
    #[inline]
    unsafe fn set_len(&mut self, bytes: u16) {
        // SAFETY: as in `field!`, and `&mut self` makes this the only access; the caller's promise keeps the data within the
        // buffer.
        unsafe {
            self.at::<u16>(dpdk_sys::PW_MBUF_DATA_LEN).write(bytes);
            self.at::<u32>(dpdk_sys::PW_MBUF_PKT_LEN).write(u32::from(bytes));
        }
    }

    /// Tells the device what to do before it sends the packet ([`crate::offload::tx`]), and where the headers lie that this
    /// concerns.
    ///
    /// The bits of [`crate::offload::tx::MEMORY`] stay as they were, whatever `flags` has there.
    #[inline]
    pub fn set_tx_offload(&mut self, flags: u64, lengths: HeaderLengths) {
        let memory = self.ol_flags() & MEMORY;
        // SAFETY: as in `field!`, and `&mut self` makes this the only access.
        unsafe {
            self.at::<u64>(dpdk_sys::PW_MBUF_OL_FLAGS).write(flags & !MEMORY | memory);
            self.at::<u64>(dpdk_sys::PW_MBUF_TX_OFFLOAD).write(lengths.packed());
        }
    }

    /// Payload of each segment that it was merged of or is to be cut into, as its device or [`Self::set_tx_offload`] said; else
    /// it means nothing.
    #[inline]
    pub fn segment(&self) -> u16 {
        // SAFETY: as in `field!`.
        let lengths = unsafe { self.at::<u64>(dpdk_sys::PW_MBUF_TX_OFFLOAD).read() };
        let mask = (1 << dpdk_sys::PW_MBUF_TSO_SEGSZ_BITS) - 1;
        (lengths >> dpdk_sys::PW_MBUF_TSO_SEGSZ_SHIFT & mask) as u16
    }

    /// Says what the packet is (`rte_mbuf_ptype.h`), where the device did not.
    #[inline]
    pub fn set_packet_type(&mut self, packet_type: u32) {
        // SAFETY: as in `field!`, and `&mut self` makes this the only access.
        unsafe { self.at::<u32>(dpdk_sys::PW_MBUF_PACKET_TYPE).write(packet_type) };
    }

    /// Tells the device the same of this packet as of `other`, VLAN tags included.
    #[inline]
    pub fn set_tx_offload_of(&mut self, other: &Self) {
        let flags = other.ol_flags() & !MEMORY | self.ol_flags() & MEMORY;
        // SAFETY: as in `field!`, and `&mut self` makes this the only access.
        unsafe {
            self.at::<u64>(dpdk_sys::PW_MBUF_OL_FLAGS).write(flags);
            let lengths = other.at::<u64>(dpdk_sys::PW_MBUF_TX_OFFLOAD).read();
            self.at::<u64>(dpdk_sys::PW_MBUF_TX_OFFLOAD).write(lengths);
            let (inner, outer) = (dpdk_sys::PW_MBUF_VLAN_TCI, dpdk_sys::PW_MBUF_VLAN_TCI_OUTER);
            self.at::<u16>(inner).write(other.at::<u16>(inner).read());
            self.at::<u16>(outer).write(other.at::<u16>(outer).read());
        }
    }

    /// Has the device put VLAN tags in front before it sends the packet, beside what it is told already.
    #[inline]
    pub fn insert_vlan(&mut self, tags: VlanTags) {
        let flags = if tags.outer.is_some() { VLAN | QINQ } else { VLAN };
        let flags = self.ol_flags() | flags;
        // SAFETY: as in `field!`, and `&mut self` makes this the only access.
        unsafe {
            self.at::<u64>(dpdk_sys::PW_MBUF_OL_FLAGS).write(flags);
            self.at::<u16>(dpdk_sys::PW_MBUF_VLAN_TCI).write(tags.inner);
            self.at::<u16>(dpdk_sys::PW_MBUF_VLAN_TCI_OUTER).write(tags.outer.unwrap_or(0));
        }
    }

    /// Appends another packet's segments, or gives it back if there would be more than an mbuf can count.
    ///
    /// # Errors
    /// The packet itself.
    ///
    /// Source: `rte_mbuf.h`, `rte_pktmbuf_chain`.
    pub fn chain(&mut self, tail: Self) -> Result<(), Self> {
        let Some(segments) = self.segments().checked_add(tail.segments()) else {
            return Err(tail);
        };
        let pkt_len = self.pkt_len() + tail.pkt_len();
        let mut last = self.0;
        // SAFETY: a packet's segments form a NULL-terminated list, which `&mut self` makes this the only user of; the tail
        // becomes a part of it and has no other owner from here on. Its first segment's own length is what the fields of
        // a packet are for a segment.
        unsafe {
            let next = |at: NonNull<rte_mbuf>| {
                let segment = std::mem::ManuallyDrop::new(Self(at));
                segment.at::<*mut rte_mbuf>(dpdk_sys::PW_MBUF_NEXT)
            };
            while let Some(segment) = NonNull::new(next(last).read()) {
                last = segment;
            }
            let data_len = u32::from(tail.data_len());
            tail.at::<u32>(dpdk_sys::PW_MBUF_PKT_LEN).write(data_len);
            next(last).write(std::mem::ManuallyDrop::new(tail).as_raw());
            self.at::<u16>(dpdk_sys::PW_MBUF_NB_SEGS).write(segments);
            self.at::<u32>(dpdk_sys::PW_MBUF_PKT_LEN).write(pkt_len);
        }
        Ok(())
    }

    /// The segments' bytes, in order: the whole packet.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut next = Some(self.0);
        std::iter::from_fn(move || {
            let segment = next?;
            // SAFETY: a packet's segments form a NULL-terminated list that lives as long as its head, which `&self`
            // borrows; the Mbuf made to read one is never dropped.
            unsafe {
                let segment = std::mem::ManuallyDrop::new(Self(segment));
                next = NonNull::new(segment.at::<*mut rte_mbuf>(dpdk_sys::PW_MBUF_NEXT).read());
                Some(std::slice::from_raw_parts(
                    segment.data_ptr().cast_const(),
                    usize::from(segment.data_len()),
                ))
            }
        })
    }

    #[inline]
    fn data_ptr(&self) -> *mut u8 {
        // SAFETY: as in `field!`; buf_addr + data_off is where DPDK puts the data (`rte_pktmbuf_mtod`). A live mbuf has a
        // buffer, and reading its address as NonNull spares the test for null that a slice in an Option asks for.
        unsafe {
            let buffer = self.at::<NonNull<u8>>(dpdk_sys::PW_MBUF_BUF_ADDR).read();
            buffer.add(usize::from(self.headroom())).as_ptr()
        }
    }

    /// Pointer to the field at `offset`.
    ///
    /// # Safety
    /// `offset` is that of a field of type `T`, from `compat.h`.
    #[inline]
    unsafe fn at<T>(&self, offset: u32) -> *mut T {
        // SAFETY: the caller's promise; the offset is within the structure.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset as usize).cast::<T>() }
    }

    /// Takes a packet over from C.
    ///
    /// # Safety
    /// It has no other owner.
    pub(crate) unsafe fn from_raw(raw: NonNull<rte_mbuf>) -> Self {
        Self(raw)
    }

    /// The C pointer, still owned.
    pub(crate) fn as_raw(&self) -> *mut rte_mbuf {
        self.0.as_ptr()
    }
}

/// VLAN tags that a device puts in front of a packet (IEEE 802.1Q §9.6: each a VLAN's number, and priority bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTags {
    /// The only one, or the second of two.
    pub inner: u16,
    /// The first of two.
    pub outer: Option<u16>,
}

/// Lengths of a packet's headers, in bytes (`rte_mbuf_core.h`, the fields of `tx_offload`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderLengths {
    /// The link layer's; in a tunnel everything between the outer network header and the inner.
    pub l2: u16,
    /// The network header's.
    pub l3: u16,
    /// The transport header's.
    pub l4: u16,
    /// Payload of each segment that the packet is to be cut into; 0 if it is not.
    pub segment: u16,
    /// The outer network header's.
    pub outer_l3: u16,
    /// The outer link layer's.
    pub outer_l2: u16,
}

impl HeaderLengths {
    /// The lengths as they stand in `tx_offload`. One that its bits cannot hold loses its upper ones, as in C.
    #[inline]
    fn packed(self) -> u64 {
        let field =
            |value: u16, shift: u32, bits: u32| (u64::from(value) & ((1 << bits) - 1)) << shift;
        field(self.l2, dpdk_sys::PW_MBUF_L2_LEN_SHIFT, dpdk_sys::PW_MBUF_L2_LEN_BITS)
            | field(self.l3, dpdk_sys::PW_MBUF_L3_LEN_SHIFT, dpdk_sys::PW_MBUF_L3_LEN_BITS)
            | field(self.l4, dpdk_sys::PW_MBUF_L4_LEN_SHIFT, dpdk_sys::PW_MBUF_L4_LEN_BITS)
            | field(
                self.segment,
                dpdk_sys::PW_MBUF_TSO_SEGSZ_SHIFT,
                dpdk_sys::PW_MBUF_TSO_SEGSZ_BITS,
            )
            | field(
                self.outer_l3,
                dpdk_sys::PW_MBUF_OUTER_L3_LEN_SHIFT,
                dpdk_sys::PW_MBUF_OUTER_L3_LEN_BITS,
            )
            | field(
                self.outer_l2,
                dpdk_sys::PW_MBUF_OUTER_L2_LEN_SHIFT,
                dpdk_sys::PW_MBUF_OUTER_L2_LEN_BITS,
            )
    }
}

impl Drop for Mbuf {
    fn drop(&mut self) {
        let mut raw = self.as_raw();
        // SAFETY: `self` owns the packet and is gone after this.
        unsafe { dpdk_sys::rte_pktmbuf_free_bulk(&mut raw, 1) };
    }
}

impl std::fmt::Debug for Mbuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mbuf")
            .field("port", &self.port())
            .field("pkt_len", &self.pkt_len())
            .field("segments", &self.segments())
            .finish_non_exhaustive()
    }
}
