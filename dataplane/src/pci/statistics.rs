//! What the kernel counts of an interface, and a physical function of each of its virtual ones.

use super::vf::{self, infos};
use crate::machine::Machine;
use crate::netlink::{Attribute, u32_of, u64_of};
use serde::Serialize;

/// `IFLA_VF_STATS` and what is in it, in Linux's `if_link.h`.
mod kind {
    pub(super) const STATS: u16 = 8;
    pub(super) const RX_PACKETS: u16 = 0;
    pub(super) const TX_PACKETS: u16 = 1;
    pub(super) const RX_BYTES: u16 = 2;
    pub(super) const TX_BYTES: u16 = 3;
    pub(super) const RX_DROPPED: u16 = 7;
    pub(super) const TX_DROPPED: u16 = 8;
}

/// What was counted since the interface or the virtual function was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Broken frames received; `None` for a virtual function, of which nobody says it.
    pub rx_errors: Option<u64>,
    /// Packets received and dropped.
    pub rx_dropped: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets that could not be sent; `None` for a virtual function.
    pub tx_errors: Option<u64>,
    /// Packets dropped before they were sent.
    pub tx_dropped: u64,
}

impl Statistics {
    /// An interface's; `None` if there is no such interface.
    ///
    /// Source: Linux, `Documentation/ABI/testing/sysfs-class-net-statistics`.
    pub fn of_interface(machine: &Machine, name: &str) -> Option<Self> {
        let count = |file: &str| machine.value(format!("sys/class/net/{name}/statistics/{file}"));
        Some(Self {
            rx_packets: count("rx_packets")?,
            rx_bytes: count("rx_bytes")?,
            rx_errors: count("rx_errors"),
            rx_dropped: count("rx_dropped")?,
            tx_packets: count("tx_packets")?,
            tx_bytes: count("tx_bytes")?,
            tx_errors: count("tx_errors"),
            tx_dropped: count("tx_dropped")?,
        })
    }

    /// Those of all virtual functions among an interface's attributes, each with its number.
    pub(super) fn of_vfs(attributes: &[Attribute]) -> Vec<(u16, Self)> {
        infos(attributes).filter_map(|info| Self::of_vf(&info)).collect()
    }

    fn of_vf(info: &Attribute) -> Option<(u16, Self)> {
        let find = |wanted: u16| info.inner().find(|attribute| attribute.kind == wanted);
        // The counters do not say whose they are; the settings beside them do.
        let number = u16::try_from(u32_of(&find(vf::kind::MAC)?.value)?).ok()?;
        let counters = find(kind::STATS)?;
        let count = |wanted: u16| {
            let counter = counters.inner().find(|counter| counter.kind == wanted);
            counter.and_then(|counter| u64_of(&counter.value)).unwrap_or_default()
        };
        let counted = Self {
            rx_packets: count(kind::RX_PACKETS),
            rx_bytes: count(kind::RX_BYTES),
            rx_errors: None,
            rx_dropped: count(kind::RX_DROPPED),
            tx_packets: count(kind::TX_PACKETS),
            tx_bytes: count(kind::TX_BYTES),
            tx_errors: None,
            tx_dropped: count(kind::TX_DROPPED),
        };
        Some((number, counted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(kind: u16, value: u64) -> Attribute {
        Attribute::new(kind, &value.to_ne_bytes())
    }

    /// As the kernel tells of virtual functions: each an attribute of several beside one another.
    fn list(functions: &[Vec<Attribute>]) -> Attribute {
        let infos: Vec<Attribute> =
            functions.iter().map(|inner| Attribute::nest(vf::kind::INFO, inner)).collect();
        Attribute::nest(vf::kind::LIST, &infos)
    }

    #[test]
    fn each_function_has_its_own_counters() {
        let mac = |number: u32| {
            let value = [&number.to_ne_bytes()[..], &[2; 6], &[0; 26]].concat();
            Attribute::new(vf::kind::MAC, &value)
        };
        let counters = [
            counter(kind::RX_PACKETS, 5),
            counter(kind::TX_PACKETS, u64::MAX),
            counter(kind::RX_BYTES, 300),
            counter(kind::TX_DROPPED, 1),
        ];
        let told = list(&[
            vec![mac(0), Attribute::nest(kind::STATS, &[])],
            vec![mac(1), Attribute::nest(kind::STATS, &counters)],
            // A driver's that counts nothing.
            vec![mac(2)],
        ]);
        let second = Statistics {
            rx_packets: 5,
            tx_packets: u64::MAX,
            rx_bytes: 300,
            tx_dropped: 1,
            ..Statistics::default()
        };
        assert_eq!(Statistics::of_vfs(&[told]), [(0, Statistics::default()), (1, second)]);
    }
}
