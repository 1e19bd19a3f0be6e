//! What devices were before they were given to programs, so that they can be given back.
//!
//! It is in `/run`, as drivers are: a boot forgets both.

use super::address::PciAddress;
use super::binding::{Binding, Kept};
use super::device::PciDevice;
use super::kernel::Kernel;
use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// Where it is kept.
pub const FILE: &str = "run/pollway/devices.json";

/// Devices and their earlier bindings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(pub BTreeMap<PciAddress, Binding>);

/// The memory cannot be made sense of.
#[derive(Debug, thiserror::Error)]
#[error(
    "/{FILE} is damaged ({0}); remove it, and give devices back with `pollway dev bind kernel ADDRESS`"
)]
pub struct MemoryError(#[from] serde_json::Error);

impl Memory {
    /// What is remembered on a machine; nothing where there is no file.
    ///
    /// # Errors
    /// The file is none of ours, or cut short.
    pub fn load(machine: &Machine) -> Result<Self, MemoryError> {
        machine
            .read(FILE)
            .map_or_else(|| Ok(Self::default()), |text| Ok(serde_json::from_str(&text)?))
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn save(&self, kernel: &mut dyn Kernel) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        kernel.save(FILE, &text).map_err(super::binding::at(FILE))
    }

    /// Remembers a device, unless a program has it: what it was before that is remembered already.
    pub(super) fn note(&mut self, device: &PciDevice) {
        if !device.is_for_programs() {
            self.0.insert(device.address, Binding::of(device));
        }
    }

    /// The interfaces that a device had, which a program has now.
    #[must_use]
    pub fn kept(&self, device: &PciDevice) -> &[Kept] {
        let binding = self.0.get(&device.address).filter(|_| device.is_for_programs());
        binding.map_or(&[], |binding| &binding.interfaces)
    }

    /// The device of which an interface is remembered that fits.
    pub(super) fn find(&self, fits: impl Fn(&Kept) -> bool) -> Option<PciAddress> {
        let of = |(address, binding): (&PciAddress, &Binding)| {
            binding.interfaces.iter().any(&fits).then_some(*address)
        };
        self.0.iter().find_map(of)
    }
}
