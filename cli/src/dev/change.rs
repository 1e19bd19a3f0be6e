//! The changes: what was typed becomes steps, which are shown, and taken.

use super::config::Device;
use super::flags::{ChangeFlags, VfsFlags};
use super::vf_option::VfOption;
use crate::config::Config;
use crate::failure::Failure;
use crate::out;
use dataplane::machine::Machine;
use dataplane::pci::bind::{self, BindRequest};
use dataplane::pci::binding::Holder;
use dataplane::pci::kernel::{Kernel, Linux};
use dataplane::pci::outlook::Outlook;
use dataplane::pci::place::Finder;
use dataplane::pci::sriov::{self, VfRequest};
use dataplane::pci::step::{Step, perform};
use dataplane::pci::vf::{VfSetting, VfSettings};
use dataplane::pci::{PciAddress, PciDevice, PciError};
use serde::Serialize;
use std::path::Path;

/// A machine as it is, and how to change it.
pub(super) struct Changer<'a> {
    kernel: &'a mut Linux,
    outlook: Outlook,
    dry_run: bool,
    force: bool,
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Changed {
    /// Whether it was done, rather than said.
    done: bool,
    steps: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Changer<'a> {
    pub(super) fn new(kernel: &'a mut Linux, flags: &ChangeFlags) -> Result<Self, Failure> {
        Self::of(kernel, flags.dry_run, flags.force, flags.json)
    }

    pub(super) fn of(
        kernel: &'a mut Linux,
        dry_run: bool,
        force: bool,
        json: bool,
    ) -> Result<Self, Failure> {
        let outlook = Outlook::of(kernel).map_err(PciError::from)?;
        Ok(Self { outlook, kernel, dry_run, force, json })
    }

    /// Gives devices to a driver.
    pub(super) fn bind(
        self,
        driver: &str,
        devices: &[String],
        no_iommu: bool,
    ) -> Result<(), Failure> {
        let devices = self.find_all(devices)?;
        let to = self.holder(driver)?;
        let request = BindRequest { devices, to, force: self.force, no_iommu };
        let steps = bind::bind(self.kernel, &self.outlook, &request)?;
        self.carry_out(&steps, Vec::new())
    }

    /// Gives devices back; all that are remembered, unless some are named.
    pub(super) fn restore(self, devices: &[String]) -> Result<(), Failure> {
        let devices = match devices {
            [] => self.outlook.memory.0.keys().copied().collect(),
            named => self.find_all(named)?,
        };
        let steps = bind::restore(self.kernel, &self.outlook, &devices)?;
        self.carry_out(&steps, Vec::new())
    }

    /// Makes virtual functions.
    pub(super) fn vfs(self, flags: &VfsFlags) -> Result<(), Failure> {
        let pf = self.find(&flags.device)?.address;
        let to = flags.driver.as_deref().map(|driver| self.holder(driver)).transpose()?;
        let settings = VfOption::spread(&flags.settings, flags.count);
        let (steps, note) = self.plan_vfs(pf, flags.count, to, settings, flags.noiommu_mode)?;
        self.carry_out(&steps, note.into_iter().collect())
    }

    /// Makes devices what a configuration says. All steps are found first, so a fault in one table changes nothing; virtual
    /// functions are planned on the driver that their physical one will have.
    pub(super) fn apply(mut self, file: &Path) -> Result<(), Failure> {
        let config = Config::load(file).map_err(Failure::input)?;
        let mut steps = Vec::new();
        let mut notes = Vec::new();
        for request in self.bindings(&config.device)? {
            let own = bind::bind(self.kernel, &self.outlook, &request)?;
            self.outlook.foresee(&own);
            add(&mut steps, own);
        }
        for (device, place) in config.device.iter().zip(0..) {
            let Some(count) = device.vfs else { continue };
            let settings = device.settings().map_err(|error| {
                Failure::Input(anyhow::anyhow!("{}: device[{place}].{error}", file.display()))
            })?;
            let to = device.vf_driver.as_deref().map(|driver| self.holder(driver)).transpose()?;
            let pf = self.find(&device.name)?.address;
            let (own, note) = self.plan_vfs(pf, count, to, settings, device.no_iommu)?;
            add(&mut steps, own);
            notes.extend(note);
        }
        self.carry_out(&steps, notes)
    }

    /// The devices that go to one driver together: an IOMMU group goes to VFIO only as a whole.
    fn bindings(&self, devices: &[Device]) -> Result<Vec<BindRequest>, Failure> {
        let mut requests: Vec<BindRequest> = Vec::new();
        for device in devices {
            let Some(driver) = &device.driver else { continue };
            let (to, address) = (self.holder(driver)?, self.find(&device.name)?.address);
            let no_iommu = device.no_iommu;
            let same =
                |request: &&mut BindRequest| request.to == to && request.no_iommu == no_iommu;
            match requests.iter_mut().find(same) {
                Some(request) => request.devices.push(address),
                None => {
                    let devices = vec![address];
                    requests.push(BindRequest { devices, to, force: self.force, no_iommu });
                }
            }
        }
        Ok(requests)
    }

    fn plan_vfs(
        &self,
        pf: PciAddress,
        count: u16,
        to: Option<Holder>,
        settings: Vec<(u16, VfSetting)>,
        no_iommu: bool,
    ) -> Result<(Vec<Step>, Option<String>), Failure> {
        let settings = VfSettings(settings);
        let request = VfRequest { pf, count, to, no_iommu, settings, force: self.force };
        let steps = sriov::vfs(self.kernel, &self.outlook, &request)?;
        let on_vfio =
            self.outlook.scan.get(pf).is_some_and(|pf| pf.driver.as_deref() == Some("vfio-pci"));
        let note = (on_vfio && count > 0).then(|| token(self.kernel.machine(), pf));
        Ok((steps, note))
    }

    /// Who is meant by a driver's name.
    fn holder(&self, driver: &str) -> Result<Holder, PciError> {
        match driver {
            "kernel" => Ok(Holder::Kernel),
            "none" | "None" => Ok(Holder::Nobody),
            // Who forgets the driver gives a device in its place.
            device if self.find(device).is_ok() => Err(PciError::NoDriverName(device.to_owned())),
            name if name.is_empty() || name.contains('/') => {
                Err(PciError::NoDriverName(name.to_owned()))
            }
            name => Ok(Holder::Driver(name.to_owned())),
        }
    }

    fn find(&self, typed: &str) -> Result<&PciDevice, PciError> {
        finder(self.kernel, &self.outlook).find(typed)
    }

    /// The devices that are meant, each once.
    fn find_all(&self, typed: &[String]) -> Result<Vec<PciAddress>, PciError> {
        let mut found = Vec::new();
        for typed in typed {
            let address = self.find(typed)?.address;
            if !found.contains(&address) {
                found.push(address);
            }
        }
        Ok(found)
    }

    /// Takes the steps, unless they are only to be said, and says them.
    fn carry_out(self, steps: &[Step], mut notes: Vec<String>) -> Result<(), Failure> {
        if !self.dry_run {
            notes.extend(perform(self.kernel, steps)?);
        }
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        if self.json {
            let changed = Changed { done: !self.dry_run, steps, notes };
            let object = serde_json::to_string(&changed).map_err(std::io::Error::from)?;
            return Ok(out::print(&format!("{object}\n"))?);
        }
        let would = if self.dry_run { "not done: " } else { "" };
        let mut said: String = steps.iter().map(|step| format!("{would}{step}\n")).collect();
        if said.is_empty() {
            said = "nothing to do: all is so already\n".to_owned();
        }
        notes.iter().for_each(|note| out::note(note));
        Ok(out::print(&said)?)
    }
}

/// What finds the devices of a machine by their names.
pub(super) fn finder<'a>(kernel: &'a dyn Kernel, outlook: &'a Outlook) -> Finder<'a> {
    let environment = |name: &str| std::env::var(name).ok();
    Finder { kernel, scan: &outlook.scan, memory: &outlook.memory, environment }
}

/// Adds steps to a plan, those left out that it has already: one loads the module for all.
fn add(plan: &mut Vec<Step>, steps: Vec<Step>) {
    for step in steps {
        if !plan.contains(&step) {
            plan.push(step);
        }
    }
}

/// What whoever uses virtual functions of a physical one on vfio-pci has to know.
///
/// Source: Linux, `vfio_pci_validate_vf_token`; DPDK's `doc/guides/linux_gsg/linux_drivers.rst`.
fn token(machine: &Machine, pf: PciAddress) -> String {
    let token = machine.read("proc/sys/kernel/random/uuid");
    format!(
        "{pf} is on vfio-pci: its virtual functions open only to who knows its token. Start its own program first, then \
         theirs, all with --vfio-vf-token={}",
        token.as_deref().unwrap_or("UUID")
    )
}
