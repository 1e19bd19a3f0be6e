//! Giving devices to other drivers: what speaks against it, and the steps of it.

use super::binding::{Binding, Holder};
use super::device::{PciDevice, Relation, Scan};
use super::error::PciError;
use super::kernel::Kernel;
use super::outlook::Outlook;
use super::step::{NO_IOMMU, Step, Target};
use super::{PciAddress, is_user_driver};
use rustix::fs::{Access, access};

/// Kernel drivers with which DPDK's work together (`doc/guides/nics/mlx5.rst`, `mlx4.rst`, `mana.rst`).
const BIFURCATED: [&str; 3] = ["mlx4_core", "mlx5_core", "mana"];

/// What is asked for.
#[derive(Clone, Debug)]
pub struct BindRequest {
    /// The devices, each once.
    pub devices: Vec<PciAddress>,
    /// Who shall have them.
    pub to: Holder,
    /// Also those that the kernel uses.
    pub force: bool,
    /// VFIO without an IOMMU.
    pub no_iommu: bool,
}

/// The steps that bind devices, those that are bound so already left out.
///
/// # Errors
/// [`PciError`] for the first thing that speaks against it.
pub fn bind(
    kernel: &dyn Kernel,
    outlook: &Outlook,
    request: &BindRequest,
) -> Result<Vec<Step>, PciError> {
    let Outlook { scan, memory, .. } = outlook;
    let get = |address: &PciAddress| {
        scan.get(*address).ok_or_else(|| PciError::NoDevice(address.to_string()))
    };
    let devices = request.devices.iter().map(get).collect::<Result<Vec<_>, _>>()?;
    let to = Binding::to(request.to.clone());
    let changed: Vec<&PciDevice> =
        devices.iter().copied().filter(|device| !is_held(device, &to)).collect();
    for device in &changed {
        free_to_go(kernel, device, request)?;
        vfs_unused(scan, device)?;
    }
    let is_vfio = request.to == Holder::Driver("vfio-pci".to_owned());
    if is_vfio {
        changed.iter().try_for_each(|device| group_will_do(scan, device, request))?;
    }
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let mut steps: Vec<Step> = module(kernel, &request.to, &changed).into_iter().collect();
    if is_vfio && changed.iter().any(|device| device.iommu_group.is_none()) {
        steps.extend(no_iommu(kernel));
    }
    let mut after = memory.clone();
    changed.iter().for_each(|device| after.note(device));
    if to.driver_override.is_some() && after != *memory {
        steps.push(Step::Remember { before: memory.clone(), after });
    }
    steps.extend(changed.iter().flat_map(|device| hand_over(device, to.clone())));
    Ok(steps)
}

/// The steps that give devices back to whom they were before programs got them.
///
/// # Errors
/// [`PciError`] for the first thing that speaks against it.
pub fn restore(
    kernel: &dyn Kernel,
    outlook: &Outlook,
    devices: &[PciAddress],
) -> Result<Vec<Step>, PciError> {
    let Outlook { scan, memory, .. } = outlook;
    let mut after = memory.clone();
    let mut steps = Vec::new();
    for address in devices {
        let binding = after.0.remove(address).ok_or(PciError::NotRemembered(*address))?;
        // One that was unplugged meanwhile has nothing to go back to.
        let Some(device) = scan.get(*address) else { continue };
        let back = BindRequest {
            devices: vec![*address],
            to: binding.holder.clone(),
            force: false,
            no_iommu: false,
        };
        free_to_go(kernel, device, &back)?;
        vfs_unused(scan, device)?;
        steps.extend(module(kernel, &binding.holder, &[device]));
        steps.extend(hand_over(device, binding));
    }
    if after != *memory {
        steps.push(Step::Remember { before: memory.clone(), after });
    }
    Ok(steps)
}

/// The steps from what a device is to what it is to be; its virtual functions go first, as they go with its driver.
fn hand_over(device: &PciDevice, to: Binding) -> impl Iterator<Item = Step> {
    let vfs = match &device.sriov {
        // A device has 256 of them at most (PCI Express, section 9.3.3).
        Relation::Physical { vfs, .. } => vfs.len() as u16,
        _ => 0,
    };
    let pf = device.address;
    let away = (vfs > 0).then_some(Step::VfCount { pf, from: vfs, to: 0 });
    away.into_iter().chain([rebind(device, to)])
}

/// The step from what a device is to what it is to be.
pub(super) fn rebind(device: &PciDevice, to: Binding) -> Step {
    Step::Rebind { device: Target::Device(device.address), from: Binding::of(device), to }
}

/// Whether a device is bound as it is to be.
pub(super) fn is_held(device: &PciDevice, to: &Binding) -> bool {
    match &to.holder {
        Holder::Nobody => device.driver.is_none(),
        Holder::Kernel => device.driver.is_some() && !device.is_for_programs(),
        Holder::Driver(name) => device.driver.as_ref() == Some(name),
    }
}

/// The step that loads the driver's module, unless the driver is there.
pub(super) fn module(kernel: &dyn Kernel, to: &Holder, devices: &[&PciDevice]) -> Option<Step> {
    let machine = kernel.machine();
    let is_there = |driver: &str| machine.has(format!("sys/bus/pci/drivers/{driver}"));
    match to {
        Holder::Nobody => None,
        // The kernel loads the modules of devices that it finds; one that was removed since is asked for again.
        Holder::Kernel => {
            let module = devices.iter().find_map(|device| device.modules.first())?;
            (!machine.has(format!("sys/module/{module}"))).then(|| Step::Module(module.clone()))
        }
        Holder::Driver(name) => (!is_there(name)).then(|| Step::Module(name.clone())),
    }
}

/// The step that lets VFIO do without an IOMMU, unless it may already. Its parameter is there once the module is.
pub(super) fn no_iommu(kernel: &dyn Kernel) -> Option<Step> {
    let may = kernel.machine().read(NO_IOMMU).is_some_and(|set| set == "Y" || set == "1");
    (!may).then_some(Step::NoIommu { on: true })
}

/// Whether nothing speaks against taking a device from whom it is with.
fn free_to_go(
    kernel: &dyn Kernel,
    device: &PciDevice,
    request: &BindRequest,
) -> Result<(), PciError> {
    let address = device.address;
    let file = kernel.machine().path(format!("{}/driver_override", super::device::folder(address)));
    if access(file, Access::WRITE_OK).is_err() {
        return Err(PciError::NotAllowed(address));
    }
    if let Some(user) = device.users.first() {
        return Err(PciError::InUse { address, user: user.clone() });
    }
    if request.force {
        return Ok(());
    }
    for interface in &device.interfaces {
        if let Some(why) = interface.use_of_it() {
            return Err(PciError::InterfaceInUse {
                address,
                interface: interface.name.clone(),
                why,
            });
        }
    }
    let Holder::Driver(wanted) = &request.to else { return Ok(()) };
    if let Some(what) = kind_beside_ports(device.class) {
        return Err(PciError::NotForPorts { address, what });
    }
    match &device.driver {
        Some(driver) if BIFURCATED.contains(&driver.as_str()) && is_user_driver(wanted) => {
            Err(PciError::Bifurcated { address, driver: driver.clone() })
        }
        _ => Ok(()),
    }
}

/// Whether no program has a virtual function of the device: they go when its driver goes.
fn vfs_unused(scan: &Scan, device: &PciDevice) -> Result<(), PciError> {
    let Relation::Physical { vfs, .. } = &device.sriov else { return Ok(()) };
    let used = vfs.iter().filter_map(|vf| scan.get(*vf)).find_map(|vf| {
        let user = vf.users.first()?.clone();
        Some(PciError::InUse { address: vf.address, user })
    });
    used.map_or(Ok(()), Err)
}

/// What a device is if it is of a kind that machines do not run without (`PCI_BASE_CLASS_*` in Linux's `pci_ids.h`).
fn kind_beside_ports(class: u32) -> Option<&'static str> {
    match class >> 16 {
        0x01 => Some("a disk or its controller"),
        0x03 => Some("a display"),
        0x06 => Some("a bridge"),
        0x0c => Some("a bus such as USB"),
        _ => None,
    }
}

/// Whether VFIO can hand out a device's IOMMU group once the request is carried out.
///
/// Source: Linux, `Documentation/driver-api/vfio.rst`; `vfio_dev_viable`: bridges, and devices without a driver, do no harm.
fn group_will_do(scan: &Scan, device: &PciDevice, request: &BindRequest) -> Result<(), PciError> {
    let address = device.address;
    let Some(group) = device.iommu_group else {
        return if request.no_iommu { Ok(()) } else { Err(PciError::NoGroup(address)) };
    };
    match others_in_the_way(scan, group).find(|other| !request.devices.contains(&other.address)) {
        Some(other) => Err(PciError::Group {
            address,
            group,
            other: other.address,
            driver: other.driver.clone().unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

/// The devices of an IOMMU group that keep it from VFIO.
pub fn others_in_the_way(scan: &Scan, group: u32) -> impl Iterator<Item = &PciDevice> {
    const HARMLESS: [&str; 3] = ["vfio-pci", "pcieport", "pci-stub"];
    scan.group(group)
        .filter(|other| other.driver.as_deref().is_some_and(|driver| !HARMLESS.contains(&driver)))
}
