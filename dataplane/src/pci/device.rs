//! Which PCI devices there are, and all that the kernel says of each.

use super::address::PciAddress;
use super::interface::{Interface, Network};
use super::kernel::Kernel;
use super::users::{User, Users};
use super::{is_user_driver, modules::Modules};
use crate::machine::Machine;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::collections::BTreeMap;

/// The first part of a device's class (`PCI_BASE_CLASS_*` in Linux's `pci_ids.h`).
const NETWORK: u32 = 0x02;

/// A PCI device as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PciDevice {
    /// Where it is.
    pub address: PciAddress,
    /// Class, subclass and interface, a byte each.
    pub class: u32,
    /// The vendor's number.
    pub vendor: u16,
    /// The vendor's number for the device.
    pub device: u16,
    /// The driver that has it.
    pub driver: Option<String>,
    /// The only driver that may have it, where one is set.
    pub driver_override: Option<String>,
    /// The kernel's own modules for it, as far as the kernel's list knows them.
    pub modules: Vec<String>,
    /// The NUMA node that it is on; `None` on machines that have one.
    pub numa_node: Option<u32>,
    /// The devices that the IOMMU cannot tell from it; `None` where no IOMMU is on.
    pub iommu_group: Option<u32>,
    /// The kernel's interfaces on it.
    pub interfaces: Vec<Interface>,
    /// What it is in SR-IOV.
    pub sriov: Relation,
    /// Programs that hold it open through VFIO or UIO.
    pub users: Vec<User>,
}

/// What a device is in SR-IOV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// It has nothing to do with it.
    None,
    /// A physical function, which can have virtual ones.
    Physical {
        /// How many it can have.
        total: u16,
        /// Those it has, in order.
        vfs: Vec<PciAddress>,
    },
    /// A virtual function.
    Virtual {
        /// Its physical function.
        pf: PciAddress,
        /// Which of them it is, from 0.
        number: u16,
    },
}

impl PciDevice {
    fn read(machine: &Machine, address: PciAddress, around: &Around) -> Self {
        let folder = folder(address);
        let at = |file: &str| format!("{folder}/{file}");
        let id = |file| machine.hex(at(file)).and_then(|id| u16::try_from(id).ok());
        let modalias = machine.read(at("modalias")).unwrap_or_default();
        let iommu_group = machine.link(at("iommu_group")).and_then(|group| group.parse().ok());
        Self {
            address,
            class: machine.hex(at("class")).unwrap_or_default(),
            vendor: id("vendor").unwrap_or_default(),
            device: id("device").unwrap_or_default(),
            driver: machine.link(at("driver")),
            // The kernel writes "(null)" where none is set.
            driver_override: machine
                .read(at("driver_override"))
                .filter(|driver| !driver.is_empty() && driver != "(null)"),
            modules: around.modules.fitting(&modalias),
            numa_node: machine.value(at("numa_node")),
            iommu_group,
            interfaces: Interface::of(machine, &folder, &around.network),
            sriov: Relation::read(machine, &folder, address),
            users: around.users.of_device(machine, &folder, iommu_group),
        }
    }

    /// Whether it is a network controller.
    pub fn is_network(&self) -> bool {
        self.class >> 16 == NETWORK
    }

    /// Whether a program can drive it as it stands.
    pub fn is_for_programs(&self) -> bool {
        self.driver.as_deref().is_some_and(is_user_driver)
    }
}

impl Relation {
    fn read(machine: &Machine, folder: &str, address: PciAddress) -> Self {
        let vfs = |folder: &str| -> Vec<PciAddress> {
            let vf = |number| machine.link(format!("{folder}/virtfn{number}"))?.parse().ok();
            (0..).map_while(vf).collect()
        };
        if let Some(total) = machine.value(format!("{folder}/sriov_totalvfs")) {
            return Self::Physical { total, vfs: vfs(folder) };
        }
        let pf = machine.link(format!("{folder}/physfn")).and_then(|pf| pf.parse().ok());
        let number = pf.and_then(|pf| {
            let place = vfs(&self::folder(pf)).iter().position(|vf| *vf == address)?;
            u16::try_from(place).ok()
        });
        match pf.zip(number) {
            Some((pf, number)) => Self::Virtual { pf, number },
            None => Self::None,
        }
    }
}

/// What is read once for all devices.
struct Around {
    modules: Modules,
    network: Network,
    users: Users,
}

/// All devices of a machine at one moment.
#[derive(Clone, Debug, Default)]
pub struct Scan(pub(super) BTreeMap<PciAddress, PciDevice>);

impl Scan {
    /// Looks at all of them.
    pub fn of(kernel: &dyn Kernel) -> Self {
        let machine = kernel.machine();
        let around = Around {
            modules: Modules::of(machine),
            network: Network::of(kernel),
            users: Users::of(machine),
        };
        let addresses = machine.entries("sys/bus/pci/devices");
        let device = |address| (address, PciDevice::read(machine, address, &around));
        Self(addresses.iter().filter_map(|text| text.parse().ok()).map(device).collect())
    }

    /// The device at an address.
    pub fn get(&self, address: PciAddress) -> Option<&PciDevice> {
        self.0.get(&address)
    }

    /// All devices, by address.
    pub fn devices(&self) -> impl Iterator<Item = &PciDevice> {
        self.0.values()
    }

    /// The devices of an IOMMU group.
    pub fn group(&self, group: u32) -> impl Iterator<Item = &PciDevice> {
        self.devices().filter(move |device| device.iommu_group == Some(group))
    }

    /// The device whose interface has a name.
    pub fn with_interface(&self, name: &str) -> Option<&PciDevice> {
        self.devices().find(|device| device.interfaces.iter().any(|at| at.name == name))
    }

    /// The device whose interface has a MAC address.
    pub fn with_mac(&self, mac: MacAddr) -> Option<&PciDevice> {
        self.devices().find(|device| device.interfaces.iter().any(|at| at.mac == Some(mac)))
    }
}

/// A device's folder in sysfs.
pub(crate) fn folder(address: PciAddress) -> String {
    format!("sys/bus/pci/devices/{address}")
}
