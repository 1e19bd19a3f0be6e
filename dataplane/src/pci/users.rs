//! Who holds a device open: programs with its VFIO group or its UIO file.

use crate::machine::Machine;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A program that runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct User {
    /// Its process.
    pub pid: u32,
    /// Its name.
    pub program: String,
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.program, self.pid)
    }
}

/// Which programs have which files of `/dev/vfio` and `/dev/uio*` open. Only root sees those of others.
#[derive(Debug, Default)]
pub(super) struct Users(BTreeMap<String, Vec<User>>);

impl Users {
    /// Looks through the open files of all processes.
    pub(super) fn of(machine: &Machine) -> Self {
        let mut users = Self::default();
        for process in machine.entries("proc") {
            let Ok(pid) = process.parse() else { continue };
            for file in machine.entries(format!("proc/{process}/fd")) {
                users.see(machine, pid, &format!("proc/{process}/fd/{file}"));
            }
        }
        users
    }

    fn see(&mut self, machine: &Machine, pid: u32, file: &str) {
        let Ok(target) = std::fs::read_link(machine.path(file)) else { return };
        let Some(name) = target.to_str().filter(|name| is_device(name)) else { return };
        let user =
            User { pid, program: machine.read(format!("proc/{pid}/comm")).unwrap_or_default() };
        let users = self.0.entry(name.to_owned()).or_default();
        if !users.contains(&user) {
            users.push(user);
        }
    }

    /// The programs that hold a device, given its folder in sysfs and its IOMMU group.
    pub(super) fn of_device(
        &self,
        machine: &Machine,
        folder: &str,
        group: Option<u32>,
    ) -> Vec<User> {
        // Without an IOMMU VFIO's file has another name (`vfio_noiommu`).
        let groups = group
            .into_iter()
            .flat_map(|group| [format!("/dev/vfio/{group}"), format!("/dev/vfio/noiommu-{group}")]);
        let uios =
            machine.entries(format!("{folder}/uio")).into_iter().map(|uio| format!("/dev/{uio}"));
        groups.chain(uios).filter_map(|file| self.0.get(&file)).flatten().cloned().collect()
    }
}

fn is_device(file: &str) -> bool {
    let is_group = |name: &str| name.trim_start_matches("noiommu-").parse::<u32>().is_ok();
    file.strip_prefix("/dev/vfio/").is_some_and(is_group) || file.starts_with("/dev/uio")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_holders_of_groups_and_uio_files_are_found() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        for folder in ["proc/12/fd", "proc/9/fd", "proc/self", "sys/a/uio/uio3"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        fs::write(machine.path("proc/12/comm"), "pollway\n").unwrap();
        for (at, file) in [
            ("proc/12/fd/4", "/dev/vfio/7"),
            ("proc/12/fd/5", "/dev/vfio/7"),
            ("proc/12/fd/6", "/dev/vfio/vfio"),
            ("proc/9/fd/3", "/dev/uio3"),
        ] {
            symlink(file, machine.path(at)).unwrap();
        }
        let users = Users::of(&machine);
        let pids = |folder: &str, group| -> Vec<String> {
            users.of_device(&machine, folder, group).iter().map(User::to_string).collect()
        };
        assert_eq!(pids("sys/none", Some(7)), ["pollway (12)"]);
        assert_eq!(pids("sys/a", None), [" (9)"]);
        assert_eq!(pids("sys/none", Some(8)), [""; 0]);
    }
}
