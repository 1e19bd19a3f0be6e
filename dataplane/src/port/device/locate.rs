//! A PCI device by another name than its address: `pci:eth0/2`.

use super::{Bus, DeviceError, DeviceSpec};
use crate::machine::Machine;
use crate::pci::kernel::Linux;
use crate::pci::memory::Memory;
use crate::pci::place::Finder;
use crate::pci::{PciAddress, PciError, Scan};

impl DeviceSpec {
    /// The device with its whole address for a name, where it was typed without the domain or by a name that the machine has
    /// to be asked for.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`]: no device of the machine has that name.
    pub fn located(mut self, machine: &Machine) -> Result<Self, DeviceError> {
        if self.bus == Bus::Pci {
            let address = self.name.parse().or_else(|_| self.find(machine));
            let not_found = |error: PciError| DeviceError::NotFound {
                typed: self.typed.clone(),
                why: error.to_string(),
            };
            self.name = address.map_err(not_found)?.to_string();
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
