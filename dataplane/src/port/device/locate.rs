//! A PCI device by another name than its address: `pci:eth0/2`.

use super::{Bus, DeviceError, DeviceSpec};
use crate::machine::Machine;
use crate::pci::kernel::Linux;
use crate::pci::memory::Memory;
use crate::pci::place::Finder;
use crate::pci::{PciAddress, PciError, Scan};

impl DeviceSpec {
    /// The device with its address for a name, where it was typed by one that the machine has to be asked for.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`]: no device of the machine has that name.
    pub fn located(mut self, machine: &Machine) -> Result<Self, DeviceError> {
        if self.bus == Bus::Pci && self.name.parse::<PciAddress>().is_err() {
            let found = self.find(machine).map_err(|error| DeviceError::NotFound {
                typed: self.typed.clone(),
                why: error.to_string(),
            })?;
            self.name = found.to_string();
        }
        Ok(self)
    }

    fn find(&self, machine: &Machine) -> Result<PciAddress, PciError> {
        let kernel = Linux::of(machine.clone());
        let (scan, memory) = (Scan::of(&kernel), Memory::load(machine)?);
        let environment = |name: &str| std::env::var(name).ok();
        let finder = Finder { kernel: &kernel, scan: &scan, memory: &memory, environment };
        finder.find(&self.name).map(|device| device.address)
    }
}
