//! Devices by the names that people have for them.
//!
//! | typed | the device |
//! |---|---|
//! | `0000:01:00.0`, `01:00.0` | at this address |
//! | `eth0` | with this interface, or that had it before a program got it |
//! | `02:00:00:00:00:01` | whose interface has this MAC address, or the virtual function that was given it |
//! | `eth0/2`, `01:00.0/2` | the third virtual function of that one |
//! | `PCIDEVICE_X`, `PCIDEVICE_X/1` | the first or second that the Kubernetes device plugin put in this variable |

use super::address::PciAddress;
use super::device::{PciDevice, Relation, Scan};
use super::error::PciError;
use super::kernel::Kernel;
use super::memory::Memory;
use super::vf::VfSetting;
use crate::wire::ethernet::MacAddr;

/// The variables of the Kubernetes device plugin start so.
const VARIABLE: &str = "PCIDEVICE_";

/// A machine's devices, and how their names are found out.
pub struct Finder<'a> {
    /// The kernel.
    pub kernel: &'a dyn Kernel,
    /// The devices there are.
    pub scan: &'a Scan,
    /// Those that were the kernel's before.
    pub memory: &'a Memory,
    /// The environment.
    pub environment: fn(&str) -> Option<String>,
}

impl<'a> Finder<'a> {
    /// The device that is meant.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, typed: &str) -> Result<&'a PciDevice, PciError> {
        let (name, number) = match typed.rsplit_once('/') {
            Some((name, number)) => (name, number.parse::<u16>().ok()),
            None => (typed, None),
        };
        let absent = || PciError::NoDevice(typed.to_owned());
        if typed.contains('/') && number.is_none() {
            return Err(absent());
        }
        if name.starts_with(VARIABLE) {
            return self.listed_in(name, usize::from(number.unwrap_or(0)));
        }
        let address = self.address(name).ok_or_else(absent)?;
        let device = self.scan.get(address).ok_or_else(absent)?;
        let Some(number) = number else { return Ok(device) };
        let vfs = match &device.sriov {
            Relation::Physical { vfs, .. } => vfs.as_slice(),
            _ => return Err(PciError::NoSriov(address)),
        };
        let vf = vfs.get(usize::from(number)).and_then(|vf| self.scan.get(*vf));
        vf.ok_or(PciError::NoVf { pf: address, number, count: vfs.len() })
    }

    fn address(&self, name: &str) -> Option<PciAddress> {
        if let Ok(address) = name.parse() {
            return Some(address);
        }
        if let Ok(mac) = name.parse() {
            let present = self.scan.with_mac(mac).map(|device| device.address);
            return present
                .or_else(|| self.vf_with_mac(mac))
                .or_else(|| self.memory.find(|kept| kept.mac == Some(mac)));
        }
        let present = self.scan.with_interface(name).map(|device| device.address);
        present.or_else(|| self.memory.find(|kept| kept.name == name))
    }

    /// The virtual function that its physical one was told to give a MAC address.
    fn vf_with_mac(&self, mac: MacAddr) -> Option<PciAddress> {
        self.scan.devices().find_map(|device| {
            let Relation::Physical { vfs, .. } = &device.sriov else { return None };
            let interface = device.interfaces.first()?;
            let settings = self.kernel.vf_settings(interface.index).ok()?;
            let is = |(_, setting): &&(u16, VfSetting)| *setting == VfSetting::Mac(mac);
            let (number, _) = settings.0.iter().find(is)?;
            vfs.get(usize::from(*number)).copied()
        })
    }

    /// The device that a variable names in its list.
    fn listed_in(&self, name: &str, place: usize) -> Result<&'a PciDevice, PciError> {
        let list = (self.environment)(name).unwrap_or_default();
        let typed = list.split(',').nth(place).filter(|typed| !typed.is_empty());
        let typed = typed.ok_or_else(|| PciError::NoVariable(format!("{name}/{place}")))?;
        let device = typed.parse().ok().and_then(|address| self.scan.get(address));
        device.ok_or_else(|| PciError::NoDevice(format!("{typed} (from {name})")))
    }
}
