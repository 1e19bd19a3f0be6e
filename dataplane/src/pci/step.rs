//! Changes as values: shown, made one after another, and taken back where one fails.

use super::address::PciAddress;
use super::binding::{Binding, at};
use super::device::folder;
use super::interface::{Interface, Network};
use super::kernel::{Kernel, LinkChange};
use super::memory::Memory;
use super::vf::VfSetting;
use serde::Serialize;
use std::fmt;
use std::io;

/// A device that is there, or will be once its physical function has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The device at an address.
    Device(PciAddress),
    /// A virtual function.
    Vf {
        /// Its physical function.
        pf: PciAddress,
        /// Which of them.
        number: u16,
    },
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Load a module of the kernel's. It stays, whatever comes after: a module without devices does nothing.
    Module(String),
    /// Let VFIO have devices that no IOMMU watches, or not.
    NoIommu {
        /// Whether it may.
        on: bool,
    },
    /// Let vfio-pci make virtual functions, or not.
    VfioSriov {
        /// Whether it may.
        on: bool,
    },
    /// Keep in mind what devices are now.
    Remember {
        /// What was in mind.
        before: Memory,
        /// What shall be.
        after: Memory,
    },
    /// Give a device to another driver.
    Rebind {
        /// The device.
        device: Target,
        /// Who has it.
        from: Binding,
        /// Who shall have it.
        to: Binding,
    },
    /// Let the kernel's driver take new virtual functions by itself, or not.
    Autoprobe {
        /// Their physical function.
        pf: PciAddress,
        /// Whether it does.
        on: bool,
    },
    /// Make virtual functions, or take them away.
    VfCount {
        /// Their physical function.
        pf: PciAddress,
        /// How many there are.
        from: u16,
        /// How many there shall be.
        to: u16,
    },
    /// Set the physical function's interface up: without it virtual functions have no link.
    Up {
        /// The physical function.
        pf: PciAddress,
    },
    /// Tell a physical function a setting of a virtual one.
    Vf {
        /// The physical function.
        pf: PciAddress,
        /// Which virtual function.
        number: u16,
        /// What it was, where that is known.
        before: Option<VfSetting>,
        /// What it shall be.
        setting: VfSetting,
    },
}

/// The parameter of VFIO's that lets it have devices without an IOMMU.
pub(super) const NO_IOMMU: &str = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode";
/// The parameter of vfio-pci's that lets it make virtual functions.
pub(super) const VFIO_SRIOV: &str = "sys/module/vfio_pci/parameters/enable_sriov";

/// Why changes were not made, and what is left of them.
#[derive(Debug, thiserror::Error)]
pub struct Failed {
    /// The change that failed.
    pub step: Box<Step>,
    /// Why.
    pub error: io::Error,
    /// What could not be taken back, a sentence each; empty where all is as it was.
    pub left: Vec<String>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.step, self.error)?;
        if let Some(hint) = self.hint() {
            write!(f, " ({hint})")?;
        }
        if self.left.is_empty() {
            return f.write_str("; all is as it was");
        }
        write!(f, "; what could not be taken back: {}", self.left.join("; "))
    }
}

impl Failed {
    /// What an error of the kernel's, which has few words, usually means here.
    fn hint(&self) -> Option<&'static str> {
        match (&*self.step, self.error.kind()) {
            (_, io::ErrorKind::PermissionDenied) => Some("it takes root"),
            (Step::Vf { setting, .. }, _) => match (self.error.raw_os_error()?, setting) {
                (libc::EOPNOTSUPP | libc::EPROTONOSUPPORT, _) => {
                    Some("the driver lacks this setting")
                }
                (libc::EINVAL, VfSetting::Rate { min: 1.., .. }) => {
                    Some("the driver takes no such min-rate; many take none")
                }
                (libc::EINVAL, _) => Some("the driver does not take this value"),
                _ => None,
            },
            (Step::Rebind { to, .. }, _)
                if to.driver_override.as_deref() == Some("uio_pci_generic") =>
            {
                Some(
                    "uio_pci_generic needs a device with a legacy interrupt, which no VF has: take vfio-pci",
                )
            }
            (Step::Rebind { to, .. }, _) if to.driver_override.as_deref() == Some("vfio-pci") => {
                Some("dmesg has vfio-pci's own words; `pollway doctor vfio` looks at what it needs")
            }
            _ => None,
        }
    }
}

/// Makes changes in order. Where one fails, it and those before it are taken back, the last one first. Returns what did not come
/// back with an interface, a sentence each.
///
/// # Errors
/// [`Failed`].
pub fn perform(kernel: &mut dyn Kernel, steps: &[Step]) -> Result<Vec<String>, Failed> {
    let mut missing = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        match step.take(kernel) {
            Ok(own) => missing.extend(own),
            Err(error) => {
                let taken = steps.iter().take(place + usize::from(step.is_done_in_parts())).rev();
                let left = taken.flat_map(|step| step.take_back(kernel)).collect();
                return Err(Failed { step: Box::new(step.clone()), error, left });
            }
        }
    }
    Ok(missing)
}

impl Step {
    /// Whether some of it may be done where it failed. A setting of a virtual function is one call of its driver's.
    fn is_done_in_parts(&self) -> bool {
        !matches!(self, Self::Vf { .. })
    }

    /// Makes it; returns what is not as it was asked for.
    fn take(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<String>> {
        let done = match self {
            Self::Module(name) => kernel.load_module(name),
            Self::NoIommu { on } => switch(kernel, NO_IOMMU, *on, "Y", "N"),
            Self::VfioSriov { on } => switch(kernel, VFIO_SRIOV, *on, "Y", "N"),
            Self::Remember { after, .. } => after.save(kernel),
            Self::Rebind { device, to, .. } => {
                let address = device.address(kernel)?;
                return to.settle(kernel, address);
            }
            Self::Autoprobe { pf, on } => switch(kernel, &autoprobe(*pf), *on, "1", "0"),
            Self::VfCount { pf, from, to } => set_vf_count(kernel, *pf, *from, *to),
            Self::Up { pf } => {
                let interface = interface_of(kernel, *pf)?;
                kernel.change_link(interface, &LinkChange::Up(true))
            }
            Self::Vf { pf, number, setting, .. } => {
                let interface = interface_of(kernel, *pf)?;
                kernel.set_vf(interface, *number, *setting)
            }
        };
        done.map(|()| Vec::new())
    }

    /// Makes it undone, in whole or in part done; says what could not be.
    fn take_back(&self, kernel: &mut dyn Kernel) -> Vec<String> {
        let result = match self {
            Self::Module(_) => Ok(()),
            Self::NoIommu { on } => switch(kernel, NO_IOMMU, !on, "Y", "N"),
            Self::VfioSriov { on } => switch(kernel, VFIO_SRIOV, !on, "Y", "N"),
            Self::Remember { before, .. } => before.save(kernel),
            // A virtual function that is gone, or goes with those before it, needs no driver.
            Self::Rebind { device, from, .. } => match device.address(kernel) {
                Ok(address) => match from.settle(kernel, address) {
                    Ok(missing) => return missing,
                    Err(error) => Err(error),
                },
                Err(_) => Ok(()),
            },
            Self::Autoprobe { pf, on } => switch(kernel, &autoprobe(*pf), !on, "1", "0"),
            Self::VfCount { pf, from, .. } => match vf_count(kernel, *pf) {
                now if now == *from => Ok(()),
                now => match set_vf_count(kernel, *pf, now, *from) {
                    Ok(()) if *from > 0 => return vec![renewed(*pf, *from)],
                    set => set,
                },
            },
            Self::Up { pf } => interface_of(kernel, *pf)
                .and_then(|interface| kernel.change_link(interface, &LinkChange::Up(false))),
            Self::Vf { pf, number, before, .. } => before.map_or(Ok(()), |before| {
                interface_of(kernel, *pf)
                    .and_then(|interface| kernel.set_vf(interface, *number, before))
            }),
        };
        let left = result.err().map(|error| format!("{} ({error})", self.left(kernel)));
        left.into_iter().collect()
    }

    /// What is so now, where it could not be taken back.
    fn left(&self, kernel: &dyn Kernel) -> String {
        match self {
            Self::Rebind { device, from, .. } => {
                let driver = device.address(kernel).ok().and_then(|address| {
                    kernel.machine().link(format!("{}/driver", folder(address)))
                });
                let driver = driver.as_deref().unwrap_or("no driver");
                format!("{device} has {driver} now and had {}", from.holder)
            }
            Self::VfCount { pf, from, .. } => {
                format!("{pf} has {} virtual functions now and had {from}", vf_count(kernel, *pf))
            }
            step => format!("{step} may still be so"),
        }
    }
}

impl Target {
    /// Where the device is now.
    fn address(self, kernel: &dyn Kernel) -> io::Result<PciAddress> {
        match self {
            Self::Device(address) => Ok(address),
            Self::Vf { pf, number } => {
                let link = kernel.machine().link(format!("{}/virtfn{number}", folder(pf)));
                link.and_then(|address| address.parse().ok()).ok_or_else(|| {
                    io::Error::other(format!("{pf} has no virtual function {number}"))
                })
            }
        }
    }
}

/// The number of the interface of a physical function: a driver makes a new one each time that it gets the device.
fn interface_of(kernel: &dyn Kernel, pf: PciAddress) -> io::Result<u32> {
    let interfaces = Interface::of(kernel.machine(), &folder(pf), &Network::default());
    let first = interfaces.first().map(|interface| interface.index);
    first.ok_or_else(|| io::Error::other(format!("{pf} has no interface")))
}

/// Writes a switch of the kernel's, unless it stands so already.
fn switch(kernel: &mut dyn Kernel, file: &str, to: bool, on: &str, off: &str) -> io::Result<()> {
    let wanted = if to { on } else { off };
    if kernel.machine().read(file).as_deref() == Some(wanted) {
        return Ok(());
    }
    kernel.write(file, wanted).map_err(at(file))
}

fn autoprobe(pf: PciAddress) -> String {
    format!("{}/sriov_drivers_autoprobe", folder(pf))
}

fn vf_count(kernel: &dyn Kernel, pf: PciAddress) -> u16 {
    kernel.machine().value(format!("{}/sriov_numvfs", folder(pf))).unwrap_or_default()
}

/// What is so where virtual functions had to be made again.
fn renewed(pf: PciAddress, count: u16) -> String {
    format!("the {count} VFs of {pf} are new ones, without the drivers and settings that they had")
}

/// Changes the number of virtual functions. The kernel wants none before there are others.
fn set_vf_count(kernel: &mut dyn Kernel, pf: PciAddress, from: u16, to: u16) -> io::Result<()> {
    if from == to {
        return Ok(());
    }
    let file = format!("{}/sriov_numvfs", folder(pf));
    if from != 0 {
        kernel.write(&file, "0").map_err(at(&file))?;
    }
    if to != 0 {
        kernel.write(&file, &to.to_string()).map_err(at(&file))?;
    }
    match vf_count(kernel, pf) {
        now if now == to => Ok(()),
        now => {
            Err(io::Error::other(format!("the kernel said nothing, and {pf} has {now} of them")))
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(address) => address.fmt(f),
            Self::Vf { pf, number } => write!(f, "VF {number} of {pf}"),
        }
    }
}

/// What is done, in words that also say what failed.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(name) => write!(f, "loading the module {name}"),
            Self::NoIommu { on: true } => f.write_str("letting VFIO have devices without an IOMMU"),
            Self::NoIommu { on: false } => {
                f.write_str("keeping VFIO from devices without an IOMMU")
            }
            Self::VfioSriov { on: true } => f.write_str("letting vfio-pci make VFs"),
            Self::VfioSriov { on: false } => f.write_str("keeping vfio-pci from making VFs"),
            Self::Remember { .. } => f.write_str("remembering what the devices are now"),
            Self::Rebind { device, from, to } => {
                write!(f, "binding {device} to {} (now {})", to.holder, from.holder)
            }
            Self::Autoprobe { pf, on: true } => {
                write!(f, "giving new VFs of {pf} to the kernel's driver")
            }
            Self::Autoprobe { pf, on: false } => {
                write!(f, "keeping the kernel's driver from new VFs of {pf}")
            }
            Self::VfCount { pf, from, to } => write!(f, "making {to} VFs of {pf} (now {from})"),
            Self::Up { pf } => write!(f, "setting the interface of {pf} up"),
            Self::Vf { pf, number, before, setting, .. } => {
                write!(f, "setting {setting} on VF {number} of {pf}")?;
                before.map_or(Ok(()), |before| write!(f, " (now {before})"))
            }
        }
    }
}
