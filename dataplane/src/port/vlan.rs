//! VLAN on a port: stripping, filtering and insertion by the device.

use super::error::Errno;
use super::{Port, QueueId};
use serde::Serialize;

/// What a device does to VLAN tags of received packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VlanOffloads {
    /// Takes the tag off and gives it beside the packet.
    pub strip: bool,
    /// Takes packets of the VLANs in its filter alone.
    pub filter: bool,
    /// Looks behind an outer tag.
    pub extend: bool,
    /// Takes two tags off.
    pub qinq_strip: bool,
}

/// One of [`VlanOffloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VlanOffload {
    /// [`VlanOffloads::strip`].
    Strip,
    /// [`VlanOffloads::filter`].
    Filter,
    /// [`VlanOffloads::extend`].
    Extend,
    /// [`VlanOffloads::qinq_strip`].
    QinqStrip,
}

impl VlanOffload {
    /// What it is called among a port's receive offloads (`RTE_ETH_RX_OFFLOAD_*`).
    pub fn rx_offload(self) -> u64 {
        match self {
            Self::Strip => dpdk_sys::PW_ETH_RX_OFFLOAD_VLAN_STRIP,
            Self::Filter => dpdk_sys::PW_ETH_RX_OFFLOAD_VLAN_FILTER,
            Self::Extend => dpdk_sys::PW_ETH_RX_OFFLOAD_VLAN_EXTEND,
            Self::QinqStrip => dpdk_sys::PW_ETH_RX_OFFLOAD_QINQ_STRIP,
        }
    }

    fn flag(self) -> i32 {
        (match self {
            Self::Strip => dpdk_sys::RTE_ETH_VLAN_STRIP_OFFLOAD,
            Self::Filter => dpdk_sys::RTE_ETH_VLAN_FILTER_OFFLOAD,
            Self::Extend => dpdk_sys::RTE_ETH_VLAN_EXTEND_OFFLOAD,
            Self::QinqStrip => dpdk_sys::RTE_ETH_QINQ_STRIP_OFFLOAD,
        }) as i32
    }
}

/// Which of two tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VlanTag {
    /// The tag of a singly tagged packet, the second of a doubly tagged one.
    Inner,
    /// The first of two.
    Outer,
}

impl VlanTag {
    /// DPDK's number for it (`enum rte_vlan_type`).
    pub fn number(self) -> u32 {
        match self {
            Self::Inner => dpdk_sys::RTE_ETH_VLAN_TYPE_INNER,
            Self::Outer => dpdk_sys::RTE_ETH_VLAN_TYPE_OUTER,
        }
    }
}

impl<State> Port<State> {
    fn vlan_flags(&self) -> Result<i32, Errno> {
        // SAFETY: the port exists.
        Errno::count(unsafe { dpdk_sys::rte_eth_dev_get_vlan_offload(self.id().0) })
    }

    /// What the device does to VLAN tags; `None` if it does not say.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_get_vlan_offload`.
    pub fn vlan_offloads(&self) -> Option<VlanOffloads> {
        let flags = self.vlan_flags().ok()?;
        let on = |offload: VlanOffload| flags & offload.flag() != 0;
        Some(VlanOffloads {
            strip: on(VlanOffload::Strip),
            filter: on(VlanOffload::Filter),
            extend: on(VlanOffload::Extend),
            qinq_strip: on(VlanOffload::QinqStrip),
        })
    }

    /// Switches an offload on or off, also while the port runs.
    ///
    /// # Errors
    /// [`Errno`]: the device lacks it.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_vlan_offload`.
    pub fn set_vlan_offload(&self, offload: VlanOffload, on: bool) -> Result<(), Errno> {
        let flags = self.vlan_flags()?;
        let flags = if on { flags | offload.flag() } else { flags & !offload.flag() };
        // SAFETY: the port exists.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_set_vlan_offload(self.id().0, flags) })
    }

    /// Switches stripping on or off for one receive queue.
    ///
    /// # Errors
    /// [`Errno`]: the device strips on all queues or none, or there is no such queue.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_vlan_strip_on_queue`.
    pub fn set_vlan_strip_on_queue(&self, queue: QueueId, on: bool) -> Result<(), Errno> {
        // SAFETY: the port exists; ethdev checks the queue.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_set_vlan_strip_on_queue(self.id().0, queue.0, i32::from(on))
        })
    }

    /// Adds a VLAN (0 to 4095) to the filter, or takes it out.
    ///
    /// # Errors
    /// [`Errno`]: the device has no filter, or filtering is off.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_vlan_filter`.
    pub fn set_vlan_filter(&self, vlan: u16, on: bool) -> Result<(), Errno> {
        // SAFETY: the port exists; ethdev checks the number.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_vlan_filter(self.id().0, vlan, i32::from(on)) })
    }

    /// Sets the EtherType that a tag begins with.
    ///
    /// # Errors
    /// [`Errno`]: the device knows tags of one type alone.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_vlan_ether_type`.
    pub fn set_vlan_tpid(&self, tag: VlanTag, tpid: u16) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_set_vlan_ether_type(self.id().0, tag.number(), tpid)
        })
    }

    /// Has the device tag all packets that it sends with this VLAN, or no longer.
    ///
    /// # Errors
    /// [`Errno`]: the device has no such call.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_set_vlan_pvid`.
    pub fn set_vlan_pvid(&self, vlan: u16, on: bool) -> Result<(), Errno> {
        // SAFETY: the port exists.
        Errno::check(unsafe {
            dpdk_sys::rte_eth_dev_set_vlan_pvid(self.id().0, vlan, i32::from(on))
        })
    }
}
