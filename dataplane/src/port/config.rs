//! What a port is asked to be, and what it grants.

use super::{QueueId, RssTypes};
use crate::lcore::SocketId;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Send packets of several buffers, which they may share with others.
    pub chains: bool,
    /// Receive frames for any address.
    pub promiscuous: bool,
    /// Receive frames for any multicast address.
    pub allmulticast: bool,
    /// The RSS key; the device's own if `None`.
    pub rss_key: Option<Vec<u8>>,
    /// Largest packet that receive coalescing may make, bytes; the device's own if zero.
    pub max_lro_bytes: u32,
    /// Link speeds to choose from (`RTE_ETH_LINK_SPEED_*`), all for zero.
    pub link_speeds: u32,
    /// The device's own number of a loopback mode, zero for none.
    pub loopback: u32,
    /// Ask the device to tell of link changes, where it can.
    pub link_interrupt: bool,
    /// Ask the device to tell of its removal, where it can.
    pub removal_interrupt: bool,
    /// What receive queues have beside the number of descriptors.
    pub rx_tuning: Tuning,
    /// What transmit queues have beside the number of descriptors.
    pub tx_tuning: Tuning,
    /// So many ports, by their numbers, share their receive queues, each queue with those of its number; none do if `None`, or if
    /// the device cannot.
    pub rx_sharing: Option<u32>,
    /// A full receive queue drops packets rather than holding up the others.
    pub rx_drop: bool,
    /// Receive queues that are to be otherwise than the rest.
    pub rx: BTreeMap<QueueId, QueueConfig>,
    /// Transmit queues that are to be otherwise than the rest.
    pub tx: BTreeMap<QueueId, QueueConfig>,
    /// The NUMA node of the pool that packets are received into; the port's if `None`.
    pub pool_socket: Option<SocketId>,
    /// The NUMA node of receive descriptors; the port's if `None`.
    pub rx_socket: Option<SocketId>,
    /// The NUMA node of transmit descriptors; the port's if `None`.
    pub tx_socket: Option<SocketId>,
}

/// When a device fetches, writes back and frees descriptors; its own choice for `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Prefetch threshold.
    pub prefetch: Option<u8>,
    /// Host threshold.
    pub host: Option<u8>,
    /// Write-back threshold.
    pub write_back: Option<u8>,
    /// Descriptors that are freed together.
    pub free: Option<u16>,
    /// Descriptors after which the device reports status; transmit queues only.
    pub report_status: Option<u16>,
}

/// What one queue has otherwise than its port's others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueConfig {
    /// Descriptors; the device may round.
    pub desc: Option<u16>,
    /// Offloads beside the port's own.
    pub offloads: u64,
    /// Stays stopped when the port starts.
    pub deferred: bool,
}

impl PortConfig {
    /// The offload that lets a driver free sent packets without looking at them (`RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE`):
    /// allowed if all packets of a queue come from one pool and have one owner.
    pub const FAST_FREE: u64 = dpdk_sys::PW_ETH_TX_OFFLOAD_MBUF_FAST_FREE;

    /// Descriptors of all receive queues and of all transmit queues together.
    pub fn descriptors(&self) -> u64 {
        let of = |queues: u16, desc: u16, other: &BTreeMap<QueueId, QueueConfig>| -> u64 {
            let own = |queue| other.get(&QueueId(queue)).and_then(|queue| queue.desc);
            (0..queues).map(|queue| u64::from(own(queue).unwrap_or(desc))).sum()
        };
        of(self.rx_queues, self.rx_desc, &self.rx) + of(self.tx_queues, self.tx_desc, &self.tx)
    }
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
            chains: false,
            promiscuous: true,
            allmulticast: false,
            rss_key: None,
            max_lro_bytes: 0,
            link_speeds: 0,
            loopback: 0,
            link_interrupt: true,
            removal_interrupt: true,
            rx_tuning: Tuning::default(),
            tx_tuning: Tuning::default(),
            rx_sharing: None,
            rx_drop: false,
            rx: BTreeMap::new(),
            tx: BTreeMap::new(),
            pool_socket: None,
            rx_socket: None,
            tx_socket: None,
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
