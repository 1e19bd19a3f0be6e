//! What can be said of a device before DPDK is asked, so that the error names the thing that is wrong.

use super::listener::{Listener, SOCKET_PATH_LIMIT};
use super::{Bus, DeviceError, DeviceSpec};
use std::fs;
use std::path::Path;

/// The longest name that DPDK gives a device (`RTE_DEV_NAME_MAX_LEN`, with its end).
const NAME_LIMIT: usize = 63;
/// The longest name of a net_ring device: its rings are called `ETH_RXTX15_` and its name, in 28 bytes
/// (`RTE_RING_NAMESIZE`, with its end).
const RING_NAME_LIMIT: usize = 17;
/// The longest name of an interface (`IFNAMSIZ` in netdevice(7), with its end).
const INTERFACE_LIMIT: usize = 15;

/// Something on this machine that a device needs.
enum Need<'a> {
    /// An interface that exists.
    Interface(&'a str),
    /// An interface that the device makes or takes.
    InterfaceName(&'a str),
    /// A file to read.
    Input(&'a str),
    /// A file to write.
    Output(&'a str),
    /// A socket where another program listens already, and the option to listen there oneself.
    Listener(&'a str, &'static str),
    /// A socket that the device makes, where nobody listens.
    NewSocket(&'a str),
    /// A socket that the device makes anew, looks for time and again, or has outside the file system.
    SocketPath(&'a str),
}

impl DeviceSpec {
    /// Looks whether this machine has what the device needs: its PCI device, interface, files or sockets.
    ///
    /// `sysfs` is `/sys`. What DPDK finds by itself is not repeated here, and neither are drivers' options.
    ///
    /// # Errors
    /// What is missing, or in the way.
    pub fn check(&self, sysfs: &Path) -> Result<(), DeviceError> {
        let typed = || self.typed.clone();
        if self.bus == Bus::Pci && !sysfs.join("bus/pci/devices").join(&self.name).exists() {
            return Err(DeviceError::NoPciDevice { typed: typed(), address: self.name.clone() });
        }
        for need in self.needs() {
            match need {
                Need::Interface(name) if !sysfs.join("class/net").join(name).exists() => {
                    let interface = name.to_owned();
                    return Err(DeviceError::NoInterface { typed: typed(), interface });
                }
                Need::Input(path) if !Path::new(path).exists() => {
                    return Err(DeviceError::NoFile { typed: typed(), path: path.to_owned() });
                }
                Need::Listener(path, option) if !Path::new(path).exists() => {
                    return Err(DeviceError::NoSocket {
                        typed: typed(),
                        path: path.to_owned(),
                        option,
                    });
                }
                Need::NewSocket(path) => {
                    self.check_folder(path)?;
                    self.listener_gone(path)?;
                }
                Need::Output(path) => self.check_folder(path)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the socket file that the device is to make, if a program which is gone left it; says which it was.
    ///
    /// # Errors
    /// Somebody listens there, it is no socket, or it cannot be removed.
    pub fn remove_stale_socket(&self) -> Result<Option<&str>, DeviceError> {
        let to_be_made = |need| match need {
            Need::NewSocket(path) => Some(path),
            _ => None,
        };
        let Some(path) = self.needs().into_iter().find_map(to_be_made) else { return Ok(None) };
        if !self.listener_gone(path)? {
            return Ok(None);
        }
        fs::remove_file(path).map_err(|error| DeviceError::StaleSocket {
            typed: self.typed.clone(),
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Some(path))
    }

    /// Whether a program which is gone left the socket; `false` where there is none.
    fn listener_gone(&self, path: &str) -> Result<bool, DeviceError> {
        let (typed, at) = (self.typed.clone(), path.to_owned());
        match Listener::at(Path::new(path)) {
            Listener::Nothing => Ok(false),
            Listener::Gone => Ok(true),
            Listener::Program(program) => {
                Err(DeviceError::SocketTaken { typed, path: at, program })
            }
            Listener::OtherFile => Err(DeviceError::NotASocket { typed, path: at }),
        }
    }

    /// Refuses a later device that would make what this one makes.
    pub(super) fn check_beside(&self, later: &Self) -> Result<(), DeviceError> {
        let Some(made) = self.makes().filter(|made| later.makes() == Some(*made)) else {
            return Ok(());
        };
        Err(DeviceError::MadeTwice {
            made: made.to_owned(),
            first: self.typed.clone(),
            second: later.typed.clone(),
        })
    }

    /// The socket or interface that the device makes, and no other can make beside it.
    fn makes(&self) -> Option<&str> {
        self.needs().into_iter().find_map(|need| match need {
            Need::NewSocket(made) => Some(made),
            // The kernel puts a number in place of `%d`, a new one each time.
            Need::InterfaceName(made) if !made.contains('%') => Some(made),
            _ => None,
        })
    }

    fn check_folder(&self, path: &str) -> Result<(), DeviceError> {
        match Path::new(path).parent() {
            // A name alone lies in the current folder.
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(DeviceError::NoFolder {
                    typed: self.typed.clone(),
                    path: path.to_owned(),
                    folder: folder.display().to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Refuses names and paths that no machine has room for.
    pub(super) fn check_limits(&self) -> Result<(), DeviceError> {
        let (typed, name) = (self.typed.clone(), self.name.clone());
        // Rings attached by `nodeaction` have names of their own.
        let is_ring = self.driver() == Some("ring") && self.args.is_empty();
        let limit = if is_ring { RING_NAME_LIMIT } else { NAME_LIMIT };
        if name.len() > limit {
            return Err(DeviceError::NameTooLong { typed, name, limit });
        }
        for need in self.needs() {
            match need {
                Need::Interface(name) | Need::InterfaceName(name) if !is_interface_name(name) => {
                    return Err(DeviceError::BadInterfaceName {
                        typed,
                        interface: name.to_owned(),
                    });
                }
                Need::Listener(path, _) | Need::NewSocket(path) | Need::SocketPath(path)
                    if path.len() > SOCKET_PATH_LIMIT =>
                {
                    return Err(DeviceError::SocketPathTooLong { typed, length: path.len() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The driver of a virtual device that [`DeviceSpec::needs`] knows, without `net_` or the older `eth_`.
    pub(super) fn driver(&self) -> Option<&'static str> {
        let name = self.name.strip_prefix("net_").or_else(|| self.name.strip_prefix("eth_"))?;
        ["af_packet", "af_xdp", "memif", "pcap", "ring", "tap", "vhost", "virtio_user"]
            .into_iter()
            .find(|driver| name.starts_with(driver))
    }

    /// What the device needs, from its options, however they were typed.
    fn needs(&self) -> Vec<Need<'_>> {
        let Some(driver) = self.driver() else { return Vec::new() };
        let says = |option: &str| self.args.split(',').any(|said| said == option);
        let need = |key: &str, value| match (driver, key) {
            ("af_packet" | "af_xdp", "iface") => Some(Need::Interface(value)),
            ("tap", "iface") => Some(Need::InterfaceName(value)),
            ("pcap", "rx_pcap") => Some(Need::Input(value)),
            ("pcap", "tx_pcap") => Some(Need::Output(value)),
            ("vhost", "iface") if says("client=1") => Some(Need::SocketPath(value)),
            ("vhost", "iface") => Some(Need::NewSocket(value)),
            ("virtio_user", "path") if says("server=1") => Some(Need::NewSocket(value)),
            ("virtio_user", "path") => Some(Need::Listener(value, "server=1")),
            ("memif", "socket") if says("role=server") => Some(Need::SocketPath(value)),
            ("memif", "socket") if says("socket-abstract=no") => {
                Some(Need::Listener(value, "role=server"))
            }
            ("memif", "socket") => Some(Need::SocketPath(value)),
            _ => None,
        };
        let pairs = self.args.split(',').filter_map(|option| option.split_once('='));
        pairs.filter_map(|(key, value)| need(key, value)).collect()
    }
}

/// Whether the kernel would take it as a name (`dev_valid_name`).
fn is_interface_name(name: &str) -> bool {
    (1..=INTERFACE_LIMIT).contains(&name.len())
        && name != "."
        && name != ".."
        && !name.contains(|c: char| c == '/' || c == ':' || c.is_whitespace())
}
