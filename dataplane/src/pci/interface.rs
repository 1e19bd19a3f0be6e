//! The kernel's interfaces on a device.

use super::kernel::{IpPrefix, Kernel, Route};
use crate::machine::Machine;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::collections::BTreeSet;

/// `IFF_UP` in Linux's `if.h`.
const UP: u32 = 1;

/// An interface of the kernel's, in this network namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number in the kernel.
    pub index: u32,
    /// Its address.
    pub mac: Option<MacAddr>,
    /// Whether it is set up; what the wire says is `carrier`.
    pub up: bool,
    /// Whether there is a link; `None` while the interface is down, as the kernel does not look then.
    pub carrier: Option<bool>,
    /// Speed of the link in Mbit/s, if it has one.
    pub speed_mbps: Option<u32>,
    /// Its IP addresses, those of the link alone (`fe80::`) left out.
    pub addresses: Vec<IpPrefix>,
    /// The routes through it that somebody has set.
    pub routes: Vec<Route>,
    /// Bytes that a packet may have, without Ethernet's header.
    pub mtu: Option<u32>,
    /// The interfaces that stand on it: its bridge, its VLANs.
    pub above: Vec<String>,
    /// Whether packets to anywhere leave through it.
    pub default_route: bool,
    /// Whether any route leads through it.
    pub routed: bool,
}

impl Interface {
    /// What the kernel uses it for, if it does: whoever takes it away is to know.
    pub fn use_of_it(&self) -> Option<String> {
        if self.default_route {
            return Some("over which the default route leads".to_owned());
        }
        let address = self.addresses.first().filter(|_| self.up)?;
        Some(format!("which is up and has the address {address}"))
    }

    /// The interfaces below a device's folder in sysfs, by name.
    pub(super) fn of(machine: &Machine, device: &str, network: &Network) -> Vec<Self> {
        // A virtio device has its interface a folder deeper than others.
        let deeper = machine.entries(device).into_iter().filter(|name| name.starts_with("virtio"));
        let folders: Vec<String> = std::iter::once(format!("{device}/net"))
            .chain(deeper.map(|name| format!("{device}/{name}/net")))
            .collect();
        let read = |folder: &String, name: String| {
            let at = |file: &str| format!("{folder}/{name}/{file}");
            let index = machine.value(at("ifindex")).unwrap_or_default();
            Self {
                index,
                mac: machine.value(at("address")),
                up: machine.hex(at("flags")).is_some_and(|flags| flags & UP != 0),
                carrier: machine.value::<u8>(at("carrier")).map(|carrier| carrier == 1),
                speed_mbps: machine.value(at("speed")),
                addresses: network
                    .addresses
                    .iter()
                    .filter(|(of, address)| *of == index && !address.is_link_local())
                    .map(|(_, address)| *address)
                    .collect(),
                routes: network
                    .routes
                    .iter()
                    .filter(|(of, _)| *of == index)
                    .map(|(_, route)| route.clone())
                    .collect(),
                mtu: machine.value(at("mtu")),
                above: machine
                    .entries(format!("{folder}/{name}"))
                    .iter()
                    .filter_map(|entry| Some(entry.strip_prefix("upper_")?.to_owned()))
                    .collect(),
                default_route: network.used.default.contains(&name),
                routed: network.used.any.contains(&name),
                name,
            }
        };
        folders
            .iter()
            .flat_map(|folder| {
                machine.entries(folder).into_iter().map(move |name| read(folder, name))
            })
            .collect()
    }
}

/// What is asked once for all interfaces.
#[derive(Debug, Default)]
pub(super) struct Network {
    addresses: Vec<(u32, IpPrefix)>,
    routes: Vec<(u32, Route)>,
    used: Routes,
}

impl Network {
    /// This network namespace's. An interface is one also where its addresses and routes cannot be asked for.
    pub(super) fn of(kernel: &dyn Kernel) -> Self {
        Self {
            addresses: kernel.addresses().unwrap_or_default(),
            routes: kernel.routes().unwrap_or_default(),
            used: Routes::of(kernel.machine()),
        }
    }
}

/// The interfaces that routes lead through.
#[derive(Debug, Default)]
struct Routes {
    default: BTreeSet<String>,
    any: BTreeSet<String>,
}

impl Routes {
    /// Those of this network namespace.
    ///
    /// Source: proc(5), `/proc/net/route`; Linux's `rt6_seq_show` for `/proc/net/ipv6_route`.
    fn of(machine: &Machine) -> Self {
        let mut routes = Self::default();
        let table = machine.read("proc/net/route").unwrap_or_default();
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let [name, to, _, _, _, _, _, mask, ..] = fields[..] {
                routes.add(name, to == "00000000" && mask == "00000000");
            }
        }
        let table = machine.read("proc/net/ipv6_route").unwrap_or_default();
        for line in table.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // What is routed to lo is not routed at all, and each interface has routes of the link's own.
            if let [to, length, .., name] = fields[..]
                && name != "lo"
                && !to.starts_with("fe80")
                && !to.starts_with("ff")
            {
                routes.add(name, length == "00");
            }
        }
        routes
    }

    fn add(&mut self, name: &str, is_default: bool) {
        self.any.insert(name.to_owned());
        if is_default {
            self.default.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_default_route_is_found_in_both_families() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::at(root.path());
        fs::create_dir_all(machine.path("proc/net")).unwrap();
        let zero = "00000000000000000000000000000000";
        let v4 = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                  eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                  eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let v6 = format!(
            "{zero} 00 {zero} 00 {zero} 00000400 00000001 00000000 00000001 eth2\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n\
             fe8000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001 eth3\n"
        );
        fs::write(machine.path("proc/net/route"), v4).unwrap();
        fs::write(machine.path("proc/net/ipv6_route"), v6).unwrap();
        let routes = Routes::of(&machine);
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            (names(&routes.default).as_str(), names(&routes.any).as_str()),
            ("eth0 eth2", "eth0 eth1 eth2")
        );
    }
}
