//! `pollway dev`: network devices, who has them, and how that is changed. Runs without DPDK.

mod change;
mod compat;
mod config;
mod flags;
mod kinds;
mod stats;
mod status;
mod vf_option;

pub(crate) use config::Device;
pub(crate) use flags::DevFlags;

use crate::failure::Failure;
use crate::out;
use change::Changer;
use dataplane::machine::Machine;
use dataplane::pci::kernel::Linux;
use dataplane::pci::step::Failed;
use dataplane::pci::{PciError, Scan};
use flags::{DevSub, DevbindFlags, Kind};

/// Runs the subcommand.
///
/// # Errors
///
/// Why a device cannot be shown or changed.
pub(crate) fn run(flags: DevFlags) -> Result<(), Failure> {
    let mut kernel = Linux::of(Machine::at(flags.sysroot));
    match flags.what {
        DevSub::Status(flags) if flags.compat => {
            Ok(out::print(&compat::screen(&kernel, &Scan::of(&kernel), &Kind::ALL))?)
        }
        DevSub::Status(flags) => status::show(&kernel, &flags),
        DevSub::Stats(flags) => stats::show(&kernel, &flags),
        DevSub::Bind(flags) => Changer::new(&mut kernel, &flags.change)?.bind(
            &flags.driver,
            &flags.devices,
            flags.noiommu_mode,
        ),
        DevSub::Unbind(flags) => {
            Changer::new(&mut kernel, &flags.change)?.bind("none", &flags.devices, false)
        }
        DevSub::Restore(flags) => {
            Changer::of(&mut kernel, flags.dry_run, false, flags.json)?.restore(&flags.devices)
        }
        DevSub::Vfs(flags) => Changer::new(&mut kernel, &flags.change)?.vfs(&flags),
        DevSub::Apply(flags) => Changer::new(&mut kernel, &flags.change)?.apply(&flags.file),
        DevSub::Devbind(flags) => devbind(&mut kernel, &flags),
    }
}

/// What dpdk-devbind.py does.
fn devbind(kernel: &mut Linux, flags: &DevbindFlags) -> Result<(), Failure> {
    let driver = flags.bind.as_deref().or_else(|| flags.unbind.then_some("none"));
    if let Some(driver) = driver {
        let changer = Changer::of(kernel, false, flags.force, false)?;
        changer.bind(driver, &flags.devices, flags.noiommu_mode)?;
    }
    let kinds = match flags.status_dev {
        _ if flags.status => Kind::ALL.to_vec(),
        Some(kind) => vec![kind],
        None if driver.is_some() => return Ok(()),
        None => {
            return Err(Failure::Input(anyhow::anyhow!(
                "nothing to do: give --bind DRIVER, --unbind or --status"
            )));
        }
    };
    Ok(out::print(&compat::screen(kernel, &Scan::of(kernel), &kinds))?)
}

impl From<PciError> for Failure {
    fn from(error: PciError) -> Self {
        Self::Input(error.into())
    }
}

/// A change that failed and left nothing behind is as good as one that was refused.
impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        if failed.left.is_empty() { Self::input(failed) } else { Self::running(failed) }
    }
}
