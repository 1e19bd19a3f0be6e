//! What memory this process can have: hugepages, or what else there is.

use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// One size of hugepages on this machine, over all NUMA nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// The page's size in KiB: 2048 or 1048576 on x86.
    pub page_kib: u64,
    /// Pages reserved.
    pub total: u64,
    /// Pages that nobody has mapped yet.
    pub free: u64,
}

/// Why there are no hugepages for this process, in words that say the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// None are reserved.
    #[error("no hugepages are reserved (scripts/hugepages.sh reserve 512 reserves 1 GiB of them)")]
    NoneReserved,
    /// All are taken.
    #[error("all {total} hugepages are in use (scripts/hugepages.sh show)")]
    NoneFree {
        /// Pages reserved.
        total: u64,
    },
    /// No hugetlbfs is mounted where this process may write.
    #[error("no hugetlbfs is mounted that this user may write to (scripts/hugepages.sh mount)")]
    NotMounted,
}

/// A machine's sysfs and proc, so that a test can bring its own.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self::at("/")
    }
}

impl Machine {
    /// The machine whose `sys` and `proc` are below `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The pools of hugepages, by size. Empty where the kernel has none.
    ///
    /// Source: Linux, `Documentation/admin-guide/mm/hugetlbpage.rst`.
    pub fn pools(&self) -> Vec<Pool> {
        let Ok(entries) = fs::read_dir(self.root.join("sys/kernel/mm/hugepages")) else {
            return Vec::new();
        };
        let mut pools: Vec<Pool> =
            entries.flatten().filter_map(|entry| pool(&entry.path())).collect();
        pools.sort_by_key(|pool| pool.page_kib);
        pools
    }

    /// Free hugepage memory in MiB, or why this process cannot have any.
    ///
    /// # Errors
    /// [`Unusable`], with the mend.
    pub fn usable_mib(&self) -> Result<u64, Unusable> {
        let pools = self.pools();
        let total: u64 = pools.iter().map(|pool| pool.total).sum();
        let free_mib: u64 = pools.iter().map(|pool| pool.free * pool.page_kib / 1024).sum();
        if total == 0 {
            Err(Unusable::NoneReserved)
        } else if free_mib == 0 {
            Err(Unusable::NoneFree { total })
        } else if !self.hugetlbfs_mounts().iter().any(|mount| writable(mount)) {
            Err(Unusable::NotMounted)
        } else {
            Ok(free_mib)
        }
    }

    /// Ordinary memory that can be had without swapping, in MiB; `None` where the kernel does not say.
    pub(crate) fn available_mib(&self) -> Option<u64> {
        let memory = fs::read_to_string(self.root.join("proc/meminfo")).ok()?;
        let kib = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        kib.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib / 1024)
    }

    /// Where hugetlbfs is mounted.
    pub(crate) fn hugetlbfs_mounts(&self) -> Vec<PathBuf> {
        let table = fs::read_to_string(self.root.join("proc/mounts")).unwrap_or_default();
        table
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(' ');
                let (_, path, kind) = (fields.next()?, fields.next()?, fields.next()?);
                (kind == "hugetlbfs").then(|| PathBuf::from(path))
            })
            .collect()
    }
}

fn pool(folder: &Path) -> Option<Pool> {
    let name = folder.file_name()?.to_str()?;
    let page_kib = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
    let read = |file| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    Some(Pool { page_kib, total: read("nr_hugepages")?, free: read("free_hugepages")? })
}

fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A machine with so many pages of 2 MiB; it goes with the folder.
    pub(crate) fn machine(total: u64, free: u64, mounted: bool) -> (tempfile::TempDir, Machine) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/kernel/mm/hugepages/hugepages-2048kB");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("nr_hugepages"), format!("{total}\n")).unwrap();
        fs::write(folder.join("free_hugepages"), format!("{free}\n")).unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        let mount = format!("none {} hugetlbfs rw 0 0\n", root.path().display());
        fs::write(root.path().join("proc/mounts"), if mounted { mount } else { String::new() })
            .unwrap();
        let machine = Machine::at(root.path());
        (root, machine)
    }

    #[test]
    fn says_what_is_usable() {
        assert_eq!(machine(8, 5, true).1.usable_mib(), Ok(10));
    }

    #[test]
    fn says_why_nothing_is() {
        assert_eq!(machine(0, 0, true).1.usable_mib(), Err(Unusable::NoneReserved));
        assert_eq!(machine(8, 0, true).1.usable_mib(), Err(Unusable::NoneFree { total: 8 }));
        assert_eq!(machine(8, 8, false).1.usable_mib(), Err(Unusable::NotMounted));
    }
}
