//! A machine's `sys`, `proc`, `dev` and `etc`, read below a root folder: this machine's at `/`, another one's where a test
//! or a user has a copy of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The folder that the paths below are in. They are written without their first slash: `sys/bus/pci/devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Whether it is the one that this program runs on.
    pub fn is_this(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where a file of the machine is. One given from the root (`/run/x`) is looked for below the machine's.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        let below = below.as_ref();
        self.root.join(below.strip_prefix("/").unwrap_or(below))
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, below: impl AsRef<Path>) -> bool {
        self.path(below).exists()
    }

    /// The text of a file, without the space around it; `None` if it cannot be read.
    pub fn read(&self, below: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.path(below)).ok().map(|text| text.trim().to_owned())
    }

    /// What a file says, if that is a value of this kind.
    pub fn value<T: FromStr>(&self, below: impl AsRef<Path>) -> Option<T> {
        self.read(below)?.parse().ok()
    }

    /// The hexadecimal number of a file, such as `0x8086`.
    pub fn hex(&self, below: impl AsRef<Path>) -> Option<u32> {
        u32::from_str_radix(self.read(below)?.strip_prefix("0x")?, 16).ok()
    }

    /// The number of a user (`passwd`) or group (`group`) of that database, by its name or written as a number.
    ///
    /// Source: passwd(5), group(5): the first and third fields.
    pub fn account(&self, database: &str, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| {
            self.read(format!("etc/{database}"))?.lines().find_map(|line| {
                let mut fields = line.split(':');
                (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
            })
        })
    }

    /// The names in a folder, in order; none if it cannot be read.
    pub fn entries(&self, below: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(below)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The last part of what a symbolic link points to: a driver's name, a group's number, an address.
    pub fn link(&self, below: impl AsRef<Path>) -> Option<String> {
        let target = fs::read_link(self.path(below)).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        assert_eq!(machine.path("/run/a"), root.path().join("run/a"));
        assert_eq!(machine.path("sys/b"), root.path().join("sys/b"));
        assert!(!machine.is_this() && Machine::default().is_this());
    }

    #[test]
    fn files_folders_and_links_are_read() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        fs::create_dir_all(machine.path("sys/d")).unwrap();
        fs::write(machine.path("sys/d/b"), "0x8086\n").unwrap();
        fs::write(machine.path("sys/d/a"), " 12\n").unwrap();
        std::os::unix::fs::symlink("../../bus/igb", machine.path("sys/d/driver")).unwrap();
        assert_eq!(machine.hex("sys/d/b"), Some(0x8086));
        assert_eq!(machine.value::<u32>("sys/d/a"), Some(12));
        assert_eq!(machine.value::<u32>("sys/d/b"), None);
        assert_eq!(machine.entries("sys/d"), ["a", "b", "driver"]);
        assert_eq!(machine.link("sys/d/driver").as_deref(), Some("igb"));
        assert_eq!(machine.read("sys/none"), None);
    }

    #[test]
    fn an_account_is_named_or_numbered() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        fs::create_dir(machine.path("etc")).unwrap();
        fs::write(machine.path("etc/group"), "root:x:0:\nbad:x:many:\nlab:x:77:a,b\n").unwrap();
        assert_eq!(machine.account("group", "lab"), Some(77));
        assert_eq!(machine.account("group", "12"), Some(12));
        assert_eq!(machine.account("group", "bad"), None);
        assert_eq!(machine.account("passwd", "lab"), None);
    }
}
