//! DPDK's own accounts of what it holds, as text in its words: memory, rings, pools, devices, logs.

use super::Eal;
use dpdk_sys::FILE;
use serde::Serialize;
use std::ffi::{CString, c_char};
use std::io;
use std::ptr;

/// What DPDK gives an account of as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump {
    /// Segments of memory (`rte_dump_physmem_layout`).
    PhysicalMemory,
    /// Named pieces of it (`rte_memzone_dump`).
    Memzones,
    /// Rings (`rte_ring_list_dump`).
    Rings,
    /// Pools (`rte_mempool_list_dump`).
    Mempools,
    /// The devices that were asked for (`rte_devargs_dump`).
    Devargs,
    /// Lcores (`rte_lcore_dump`).
    Lcores,
    /// Log types and their levels (`rte_log_dump`).
    LogTypes,
}

/// What DPDK gives an account of by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpOne {
    /// A ring (`rte_ring_dump`).
    Ring,
    /// A pool (`rte_mempool_dump`).
    Mempool,
}

/// A NUMA node's heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Heap {
    /// The NUMA node.
    pub socket: u32,
    /// Bytes in all.
    pub total_bytes: usize,
    /// Bytes given out.
    pub alloc_bytes: usize,
    /// Bytes that are left.
    pub free_bytes: usize,
    /// Pieces given out.
    pub alloc_count: u32,
    /// Pieces that are left.
    pub free_count: u32,
}

/// Bytes of the structures that memory is mostly made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StructSizes {
    /// `struct rte_mbuf`, without the packet.
    pub mbuf: usize,
    /// `struct rte_mempool`, without its packets.
    pub mempool: usize,
    /// `struct rte_ring`, without its slots.
    pub ring: usize,
}

impl StructSizes {
    /// Those of the DPDK this program was built with.
    pub const OURS: Self = Self {
        mbuf: dpdk_sys::PW_MBUF_SIZE as usize,
        mempool: size_of::<dpdk_sys::rte_mempool>(),
        ring: size_of::<dpdk_sys::rte_ring>(),
    };
}

impl Eal {
    /// DPDK's account of all there is of something.
    ///
    /// # Errors
    /// [`io::Error`] if there is no memory for it.
    pub fn dump(&self, what: Dump) -> io::Result<String> {
        let write = match what {
            Dump::PhysicalMemory => dpdk_sys::rte_dump_physmem_layout,
            Dump::Memzones => dpdk_sys::rte_memzone_dump,
            Dump::Rings => dpdk_sys::rte_ring_list_dump,
            Dump::Mempools => dpdk_sys::rte_mempool_list_dump,
            Dump::Devargs => dpdk_sys::rte_devargs_dump,
            Dump::Lcores => dpdk_sys::rte_lcore_dump,
            Dump::LogTypes => dpdk_sys::rte_log_dump,
        };
        // SAFETY: EAL runs; each of these reads under DPDK's own locks and writes to an open file.
        written(|file| unsafe { write(file) })
    }

    /// DPDK's account of one thing; `None` if there is none of this name.
    ///
    /// # Errors
    /// [`io::Error`] if there is no memory for it.
    pub fn dump_one(&self, what: DumpOne, name: &str) -> io::Result<Option<String>> {
        let Ok(name) = CString::new(name) else { return Ok(None) };
        // SAFETY: EAL runs; the name is NUL-terminated. Rings and pools are freed by the control thread alone, which is
        // here, so what is found stays for the while; figures that workers change are read as they come.
        unsafe {
            match what {
                DumpOne::Ring => {
                    let ring = dpdk_sys::rte_ring_lookup(name.as_ptr());
                    let dump = || written(|file| dpdk_sys::rte_ring_dump(file, ring));
                    (!ring.is_null()).then(dump).transpose()
                }
                DumpOne::Mempool => {
                    let pool = dpdk_sys::rte_mempool_lookup(name.as_ptr());
                    let dump = || written(|file| dpdk_sys::rte_mempool_dump(file, pool));
                    (!pool.is_null()).then(dump).transpose()
                }
            }
        }
    }

    /// The heaps that have memory, by NUMA node.
    ///
    /// Source: `rte_malloc.h`, `rte_malloc_get_socket_stats`.
    pub fn heaps(&self) -> Vec<Heap> {
        let heap = |socket: u32| {
            let mut stats = dpdk_sys::rte_malloc_socket_stats::default();
            // SAFETY: EAL runs; `stats` is written if the node has a heap.
            let rc = unsafe { dpdk_sys::rte_malloc_get_socket_stats(socket as i32, &mut stats) };
            (rc == 0 && stats.heap_totalsz_bytes > 0).then_some(Heap {
                socket,
                total_bytes: stats.heap_totalsz_bytes,
                alloc_bytes: stats.heap_allocsz_bytes,
                free_bytes: stats.heap_freesz_bytes,
                alloc_count: stats.alloc_count,
                free_count: stats.free_count,
            })
        };
        (0..dpdk_sys::RTE_MAX_NUMA_NODES).filter_map(heap).collect()
    }
}

/// What a function writes to a file that is memory.
///
/// Source: POSIX.1-2008, `open_memstream`.
fn written(write: impl FnOnce(*mut FILE)) -> io::Result<String> {
    let (mut text, mut length) = (ptr::null_mut::<c_char>(), 0_usize);
    // SAFETY: both places outlive the file, which is closed before they are read; the buffer is malloc's, and ours
    // after the close.
    unsafe {
        let file = libc::open_memstream(&mut text, &mut length);
        if file.is_null() {
            return Err(io::Error::last_os_error());
        }
        write(file.cast());
        let closed = libc::fclose(file);
        let bytes = match text.is_null() {
            true => Vec::new(),
            false => std::slice::from_raw_parts(text.cast::<u8>(), length).to_vec(),
        };
        libc::free(text.cast());
        if closed == 0 {
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back_whole() {
        let text = c"a line\nand \xff another\n";
        let puts = |file: *mut FILE| {
            // SAFETY: the file is open and the text is NUL-terminated.
            unsafe { libc::fputs(text.as_ptr(), file.cast()) };
        };
        assert_eq!(written(puts).unwrap(), "a line\nand \u{fffd} another\n");
        assert_eq!(written(|_| {}).unwrap(), "");
    }
}
