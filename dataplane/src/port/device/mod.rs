//! Devices by name: what a user types and what DPDK is told.
//!
//! A device is a PCI address (`0000:01:00.0`, `01:00.0`), a DPDK vdev string (`net_tap0,iface=tap0`), each with its
//! devargs after a comma and passed on as it stands, or a short form:
//!
//! | typed | what it is |
//! |---|---|
//! | `pci:DEVICE` | a PCI device by interface, MAC address, place among the VFs of another, or variable (`pci::place`) |
//! | `ring:NAME` | receives what it sends, queue by queue, through rings in memory |
//! | `null:` | receives empty packets without end, swallows what is sent |
//! | `tap:IF` | a new kernel interface `IF` |
//! | `af_packet:IF` | the kernel's interface `IF`, by packet socket |
//! | `af_xdp:IF` | the kernel's interface `IF`, by XDP socket |
//! | `pcap:FILE` | receives the packets of a file; `,tx=OUT` writes those sent to another; `pcap:,tx=OUT` only writes |
//! | `memif:PATH` | shared memory with another program; `,role=server` at the end that is started first |
//! | `vhost:PATH` | a vhost-user socket for a guest; `,client=1` where the guest listens |
//! | `virtio-user:PATH` | a guest at a vhost-user socket; `,server=1` to listen |
//!
//! A `vhost:` port also takes options that are Pollway's own ([`VhostSocket`]); the driver is not told of them.
//!
//! Options after a comma are added to a short form's own, or replace one of them: `null:size=1500`,
//! `af_packet:eth0,qdisc_bypass=1`.

mod check;
mod error;
mod listener;
mod locate;
mod short_form;
#[cfg(test)]
mod tests;
mod typed;
mod vhost;

pub use error::DeviceError;
pub use listener::{Listener, Program, SOCKET_PATH_LIMIT};
pub use vhost::VhostSocket;

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use typed::{Name, Typed};

/// A device as DPDK is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceSpec {
    /// What the user typed, for messages.
    pub typed: String,
    /// The bus that finds it.
    pub bus: Bus,
    /// Its name there: a PCI address in full, or a virtual device's name.
    pub name: String,
    /// Its options, separated by commas; may be empty.
    pub args: String,
    /// What else is said of a vhost-user port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vhost: Option<VhostSocket>,
}

/// A bus of DPDK's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// Devices in a slot.
    Pci,
    /// Devices made of software.
    Vdev,
}

/// The devices of one program, which gives each virtual device a name of its own.
#[derive(Clone, Debug, Default)]
pub struct DeviceList {
    devices: Vec<(Typed, u16)>,
}

impl DeviceList {
    /// Adds what a user typed, a device that is to have `queues` queues each way.
    ///
    /// # Errors
    /// It is no form of a device's name; see [`DeviceError`].
    pub fn add(&mut self, typed: &str, queues: u16) -> Result<(), DeviceError> {
        self.devices.push((Typed::parse(typed.trim())?, queues));
        Ok(())
    }

    /// The devices in the order in which they were added.
    ///
    /// Short forms are numbered by driver (`net_null0`, `net_null1`) past the names that a user gave in full.
    ///
    /// # Errors
    /// Two devices have one name or make the same socket or interface, or a name or path is too long for DPDK or the
    /// kernel.
    pub fn expand(&self) -> Result<Vec<DeviceSpec>, DeviceError> {
        // Names given in full are taken first, wherever they stand: a number must not collide with one.
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for (device, _) in &self.devices {
            if let Name::Given(name) = device.name()
                && let Some(first) = taken.insert(name.clone(), &device.typed)
            {
                let (first, second) = (first.to_owned(), device.typed.clone());
                return Err(DeviceError::NameTwice { name, first, second });
            }
        }
        let mut specs: Vec<DeviceSpec> = Vec::with_capacity(self.devices.len());
        for (device, queues) in &self.devices {
            let name = match device.name() {
                Name::Given(name) => name,
                Name::Numbered(driver) => {
                    let name = free_name(driver, &taken);
                    taken.insert(name.clone(), &device.typed);
                    name
                }
            };
            let spec = device.spec(name, *queues);
            spec.check_limits()?;
            specs.iter().try_for_each(|first| first.check_beside(&spec))?;
            specs.push(spec);
        }
        Ok(specs)
    }
}

/// The driver's name with the first number that makes it one of its own.
fn free_name(driver: &str, taken: &BTreeMap<String, &str>) -> String {
    let mut number = 0usize;
    loop {
        let name = format!("{driver}{number}");
        if !taken.contains_key(&name) {
            return name;
        }
        number += 1;
    }
}

impl DeviceSpec {
    /// Whether EAL must be started with `--single-file-segments`: virtio-user hands each memory file to the other
    /// side, which takes no more than a few.
    pub fn needs_single_file_segments(&self) -> bool {
        self.driver() == Some("virtio_user")
    }
}

impl DeviceSpec {
    /// The socket that a virtio-user port connects to, and whether it asks for packed rings there.
    pub fn connects_to(&self) -> Option<(&str, bool)> {
        let option = |key: &str| {
            let mut options = self.args.split(',').filter_map(|option| option.split_once('='));
            options.find_map(|(said, value)| (said == key).then_some(value))
        };
        let says = |key: &str| option(key).is_some_and(|value| value != "0");
        let connects = self.driver() == Some("virtio_user") && !says("server");
        Some((option("path").filter(|_| connects)?, says("packed_vq")))
    }
}

/// Name and options as `--vdev` and `-a` take them.
impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.args.is_empty() {
            write!(f, ",{}", self.args)?;
        }
        Ok(())
    }
}
