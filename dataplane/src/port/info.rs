//! What a device is and can do.

use super::error::Errno;
use super::vlan::VlanOffloads;
use super::{Device, Direction, Port, PortError, RssTypes};
use crate::lcore::SocketId;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::ffi::{CStr, c_char};

/// What a device is and can do.
#[derive(Clone, Debug, Serialize)]
pub struct PortInfo {
    /// Device name, e.g. `net_null0`.
    pub device: String,
    /// Driver name, e.g. `net_null`.
    pub driver: String,
    /// Version of its firmware; `None` if the device does not say.
    pub firmware: Option<String>,
    /// The arguments it was made with, without its name; `None` if there is no place for them.
    pub devargs: Option<String>,
    /// Its Ethernet address.
    pub mac: MacAddr,
    /// NUMA node.
    pub socket: SocketId,
    /// Largest payload of a frame; `None` if the device does not say.
    pub mtu: Option<u16>,
    /// `None` if the device does not say.
    pub promiscuous: Option<bool>,
    /// `None` if the device does not say.
    pub allmulticast: Option<bool>,
    /// Receive queues it can have.
    pub max_rx_queues: u16,
    /// Transmit queues it can have.
    pub max_tx_queues: u16,
    /// Receive queues it has now.
    pub rx_queues: u16,
    /// Transmit queues it has now.
    pub tx_queues: u16,
    /// Receive descriptors of a queue.
    pub rx_desc: DescriptorLimits,
    /// Transmit descriptors of a queue.
    pub tx_desc: DescriptorLimits,
    /// What it does to VLAN tags; `None` if the device does not say.
    pub vlan: Option<VlanOffloads>,
    /// Smallest receive buffer, bytes.
    pub min_rx_bufsize: u32,
    /// Longest frame, bytes.
    pub max_rx_pktlen: u32,
    /// Longest packet that it merges received ones to, bytes; 0 if it does not.
    pub max_lro_pkt_size: u32,
    /// Addresses it can filter by.
    pub max_mac_addrs: u32,
    /// Addresses it can filter by through a hash.
    pub max_hash_mac_addrs: u32,
    /// Virtual functions it can have.
    pub max_vfs: u16,
    /// Pools of queues for virtual machines it can have.
    pub max_vmdq_pools: u16,
    /// Bytes of the RSS key; 0 if the device does not say.
    pub hash_key_size: u8,
    /// Entries of the RSS redirection table.
    pub reta_size: u16,
    /// RSS types it can hash.
    pub rss_types: RssTypes,
    /// Receive offloads (`RTE_ETH_RX_OFFLOAD_*`), those of single queues among them.
    pub rx_offloads: u64,
    /// Transmit offloads (`RTE_ETH_TX_OFFLOAD_*`), those of single queues among them.
    pub tx_offloads: u64,
    /// Receive offloads that a single queue can have.
    pub rx_queue_offloads: u64,
    /// Transmit offloads that a single queue can have.
    pub tx_queue_offloads: u64,
    /// What else it can (`RTE_ETH_DEV_CAPA_*`).
    pub capabilities: u64,
    /// DPDK's names of these.
    pub capability_names: Vec<String>,
    /// The switch inside the device; `None` if it is part of none.
    pub switch: Option<SwitchInfo>,
    /// What becomes of the device when it fails.
    pub error_handling: ErrorHandling,
    /// Speeds it can have (`RTE_ETH_LINK_SPEED_*`); 0 stands for any.
    pub speeds: u32,
}

/// How many descriptors a queue can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DescriptorLimits {
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
    /// Their number is a multiple of this.
    pub align: u16,
    /// Segments of a packet, at most.
    pub max_segments: u16,
    /// Segments of an MTU of packet, at most.
    pub max_segments_mtu: u16,
}

impl From<dpdk_sys::rte_eth_desc_lim> for DescriptorLimits {
    fn from(limits: dpdk_sys::rte_eth_desc_lim) -> Self {
        Self {
            min: limits.nb_min,
            max: limits.nb_max,
            align: limits.nb_align,
            max_segments: limits.nb_seg_max,
            max_segments_mtu: limits.nb_mtu_seg_max,
        }
    }
}

/// The switch inside a device, and where in it a port is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwitchInfo {
    /// Its name; `None` if the device gives none.
    pub name: Option<String>,
    /// Its number.
    pub domain: u16,
    /// The port's number in it.
    pub port: u16,
    /// The ports with which a receive queue can be shared; `None` if none can be.
    pub rx_domain: Option<u16>,
}

/// What becomes of a device when it fails (`enum rte_eth_err_handle_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorHandling {
    /// Nothing.
    None,
    /// It says that it has failed, and its user resets it.
    Passive,
    /// Its driver resets it.
    Proactive,
    /// A number that DPDK does not explain.
    Unknown,
}

impl<State> Port<State> {
    /// What the device is and can do.
    ///
    /// # Errors
    /// [`PortError::Refused`] if the device is gone.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_info_get`.
    pub fn info(&self) -> Result<PortInfo, PortError> {
        let device = &self.device;
        let id = device.id.0;
        let info = device.info()?;
        let mut mtu = 0;
        // SAFETY: the port exists; `mtu` is written if the call succeeds.
        let mtu = (unsafe { dpdk_sys::rte_eth_dev_get_mtu(id, &mut mtu) } == 0).then_some(mtu);
        let flag = |value: i32| u8::try_from(value).ok().map(|value| value != 0);
        // SAFETY: the port exists; each call reads its state and answers 1, 0 or an error.
        let (promiscuous, allmulticast, socket) = unsafe {
            let promiscuous = dpdk_sys::rte_eth_promiscuous_get(id);
            (
                promiscuous,
                dpdk_sys::rte_eth_allmulticast_get(id),
                dpdk_sys::rte_eth_dev_socket_id(id),
            )
        };
        // SAFETY: DPDK gives strings that live as long as the device, or NULL.
        let (driver, devargs) = unsafe {
            let devargs = dpdk_sys::pw_dev_args(info.device);
            (text(info.driver_name), (!devargs.is_null()).then(|| text(devargs)))
        };
        Ok(PortInfo {
            device: device.name.clone(),
            driver,
            firmware: self.firmware(),
            devargs,
            mac: self.mac()?,
            socket: SocketId(socket),
            mtu,
            promiscuous: flag(promiscuous),
            allmulticast: flag(allmulticast),
            max_rx_queues: info.max_rx_queues,
            max_tx_queues: info.max_tx_queues,
            rx_queues: info.nb_rx_queues,
            tx_queues: info.nb_tx_queues,
            rx_desc: info.rx_desc_lim.into(),
            tx_desc: info.tx_desc_lim.into(),
            vlan: self.vlan_offloads(),
            min_rx_bufsize: info.min_rx_bufsize,
            max_rx_pktlen: info.max_rx_pktlen,
            max_lro_pkt_size: info.max_lro_pkt_size,
            max_mac_addrs: info.max_mac_addrs,
            max_hash_mac_addrs: info.max_hash_mac_addrs,
            max_vfs: info.max_vfs,
            max_vmdq_pools: info.max_vmdq_pools,
            hash_key_size: info.hash_key_size,
            reta_size: info.reta_size,
            rss_types: RssTypes(info.flow_type_rss_offloads),
            rx_offloads: info.rx_offload_capa,
            tx_offloads: info.tx_offload_capa,
            rx_queue_offloads: info.rx_queue_offload_capa,
            tx_queue_offloads: info.tx_queue_offload_capa,
            capabilities: info.dev_capa,
            capability_names: names(info.dev_capa, dpdk_sys::rte_eth_dev_capability_name),
            switch: switch(&info),
            error_handling: match info.err_handle_mode {
                dpdk_sys::RTE_ETH_ERROR_HANDLE_MODE_NONE => ErrorHandling::None,
                dpdk_sys::RTE_ETH_ERROR_HANDLE_MODE_PASSIVE => ErrorHandling::Passive,
                dpdk_sys::RTE_ETH_ERROR_HANDLE_MODE_PROACTIVE => ErrorHandling::Proactive,
                _ => ErrorHandling::Unknown,
            },
            speeds: info.speed_capa,
        })
    }

    /// The version of the device's firmware (`rte_eth_dev_fw_version_get`).
    fn firmware(&self) -> Option<String> {
        let mut version = [0 as c_char; 256];
        // SAFETY: the port exists; the call writes as much as it is told at most, and terminates it if it succeeds.
        unsafe {
            let (room, size) = (version.as_mut_ptr(), version.len());
            let rc = dpdk_sys::rte_eth_dev_fw_version_get(self.device.id.0, room, size);
            (rc == 0).then(|| text(version.as_ptr()))
        }
    }

    /// The offloads in force for the port as a whole, receive and transmit (`RTE_ETH_*_OFFLOAD_*`).
    ///
    /// # Errors
    /// [`Errno`] if the port was never configured.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_conf_get`.
    pub fn offloads(&self) -> Result<(u64, u64), Errno> {
        let mut conf = dpdk_sys::rte_eth_conf::default();
        // SAFETY: the port exists; `conf` is written.
        Errno::check(unsafe { dpdk_sys::rte_eth_dev_conf_get(self.device.id.0, &mut conf) })?;
        Ok((conf.rxmode.offloads, conf.txmode.offloads))
    }

    /// The device's Ethernet address.
    ///
    /// # Errors
    /// [`PortError::Refused`] if the device is gone.
    pub fn mac(&self) -> Result<MacAddr, PortError> {
        let mut address = dpdk_sys::rte_ether_addr::default();
        // SAFETY: the port exists; `address` is written.
        let rc = unsafe { dpdk_sys::rte_eth_macaddr_get(self.device.id.0, &mut address) };
        self.device.check("rte_eth_macaddr_get", rc)?;
        Ok(MacAddr(address.addr_bytes))
    }
}

impl Device {
    /// What ethdev says of the device.
    pub(super) fn info(&self) -> Result<dpdk_sys::rte_eth_dev_info, PortError> {
        let mut info = dpdk_sys::rte_eth_dev_info::default();
        // SAFETY: the port exists; `info` is written.
        let rc = unsafe { dpdk_sys::rte_eth_dev_info_get(self.id.0, &mut info) };
        self.check("rte_eth_dev_info_get", rc)?;
        Ok(info)
    }
}

/// The switch that a port is part of.
fn switch(info: &dpdk_sys::rte_eth_dev_info) -> Option<SwitchInfo> {
    let switch = &info.switch_info;
    let shares = info.dev_capa & dpdk_sys::PW_ETH_DEV_CAPA_RXQ_SHARE != 0;
    let known = u32::from(switch.domain_id) != dpdk_sys::RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID;
    known.then(|| SwitchInfo {
        // SAFETY: DPDK gives a string that lives as long as the device, or NULL.
        name: (!switch.name.is_null()).then(|| unsafe { text(switch.name) }),
        domain: switch.domain_id,
        port: switch.port_id,
        rx_domain: shares.then_some(switch.rx_domain),
    })
}

/// The offload of DPDK's name, in small or capital letters.
pub fn offload_named(direction: Direction, name: &str) -> Option<u64> {
    let is_named = |offload: &u64| {
        let names = match direction {
            Direction::Rx => offload_names(*offload, 0).0,
            Direction::Tx => offload_names(0, *offload).1,
        };
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    (0..u64::BITS).map(|bit| 1 << bit).find(is_named)
}

/// DPDK's names of receive and transmit offload flags.
///
/// Source: `rte_ethdev.h`, `rte_eth_dev_rx_offload_name`.
pub fn offload_names(rx: u64, tx: u64) -> (Vec<String>, Vec<String>) {
    (
        names(rx, dpdk_sys::rte_eth_dev_rx_offload_name),
        names(tx, dpdk_sys::rte_eth_dev_tx_offload_name),
    )
}

/// DPDK's names of flags, the lowest first.
fn names(flags: u64, name: unsafe extern "C" fn(u64) -> *const c_char) -> Vec<String> {
    let bits = (0..u64::BITS).map(|bit| 1 << bit).filter(move |flag| flags & flag != 0);
    // SAFETY: DPDK gives a static string for every value.
    bits.map(move |flag| unsafe { text(name(flag)) }).collect()
}

/// A C string, copied; empty for NULL.
///
/// # Safety
/// NULL or NUL-terminated.
pub(super) unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}
