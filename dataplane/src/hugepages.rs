//! What memory this process can use: hugepages, and ordinary memory where there are none.

use crate::machine::Machine;
use serde::Serialize;
use std::path::PathBuf;

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

/// A place where hugetlbfs is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The folder.
    pub path: PathBuf,
    /// Its pages' size in KiB, if the kernel says.
    pub page_kib: Option<u64>,
}

impl Pool {
    /// The page's size as people and mount(8) write it: `2M`, `1G`.
    pub fn size(&self) -> String {
        match self.page_kib {
            kib if kib >= 1 << 20 => format!("{}G", kib >> 20),
            kib => format!("{}M", kib >> 10),
        }
    }

    /// Memory that nobody has mapped yet, in MiB.
    pub fn free_mib(&self) -> u64 {
        self.free * self.page_kib / 1024
    }

    /// Whether its pages can be had on one of these mounts.
    pub fn is_on_one_of(&self, mounts: &[Mount]) -> bool {
        mounts.iter().any(|mount| mount.page_kib.is_none_or(|size| size == self.page_kib))
    }
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
    #[error(
        "no hugetlbfs for pages of a size that is reserved is mounted that this user may write to (scripts/hugepages.sh mount)"
    )]
    NotMounted,
}

impl Machine {
    /// The pools of hugepages, by size. Empty where the kernel has none.
    ///
    /// Source: Linux, `Documentation/admin-guide/mm/hugetlbpage.rst`.
    pub fn pools(&self) -> Vec<Pool> {
        self.pools_in("sys/kernel/mm")
    }

    /// Ordinary memory that programs can have without swapping, in MiB; `None` if the kernel does not say.
    ///
    /// Source: Linux, `Documentation/filesystems/proc.rst`, MemAvailable.
    pub fn available_mib(&self) -> Option<u64> {
        let meminfo = self.read("proc/meminfo")?;
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib / 1024)
    }

    /// Free hugepage memory in MiB, or why this process cannot have any.
    ///
    /// # Errors
    /// [`Unusable`], with the mend.
    pub fn usable_mib(&self) -> Result<u64, Unusable> {
        let mut pools = self.pools();
        pools.retain(|pool| pool.total > 0);
        if pools.is_empty() {
            return Err(Unusable::NoneReserved);
        }
        let mut mounts = self.hugetlbfs_mounts();
        mounts.retain(Mount::is_writable);
        // EAL passes over pages of a size that no mount is for.
        pools.retain(|pool| pool.is_on_one_of(&mounts));
        if pools.is_empty() {
            return Err(Unusable::NotMounted);
        }
        match pools.iter().map(Pool::free_mib).sum() {
            0 => Err(Unusable::NoneFree { total: pools.iter().map(|pool| pool.total).sum() }),
            free_mib => Ok(free_mib),
        }
    }

    /// The pools of each NUMA node, by node and size; all on node 0 where the kernel knows no nodes.
    ///
    /// These are the folders that `scripts/hugepages.sh show` lists.
    pub fn node_pools(&self) -> Vec<(u32, Pool)> {
        let nodes = self.nodes();
        let on = |node: &u32| self.pools_in(&format!("sys/devices/system/node/node{node}"));
        let pools: Vec<(u32, Pool)> =
            nodes.iter().flat_map(|node| on(node).into_iter().map(|pool| (*node, pool))).collect();
        if pools.is_empty() {
            return self.pools().into_iter().map(|pool| (0, pool)).collect();
        }
        pools
    }

    /// The numbers of the NUMA nodes; empty where the kernel knows none.
    pub fn nodes(&self) -> Vec<u32> {
        let names = self.entries("sys/devices/system/node");
        let mut nodes: Vec<u32> =
            names.iter().filter_map(|name| name.strip_prefix("node")?.parse().ok()).collect();
        nodes.sort_unstable();
        nodes
    }

    /// Where hugetlbfs is mounted.
    pub fn hugetlbfs_mounts(&self) -> Vec<Mount> {
        let table = self.read("proc/mounts").unwrap_or_default();
        table
            .lines()
            .filter_map(|line| {
                let mut fields = line.split(' ');
                let (_, path, kind) = (fields.next()?, fields.next()?, fields.next()?);
                let options = fields.next().unwrap_or_default();
                let size = options.split(',').find_map(|option| option.strip_prefix("pagesize="));
                (kind == "hugetlbfs")
                    .then(|| Mount { path: self.path(path), page_kib: size.and_then(kib) })
            })
            .collect()
    }

    /// The pools of a folder that has `hugepages/hugepages-NkB` below it, by size.
    fn pools_in(&self, folder: &str) -> Vec<Pool> {
        let folder = format!("{folder}/hugepages");
        let pool = |name: &String| {
            let page_kib = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
            let count = |file: &str| self.value(format!("{folder}/{name}/{file}"));
            Some(Pool { page_kib, total: count("nr_hugepages")?, free: count("free_hugepages")? })
        };
        let mut pools: Vec<Pool> = self.entries(&folder).iter().filter_map(pool).collect();
        pools.sort_by_key(|pool| pool.page_kib);
        pools
    }
}

impl Mount {
    /// Whether this process may make files there.
    pub fn is_writable(&self) -> bool {
        rustix::fs::access(&self.path, rustix::fs::Access::WRITE_OK).is_ok()
    }
}

/// KiB of a size as the kernel prints a mount's: `2M`, `1024M`, `1G`.
fn kib(size: &str) -> Option<u64> {
    let (digits, factor) = match size.char_indices().next_back()? {
        (at, 'K') => (size.get(..at)?, 1),
        (at, 'M') => (size.get(..at)?, 1024),
        (at, 'G') => (size.get(..at)?, 1024 * 1024),
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs;

    /// A machine with so many pages of 2 MiB; it goes with the folder.
    pub(crate) fn machine(total: u64, free: u64, mounted: bool) -> (tempfile::TempDir, Machine) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/kernel/mm/hugepages/hugepages-2048kB");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("nr_hugepages"), format!("{total}\n")).unwrap();
        fs::write(folder.join("free_hugepages"), format!("{free}\n")).unwrap();
        fs::create_dir_all(root.path().join("proc")).unwrap();
        let mount = "none / hugetlbfs rw,pagesize=2M 0 0\n";
        fs::write(root.path().join("proc/mounts"), if mounted { mount } else { "" }).unwrap();
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

    #[test]
    fn pages_of_a_size_that_is_not_mounted_are_passed_over() {
        let (root, machine) = machine(8, 5, true);
        let folder = root.path().join("sys/kernel/mm/hugepages/hugepages-1048576kB");
        fs::create_dir_all(&folder).unwrap();
        for file in ["nr_hugepages", "free_hugepages"] {
            fs::write(folder.join(file), "2\n").unwrap();
        }
        assert_eq!(machine.usable_mib(), Ok(10));
        let mount = |size: &str| {
            let text = format!("none / hugetlbfs rw,pagesize={size} 0 0\n");
            fs::write(root.path().join("proc/mounts"), text).unwrap();
        };
        mount("1024M");
        assert_eq!(machine.usable_mib(), Ok(2048));
        mount("16G");
        assert_eq!(machine.usable_mib(), Err(Unusable::NotMounted));
    }

    #[test]
    fn pools_are_told_apart_by_node_and_size() {
        let root = tempfile::tempdir().unwrap();
        for (node, kib, total) in [(0, 2048, 8), (1, 2048, 9), (1, 1_048_576, 2)] {
            let folder = format!("sys/devices/system/node/node{node}/hugepages/hugepages-{kib}kB");
            fs::create_dir_all(root.path().join(&folder)).unwrap();
            for file in ["nr_hugepages", "free_hugepages"] {
                fs::write(root.path().join(&folder).join(file), format!("{total}\n")).unwrap();
            }
        }
        let pool = |page_kib, total| Pool { page_kib, total, free: total };
        let machine = Machine::at(root.path());
        assert_eq!(
            machine.node_pools(),
            [(0, pool(2048, 8)), (1, pool(2048, 9)), (1, pool(1_048_576, 2))]
        );
        assert_eq!(machine.nodes(), [0, 1]);
    }

    #[test]
    fn mounts_have_pages_of_a_size() {
        let (root, machine) = machine(8, 8, true);
        let mount = Mount { path: root.path().to_owned(), page_kib: Some(2048) };
        assert_eq!(machine.hugetlbfs_mounts(), [mount]);
        assert_eq!(
            [kib("1024M"), kib("1G"), kib("2"), kib("")],
            [Some(1 << 20), Some(1 << 20), None, None]
        );
    }
}
