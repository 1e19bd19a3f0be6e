//! Who has a device, and what came with it.

use super::address::PciAddress;
use super::device::{PciDevice, folder};
use super::interface::{Interface, Network};
use super::is_user_driver;
use super::kernel::{IpPrefix, Kernel, LinkChange, Route};
use crate::wire::ethernet::MacAddr;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// Who has a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// Whichever driver of the kernel's is for it.
    Kernel,
    /// The driver of this name.
    Driver(String),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("no driver"),
            Self::Kernel => f.write_str("the kernel's own driver"),
            Self::Driver(name) => f.write_str(name),
        }
    }
}

/// A device's driver, and the interfaces that come with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Who has it.
    pub holder: Holder,
    /// The only driver that may have it.
    pub driver_override: Option<String>,
    /// The interfaces that the kernel makes of it then, in order.
    pub interfaces: Vec<Kept>,
}

/// What is kept of an interface while it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Its address.
    pub mac: Option<MacAddr>,
    /// Whether it was up.
    pub up: bool,
    /// Its IP addresses.
    pub addresses: Vec<IpPrefix>,
    /// The routes through it that somebody has set.
    pub routes: Vec<Route>,
    /// Bytes that a packet may have, without Ethernet's header.
    pub mtu: Option<u32>,
    /// The interfaces that stood on it: they have to be put on it again by whoever made them.
    pub above: Vec<String>,
}

impl Binding {
    /// The binding that a device is to have.
    pub(super) fn to(holder: Holder) -> Self {
        // The kernel's drivers know their devices by number. Those for programs take any, but only where they are named.
        let driver_override = match &holder {
            Holder::Driver(name) if is_user_driver(name) => Some(name.clone()),
            _ => None,
        };
        Self { holder, driver_override, interfaces: Vec::new() }
    }

    /// The binding that a device has.
    pub(super) fn of(device: &PciDevice) -> Self {
        let holder = device.driver.clone().map_or(Holder::Nobody, Holder::Driver);
        let kept = |interface: &Interface| Kept {
            name: interface.name.clone(),
            mac: interface.mac,
            up: interface.up,
            addresses: interface.addresses.clone(),
            routes: interface.routes.clone(),
            mtu: interface.mtu,
            above: interface.above.clone(),
        };
        Self {
            holder,
            driver_override: device.driver_override.clone(),
            interfaces: device.interfaces.iter().map(kept).collect(),
        }
    }

    /// Makes a device's binding this one. What is so already is left alone, so that it takes back a change of which only a
    /// part was made. Returns what did not come back with an interface, a sentence each.
    ///
    /// # Errors
    /// The kernel's, or what a driver left undone without a word.
    pub(super) fn settle(
        &self,
        kernel: &mut dyn Kernel,
        address: PciAddress,
    ) -> io::Result<Vec<String>> {
        let folder = folder(address);
        let link = format!("{folder}/driver");
        let now = kernel.machine().link(&link);
        if !self.is_held(now.as_deref()) {
            let needed = Self::to(self.holder.clone()).driver_override;
            set_override(kernel, &folder, needed.as_deref())?;
            if let Some(now) = now {
                let file = format!("sys/bus/pci/drivers/{now}/unbind");
                kernel.write(&file, &address.to_string()).map_err(at(&file))?;
            }
            let file = match &self.holder {
                Holder::Nobody => None,
                Holder::Kernel => Some("sys/bus/pci/drivers_probe".to_owned()),
                Holder::Driver(name) => Some(format!("sys/bus/pci/drivers/{name}/bind")),
            };
            if let Some(file) = file {
                kernel.write(&file, &address.to_string()).map_err(at(&file))?;
            }
            let now = kernel.machine().link(&link);
            if !self.is_held(now.as_deref()) {
                let now = now.map_or(Holder::Nobody, Holder::Driver);
                return Err(io::Error::other(format!(
                    "the kernel said nothing, and it has {now} now"
                )));
            }
        }
        set_override(kernel, &folder, self.driver_override.as_deref())?;
        self.settle_interfaces(kernel, &folder)
    }

    /// Whether a device with that driver is held as it is to be.
    fn is_held(&self, driver: Option<&str>) -> bool {
        match &self.holder {
            Holder::Nobody => driver.is_none(),
            Holder::Kernel => driver.is_some_and(|driver| !is_user_driver(driver)),
            Holder::Driver(name) => driver == Some(name.as_str()),
        }
    }

    /// Gives the interfaces that came back what they had.
    fn settle_interfaces(&self, kernel: &mut dyn Kernel, folder: &str) -> io::Result<Vec<String>> {
        if self.interfaces.is_empty() {
            return Ok(Vec::new());
        }
        let network = Network::of(kernel);
        let present = Interface::of(kernel.machine(), folder, &network);
        let mut missing = Vec::new();
        for (kept, present) in self.interfaces.iter().zip(present) {
            missing.extend(kept.settle(kernel, &present)?);
        }
        Ok(missing)
    }
}

impl Kept {
    /// Gives an interface what it had. Its name may be another one's by now, and a router out of reach: such things are tried,
    /// and what did not come back is returned, a sentence each.
    fn settle(&self, kernel: &mut dyn Kernel, present: &Interface) -> io::Result<Vec<String>> {
        let (name, index) = (&self.name, present.index);
        let mut missing = Vec::new();
        if *name != present.name
            && let Err(error) = kernel.change_link(index, &LinkChange::Name(name.clone()))
        {
            missing.push(format!("the interface {name} is called {} now ({error})", present.name));
        }
        if let Some(mtu) = self.mtu.filter(|_| self.mtu != present.mtu) {
            kernel.change_link(index, &LinkChange::Mtu(mtu))?;
        }
        if self.up && !present.up {
            kernel.change_link(index, &LinkChange::Up(true))?;
        }
        for address in self.addresses.iter().filter(|of| !present.addresses.contains(of)) {
            kernel.add_address(index, *address)?;
        }
        // A router is reached by a route without one.
        let (far, near): (Vec<&Route>, Vec<&Route>) =
            self.routes.iter().partition(|route| route.via.is_some());
        let absent = near.into_iter().chain(far).filter(|of| !present.routes.contains(of));
        for route in absent {
            let set = match route.is_plain {
                true => kernel.add_route(index, route),
                false => Err(io::Error::other("there is more to it than is remembered")),
            };
            let Err(why) = set else { continue };
            missing.push(format!("{name} has no route to {route} any more ({why})"));
        }
        let gone = self.above.iter().filter(|above| !present.above.contains(above));
        missing.extend(gone.map(|above| format!("{above} does not stand on {name} any more")));
        Ok(missing)
    }
}

/// Says which driver alone may have a device, or that any may, unless it is so already.
fn set_override(kernel: &mut dyn Kernel, folder: &str, driver: Option<&str>) -> io::Result<()> {
    let file = format!("{folder}/driver_override");
    let wanted = driver.unwrap_or_default();
    let set = kernel.machine().read(&file).filter(|set| set != "(null)").unwrap_or_default();
    if set == wanted {
        return Ok(());
    }
    kernel.write(&file, &format!("{wanted}\n")).map_err(at(&file))
}

/// Names the file with an error.
pub(super) fn at(file: &str) -> impl Fn(io::Error) -> io::Error + '_ {
    move |error| io::Error::new(error.kind(), format!("/{file}: {error}"))
}
