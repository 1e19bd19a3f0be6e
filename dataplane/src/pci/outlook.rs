//! What wishes are judged against: the devices as they are, or as they will be once steps that are planned have been taken.

use super::address::PciAddress;
use super::binding::{Binding, Holder};
use super::device::{PciDevice, Relation, Scan};
use super::kernel::Kernel;
use super::memory::{Memory, MemoryError};
use super::step::{Step, Target};
use std::collections::BTreeSet;

/// A machine's devices, and what they were before programs got them.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// The devices.
    pub scan: Scan,
    /// What is remembered of them.
    pub memory: Memory,
    /// Those that a planned step gives to another driver.
    rebound: BTreeSet<PciAddress>,
}

impl Outlook {
    /// Things as they are.
    ///
    /// # Errors
    /// The memory is damaged.
    pub fn of(kernel: &dyn Kernel) -> Result<Self, MemoryError> {
        let memory = Memory::load(kernel.machine())?;
        Ok(Self { scan: Scan::of(kernel), memory, rebound: BTreeSet::new() })
    }

    /// Takes steps into account that are going to be taken.
    pub fn foresee(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Remember { after, .. } => self.memory = after.clone(),
                Step::Rebind { device: Target::Device(address), to, .. } => {
                    self.foresee_binding(*address, to);
                }
                _ => {}
            }
        }
    }

    /// Whether a planned step gives a device to another driver: what files say of it is not what it will be.
    pub(super) fn is_rebound(&self, device: PciAddress) -> bool {
        self.rebound.contains(&device)
    }

    /// A driver that goes takes interfaces and virtual functions along.
    fn foresee_binding(&mut self, address: PciAddress, to: &Binding) {
        self.rebound.insert(address);
        let is_of_it = |device: &PciDevice| matches!(device.sriov, Relation::Virtual { pf, .. } if pf == address);
        self.scan.0.retain(|_, device| !is_of_it(device));
        let Some(device) = self.scan.0.get_mut(&address) else { return };
        device.driver = match &to.holder {
            Holder::Nobody => None,
            Holder::Driver(name) => Some(name.clone()),
            Holder::Kernel => Some(device.modules.first().cloned().unwrap_or_default()),
        };
        device.driver_override = to.driver_override.clone();
        device.interfaces = Vec::new();
        if let Relation::Physical { vfs, .. } = &mut device.sriov {
            vfs.clear();
        }
    }
}
