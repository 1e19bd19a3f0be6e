//! Virtual functions: how many, with which settings, for whom.

use super::PciAddress;
use super::bind::{is_held, module, no_iommu, rebind};
use super::binding::{Binding, Holder};
use super::device::{PciDevice, Relation, Scan, folder};
use super::error::PciError;
use super::interface::Interface;
use super::kernel::Kernel;
use super::step::{Step, Target};
use super::vf::{VfSetting, VfSettings};
use rustix::fs::{Access, access};

/// The parameter that lets vfio-pci make virtual functions.
const VFIO_SRIOV: &str = "sys/module/vfio_pci/parameters/enable_sriov";

/// The virtual functions that a physical one is to have.
#[derive(Clone, Debug)]
pub struct VfRequest {
    /// The physical function.
    pub pf: PciAddress,
    /// How many.
    pub count: u16,
    /// Who shall have them; `None` leaves that as it is.
    pub to: Option<Holder>,
    /// VFIO without an IOMMU.
    pub no_iommu: bool,
    /// What the physical function is told of them.
    pub settings: VfSettings,
    /// Also where some that are used are taken away.
    pub force: bool,
}

/// The steps that make it so, what is so already left out.
///
/// # Errors
/// [`PciError`] for the first thing that speaks against it.
pub fn vfs(kernel: &dyn Kernel, scan: &Scan, request: &VfRequest) -> Result<Vec<Step>, PciError> {
    let pf = request.pf;
    let device = scan.get(pf).ok_or_else(|| PciError::NoDevice(pf.to_string()))?;
    let Relation::Physical { total, vfs } = &device.sriov else {
        return Err(PciError::NoSriov(pf));
    };
    let (total, wanted) = (*total, request.count);
    if wanted > total {
        return Err(PciError::TooMany { pf, total, wanted });
    }
    if let Some((number, _)) = request.settings.0.iter().find(|(number, _)| *number >= wanted) {
        return Err(PciError::NoVf { pf, number: *number, count: usize::from(wanted) });
    }
    let machine = kernel.machine();
    let numvfs = format!("{}/sriov_numvfs", folder(pf));
    let now: u16 = machine.value(&numvfs).unwrap_or_default();
    let mut steps = Vec::new();
    if now != wanted {
        if access(machine.path(&numvfs), Access::WRITE_OK).is_err() {
            return Err(PciError::NotAllowed(pf));
        }
        driver_can(kernel, device)?;
        unused(scan, pf, vfs, request.force)?;
        let autoprobe: Option<u8> =
            machine.value(format!("{}/sriov_drivers_autoprobe", folder(pf)));
        // Else the kernel makes interfaces of them, to be taken away again a moment later.
        if autoprobe == Some(1) && matches!(request.to, Some(Holder::Driver(_))) {
            steps.push(Step::Autoprobe { pf, on: false });
        }
        steps.push(Step::VfCount { pf, from: now, to: wanted });
    }
    let interface = device.interfaces.first();
    if wanted > 0 && interface.is_some_and(|interface| !interface.up) {
        steps.push(Step::Up { pf });
    }
    steps.extend(settings(kernel, request, interface, now == wanted)?);
    if let Some(to) = &request.to {
        let present = if now == wanted { vfs.as_slice() } else { &[] };
        steps.extend(bindings(kernel, scan, request, to, present)?);
    }
    Ok(steps)
}

/// Whether the physical function's driver makes virtual ones.
fn driver_can(kernel: &dyn Kernel, pf: &PciDevice) -> Result<(), PciError> {
    match pf.driver.as_deref() {
        None => Err(PciError::NoPfDriver(pf.address)),
        Some("vfio-pci") if kernel.machine().read(VFIO_SRIOV).as_deref() != Some("Y") => {
            Err(PciError::VfioSriovOff(pf.address))
        }
        Some(_) => Ok(()),
    }
}

/// Whether the virtual functions there are can be taken away.
fn unused(scan: &Scan, pf: PciAddress, vfs: &[PciAddress], force: bool) -> Result<(), PciError> {
    for vf in vfs.iter().filter_map(|vf| scan.get(*vf)) {
        // The kernel would wait for a program's end, so no force helps.
        let by_program = vf.users.first().map(ToString::to_string);
        let by_kernel = vf.interfaces.iter().find_map(Interface::use_of_it).filter(|_| !force);
        if let Some(why) = by_program.or(by_kernel) {
            return Err(PciError::VfInUse { pf, vf: vf.address, why });
        }
    }
    Ok(())
}

/// The steps that tell the physical function what it does not know yet.
fn settings(
    kernel: &dyn Kernel,
    request: &VfRequest,
    interface: Option<&Interface>,
    are_there: bool,
) -> Result<Vec<Step>, PciError> {
    let pf = request.pf;
    let Some((_, first)) = request.settings.0.first() else { return Ok(Vec::new()) };
    let Some(interface) = interface else {
        return Err(PciError::NoPfInterface { pf, setting: first.to_string() });
    };
    let present = if are_there {
        kernel.vf_settings(interface.index).map_err(|error| PciError::Settings { pf, error })?
    } else {
        VfSettings::default()
    };
    let step = |(number, setting): &(u16, VfSetting)| {
        let before = present.now(*number, setting);
        let (number, setting) = (*number, *setting);
        let step = Step::Vf { pf, number, before, setting };
        (before != Some(setting)).then_some(step)
    };
    Ok(request.settings.0.iter().filter_map(step).collect())
}

/// The steps that give the virtual functions to a driver.
fn bindings(
    kernel: &dyn Kernel,
    scan: &Scan,
    request: &VfRequest,
    to: &Holder,
    present: &[PciAddress],
) -> Result<Vec<Step>, PciError> {
    let to_binding = Binding::to(to.clone());
    let mut steps = Vec::new();
    for number in 0..request.count {
        let device = present.get(usize::from(number)).and_then(|vf| scan.get(*vf));
        match device {
            Some(device) if is_held(device, &to_binding) => {}
            Some(device) => {
                unused(scan, request.pf, &[device.address], request.force)?;
                steps.push(rebind(device, to_binding.clone()));
            }
            None => steps.push(Step::Rebind {
                device: Target::Vf { pf: request.pf, number },
                from: Binding::to(Holder::Nobody),
                to: to_binding.clone(),
            }),
        }
    }
    if steps.is_empty() {
        return Ok(steps);
    }
    let mut first: Vec<Step> = module(kernel, to, &[]).into_iter().collect();
    // Virtual functions are watched by the IOMMU that watches their physical one.
    let unwatched = scan.get(request.pf).is_some_and(|pf| pf.iommu_group.is_none());
    if *to == Holder::Driver("vfio-pci".to_owned()) && unwatched {
        if !request.no_iommu {
            return Err(PciError::NoGroup(request.pf));
        }
        first.extend(no_iommu(kernel));
    }
    first.extend(steps);
    Ok(first)
}
