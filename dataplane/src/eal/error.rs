//! What can go wrong before DPDK runs.

use std::path::PathBuf;

/// What can go wrong before DPDK runs.
#[derive(Debug, thiserror::Error)]
pub enum EalError {
    /// EAL was started in this process before.
    #[error("DPDK's EAL can be started only once in a process")]
    AlreadyStarted,
    /// A flag holds a NUL byte.
    #[error("the EAL flag {0:?} holds a NUL byte; remove it")]
    NulByte(String),
    /// The file prefix would lead out of EAL's folders.
    #[error(
        "--file-prefix={0}: a prefix names files and cannot hold a slash; use letters and digits"
    )]
    PrefixWithSlash(String),
    /// The file prefix belongs to a program that runs.
    #[error(
        "another DPDK program runs with the file prefix '{prefix}' (it holds the lock on {}): \
         give this one a name of its own, --file-prefix=NAME, or stop the other",
        lock.display()
    )]
    PrefixTaken {
        /// The prefix that was asked for.
        prefix: String,
        /// The file that the other program holds a lock on.
        lock: PathBuf,
    },
    /// More memory is needed than the machine has hugepages for.
    #[error(
        "{needed_mib} MiB of hugepages are needed and {free_mib} MiB are free: reserve more (scripts/hugepages.sh \
         reserve {pages}), ask for less (-m, --total-num-mbufs, --rxd, --txd), or run with --no-huge"
    )]
    TooFewHugepages {
        /// What `-m` or the plan asks for.
        needed_mib: u64,
        /// What is free.
        free_mib: u64,
        /// How many 2 MiB pages would serve.
        pages: u64,
    },
    /// More memory is needed than the machine has.
    #[error(
        "{needed_mib} MiB of memory are needed and {free_mib} MiB are free: ask for less (-m, --total-num-mbufs, --rxd, \
         --txd)"
    )]
    TooLittleMemory {
        /// What `-m` or the plan asks for.
        needed_mib: u64,
        /// What is free.
        free_mib: u64,
    },
    /// What the kernel tells of devices cannot be heard.
    #[error("fail to {what}: {reason} (--hot-plug); a process that may open netlink sockets can")]
    NoDeviceEvents {
        /// In testpmd's words.
        what: &'static str,
        /// The errno's text.
        reason: String,
    },
    /// `rte_eal_init` refused.
    #[error("DPDK's EAL did not start: {reason} (flags: {flags}); its own words are above")]
    Init {
        /// The errno's text.
        reason: String,
        /// The flags it was started with.
        flags: String,
    },
}
