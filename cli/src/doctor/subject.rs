//! What is examined: a machine, its user, and what a configuration needs of them.

use super::user::User;
use crate::settings::FwdSettings;
use dataplane::machine::Machine;
use dataplane::pci::kernel::Linux;
use dataplane::pci::memory::Memory;
use dataplane::pci::place::Finder;
use dataplane::pci::{PciDevice, Scan};
use dataplane::port::device::{Bus, DeviceSpec};
use std::collections::BTreeSet;
use std::path::Path;

/// What all checks look at.
pub(super) struct Subject {
    pub(super) machine: Machine,
    pub(super) scan: Scan,
    pub(super) user: User,
    pub(super) needs: Needs,
    /// Whether this is a container.
    pub(super) in_container: bool,
}

/// What a program is going to need.
#[derive(Default)]
pub(super) struct Needs {
    /// The processors of its workers; empty where nobody named any.
    pub(super) processors: BTreeSet<u32>,
    /// Its PCI devices, as they were typed; without a configuration those that are bound for programs.
    pub(super) pci: Vec<String>,
    /// Its other devices.
    pub(super) virtual_devices: Vec<DeviceSpec>,
    /// Memory of packets and of DPDK itself, in MiB.
    pub(super) memory_mib: u64,
    /// Whether it takes ordinary memory.
    pub(super) no_huge: bool,
    /// The file prefix that it is given; without one it takes another where DPDK's own is taken.
    pub(super) file_prefix: Option<String>,
}

/// Heap beside packet memory: what EAL and its devices take at start.
const BASE_MIB: u64 = 16;

impl Needs {
    /// Those of a configuration.
    pub(super) fn of(settings: &FwdSettings) -> Self {
        let of_bus = |bus: Bus| {
            settings.ports.iter().map(|port| &port.device).filter(move |device| device.bus == bus)
        };
        let named = of_bus(Bus::Pci).map(|device| device.name.clone());
        let allowed = settings.eal.values("allow").map(|typed| {
            let (address, _) = typed.split_once(',').unwrap_or((typed, ""));
            address.to_owned()
        });
        let pool_mib = settings.assumed_pool().ok().flatten().map_or(0, |pool| pool.mib);
        Self {
            processors: settings
                .lcores
                .as_ref()
                .map(|of| of.worker_processors())
                .unwrap_or_default(),
            pci: allowed.chain(named).collect(),
            virtual_devices: of_bus(Bus::Vdev).cloned().collect(),
            memory_mib: pool_mib + BASE_MIB,
            no_huge: settings.eal.has("no-huge"),
            file_prefix: settings.eal.value("file-prefix").map(str::to_owned),
        }
    }

    /// Those of any program on this machine.
    fn of_machine(scan: &Scan) -> Self {
        let bound = scan.devices().filter(|device| device.is_for_programs());
        Self {
            pci: bound.map(|device| device.address.to_string()).collect(),
            memory_mib: BASE_MIB,
            ..Self::default()
        }
    }
}

impl Subject {
    pub(super) fn of(machine: Machine, settings: Option<&FwdSettings>) -> Self {
        let scan = Scan::of(&Linux::of(machine.clone()));
        Self {
            user: User::of(&machine),
            needs: settings.map_or_else(|| Needs::of_machine(&scan), Needs::of),
            // podman, docker, and what systemd's own containers and others say to their first process.
            in_container: machine.has("run/.containerenv")
                || machine.has(".dockerenv")
                || machine.has("run/systemd/container"),
            machine,
            scan,
        }
    }

    /// The PCI devices that are needed, each with what was typed; `None` where there is no such device.
    pub(super) fn pci(&self) -> impl Iterator<Item = (&str, Option<&PciDevice>)> {
        self.needs.pci.iter().map(|typed| {
            let kernel = Linux::of(self.machine.clone());
            // A damaged memory is for `pollway dev` to complain of.
            let memory = Memory::load(&self.machine).unwrap_or_default();
            let environment = |name: &str| std::env::var(name).ok();
            let finder = Finder { kernel: &kernel, scan: &self.scan, memory: &memory, environment };
            let address = finder.find(typed).map(|device| device.address);
            (typed.as_str(), address.ok().and_then(|address| self.scan.get(address)))
        })
    }

    /// The needed PCI devices that there are.
    pub(super) fn devices(&self) -> impl Iterator<Item = &PciDevice> {
        self.pci().filter_map(|(_, device)| device)
    }

    /// Those that a driver has.
    pub(super) fn devices_on<'a>(&'a self, driver: &'a str) -> impl Iterator<Item = &'a PciDevice> {
        self.devices().filter(move |device| device.driver.as_deref() == Some(driver))
    }

    /// How a path of the machine is written in a command.
    pub(super) fn shown(&self, path: &Path) -> String {
        let root = self.machine.path("");
        let below = path.strip_prefix(root).unwrap_or(path);
        format!("/{}", below.display())
    }
}
