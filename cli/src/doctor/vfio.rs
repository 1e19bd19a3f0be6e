//! IOMMU and VFIO: whether devices can be handed to a program, and to this user's.

use super::finding::{Check, Mend, Problem};
use super::subject::Subject;
use super::user::Capability;
use dataplane::pci::PciDevice;
use dataplane::pci::bind::others_in_the_way;
use rustix::fs::{major, minor};
use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::{fs, iter};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "iommu.on",
        about: "an IOMMU watches the devices",
        why: "without one vfio-pci refuses a device, or lets it write to all of memory",
        look: on,
    },
    Check {
        name: "iommu.group",
        about: "all of a device's IOMMU group is for programs",
        why: "VFIO hands out whole groups: \"group is not viable\" otherwise",
        look: group,
    },
    Check {
        name: "iommu.passthrough",
        about: "no UIO driver has a device that the IOMMU translates for",
        why: "the device writes to addresses that mean nothing to the IOMMU: it receives nothing while its link is up",
        look: passthrough,
    },
    Check {
        name: "vfio.module",
        about: "vfio-pci is loaded where a device is to go to it",
        why: "there is nothing to bind a device to",
        look: module,
    },
    Check {
        name: "vfio.file",
        about: "the files of VFIO are there, and open the devices' own groups",
        why: "a program opens a device by them",
        look: file,
    },
    Check {
        name: "vfio.permission",
        about: "this user may open the devices' groups",
        why: "EAL skips a device that it cannot open, and the port is missing",
        look: permission,
    },
    Check {
        name: "vfio.memlock",
        about: "this user may lock as much memory as the devices can reach",
        why: "VFIO locks all of EAL's memory: \"Cannot set up DMA remapping, error 12\" otherwise",
        look: memlock,
    },
    Check {
        name: "vfio.noiommu",
        about: "VFIO keeps to devices that an IOMMU watches",
        why: "without an IOMMU a program with a device can have it write to all of memory, so it takes root",
        look: no_iommu,
    },
];

/// What the names of groups begin with in VFIO that stand for no IOMMU.
const WITHOUT_IOMMU: &str = "noiommu-";

const NO_IOMMU: &str = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

fn may_do_without(subject: &Subject) -> bool {
    subject.machine.read(NO_IOMMU).is_some_and(|set| set == "Y" || set == "1")
}

/// Needed devices that a program reaches by VFIO, or will.
fn for_vfio(subject: &Subject) -> impl Iterator<Item = &PciDevice> {
    subject.devices().filter(|device| {
        !matches!(
            device.driver.as_deref(),
            Some("igb_uio" | "uio_pci_generic" | "mlx4_core" | "mlx5_core" | "mana")
        )
    })
}

fn on(subject: &Subject) -> Vec<Problem> {
    let unwatched = for_vfio(subject).find(|device| device.iommu_group.is_none());
    let Some(device) = unwatched.filter(|_| !may_do_without(subject)) else { return Vec::new() };
    let what = format!("no IOMMU watches {} (it has no group)", device.address);
    // AMD's is on by itself; both need their switch in the firmware.
    vec![Problem::error(what, Mend::Boot("intel_iommu=on iommu=pt".to_owned()))]
}

fn group(subject: &Subject) -> Vec<Problem> {
    let mut problems = Vec::new();
    for device in for_vfio(subject).filter(|device| device.is_for_programs()) {
        let Some(group) = device.iommu_group else { continue };
        let others: Vec<String> = others_in_the_way(&subject.scan, group)
            .map(|other| other.address.to_string())
            .collect();
        if !others.is_empty() {
            let others = others.join(" ");
            let what = format!(
                "{} shares IOMMU group {group} with {others}, which the kernel has",
                device.address
            );
            let command = format!("pollway dev bind vfio-pci {others}");
            problems.push(Problem::error(what, Mend::Decide(command)));
        }
    }
    problems
}

/// Source: Linux, `Documentation/ABI/testing/sysfs-kernel-iommu_groups`: `identity` is passthrough.
fn passthrough(subject: &Subject) -> Vec<Problem> {
    let on_uio =
        ["igb_uio", "uio_pci_generic"].into_iter().flat_map(|driver| subject.devices_on(driver));
    let translated = on_uio.filter_map(|device| {
        let group = device.iommu_group?;
        let kind = subject.machine.read(format!("sys/kernel/iommu_groups/{group}/type"))?;
        (kind != "identity").then_some(device)
    });
    let problem = |device: &PciDevice| {
        let driver = device.driver.as_deref().unwrap_or_default();
        let what = format!("{} is on {driver}, and the IOMMU translates for it", device.address);
        Problem::error(what, Mend::Run(format!("pollway dev bind vfio-pci {}", device.address)))
    };
    translated.map(problem).collect()
}

fn module(subject: &Subject) -> Vec<Problem> {
    let waits = for_vfio(subject).any(|device| !device.is_for_programs());
    if !waits || subject.machine.has("sys/bus/pci/drivers/vfio-pci") {
        return Vec::new();
    }
    let mend = if subject.in_container {
        Mend::Do("a container cannot load it: on the host, modprobe vfio-pci".to_owned())
    } else {
        Mend::Run("modprobe vfio-pci".to_owned())
    };
    vec![Problem::error("the driver vfio-pci is not loaded", mend)]
}

/// The name of a device's group in VFIO, which its file has too.
///
/// Source: Linux, `vfio_noiommu_group_alloc` and `vfio_register_group_dev`: a group that stands for no IOMMU is named so.
fn group_name(subject: &Subject, device: &PciDevice) -> Option<String> {
    let group = device.iommu_group?;
    let kind = subject.machine.read(format!("sys/kernel/iommu_groups/{group}/name"));
    let prefix = if kind.as_deref() == Some("vfio-noiommu") { WITHOUT_IOMMU } else { "" };
    Some(format!("{prefix}{group}"))
}

/// The file of a device's group.
fn file_of(subject: &Subject, device: &PciDevice) -> Option<String> {
    Some(format!("dev/vfio/{}", group_name(subject, device)?))
}

/// What is wrong with a file of VFIO's, whose device number the kernel tells in `told`; `None` where nothing is.
fn fault_of(subject: &Subject, file: &str, told: &str) -> Option<String> {
    let Ok(found) = fs::metadata(subject.machine.path(file)) else {
        return Some(format!("there is no /{file}"));
    };
    let number = format!("{}:{}", major(found.rdev()), minor(found.rdev()));
    let told = subject.machine.read(told)?;
    let is_other = found.file_type().is_char_device() && number != told;
    is_other.then(|| format!("/{file} opens device {number}, and the group's is {told}"))
}

fn file(subject: &Subject) -> Vec<Problem> {
    let groups: BTreeSet<(u32, String)> = subject
        .devices_on("vfio-pci")
        .filter_map(|device| Some((device.iommu_group?, group_name(subject, device)?)))
        .collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if let Some(what) = fault_of(subject, "dev/vfio/vfio", "sys/class/misc/vfio/dev") {
        // The number is for ever (Linux, `Documentation/admin-guide/devices.txt`).
        let command =
            "mkdir -p /dev/vfio && rm -f /dev/vfio/vfio && mknod -m 666 /dev/vfio/vfio c 10 196";
        problems.push(Problem::error(what, Mend::Run(command.to_owned())));
    }
    for (group, name) in &groups {
        let (file, told) = (format!("dev/vfio/{name}"), format!("sys/class/vfio/{name}/dev"));
        if let Some(what) = fault_of(subject, &file, &told) {
            let command = made_anew(subject, *group, name);
            problems.push(Problem::error(what, Mend::Run(command)));
        }
    }
    if !subject.in_container || problems.is_empty() {
        return problems;
    }
    // Nothing is made in there; all are given at once.
    let what: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
    let files = iter::once("vfio").chain(groups.iter().map(|(_, name)| name.as_str()));
    let to_give: String = files.map(|name| format!(" --device /dev/vfio/{name}")).collect();
    let mend = Mend::Do(format!("start the container with{to_give}"));
    vec![Problem::error(what.join(", "), mend)]
}

/// The command that has the kernel make a group's file, which it does with the group.
///
/// One that is made by hand stays when the group goes, and opens whichever group has its number next.
fn made_anew(subject: &Subject, group: u32, name: &str) -> String {
    let of_group = subject.scan.devices().filter(|device| {
        device.iommu_group == Some(group) && device.driver.as_deref() == Some("vfio-pci")
    });
    let devices: String = of_group.map(|device| format!(" {}", device.address)).collect();
    let mode = if name.starts_with(WITHOUT_IOMMU) { " --noiommu-mode" } else { "" };
    format!(
        "rm -f /dev/vfio/{name} && pollway dev unbind{devices} && pollway dev bind{mode} vfio-pci{devices}"
    )
}

fn permission(subject: &Subject) -> Vec<Problem> {
    let uid = subject.user.uid;
    let closed = subject.devices_on("vfio-pci").filter_map(|device| {
        let file = file_of(subject, device)?;
        let path = subject.machine.path(&file);
        (path.exists() && !subject.user.may_write(&path)).then_some((device, file))
    });
    let problem = |(device, file): (&PciDevice, String)| {
        let what = format!("user {uid} may not open /{file}, the group of {}", device.address);
        Problem::error(what, Mend::Run(format!("chown {uid} /{file}")))
    };
    closed.map(problem).collect()
}

fn memlock(subject: &Subject) -> Vec<Problem> {
    let Some(limit_kib) = subject.user.memlock_kib else { return Vec::new() };
    let by_vfio = subject.devices_on("vfio-pci").next().is_some();
    let needed_mib = subject.needs.memory_mib;
    if !by_vfio || subject.user.has(Capability::IPC_LOCK) || limit_kib >= needed_mib * 1024 {
        return Vec::new();
    }
    let what = format!(
        "user {} may lock {limit_kib} KiB of memory, and {needed_mib} MiB are needed",
        subject.user.uid
    );
    let mend = if subject.in_container {
        Mend::Do("start the container with --ulimit memlock=-1".to_owned())
    } else {
        // Of the shell that it is typed into; for ever it belongs into limits.d or the unit's LimitMEMLOCK=.
        Mend::Decide("sudo prlimit --pid $$ --memlock=unlimited".to_owned())
    };
    vec![Problem::error(what, mend)]
}

fn no_iommu(subject: &Subject) -> Vec<Problem> {
    if !may_do_without(subject) {
        return Vec::new();
    }
    let mend = Mend::Decide(format!("echo N > /{NO_IOMMU}"));
    vec![Problem::warning("VFIO hands out devices that no IOMMU watches", mend)]
}
