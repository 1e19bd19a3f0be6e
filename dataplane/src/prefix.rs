//! The files of a DPDK program, which its file prefix tells from another's: a folder of shared state, and a file in
//! hugetlbfs for each piece of memory.
//!
//! `rte_eal_cleanup` leaves them for secondary processes, and with them at least one hugepage that nobody can use: all
//! of the machine's, where they are of 1 GiB. So they are removed at the end. `--huge-unlink=always` would not do: EAL
//! refuses it together with `--single-file-segments`, and it shuts out secondary processes such as dpdk-proc-info.

use crate::machine::Machine;
use rustix::fs::{FlockOperation, fcntl_lock, flock};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

/// A file prefix and the places of its files.
#[derive(Clone, Debug)]
pub struct Prefix {
    name: String,
    /// Where EAL keeps the folders of all prefixes.
    runtime_dir: PathBuf,
}

impl Prefix {
    /// DPDK's own, unless told otherwise.
    pub const DEFAULT: &str = "rte";

    pub(crate) fn new(name: &str) -> Self {
        Self::on(&Machine::default(), name)
    }

    /// A prefix on a machine.
    pub fn on(machine: &Machine, name: &str) -> Self {
        Self { name: name.to_owned(), runtime_dir: machine.path(runtime_dir()) }
    }

    /// Every prefix that has a folder on a machine, in use or not.
    pub fn all(machine: &Machine) -> Vec<Self> {
        let runtime_dir = machine.path(runtime_dir());
        let entries = fs::read_dir(&runtime_dir).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.into_iter().map(|name| Self { name, runtime_dir: runtime_dir.clone() }).collect()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that a primary process holds its lock on.
    pub(crate) fn lock(&self) -> PathBuf {
        self.folder().join("config")
    }

    /// Whether a program runs with this prefix. To be asked before EAL runs in this process: closing the file drops the
    /// process's own lock.
    pub fn is_taken(&self) -> bool {
        let Ok(file) = OpenOptions::new().read(true).write(true).open(self.lock()) else {
            return false;
        };
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
    }

    /// Removes what EAL has left of a program that ended.
    ///
    /// What cannot be removed stays: the next program with this prefix clears it away.
    ///
    /// Source: `eal_get_hugefile_path` in DPDK's `eal_filesystem.h`.
    pub(crate) fn remove_files(&self, machine: &Machine, huge_dir: Option<&str>) {
        let memory = format!("{}map_", self.name);
        let mounted = machine.hugetlbfs_mounts().into_iter().map(|mount| mount.path);
        for folder in mounted.chain(huge_dir.map(PathBuf::from)) {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| is_numbered(&entry.file_name(), &memory)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Last, as the lock in it keeps others from this prefix.
        let _ = fs::remove_dir_all(self.folder());
    }

    /// The folder of what its program shares with others.
    pub fn folder(&self) -> PathBuf {
        self.runtime_dir.join(&self.name)
    }
}

/// Files in hugetlbfs that no program has open, of one prefix in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The file prefix.
    pub prefix: String,
    /// The folder.
    pub folder: PathBuf,
    /// How many.
    pub files: usize,
}

impl Leftover {
    /// All on a machine. A prefix of which one file is in use has none: its program runs.
    ///
    /// Source: `clear_hugedir_walk_cb` in DPDK's `eal_hugepage_info.c`: a program holds a shared lock (flock) on each of
    /// its files, which also one in another container sees.
    pub fn all(machine: &Machine) -> Vec<Self> {
        let mut found = Vec::new();
        for mount in machine.hugetlbfs_mounts() {
            let entries = fs::read_dir(&mount.path).into_iter().flatten().flatten();
            let mut prefixes: BTreeMap<String, (usize, bool)> = BTreeMap::new();
            for entry in entries {
                let Some(prefix) = prefix_of(&entry.file_name()) else { continue };
                let (files, used) = prefixes.entry(prefix).or_default();
                *files += 1;
                *used |= is_in_use(&entry.path());
            }
            let left = prefixes.into_iter().filter(|(_, (_, used))| !used);
            found.extend(left.map(|(prefix, (files, _))| Self {
                prefix,
                folder: mount.path.clone(),
                files,
            }));
        }
        found
    }
}

/// The prefix of a file of EAL's memory.
fn prefix_of(name: &std::ffi::OsStr) -> Option<String> {
    let (prefix, number) = name.to_str()?.rsplit_once("map_")?;
    number.parse::<u32>().ok()?;
    Some(prefix.to_owned())
}

/// Whether a program has a file of EAL's memory; what cannot be opened is somebody's.
fn is_in_use(path: &Path) -> bool {
    let Ok(file) = fs::File::open(path) else { return true };
    flock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
}

/// Whether a file's name is `start` and a number.
fn is_numbered(name: &std::ffi::OsStr, start: &str) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(start))
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Where EAL keeps its runtime files (`eal_create_runtime_dir` in DPDK's `eal_filesystem.c`).
fn runtime_dir() -> PathBuf {
    let base = if let Some(dir) = std::env::var_os("RUNTIME_DIRECTORY") {
        PathBuf::from(dir)
    } else if rustix::process::getuid().is_root() {
        PathBuf::from("/var/run")
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
    };
    base.join(Path::new("dpdk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_prefixs_own_files_go() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["proc", "huge", "dpdk/a", "dpdk/ab"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("proc/mounts"), "none /huge hugetlbfs rw 0 0\n").unwrap();
        for file in ["huge/amap_0", "huge/amap_17", "huge/abmap_0", "huge/amap_x", "dpdk/a/config"]
        {
            fs::write(at(file), "").unwrap();
        }
        let prefix = Prefix { name: "a".to_owned(), runtime_dir: at("dpdk") };
        prefix.remove_files(&Machine::at(root.path()), None);
        let left =
            ["huge/amap_0", "huge/amap_17", "huge/abmap_0", "huge/amap_x", "dpdk/a", "dpdk/ab"]
                .map(|path| at(path).exists());
        assert_eq!(left, [false, false, true, true, false, true]);
    }

    #[test]
    fn what_a_dead_program_left_is_told_from_what_a_running_one_has() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        for folder in ["proc", "huge"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        fs::write(machine.path("proc/mounts"), "none /huge hugetlbfs rw 0 0\n").unwrap();
        for file in ["amap_0", "amap_1", "bmap_0", "bmap_1", "other", "cmap_x"] {
            fs::write(machine.path("huge").join(file), "").unwrap();
        }
        let running = fs::File::open(machine.path("huge/bmap_1")).unwrap();
        flock(&running, FlockOperation::LockShared).unwrap();
        let of_a = Leftover { prefix: "a".to_owned(), folder: machine.path("huge"), files: 2 };
        assert_eq!(Leftover::all(&machine), [of_a]);
    }
}
