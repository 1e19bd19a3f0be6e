//! The ports' devices: there, with the right driver, near their workers, and with what this user needs for them.

use super::finding::{Check, Mend, Problem};
use super::pmd;
use super::subject::Subject;
use super::user::{Capability, User};
use dataplane::pci::PciDevice;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "devices.present",
        about: "the PCI devices of the configuration are there",
        why: "a port cannot be made of nothing",
        look: present,
    },
    Check {
        name: "devices.driver",
        about: "they are with a driver that hands them to programs",
        why: "DPDK passes over a device that the kernel drives",
        look: driver,
    },
    Check {
        name: "devices.pmd",
        about: "DPDK's drivers for the devices are installed",
        why: "distributions package each by itself, and EAL passes over a device that none is for",
        look: drivers_installed,
    },
    Check {
        name: "devices.release",
        about: "DPDK's drivers are of the release that this program is linked with",
        why: "EAL loads the drivers of its own release only, and without any it finds no device",
        look: release,
    },
    Check {
        name: "devices.node",
        about: "workers are on the NUMA nodes of the ports",
        why: "a worker on another node than its port pays for each packet on its way between the sockets",
        look: node,
    },
    Check {
        name: "devices.rights",
        about: "this user has the capabilities that the virtual devices take",
        why: "the kernel refuses them its sockets and interfaces",
        look: rights,
    },
    Check {
        name: "devices.tun",
        about: "there is /dev/net/tun for tap: ports",
        why: "a tap interface is made by it",
        look: tun,
    },
];

/// Kernel drivers beside which DPDK's work.
const BESIDE: [&str; 3] = ["mlx4_core", "mlx5_core", "mana"];

fn present(subject: &Subject) -> Vec<Problem> {
    let absent = subject.pci().filter(|(_, device)| device.is_none());
    let problem = |(typed, _): (&str, Option<&PciDevice>)| {
        let mend = "name one of those that `pollway dev status --all` lists, or have the kernel look for it again: echo 1 > /sys/bus/pci/rescan";
        Problem::error(format!("there is no PCI device {typed}"), Mend::Do(mend.to_owned()))
    };
    absent.map(problem).collect()
}

fn driver(subject: &Subject) -> Vec<Problem> {
    let with_kernel = subject.devices().filter(|device| {
        let beside = device.driver.as_deref().is_some_and(|driver| BESIDE.contains(&driver));
        !device.is_for_programs() && !beside
    });
    let problem = |device: &PciDevice| {
        let driver = device.driver.as_deref().unwrap_or("no driver");
        let what = format!("{} is with {driver}, and not with one for programs", device.address);
        // It takes the interface away from whoever uses it.
        Problem::error(what, Mend::Decide(format!("pollway dev bind vfio-pci {}", device.address)))
    };
    with_kernel.map(problem).collect()
}

fn drivers_installed(subject: &Subject) -> Vec<Problem> {
    let Some(installed) = pmd::Installed::of(&subject.machine) else { return Vec::new() };
    let of_pci = subject.devices().filter_map(pmd::of_device);
    let of_virtual =
        subject.needs.virtual_devices.iter().filter_map(|spec| pmd::of_name(&spec.name));
    let needed: BTreeSet<&str> = of_pci.chain(of_virtual).collect();
    let absent = needed.into_iter().filter(|pmd| !installed.has(pmd));
    let problem = |pmd: &str| {
        let what = format!("DPDK's driver {pmd} is not installed in {}", installed.folder);
        Problem::error(what, Mend::Run(format!("apt-get install --yes {}", installed.package(pmd))))
    };
    absent.map(problem).collect()
}

fn release(subject: &Subject) -> Vec<Problem> {
    let (own, folders) = (dataplane::eal::abi(), pmd::folders(&subject.machine));
    let Some((folder, other)) = folders.first() else { return Vec::new() };
    if folders.iter().any(|(_, abi)| *abi == own) {
        return Vec::new();
    }
    let version = dataplane::eal::version();
    let what = format!(
        "the drivers in /{folder} are for DPDK's binary interface {other}, and this program is linked with {version}, which has {own}"
    );
    let mend = format!(
        "build this program with the libdpdk that is installed, or install the drivers of {version}"
    );
    vec![Problem::error(what, Mend::Do(mend))]
}

fn node(subject: &Subject) -> Vec<Problem> {
    let node_of = |cpu: &u32| {
        let nodes = subject.machine.nodes();
        nodes.into_iter().find(|node| {
            subject.machine.has(format!("sys/devices/system/node/node{node}/cpu{cpu}"))
        })
    };
    let nodes: BTreeSet<u32> = subject.needs.processors.iter().filter_map(node_of).collect();
    let far = subject.devices().filter_map(|device| {
        let node = device.numa_node.filter(|node| !nodes.is_empty() && !nodes.contains(node))?;
        Some((device, node))
    });
    let problem = |(device, node): (&PciDevice, u32)| {
        let cpus = subject.machine.read(format!("sys/devices/system/node/node{node}/cpulist"));
        let what = format!("{} is on NUMA node {node}, and no worker is", device.address);
        let mend = format!("name processors of that node: {}", cpus.unwrap_or_default());
        Problem::warning(what, Mend::Do(mend))
    };
    far.map(problem).collect()
}

fn rights(subject: &Subject) -> Vec<Problem> {
    let needed = |name: &str| -> &'static [Capability] {
        if name.starts_with("net_af_packet") {
            &[Capability::NET_RAW]
        } else if name.starts_with("net_tap") {
            &[Capability::NET_ADMIN]
        } else if name.starts_with("net_af_xdp") {
            &[Capability::NET_ADMIN, Capability::NET_RAW, Capability::SYS_ADMIN]
        } else {
            &[]
        }
    };
    let lacks = |user: &User, name: &str| -> Vec<&str> {
        let absent = needed(name).iter().filter(|capability| !user.has(**capability));
        absent.map(|capability| capability.1).collect()
    };
    let mut problems = Vec::new();
    for device in &subject.needs.virtual_devices {
        let absent = lacks(&subject.user, &device.name);
        if absent.is_empty() {
            continue;
        }
        let what = format!(
            "`{}` takes {}, which user {} lacks",
            device.typed,
            absent.join(" and "),
            subject.user.uid
        );
        let short = |name: &str| name.strip_prefix("CAP_").unwrap_or(name).to_owned();
        let mend = if subject.in_container {
            let flags: Vec<String> =
                absent.iter().map(|name| format!("--cap-add={}", short(name))).collect();
            format!("start the container with {}", flags.join(" "))
        } else {
            format!("run it as root, or as a service with AmbientCapabilities={}", absent.join(" "))
        };
        problems.push(Problem::error(what, Mend::Do(mend)));
    }
    problems
}

fn tun(subject: &Subject) -> Vec<Problem> {
    let is_tap = |name: &str| name.starts_with("net_tap");
    let wanted = subject.needs.virtual_devices.iter().any(|device| is_tap(&device.name));
    if !wanted || subject.machine.has("dev/net/tun") {
        return Vec::new();
    }
    let mend = if subject.in_container {
        Mend::Do("start the container with --device /dev/net/tun".to_owned())
    } else {
        Mend::Run("modprobe tun".to_owned())
    };
    vec![Problem::error("there is no /dev/net/tun", mend)]
}
