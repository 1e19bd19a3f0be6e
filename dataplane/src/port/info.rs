//! What a device is and can do.

use super::{Port, PortError};
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
    /// Receive descriptors, least and most.
    pub rx_desc: (u16, u16),
    /// Transmit descriptors, least and most.
    pub tx_desc: (u16, u16),
    /// Smallest receive buffer, bytes.
    pub min_rx_bufsize: u32,
    /// Longest frame, bytes.
    pub max_rx_pktlen: u32,
    /// Addresses it can filter by.
    pub max_mac_addrs: u32,
    /// Entries of the RSS redirection table.
    pub reta_size: u16,
    /// RSS types (`RTE_ETH_RSS_*`).
    pub rss_types: u64,
    /// Receive offloads (`RTE_ETH_RX_OFFLOAD_*`).
    pub rx_offloads: u64,
    /// Transmit offloads (`RTE_ETH_TX_OFFLOAD_*`).
    pub tx_offloads: u64,
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
        let mut info = dpdk_sys::rte_eth_dev_info::default();
        // SAFETY: the port exists; `info` is written.
        device.check("rte_eth_dev_info_get", unsafe {
            dpdk_sys::rte_eth_dev_info_get(id, &mut info)
        })?;
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
        // SAFETY: DPDK gives a static string, or NULL.
        let driver = unsafe { text(info.driver_name) };
        Ok(PortInfo {
            device: device.name.clone(),
            driver,
            mac: self.mac()?,
            socket: SocketId(socket),
            mtu,
            promiscuous: flag(promiscuous),
            allmulticast: flag(allmulticast),
            max_rx_queues: info.max_rx_queues,
            max_tx_queues: info.max_tx_queues,
            rx_queues: info.nb_rx_queues,
            tx_queues: info.nb_tx_queues,
            rx_desc: (info.rx_desc_lim.nb_min, info.rx_desc_lim.nb_max),
            tx_desc: (info.tx_desc_lim.nb_min, info.tx_desc_lim.nb_max),
            min_rx_bufsize: info.min_rx_bufsize,
            max_rx_pktlen: info.max_rx_pktlen,
            max_mac_addrs: info.max_mac_addrs,
            reta_size: info.reta_size,
            rss_types: info.flow_type_rss_offloads,
            rx_offloads: info.rx_offload_capa,
            tx_offloads: info.tx_offload_capa,
        })
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

/// DPDK's names of receive and transmit offload flags.
///
/// Source: `rte_ethdev.h`, `rte_eth_dev_rx_offload_name`.
pub fn offload_names(rx: u64, tx: u64) -> (Vec<String>, Vec<String>) {
    let names = |flags: u64, name: unsafe extern "C" fn(u64) -> *const c_char| {
        let bits = (0..u64::BITS).map(|bit| 1 << bit).filter(move |flag| flags & flag != 0);
        // SAFETY: DPDK gives a static string for every value.
        bits.map(move |flag| unsafe { text(name(flag)) }).collect()
    };
    (
        names(rx, dpdk_sys::rte_eth_dev_rx_offload_name),
        names(tx, dpdk_sys::rte_eth_dev_tx_offload_name),
    )
}

/// A C string, copied; empty for NULL.
///
/// # Safety
/// NULL or NUL-terminated.
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}
