//! The kernel, as far as devices are concerned.

use super::statistics::Statistics;
use super::vf::{VfSetting, VfSettings};
use crate::machine::Machine;
use crate::netlink::Netlink;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::process::{Command, Stdio};

pub use crate::netlink::{IpPrefix, LinkChange, Route};

/// What is asked of the kernel, and what it is told.
pub trait Kernel {
    /// Its files.
    fn machine(&self) -> &Machine;

    /// Writes to a file that exists.
    ///
    /// # Errors
    /// The kernel's, such as a driver's that refuses a device.
    fn write(&mut self, file: &str, text: &str) -> io::Result<()>;

    /// Makes a file of ours, whole or not at all.
    ///
    /// # Errors
    /// The file system's.
    fn save(&mut self, file: &str, text: &str) -> io::Result<()>;

    /// Loads a module, and those that it needs.
    ///
    /// # Errors
    /// Why it could not be loaded, in modprobe's words.
    fn load_module(&mut self, name: &str) -> io::Result<()>;

    /// The IP addresses of all interfaces, each with its interface's number.
    ///
    /// # Errors
    /// The kernel's.
    fn addresses(&self) -> io::Result<Vec<(u32, IpPrefix)>>;

    /// Gives an interface an IP address.
    ///
    /// # Errors
    /// The kernel's.
    fn add_address(&mut self, interface: u32, address: IpPrefix) -> io::Result<()>;

    /// The routes that somebody has set, each with its interface's number.
    ///
    /// # Errors
    /// The kernel's.
    fn routes(&self) -> io::Result<Vec<(u32, Route)>>;

    /// Sets a route through an interface.
    ///
    /// # Errors
    /// The kernel's.
    fn add_route(&mut self, interface: u32, route: &Route) -> io::Result<()>;

    /// Changes an interface.
    ///
    /// # Errors
    /// The kernel's.
    fn change_link(&mut self, interface: u32, change: &LinkChange) -> io::Result<()>;

    /// What a physical function's interface says of its virtual functions.
    ///
    /// # Errors
    /// The kernel's.
    fn vf_settings(&self, interface: u32) -> io::Result<VfSettings>;

    /// What a physical function's driver counts of its virtual functions, each with its number.
    ///
    /// # Errors
    /// The kernel's.
    fn vf_statistics(&self, interface: u32) -> io::Result<Vec<(u16, Statistics)>>;

    /// Changes a setting of a virtual function, through its physical function's interface.
    ///
    /// # Errors
    /// The kernel's, or the driver's that lacks the setting.
    fn set_vf(&mut self, interface: u32, vf: u16, setting: VfSetting) -> io::Result<()>;
}

/// The kernel that runs, or the files of another one.
#[derive(Clone, Debug, Default)]
pub struct Linux {
    machine: Machine,
}

impl Linux {
    /// The kernel of a machine. Only this machine's answers on more than its files.
    pub fn of(machine: Machine) -> Self {
        Self { machine }
    }

    fn netlink(&self) -> io::Result<Netlink> {
        self.only_here()?;
        Netlink::open()
    }

    fn only_here(&self) -> io::Result<()> {
        if self.machine.is_this() {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the files of a machine are not its kernel",
            ))
        }
    }
}

impl Kernel for Linux {
    fn machine(&self) -> &Machine {
        &self.machine
    }

    fn write(&mut self, file: &str, text: &str) -> io::Result<()> {
        // In one call: the kernel takes each write for a command.
        let mut options = OpenOptions::new();
        options.write(true).truncate(true);
        options.open(self.machine.path(file))?.write_all(text.as_bytes())
    }

    fn save(&mut self, file: &str, text: &str) -> io::Result<()> {
        let path = self.machine.path(file);
        let (folder, new) = (path.parent().unwrap_or(&path), path.with_extension("new"));
        fs::create_dir_all(folder)?;
        fs::write(&new, text)?;
        fs::rename(new, path)
    }

    fn load_module(&mut self, name: &str) -> io::Result<()> {
        self.only_here()?;
        let output = Command::new("modprobe").arg(name).stdin(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(said.trim().replace('\n', "; ")))
    }

    fn addresses(&self) -> io::Result<Vec<(u32, IpPrefix)>> {
        self.netlink()?.addresses()
    }

    fn add_address(&mut self, interface: u32, address: IpPrefix) -> io::Result<()> {
        self.netlink()?.add_address(interface, address)
    }

    fn routes(&self) -> io::Result<Vec<(u32, Route)>> {
        self.netlink()?.routes()
    }

    fn add_route(&mut self, interface: u32, route: &Route) -> io::Result<()> {
        self.netlink()?.add_route(interface, route)
    }

    fn change_link(&mut self, interface: u32, change: &LinkChange) -> io::Result<()> {
        self.netlink()?.change_link(interface, change)
    }

    fn vf_settings(&self, interface: u32) -> io::Result<VfSettings> {
        Ok(VfSettings::read(&self.netlink()?.link(interface)?))
    }

    fn vf_statistics(&self, interface: u32) -> io::Result<Vec<(u16, Statistics)>> {
        Ok(Statistics::of_vfs(&self.netlink()?.link(interface)?))
    }

    fn set_vf(&mut self, interface: u32, vf: u16, setting: VfSetting) -> io::Result<()> {
        self.netlink()?.set_link(interface, &setting.attribute(vf))
    }
}
