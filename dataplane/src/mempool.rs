//! Pools of packets.
#![allow(unsafe_code)]

use crate::batch::Batch;
use crate::eal::{Eal, errno_text, last_errno};
use crate::lcore::SocketId;
use crate::mbuf::Mbuf;
use dpdk_sys::rte_mempool;
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

/// Data room of a packet buffer, headroom included: testpmd's `--mbuf-size` (`RTE_MBUF_DEFAULT_BUF_SIZE`).
pub const DEFAULT_MBUF_SIZE: u16 = 2176;

/// What a pool is to be.
#[derive(Clone, Debug)]
pub struct MempoolConfig {
    /// A name, unique in the process, at most 25 bytes.
    pub name: String,
    /// Packets.
    pub mbufs: u32,
    /// Packets that each lcore keeps to itself, at most 512.
    pub cache: u32,
    /// Bytes of each packet's buffer, headroom included.
    pub mbuf_size: u16,
    /// The NUMA node of its memory.
    pub socket: SocketId,
}

/// How many packets a plan can have in flight, and so how many its pool must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizing {
    /// Descriptors of all receive and transmit queues.
    pub descriptors: u64,
    /// Slots of all rings.
    pub ring_slots: u64,
    /// Streams, each with a burst in its hands.
    pub streams: u64,
    /// Exits of all workers, each with a burst of copies in it.
    pub exits: u64,
    /// Packets of a burst.
    pub burst: u64,
    /// Buffers of each of these packets, at most; 0 as 1.
    pub chain: u64,
    /// Lcores that allocate or free.
    pub lcores: u64,
    /// Packets an lcore may keep in its cache.
    pub cache: u64,
    /// Packets that modes may hold.
    pub held: u64,
}

impl Sizing {
    /// Packets that can be in use while modes hold none.
    ///
    /// An lcore's cache is flushed at one and a half times its size (`rte_mempool.c`, CACHE_FLUSHTHRESH_MULTIPLIER).
    pub fn in_flight(&self) -> u64 {
        let cached = self.lcores * (self.cache + self.cache / 2);
        let bursts = self.streams * 2 + self.exits;
        self.descriptors + self.ring_slots + bursts * self.burst * self.chain.max(1) + cached
    }

    /// Packets the pool must hold so that no receive queue ever lacks one.
    ///
    /// # Errors
    /// [`MempoolError::TooMany`] if DPDK cannot count so many.
    pub fn mbufs(&self) -> Result<u32, MempoolError> {
        let needed = self.in_flight() + self.held;
        // A pool's ring has a power of two of slots less one, so this size wastes none.
        let size = (needed + 1).max(1024).next_power_of_two() - 1;
        u32::try_from(size).ok().filter(|size| *size < 1 << 31).ok_or(MempoolError::TooMany {
            needed,
            descriptors: self.descriptors,
            ring_slots: self.ring_slots,
        })
    }
}

/// Why a pool could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MempoolError {
    /// The name cannot be DPDK's.
    #[error("the pool name '{0}' is not usable: at most 25 bytes, no NUL")]
    Name(String),
    /// The plan asks for more packets than DPDK can count.
    #[error(
        "the plan can hold {needed} packets at once ({descriptors} descriptors, {ring_slots} ring slots), more than a \
         pool can have: ask for fewer queues (--rxq, --txq), descriptors (--rxd, --txd) or slots (--ring-size)"
    )]
    TooMany {
        /// Packets.
        needed: u64,
        /// Of them in queues.
        descriptors: u64,
        /// Of them in rings.
        ring_slots: u64,
    },
    /// DPDK refused.
    #[error(
        "a pool of {mbufs} packets of {mbuf_size} bytes ({mib} MiB on NUMA node {socket}) could not be made: {reason}; \
         {mend}"
    )]
    Create {
        /// Packets asked for.
        mbufs: u32,
        /// Bytes of each.
        mbuf_size: u16,
        /// What both come to.
        mib: u64,
        /// The NUMA node.
        socket: SocketId,
        /// The errno's text.
        reason: String,
        /// What to type.
        mend: String,
    },
}

/// Memory that `mbufs` packets of `mbuf_size` bytes take, in MiB: buffer, structure and pool header.
pub fn memory_mib(mbufs: u32, mbuf_size: u16) -> u64 {
    /// `struct rte_mbuf` and the object header and trailer that the pool adds, rounded up to cache lines.
    const OVERHEAD: u64 = dpdk_sys::PW_MBUF_SIZE as u64 + 128;
    (u64::from(mbufs) * (u64::from(mbuf_size) + OVERHEAD)).div_ceil(1 << 20)
}

/// Bytes of packet that a buffer of `mbuf_size` bytes holds behind the headroom.
pub(crate) fn data_room(mbuf_size: u16) -> u16 {
    mbuf_size.saturating_sub(dpdk_sys::RTE_PKTMBUF_HEADROOM as u16)
}

/// A pool of packets. Clones are handles to the one pool.
#[derive(Clone)]
pub struct Mempool(Arc<Pool>);

struct Pool {
    raw: NonNull<rte_mempool>,
    mbufs: u32,
    mbuf_size: u16,
    eal: Eal,
}

// SAFETY: a pool made with default flags is multi-producer and multi-consumer (`rte_mempool.h`), and its other fields
// do not change after creation.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

impl Mempool {
    /// Makes a pool.
    ///
    /// # Errors
    /// [`MempoolError`]; nothing is left behind.
    ///
    /// Source: `rte_mbuf.h`, `rte_pktmbuf_pool_create`.
    pub fn new(eal: &Eal, config: &MempoolConfig) -> Result<Self, MempoolError> {
        let name = CString::new(config.name.as_str())
            .ok()
            .filter(|name| name.as_bytes().len() <= 25)
            .ok_or_else(|| MempoolError::Name(config.name.clone()))?;
        // DPDK refuses a cache above two thirds of the pool.
        let cache = config.cache.min(dpdk_sys::RTE_MEMPOOL_CACHE_MAX_SIZE).min(config.mbufs / 2);
        // SAFETY: EAL runs (`eal`), and the name is copied by the call.
        let raw = unsafe {
            dpdk_sys::rte_pktmbuf_pool_create(
                name.as_ptr(),
                config.mbufs,
                cache,
                0,
                config.mbuf_size,
                config.socket.0,
            )
        };
        let raw = NonNull::new(raw).ok_or_else(|| {
            let mib = memory_mib(config.mbufs, config.mbuf_size);
            MempoolError::Create {
                mbufs: config.mbufs,
                mbuf_size: config.mbuf_size,
                mib,
                socket: config.socket,
                reason: errno_text(last_errno()),
                mend: mend(eal, last_errno(), mib),
            }
        })?;
        Ok(Self(Arc::new(Pool {
            raw,
            mbufs: config.mbufs,
            mbuf_size: config.mbuf_size,
            eal: eal.clone(),
        })))
    }

    /// Adds `count` empty packets to `batch`, or none at all.
    ///
    /// `false` if the pool or the batch has no room for all of them.
    #[inline]
    pub fn alloc_bulk(&self, batch: &mut Batch, count: usize) -> bool {
        if count > batch.room() {
            return false;
        }
        // SAFETY: the pool lives as long as `self`; the call fills all `count` entries or none, and fresh mbufs have
        // no other owner.
        let got = unsafe {
            batch.fill_with(count, |mbufs, count| {
                let rc = dpdk_sys::pw_pktmbuf_alloc_bulk(self.as_raw(), mbufs, u32::from(count));
                if rc == 0 { usize::from(count) } else { 0 }
            })
        };
        got == count
    }

    /// Adds `count` packets to `batch`, or none at all. `make` writes each into the first `room` bytes of its buffer, whose
    /// content is whatever they held, and returns how many of them are the packet.
    ///
    /// `false` if the pool or the batch has no room for all of them, or a packet has no `room`.
    #[inline]
    pub fn make_bulk(
        &self,
        batch: &mut Batch,
        count: usize,
        room: usize,
        mut make: impl FnMut(&mut [u8]) -> u16,
    ) -> bool {
        let before = batch.len();
        if room > usize::from(self.data_room()) || !self.alloc_bulk(batch, count) {
            return false;
        }
        for mbuf in &mut batch[before..] {
            // SAFETY: the pool has just given this packet out, and its buffers have the room.
            unsafe { mbuf.shape(room, &mut make) };
        }
        true
    }

    /// A packet with these bytes; `None` if the pool has none left, or they are too many for one.
    pub fn make(&self, bytes: &[u8]) -> Option<Mbuf> {
        let mut batch = Batch::new();
        let written = |buffer: &mut [u8]| {
            buffer.copy_from_slice(bytes);
            bytes.len() as u16
        };
        self.make_bulk(&mut batch, 1, bytes.len(), written);
        batch.pop()
    }

    /// A packet of this pool with the same bytes and flags; `None` if there is none left.
    ///
    /// Source: `rte_mbuf.h`, `rte_pktmbuf_copy`.
    #[inline]
    pub fn copy(&self, mbuf: &Mbuf) -> Option<Mbuf> {
        // SAFETY: both the pool and the packet live; the copy is a new packet with no other owner.
        unsafe {
            let copy = dpdk_sys::rte_pktmbuf_copy(mbuf.as_raw(), self.as_raw(), 0, u32::MAX);
            Some(Mbuf::from_raw(NonNull::new(copy)?))
        }
    }

    /// Packets the pool was made with.
    pub fn size(&self) -> u32 {
        self.0.mbufs
    }

    /// Bytes of packet that one of its buffers holds behind the headroom.
    pub fn data_room(&self) -> u16 {
        data_room(self.0.mbuf_size)
    }

    /// Packets that somebody holds: a program, a ring or a device.
    ///
    /// Sums the caches of all lcores, so it is exact only while none of them allocates or frees (`rte_mempool.h`,
    /// `rte_mempool_avail_count`).
    pub fn in_use(&self) -> u32 {
        self.0.in_use()
    }

    /// DPDK, as long as the pool is there.
    pub(crate) fn eal(&self) -> &Eal {
        &self.0.eal
    }

    pub(crate) fn as_raw(&self) -> *mut rte_mempool {
        self.0.raw.as_ptr()
    }
}

/// What to type when DPDK refuses a pool.
fn mend(eal: &Eal, errno: i32, mib: u64) -> String {
    match errno {
        libc::EEXIST => "a pool of this name exists already".to_owned(),
        libc::EINVAL => "give other numbers (--total-num-mbufs, --mbuf-size, --mbcache)".to_owned(),
        _ if eal.has_hugepages() => format!(
            "reserve hugepages (scripts/hugepages.sh reserve {}) or ask for fewer packets (--total-num-mbufs, --rxd, \
             --txd)",
            mib.div_ceil(2)
        ),
        _ => format!(
            "give EAL more memory (-m {}) or ask for fewer packets (--total-num-mbufs, --rxd, --txd)",
            mib + 256
        ),
    }
}

impl Pool {
    fn in_use(&self) -> u32 {
        // SAFETY: the pool lives as long as `self`.
        self.mbufs - unsafe { dpdk_sys::rte_mempool_avail_count(self.raw.as_ptr()) }.min(self.mbufs)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A packet that is still out points into the pool, and a worker that is freeing one counts it as back a moment
        // before it is. So the pool goes only if nothing is out and no worker runs; otherwise it stays, and EAL with it.
        if self.eal.is_quiet() && self.in_use() == 0 {
            // SAFETY: this is the last handle, every packet is back, and nobody is in the middle of giving one back.
            unsafe { dpdk_sys::rte_mempool_free(self.raw.as_ptr()) };
        } else {
            std::mem::forget(self.eal.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_never_smaller_than_what_it_must_hold() {
        for needed in [2047, 2048, 2049] {
            let sizing = Sizing { descriptors: needed, ..Sizing::default() };
            assert!(u64::from(sizing.mbufs().unwrap()) >= needed, "{needed}");
        }
        let all = Sizing {
            descriptors: 2000,
            ring_slots: 300,
            streams: 2,
            exits: 0,
            burst: 32,
            chain: 0,
            lcores: 2,
            cache: 100,
            held: 0,
        };
        assert_eq!(all.mbufs().unwrap(), 4095);
    }

    #[test]
    fn more_than_dpdk_can_count_is_refused_with_the_numbers() {
        let sizing = Sizing { ring_slots: 1 << 31, ..Sizing::default() };
        assert!(sizing.mbufs().unwrap_err().to_string().contains("2147483648 ring slots"));
    }
}
