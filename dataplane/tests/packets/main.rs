//! Packets, batches, pools and rings: nothing lost, nothing twice, and each Rust reader agrees with its C twin.
#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

mod batches;
#[path = "../common/mod.rs"]
mod common;
mod fields;
mod handles;
mod pools;
mod rings;

use dataplane::batch::Batch;
use dataplane::mbuf::Mbuf;
use dataplane::mempool::Mempool;

/// A packet whose first bytes are its number.
fn numbered(pool: &Mempool, number: u64) -> Mbuf {
    let mut one = Batch::new();
    assert!(pool.alloc_bulk(&mut one, 1));
    let mut mbuf = one.pop().unwrap();
    mbuf.resize(60).unwrap()[..8].copy_from_slice(&number.to_le_bytes());
    mbuf
}

fn number(mbuf: &Mbuf) -> u64 {
    u64::from_le_bytes(mbuf.data()[..8].try_into().unwrap())
}
