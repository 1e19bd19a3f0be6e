//! What can be wrong with a device that a user names.

use super::listener::{Program, SOCKET_PATH_LIMIT};
use super::short_form::ShortForm;
use crate::pci::PciAddressError;
use std::fmt;

/// Why a device cannot be had, in terms of what was typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Nothing was typed.
    #[error("the device has no name; {Usage}")]
    Empty,
    /// What was typed is no form of a device's name.
    #[error("`{typed}` is no device{}; {Usage}", Nearest(.nearest))]
    Unknown {
        /// What was typed.
        typed: String,
        /// The short form that looks most like it.
        nearest: Option<&'static str>,
    },
    /// It looks like a PCI address and is none.
    #[error(transparent)]
    BadPciAddress(#[from] PciAddressError),
    /// A short form without what it is about.
    #[error("`{word}:` lacks its {operand}; write {word}:{operand}")]
    MissingOperand {
        /// The short form's word.
        word: &'static str,
        /// What should follow.
        operand: &'static str,
    },
    /// Something after a comma that is no option.
    #[error(
        "`{argument}` in `{typed}` is no option; write options as KEY=VALUE, and no comma in a path"
    )]
    BadArgument {
        /// What was typed.
        typed: String,
        /// The part that is wrong.
        argument: String,
    },
    /// Two devices have one name.
    #[error("`{first}` and `{second}` are both called {name} by DPDK; name each device once")]
    NameTwice {
        /// DPDK's name.
        name: String,
        /// What was typed first.
        first: String,
        /// What was typed later.
        second: String,
    },
    /// Two devices would make the same socket or interface.
    #[error("`{first}` and `{second}` would both make {made}; give each one of its own")]
    MadeTwice {
        /// The socket or interface.
        made: String,
        /// What was typed first.
        first: String,
        /// What was typed later.
        second: String,
    },
    /// DPDK's name for the device is too long.
    #[error("`{typed}`: DPDK's name for it, {name}, has {} bytes and may have {limit}; use a shorter name", name.len())]
    NameTooLong {
        /// What was typed.
        typed: String,
        /// DPDK's name.
        name: String,
        /// How long it may be.
        limit: usize,
    },
    /// A path that a socket address does not hold.
    #[error(
        "`{typed}`: the socket path has {length} bytes and the kernel takes {SOCKET_PATH_LIMIT}; use a shorter one, as in /tmp/pw.sock"
    )]
    SocketPathTooLong {
        /// What was typed.
        typed: String,
        /// The path's length.
        length: usize,
    },
    /// A name that the kernel gives no interface.
    #[error(
        "`{typed}`: `{interface}` cannot be an interface's name, which has 1 to 15 bytes and no slash, colon or space; \
         `ip link` lists the interfaces"
    )]
    BadInterfaceName {
        /// What was typed.
        typed: String,
        /// The interface.
        interface: String,
    },
    /// The interface does not exist.
    #[error(
        "`{typed}`: there is no interface {interface} in this network namespace; `ip link` lists those there are"
    )]
    NoInterface {
        /// What was typed.
        typed: String,
        /// The interface.
        interface: String,
    },
    /// The PCI device does not exist.
    #[error("`{typed}`: there is no PCI device {address}; `lspci -D` lists those there are")]
    NoPciDevice {
        /// What was typed.
        typed: String,
        /// The address in full.
        address: String,
    },
    /// No PCI device has the name that it was typed by.
    #[error("`{typed}`: {why}")]
    NotFound {
        /// What was typed.
        typed: String,
        /// What is the matter with the name.
        why: String,
    },
    /// The file to read does not exist.
    #[error(
        "`{typed}`: there is no file {path} to read packets from; check the path with `ls {path}`"
    )]
    NoFile {
        /// What was typed.
        typed: String,
        /// The file.
        path: String,
    },
    /// The folder of a file or socket to be made does not exist.
    #[error(
        "`{typed}`: {path} cannot be made, as there is no folder {folder}; make it with `mkdir -p {folder}`"
    )]
    NoFolder {
        /// What was typed.
        typed: String,
        /// The file or socket.
        path: String,
        /// The folder.
        folder: String,
    },
    /// The socket to connect to does not exist.
    #[error(
        "`{typed}`: nobody listens at {path}; start the program at the other end first, \
         or listen here with the option {option}"
    )]
    NoSocket {
        /// What was typed.
        typed: String,
        /// The socket.
        path: String,
        /// What makes this the listening end.
        option: &'static str,
    },
    /// Another program listens at the socket to listen at.
    #[error("`{typed}`: {program} listens at {path} already; stop it, or name another path")]
    SocketTaken {
        /// What was typed.
        typed: String,
        /// The socket.
        path: String,
        /// The program.
        program: Program,
    },
    /// What is at the path of the socket to listen at is no socket.
    #[error(
        "`{typed}`: {path} is there already and is no socket; name another path, or remove it with `rm {path}`"
    )]
    NotASocket {
        /// What was typed.
        typed: String,
        /// The path.
        path: String,
    },
    /// A socket that a program which is gone left behind cannot be removed.
    #[error(
        "`{typed}`: {path} was left by a program that is gone, and cannot be removed ({why}); remove it with `rm {path}`"
    )]
    StaleSocket {
        /// What was typed.
        typed: String,
        /// The socket.
        path: String,
        /// The kernel's reason.
        why: String,
    },
    /// An option whose value is none of those that it takes.
    #[error("`{option}` in `{typed}` takes {takes}")]
    BadValue {
        /// What was typed.
        typed: String,
        /// The option.
        option: String,
        /// What it takes.
        takes: &'static str,
    },
    /// An option about a socket file that the other end makes.
    #[error(
        "`{option}` in `{typed}` is about the socket file, which the other end makes with client=1; leave it out"
    )]
    SocketOfAnother {
        /// What was typed.
        typed: String,
        /// The option.
        option: String,
    },
}

/// What may be typed.
struct Usage;

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "give a PCI address (0000:01:00.0), a DPDK vdev (net_null0), or one of pci:DEVICE,",
        )?;
        for (place, form) in ShortForm::ALL.iter().enumerate() {
            let before = if place == 0 { "" } else { "," };
            write!(f, "{before} {}:{}", form.word(), form.operand())?;
        }
        Ok(())
    }
}

/// The question whether another short form was meant.
struct Nearest<'a>(&'a Option<&'a str>);

impl fmt::Display for Nearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, " (did you mean {word}:?)"))
    }
}
