//! The few things asked of the kernel's network by rtnetlink: addresses of interfaces and routes through them, setting one
//! up, its name and its MTU, and the settings of virtual functions.
//!
//! Source: rtnetlink(7), netlink(7). Written by hand: seven kinds of messages are less than any crate that has them all
//! (`docs/decisions/own-netlink.md`).

mod message;
mod route;

use message::{Attributes, Message, Reply};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, netlink, recv, send,
    socket_with,
};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::str::FromStr;

pub use message::{Attribute, u16_be, u32_of, u64_of};
pub use route::Route;

/// `RTM_*` in Linux's `rtnetlink.h`.
mod kind {
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const GET_LINK: u16 = 18;
    pub(super) const SET_LINK: u16 = 19;
    pub(super) const NEW_ADDRESS: u16 = 20;
    pub(super) const GET_ADDRESS: u16 = 22;
}

/// `NLM_F_*` in Linux's `netlink.h`.
mod flag {
    pub(super) const ACKNOWLEDGE: u16 = 0x4;
    pub(super) const DUMP: u16 = 0x300;
    pub(super) const REPLACE_OR_CREATE: u16 = 0x500;
}

/// `IFA_ADDRESS`, `IFA_LOCAL`, `IFLA_IFNAME`, `IFLA_MTU`, `IFLA_EXT_MASK` and `RTEXT_FILTER_VF`; `IFF_UP`.
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const NAME: u16 = 3;
const MTU: u16 = 4;
const EXTENT: u16 = 29;
const WITH_VFS: u32 = 1;
const UP: u32 = 1;

/// What a reply may be long: with hundreds of virtual functions some tens of KiB.
const REPLY_BYTES: usize = 256 * 1024;

/// An IP address of an interface, and how many of its bits name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpPrefix {
    /// The address.
    pub ip: IpAddr,
    /// How many bits name the network.
    pub length: u8,
}

impl IpPrefix {
    /// Whether the address is of the link alone (RFC 4291 section 2.5.6): every interface has one by itself.
    pub fn is_link_local(&self) -> bool {
        matches!(self.ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
    }
}

impl fmt::Display for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.length)
    }
}

/// Why a text is no address with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address with a prefix; write it as in 10.0.0.1/24")]
pub struct IpPrefixError(String);

impl FromStr for IpPrefix {
    type Err = IpPrefixError;

    fn from_str(text: &str) -> Result<Self, IpPrefixError> {
        let parse = || {
            let (ip, length) = text.split_once('/')?;
            let (ip, length): (IpAddr, u8) = (ip.parse().ok()?, length.parse().ok()?);
            (length <= if ip.is_ipv4() { 32 } else { 128 }).then_some(Self { ip, length })
        };
        parse().ok_or_else(|| IpPrefixError(text.to_owned()))
    }
}

impl serde::Serialize for IpPrefix {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for IpPrefix {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What can be changed of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// Whether it is up.
    Up(bool),
    /// Its name; while it is down.
    Name(String),
    /// Bytes that a packet may have, without Ethernet's header.
    Mtu(u32),
}

/// A connection to the kernel's routing tables and interfaces, of this network namespace.
pub struct Netlink {
    socket: OwnedFd,
}

impl Netlink {
    /// Opens one.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open() -> io::Result<Self> {
        // NETLINK_ROUTE is protocol 0, which is what no protocol means.
        let protocol = None;
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, protocol)?;
        // Port 0 is the kernel.
        connect(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
        Ok(Self { socket })
    }

    /// The addresses of all interfaces, each with its interface's number.
    ///
    /// # Errors
    /// The kernel's.
    pub fn addresses(&self) -> io::Result<Vec<(u32, IpPrefix)>> {
        let replies = self.ask(Message::new(kind::GET_ADDRESS, flag::DUMP).bytes(&[0; 8]))?;
        Ok(replies.iter().filter_map(address_of).collect())
    }

    /// Gives an interface an address; it may have it already.
    ///
    /// # Errors
    /// The kernel's.
    pub fn add_address(&self, interface: u32, address: IpPrefix) -> io::Result<()> {
        let (family, ip) = (family_of(address.ip), octets_of(address.ip));
        let message = Message::new(kind::NEW_ADDRESS, flag::REPLACE_OR_CREATE | flag::ACKNOWLEDGE)
            .bytes(&[family, address.length, 0, 0])
            .bytes(&interface.to_ne_bytes())
            .attribute(LOCAL, &ip)
            .attribute(ADDRESS, &ip);
        self.ask(message).map(drop)
    }

    /// Changes an interface.
    ///
    /// # Errors
    /// The kernel's.
    pub fn change_link(&self, interface: u32, change: &LinkChange) -> io::Result<()> {
        let attribute = match change {
            LinkChange::Up(up) => {
                let flags = if *up { UP } else { 0 };
                let message = Message::new(kind::NEW_LINK, flag::ACKNOWLEDGE);
                return self.ask(message.bytes(&link(interface, flags, UP))).map(drop);
            }
            LinkChange::Name(name) => Attribute::new(NAME, format!("{name}\0").as_bytes()),
            LinkChange::Mtu(bytes) => Attribute::new(MTU, &bytes.to_ne_bytes()),
        };
        self.set_link(interface, &attribute)
    }

    /// Sends attributes of an interface that are to be changed.
    ///
    /// # Errors
    /// The kernel's: what the driver says of a setting that it lacks is `EOPNOTSUPP`.
    pub fn set_link(&self, interface: u32, attribute: &Attribute) -> io::Result<()> {
        let message = Message::new(kind::SET_LINK, flag::ACKNOWLEDGE)
            .bytes(&link(interface, 0, 0))
            .attribute(attribute.kind, &attribute.value);
        self.ask(message).map(drop)
    }

    /// The attributes of an interface, those of its virtual functions too.
    ///
    /// # Errors
    /// The kernel's.
    pub fn link(&self, interface: u32) -> io::Result<Vec<Attribute>> {
        let message = Message::new(kind::GET_LINK, flag::ACKNOWLEDGE)
            .bytes(&link(interface, 0, 0))
            .attribute(EXTENT, &WITH_VFS.to_ne_bytes());
        let replies = self.ask(message)?;
        let attributes = |reply: &Reply| -> Vec<Attribute> {
            let rest = reply.payload.get(LINK_HEADER..).unwrap_or_default();
            Attributes(rest)
                .map(|(kind, value)| Attribute { kind, value: value.to_vec() })
                .collect()
        };
        Ok(replies.iter().flat_map(attributes).collect())
    }

    /// Sends a request and collects what is answered.
    fn ask(&self, message: Message) -> io::Result<Vec<Reply>> {
        send(&self.socket, &message.finish(), SendFlags::empty())?;
        let mut replies = Vec::new();
        let mut buffer = vec![0; REPLY_BYTES];
        loop {
            let (count, _) = recv(&self.socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            if message::collect(buffer.get(..count).unwrap_or_default(), &mut replies)? {
                return Ok(replies);
            }
        }
    }
}

impl Attribute {
    /// An attribute of a number and a value.
    pub fn new(kind: u16, value: &[u8]) -> Self {
        Self { kind, value: value.to_vec() }
    }

    /// An attribute that holds others.
    pub fn nest(kind: u16, inner: &[Attribute]) -> Self {
        let mut value = Vec::new();
        for attribute in inner {
            message::push_attribute(&mut value, attribute.kind, &attribute.value);
        }
        Self { kind, value }
    }

    /// The attributes that it holds.
    pub fn inner(&self) -> impl Iterator<Item = Attribute> {
        Attributes(&self.value).map(|(kind, value)| Self::new(kind, value))
    }
}

/// `AF_INET` or `AF_INET6`.
fn family_of(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 2 } else { 10 }
}

fn octets_of(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// The address in some bytes, by their number.
fn ip_of(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    }
}

/// Bytes of an `ifinfomsg`.
const LINK_HEADER: usize = 16;

/// An `ifinfomsg`: the interface, and those of its flags that are to change.
fn link(interface: u32, flags: u32, change: u32) -> [u8; LINK_HEADER] {
    let mut header = [0; LINK_HEADER];
    for (place, value) in header.chunks_exact_mut(4).zip([0, interface, flags, change]) {
        place.copy_from_slice(&value.to_ne_bytes());
    }
    header
}

/// The address that an `ifaddrmsg` tells of.
fn address_of(reply: &Reply) -> Option<(u32, IpPrefix)> {
    if reply.kind != kind::NEW_ADDRESS {
        return None;
    }
    let (header, rest) = reply.payload.split_at_checked(8)?;
    let find = |wanted| Attributes(rest).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    // On a point-to-point link ADDRESS is the peer's; elsewhere they are the same, and IPv6 has ADDRESS alone.
    let value = find(LOCAL).or_else(|| find(ADDRESS))?;
    let ip = ip_of(value)?;
    let interface = u32_of(header.get(4..)?)?;
    Some((interface, IpPrefix { ip, length: *header.get(1)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_its_address() {
        let addresses = Netlink::open().unwrap().addresses().unwrap();
        assert!(addresses.iter().all(|(interface, _)| *interface > 0), "{addresses:?}");
        if let Some((_, address)) = addresses.iter().find(|(_, address)| address.ip.is_loopback()) {
            assert!([8, 128].contains(&address.length), "{addresses:?}");
        }
    }

    #[test]
    fn an_interfaces_name_is_among_its_attributes() {
        // IFLA_IFNAME, and lo is the first interface of every namespace.
        let attributes = Netlink::open().unwrap().link(1).unwrap();
        let name = attributes.iter().find(|attribute| attribute.kind == 3).unwrap();
        assert_eq!(name.value, b"lo\0");
    }

    #[test]
    fn what_the_kernel_refuses_is_its_error() {
        let netlink = Netlink::open().unwrap();
        let absent = netlink.link(0x7fff_fff0).unwrap_err();
        assert_eq!(absent.raw_os_error(), Some(19), "{absent}");
    }

    #[test]
    fn prefixes_are_read_and_written() {
        for text in ["10.0.0.1/24", "fe80::1/64", "0.0.0.0/0"] {
            assert_eq!(text.parse::<IpPrefix>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1", "10.0.0.1/33", "::/129", "10.0.0/8", "10.0.0.1/-1"] {
            assert!(text.parse::<IpPrefix>().is_err(), "{text}");
        }
        let prefix = |text: &str| text.parse::<IpPrefix>().unwrap();
        assert!(prefix("fe80::1/64").is_link_local() && !prefix("10.0.0.1/8").is_link_local());
    }
}
