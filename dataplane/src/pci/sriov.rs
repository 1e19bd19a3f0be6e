//! Virtual functions: how many, with which settings, for whom.

use super::PciAddress;
use super::bind::{is_held, module, no_iommu, rebind};
use super::binding::{Binding, Holder};
use super::device::{PciDevice, Relation, Scan, folder};
use super::error::PciError;
use super::interface::Interface;
use super::kernel::Kernel;
use super::outlook::Outlook;
use super::step::{Step, Target, VFIO_SRIOV};
use super::vf::{VfSetting, VfSettings};
use rustix::fs::{Access, access};

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
pub fn vfs(
    kernel: &dyn Kernel,
    outlook: &Outlook,
    request: &VfRequest,
) -> Result<Vec<Step>, PciError> {
    let (scan, pf) = (&outlook.scan, request.pf);
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
    // They go with the driver that made them.
    let is_new = outlook.is_rebound(pf);
    let now: u16 = if is_new { 0 } else { machine.value(&numvfs).unwrap_or_default() };
    let mut steps = Vec::new();
    if now != wanted {
        if access(machine.path(&numvfs), Access::WRITE_OK).is_err() {
            return Err(PciError::NotAllowed(pf));
        }
        steps.extend(driver_may(kernel, device)?);
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
    let has_one_soon = is_new && device.driver.is_some() && !device.is_for_programs();
    if wanted > 0 && interface.map_or(has_one_soon, |interface| !interface.up) {
        steps.push(Step::Up { pf });
    }
    if let Some((_, first)) = request.settings.0.first() {
        if interface.is_none() && !has_one_soon {
            return Err(PciError::NoPfInterface { pf, setting: first.to_string() });
        }
        steps.extend(settings(kernel, request, interface.filter(|_| now == wanted))?);
    }
    if let Some(to) = &request.to {
        let present = if now == wanted { vfs.as_slice() } else { &[] };
        steps.extend(bindings(kernel, scan, request, to, present)?);
    }
    Ok(steps)
}

/// The step that lets the physical function's driver make virtual ones, unless it may already.
fn driver_may(kernel: &dyn Kernel, pf: &PciDevice) -> Result<Option<Step>, PciError> {
    match pf.driver.as_deref() {
        None => Err(PciError::NoPfDriver(pf.address)),
        Some("vfio-pci") => {
            let may = kernel.machine().read(VFIO_SRIOV).as_deref() == Some("Y");
            Ok((!may).then_some(Step::VfioSriov { on: true }))
        }
        Some(_) => Ok(None),
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

/// The steps that tell the physical function what it does not know yet; `told` is its interface where it has been told of
/// these virtual functions before.
fn settings(
    kernel: &dyn Kernel,
    request: &VfRequest,
    told: Option<&Interface>,
) -> Result<Vec<Step>, PciError> {
    let pf = request.pf;
    let present = match told {
        Some(interface) => {
            kernel.vf_settings(interface.index).map_err(|error| PciError::Settings { pf, error })?
        }
        None => VfSettings::default(),
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
