//! What a port is asked to be, and what it grants.

use super::{Port, PortError, QueueId, RssTypes, Stopped};
use crate::eal::errno_text;
use crate::mempool::Mempool;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::ptr;

/// Bytes of a frame around its payload: the header (IEEE 802.3 §3.1.1) and the frame check sequence.
pub const ETHERNET_OVERHEAD: u16 = 14 + 4;

/// What a port is asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortConfig {
    /// Receive queues.
    pub rx_queues: u16,
    /// Transmit queues.
    pub tx_queues: u16,
    /// Descriptors of each receive queue; the device may round.
    pub rx_desc: u16,
    /// Descriptors of each transmit queue; the device may round.
    pub tx_desc: u16,
    /// Largest payload of an Ethernet frame; the device's default if `None`.
    pub mtu: Option<u16>,
    /// Its own Ethernet address; the device's if `None`.
    pub mac: Option<MacAddr>,
    /// What RSS spreads packets over several receive queues by.
    pub rss: RssTypes,
    /// Receive offloads asked for (`RTE_ETH_RX_OFFLOAD_*`).
    pub rx_offloads: u64,
    /// Transmit offloads asked for (`RTE_ETH_TX_OFFLOAD_*`).
    pub tx_offloads: u64,
    /// Receive frames for any address.
    pub promiscuous: bool,
}

impl PortConfig {
    /// The offload that lets a driver free sent packets without looking at them (`RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE`):
    /// allowed if all packets of a queue come from one pool and have one owner.
    pub const FAST_FREE: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
}

impl Default for PortConfig {
    /// One queue each way, testpmd's 1024 descriptors, promiscuous.
    fn default() -> Self {
        Self {
            rx_queues: 1,
            tx_queues: 1,
            rx_desc: 1024,
            tx_desc: 1024,
            mtu: None,
            mac: None,
            rss: RssTypes::IP,
            rx_offloads: 0,
            tx_offloads: 0,
            promiscuous: true,
        }
    }
}

/// What the device made of a [`PortConfig`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Descriptors of each receive queue.
    pub rx_desc: u16,
    /// Descriptors of each transmit queue.
    pub tx_desc: u16,
    /// Receive offloads in force.
    pub rx_offloads: u64,
    /// Transmit offloads in force.
    pub tx_offloads: u64,
    /// RSS in force.
    pub rss: RssTypes,
    /// What the device did without, a line each, for the user.
    pub notes: Vec<String>,
}

impl Port<Stopped> {
    /// Configures the port and its queues; received packets come from `pool`.
    ///
    /// Offloads and RSS types that the device lacks are left out and noted.
    ///
    /// # Errors
    /// [`PortError`]; the port keeps no half of the configuration and can be configured again.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_dev_configure`, `rte_eth_rx_queue_setup`, `rte_eth_tx_queue_setup`.
    pub fn configure(&mut self, config: &PortConfig, pool: &Mempool) -> Result<Granted, PortError> {
        let device = &mut self.device;
        device.config = None;
        let id = device.id.0;
        let info = device.info()?;
        let too_many = |kind, asked, max, flag| {
            let name = device.name.clone();
            (asked > max).then_some(PortError::TooManyQueues {
                port: device.id,
                device: name,
                kind,
                asked,
                max,
                flag,
            })
        };
        let excess = too_many("receive", config.rx_queues, info.max_rx_queues, "--rxq")
            .or_else(|| too_many("transmit", config.tx_queues, info.max_tx_queues, "--txq"));
        if let Some(error) = excess {
            return Err(error);
        }

        let mut notes = Vec::new();
        let rss = if config.rx_queues > 1 { config.rss.0 & info.flow_type_rss_offloads } else { 0 };
        let lacking =
            if config.rx_queues > 1 { config.rss.0 & !info.flow_type_rss_offloads } else { 0 };
        if rss != 0 && lacking != 0 {
            notes.push(format!(
                "lacks the RSS types {lacking:#x} (RTE_ETH_RSS_*): it spreads packets by the others"
            ));
        }
        if config.rx_queues > 1 && config.rss != RssTypes::NONE && rss == 0 {
            notes.push(
                "has no RSS: the device alone decides which receive queue a packet takes"
                    .to_owned(),
            );
        }
        let mut conf = dpdk_sys::rte_eth_conf::default();
        conf.rxmode.offloads = config.rx_offloads & info.rx_offload_capa;
        conf.txmode.offloads = config.tx_offloads & info.tx_offload_capa;
        let denied = (
            config.rx_offloads & !info.rx_offload_capa,
            config.tx_offloads & !info.tx_offload_capa,
        );
        if denied != (0, 0) {
            let (rx, tx) = super::offload_names(denied.0, denied.1);
            notes.push(format!("lacks the offloads {}", [rx, tx].concat().join(" ")));
        }
        if rss != 0 {
            conf.rxmode.mq_mode = dpdk_sys::PW_ETH_MQ_RX_RSS;
            conf.rx_adv_conf.rss_conf.rss_hf = rss;
            conf.rxmode.offloads |= dpdk_sys::PW_ETH_RX_OFFLOAD_RSS_HASH & info.rx_offload_capa;
        }

        let (mut rx_desc, mut tx_desc) = (config.rx_desc, config.tx_desc);
        // SAFETY: the port exists and is stopped; DPDK copies `conf` and writes the descriptor counts.
        unsafe {
            let rc = dpdk_sys::rte_eth_dev_configure(id, config.rx_queues, config.tx_queues, &conf);
            device.check("rte_eth_dev_configure", rc)?;
            let rc = dpdk_sys::rte_eth_dev_adjust_nb_rx_tx_desc(id, &mut rx_desc, &mut tx_desc);
            device.check("rte_eth_dev_adjust_nb_rx_tx_desc", rc)?;
        }
        if let Some(mtu) = config.mtu {
            // SAFETY: the port exists.
            let rc = unsafe { dpdk_sys::rte_eth_dev_set_mtu(id, mtu) };
            if rc == -libc::EINVAL {
                let (min, max) = (info.min_mtu, info.max_mtu);
                let device_name = device.name.clone();
                return Err(PortError::Mtu {
                    port: device.id,
                    device: device_name,
                    asked: mtu,
                    min,
                    max,
                });
            }
            if rc == -libc::ENOTSUP {
                notes.push(format!(
                    "has no MTU call: it takes frames up to a limit of its own, not an MTU of {mtu}"
                ));
            } else {
                device.check("rte_eth_dev_set_mtu", rc)?;
            }
        }
        // Before the first queue has it, so that no queue outlives its pool, whatever fails.
        device.pools.push(pool.clone());
        // SAFETY: the port exists; the socket number becomes SOCKET_ID_ANY where the device has none.
        let socket = unsafe { dpdk_sys::rte_eth_dev_socket_id(id) } as u32;
        for queue in 0..config.rx_queues {
            // SAFETY: the port is configured and stopped; a null configuration asks for the device's default, and the
            // pool outlives the queue because `device.pools` holds it.
            let rc = unsafe {
                dpdk_sys::rte_eth_rx_queue_setup(
                    id,
                    queue,
                    rx_desc,
                    socket,
                    ptr::null(),
                    pool.as_raw(),
                )
            };
            if rc != 0 {
                return Err(device.refused("rte_eth_rx_queue_setup", Some(QueueId(queue)), rc));
            }
        }
        for queue in 0..config.tx_queues {
            // SAFETY: as above.
            let rc = unsafe {
                dpdk_sys::rte_eth_tx_queue_setup(id, queue, tx_desc, socket, ptr::null())
            };
            if rc != 0 {
                return Err(device.refused("rte_eth_tx_queue_setup", Some(QueueId(queue)), rc));
            }
        }
        if let Some(MacAddr(addr_bytes)) = config.mac {
            let mut address = dpdk_sys::rte_ether_addr { addr_bytes };
            // SAFETY: the port exists; the address is copied.
            let rc = unsafe { dpdk_sys::rte_eth_dev_default_mac_addr_set(id, &mut address) };
            if rc == -libc::ENOTSUP {
                notes.push("keeps its own MAC address: it has no call to change it".to_owned());
            } else {
                device.check("rte_eth_dev_default_mac_addr_set", rc)?;
            }
        }
        // SAFETY: the port exists.
        let rc = unsafe {
            match config.promiscuous {
                true => dpdk_sys::rte_eth_promiscuous_enable(id),
                false => dpdk_sys::rte_eth_promiscuous_disable(id),
            }
        };
        // A VF may not, a virtual device has no need to: neither is a reason not to forward.
        if rc != 0 {
            notes.push(format!("keeps its promiscuous mode as it is ({})", errno_text(rc)));
        }
        // The queues have this pool now, all of them.
        device.pools.drain(..device.pools.len() - 1);
        device.config = Some(PortConfig { rx_desc, tx_desc, ..config.clone() });
        Ok(Granted {
            rx_desc,
            tx_desc,
            rx_offloads: conf.rxmode.offloads,
            tx_offloads: conf.txmode.offloads,
            rss: RssTypes(rss),
            notes,
        })
    }
}
