//! DPDK's memory by NUMA node: `dump_socket_mem` (testpmd's `dump_socket_mem`, `app/test-pmd/cmdline.c`).

use dataplane::eal::Heap;
use serde::Serialize;
use std::fmt;

/// DPDK's memory by NUMA node, and what has changed since it was last shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeapsPage {
    /// The heaps.
    pub(crate) heaps: Vec<Heap>,
    /// Their sum when they were last shown; `None` the first time.
    pub(crate) before: Option<HeapsTotal>,
}

/// All heaps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HeapsTotal {
    /// Bytes in all.
    pub(crate) total_bytes: usize,
    /// Bytes given out.
    pub(crate) alloc_bytes: usize,
}

impl HeapsPage {
    /// All heaps together, to be held against the next time.
    pub(crate) fn total(&self) -> HeapsTotal {
        let sum = self.sum();
        HeapsTotal { total_bytes: sum.total_bytes, alloc_bytes: sum.alloc_bytes }
    }

    fn sum(&self) -> Heap {
        self.heaps.iter().fold(Heap::default(), |sum, heap| Heap {
            socket: 0,
            total_bytes: sum.total_bytes + heap.total_bytes,
            alloc_bytes: sum.alloc_bytes + heap.alloc_bytes,
            free_bytes: sum.free_bytes + heap.free_bytes,
            alloc_count: sum.alloc_count + heap.alloc_count,
            free_count: sum.free_count + heap.free_count,
        })
    }
}

impl fmt::Display for HeapsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for heap in &self.heaps {
            write_heap(f, &format!("Socket {}", heap.socket), heap)?;
        }
        write_heap(f, "Total   ", &self.sum())?;
        let Some(before) = self.before else { return Ok(()) };
        let now = self.total();
        let change = |before: usize, now: usize| mib(now) - mib(before);
        writeln!(
            f,
            "Memory total change: {:.6}(M), allocation change: {:.6}(M)",
            change(before.total_bytes, now.total_bytes),
            change(before.alloc_bytes, now.alloc_bytes)
        )
    }
}

fn write_heap(f: &mut fmt::Formatter<'_>, name: &str, heap: &Heap) -> fmt::Result {
    let [total, alloc, free] = [heap.total_bytes, heap.alloc_bytes, heap.free_bytes].map(mib);
    let share = if heap.total_bytes == 0 { 0.0 } else { alloc * 100.0 / total };
    writeln!(
        f,
        "{name}: size(M) total: {total:.6} alloc: {alloc:.6}({share:.3}%) free: {free:.6} \t\
         count alloc: {:<4} free: {}",
        heap.alloc_count, heap.free_count
    )
}

#[allow(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let heap = Heap {
            socket: 0,
            total_bytes: 256 << 20,
            alloc_bytes: 16 << 20,
            free_bytes: 240 << 20,
            alloc_count: 77,
            free_count: 2,
        };
        let mut page = HeapsPage { heaps: vec![heap], before: None };
        let figures = "size(M) total: 256.000000 alloc: 16.000000(6.250%) free: 240.000000 \tcount alloc: 77   free: 2\n";
        let lines = format!("Socket 0: {figures}Total   : {figures}");
        assert_eq!(page.to_string(), lines);
        page.before = Some(HeapsTotal { total_bytes: 256 << 20, alloc_bytes: 17 << 20 });
        assert_eq!(
            page.to_string(),
            format!("{lines}Memory total change: 0.000000(M), allocation change: -1.000000(M)\n")
        );
    }
}
