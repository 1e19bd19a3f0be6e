//! Whoever will run the program: user, rights and limits, as `/proc/self` tells them.

use dataplane::machine::Machine;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A capability's number in Linux's `capability.h`, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capability(u32, pub(super) &'static str);

impl Capability {
    pub(super) const DAC_OVERRIDE: Self = Self(1, "CAP_DAC_OVERRIDE");
    pub(super) const NET_ADMIN: Self = Self(12, "CAP_NET_ADMIN");
    pub(super) const NET_RAW: Self = Self(13, "CAP_NET_RAW");
    pub(super) const IPC_LOCK: Self = Self(14, "CAP_IPC_LOCK");
    pub(super) const SYS_ADMIN: Self = Self(21, "CAP_SYS_ADMIN");
}

/// This process's user.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) uid: u32,
    groups: Vec<u32>,
    capabilities: u64,
    /// The processors that it may run on, as the kernel lists them.
    pub(super) processors: String,
    /// How much memory it may lock, in KiB; `None` for any.
    pub(super) memlock_kib: Option<u64>,
}

impl User {
    /// The one of this process on a machine.
    ///
    /// Source: proc(5), `/proc/pid/status` and `/proc/pid/limits`.
    pub(super) fn of(machine: &Machine) -> Self {
        let status = machine.read("proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim().to_owned()
        };
        let numbers = |text: String| -> Vec<u32> {
            text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
        };
        // Real, effective, saved and file system's: the second is what counts.
        let second = |text: String| numbers(text).get(1).copied().unwrap_or_default();
        let mut groups = numbers(field("Groups"));
        groups.push(second(field("Gid")));
        let limits = machine.read("proc/self/limits").unwrap_or_default();
        let locked = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"));
        let locked: Option<u64> =
            locked.and_then(|line| line.split_whitespace().next()?.parse().ok());
        Self {
            uid: second(field("Uid")),
            groups,
            capabilities: u64::from_str_radix(&field("CapEff"), 16).unwrap_or_default(),
            processors: field("Cpus_allowed_list"),
            memlock_kib: locked.map(|bytes| bytes / 1024),
        }
    }

    pub(super) fn has(&self, capability: Capability) -> bool {
        self.capabilities >> capability.0 & 1 == 1
    }

    /// Whether it may write to a file, or make files in a folder; `false` if there is none.
    pub(super) fn may_write(&self, path: &Path) -> bool {
        let Ok(file) = fs::metadata(path) else { return false };
        let right = if file.uid() == self.uid {
            0o200
        } else if self.groups.contains(&file.gid()) {
            0o020
        } else {
            0o002
        };
        self.has(Capability::DAC_OVERRIDE) || file.mode() & right != 0
    }
}
