//! Pollway's library: a poll-mode dataplane on DPDK.
//!
//! Read `docs/architecture.md` for the shape; the one concept is the **stream**, a source, a mode and a sink polled by
//! one lcore. DPDK's nouns are the files of this folder, everything built on them is a folder.

pub mod batch;
pub mod counter;
pub mod eal;
pub mod engine;
pub mod forward;
pub mod hugepages;
pub mod lcore;
pub mod machine;
pub mod mbuf;
pub mod mempool;
pub mod netlink;
pub mod offload;
pub mod pci;
pub mod port;
pub mod prefix;
pub mod ring;
pub mod runtime;
pub mod switch;
pub mod traffic;
pub mod wire;
