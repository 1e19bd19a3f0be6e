//! A stopped port becomes what it is asked to be.

use super::{
    Device, ETHERNET_OVERHEAD, Granted, Port, PortConfig, PortError, QueueConfig, QueueId,
    RssTypes, Stopped,
};
use crate::eal::errno_text;
use crate::mempool::Mempool;
use crate::wire::ethernet::MacAddr;
use dpdk_sys::{rte_eth_conf, rte_eth_dev_info, rte_eth_thresh};

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
        device.check_queues(config, &info)?;
        let config = &config.with_chains(&info, pool.data_room());
        let mut notes = Vec::new();
        let mut key = config.rss_key.clone();
        let conf = eth_conf(config, key.as_deref_mut(), &info, &mut notes);
        let rss = conf.rx_adv_conf.rss_conf.rss_hf;
        let (mut rx_desc, mut tx_desc) = (config.rx_desc, config.tx_desc);
        // SAFETY: the port exists and is stopped; DPDK copies `conf`, the key in it too, and writes the descriptor counts.
        unsafe {
            let rc = dpdk_sys::rte_eth_dev_configure(id, config.rx_queues, config.tx_queues, &conf);
            device.check("rte_eth_dev_configure", rc)?;
            let rc = dpdk_sys::rte_eth_dev_adjust_nb_rx_tx_desc(id, &mut rx_desc, &mut tx_desc);
            device.check("rte_eth_dev_adjust_nb_rx_tx_desc", rc)?;
        }
        drop(key);
        let link_interrupt = conf.intr_conf.lsc() != 0;
        let tx_offloads = conf.txmode.offloads;
        let config = PortConfig { rx_desc, tx_desc, link_interrupt, tx_offloads, ..config.clone() };
        device.set_mtu_of(&config, &info, &mut notes)?;
        // Before the first queue has it, so that no queue outlives its pool, whatever fails.
        device.pools.push(pool.clone());
        for queue in (0..config.rx_queues).map(QueueId) {
            device.set_up_rx(queue, &config, &info, pool)?;
        }
        for queue in (0..config.tx_queues).map(QueueId) {
            device.set_up_tx(queue, &config, &info)?;
        }
        device.set_mac_of(&config, &mut notes)?;
        device.set_filters_of(&config, &mut notes);
        // The queues have this pool now, all of them.
        device.pools.drain(..device.pools.len() - 1);
        device.config = Some(config);
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

/// Ports that share receive queues: whichever of them is polled, packets of all come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareGroup {
    /// Its number.
    pub group: u16,
    /// The switch that the ports are part of.
    pub domain: u16,
    /// The part of it that can share.
    pub rx_domain: u16,
}

impl<State> Port<State> {
    /// The ports that its receive queues are shared with, if they are, as it was configured.
    pub fn share_group(&self) -> Option<ShareGroup> {
        let (config, info) = (self.config()?, self.device.info().ok()?);
        let group = self.device.share_group(config, &info)?;
        let switch = &info.switch_info;
        Some(ShareGroup { group, domain: switch.domain_id, rx_domain: switch.rx_domain })
    }
}

/// The port's configuration in DPDK's form, with what the device lacks left out and noted.
fn eth_conf(
    config: &PortConfig,
    key: Option<&mut [u8]>,
    info: &rte_eth_dev_info,
    notes: &mut Vec<String>,
) -> rte_eth_conf {
    let mut conf = rte_eth_conf::default();
    conf.rxmode.offloads = config.rx_offloads & info.rx_offload_capa;
    conf.txmode.offloads = config.tx_offloads & info.tx_offload_capa;
    let denied =
        (config.rx_offloads & !info.rx_offload_capa, config.tx_offloads & !info.tx_offload_capa);
    if denied != (0, 0) {
        let (rx, tx) = super::offload_names(denied.0, denied.1);
        notes.push(format!("lacks the offloads {}", [rx, tx].concat().join(" ")));
    }
    conf.rxmode.max_lro_pkt_size = config.max_lro_bytes;
    conf.link_speeds = config.link_speeds;
    conf.lpbk_mode = config.loopback;
    // SAFETY: a driver's flags are static (`rte_ethdev.h`, struct rte_eth_dev_info).
    let flags = unsafe { info.dev_flags.as_ref() }.copied().unwrap_or(0);
    let tells = |asked: bool, flag: u32| u32::from(asked && flags & flag != 0);
    conf.intr_conf.set_lsc(tells(config.link_interrupt, dpdk_sys::PW_ETH_DEV_INTR_LSC));
    conf.intr_conf.set_rmv(tells(config.removal_interrupt, dpdk_sys::PW_ETH_DEV_INTR_RMV));

    let asked = if config.rx_queues > 1 { config.rss.0 } else { 0 };
    let rss = asked & info.flow_type_rss_offloads;
    let lacking = asked & !info.flow_type_rss_offloads;
    if rss != 0 && lacking != 0 {
        notes.push(format!(
            "lacks the RSS types {lacking:#x} (RTE_ETH_RSS_*): it spreads packets by the others"
        ));
    }
    if asked != 0 && rss == 0 {
        notes.push(
            "has no RSS: the device alone decides which receive queue a packet takes".to_owned(),
        );
    }
    if rss != 0 {
        conf.rxmode.mq_mode = dpdk_sys::PW_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = rss;
        conf.rxmode.offloads |= dpdk_sys::PW_ETH_RX_OFFLOAD_RSS_HASH & info.rx_offload_capa;
        if let Some(key) = key {
            conf.rx_adv_conf.rss_conf.rss_key_len = key.len() as u8;
            conf.rx_adv_conf.rss_conf.rss_key = key.as_mut_ptr();
        }
    }
    conf
}

impl Device {
    fn check_queues(&self, config: &PortConfig, info: &rte_eth_dev_info) -> Result<(), PortError> {
        for (kind, asked, max, flag) in [
            ("receive", config.rx_queues, info.max_rx_queues, "--rxq"),
            ("transmit", config.tx_queues, info.max_tx_queues, "--txq"),
        ] {
            if asked > max {
                let (port, device) = (self.id, self.name.clone());
                return Err(PortError::TooManyQueues { port, device, kind, asked, max, flag });
            }
        }
        Ok(())
    }

    /// Sets a receive queue up.
    pub(super) fn set_up_rx(
        &self,
        queue: QueueId,
        config: &PortConfig,
        info: &rte_eth_dev_info,
        pool: &Mempool,
    ) -> Result<(), PortError> {
        let own = config.rx.get(&queue).copied().unwrap_or_default();
        let QueueConfig { desc, offloads, deferred } = own;
        let mut conf = info.default_rxconf;
        config.rx_tuning.thresholds(&mut conf.rx_thresh);
        conf.rx_free_thresh = config.rx_tuning.free.unwrap_or(conf.rx_free_thresh);
        // Some drivers have them drop unless told otherwise.
        conf.rx_drop_en |= u8::from(config.rx_drop);
        conf.rx_deferred_start = u8::from(deferred);
        if let Some(group) = self.share_group(config, info) {
            (conf.share_group, conf.share_qid) = (group, queue.0);
        }
        conf.offloads = offloads & info.rx_queue_offload_capa;
        let desc = desc.unwrap_or(config.rx_desc);
        let socket = self.ring_socket(config.rx_socket);
        // SAFETY: the port is configured and stopped, or the queue is; DPDK copies `conf`, and the pool outlives the
        // queue because `pools` holds it.
        let rc = unsafe {
            dpdk_sys::rte_eth_rx_queue_setup(self.id.0, queue.0, desc, socket, &conf, pool.as_raw())
        };
        self.check_queue("rte_eth_rx_queue_setup", queue, rc)
    }

    /// Sets a transmit queue up.
    pub(super) fn set_up_tx(
        &self,
        queue: QueueId,
        config: &PortConfig,
        info: &rte_eth_dev_info,
    ) -> Result<(), PortError> {
        let own = config.tx.get(&queue).copied().unwrap_or_default();
        let QueueConfig { desc, offloads, deferred } = own;
        let mut conf = info.default_txconf;
        config.tx_tuning.thresholds(&mut conf.tx_thresh);
        conf.tx_free_thresh = config.tx_tuning.free.unwrap_or(conf.tx_free_thresh);
        conf.tx_rs_thresh = config.tx_tuning.report_status.unwrap_or(conf.tx_rs_thresh);
        conf.tx_deferred_start = u8::from(deferred);
        conf.offloads = offloads & info.tx_queue_offload_capa;
        let desc = desc.unwrap_or(config.tx_desc);
        let socket = self.ring_socket(config.tx_socket);
        // SAFETY: as for a receive queue; there is no pool.
        let rc =
            unsafe { dpdk_sys::rte_eth_tx_queue_setup(self.id.0, queue.0, desc, socket, &conf) };
        self.check_queue("rte_eth_tx_queue_setup", queue, rc)
    }

    /// The group of ports that share receive queues with this one, if it shares them: their numbers begin with 1.
    fn share_group(&self, config: &PortConfig, info: &rte_eth_dev_info) -> Option<u16> {
        let can = info.dev_capa & dpdk_sys::PW_ETH_DEV_CAPA_RXQ_SHARE != 0;
        let ports = config.rx_sharing.filter(|_| can)?;
        let group = u32::from(self.id.0).checked_div(ports)? + 1;
        // No more than the number of ports.
        Some(group as u16)
    }

    /// The NUMA node of descriptors: as asked, else the port's, which is SOCKET_ID_ANY where it has none.
    fn ring_socket(&self, asked: Option<crate::lcore::SocketId>) -> u32 {
        // SAFETY: the port exists.
        let own = || unsafe { dpdk_sys::rte_eth_dev_socket_id(self.id.0) };
        asked.map_or_else(own, |socket| socket.0) as u32
    }

    fn set_mtu_of(
        &self,
        config: &PortConfig,
        info: &rte_eth_dev_info,
        notes: &mut Vec<String>,
    ) -> Result<(), PortError> {
        let Some(mtu) = config.mtu else { return Ok(()) };
        // SAFETY: the port exists.
        match unsafe { dpdk_sys::rte_eth_dev_set_mtu(self.id.0, mtu) } {
            rc if rc == -libc::EINVAL => Err(PortError::Mtu {
                port: self.id,
                device: self.name.clone(),
                asked: mtu,
                min: info.min_mtu,
                max: info.max_mtu,
            }),
            rc if rc == -libc::ENOTSUP => {
                notes.push(format!(
                    "has no MTU call: it takes frames up to a limit of its own, not an MTU of {mtu}"
                ));
                Ok(())
            }
            rc => self.check("rte_eth_dev_set_mtu", rc),
        }
    }

    fn set_mac_of(&self, config: &PortConfig, notes: &mut Vec<String>) -> Result<(), PortError> {
        let Some(MacAddr(addr_bytes)) = config.mac else { return Ok(()) };
        let mut address = dpdk_sys::rte_ether_addr { addr_bytes };
        // SAFETY: the port exists; the address is copied.
        let rc = unsafe { dpdk_sys::rte_eth_dev_default_mac_addr_set(self.id.0, &mut address) };
        if rc == -libc::ENOTSUP {
            notes.push("keeps its own MAC address: it has no call to change it".to_owned());
            return Ok(());
        }
        self.check("rte_eth_dev_default_mac_addr_set", rc)
    }

    /// Which addresses the port receives. A VF may not choose, and a virtual device has no need to: neither is a reason not
    /// to forward.
    fn set_filters_of(&self, config: &PortConfig, notes: &mut Vec<String>) {
        // SAFETY: the port exists, in both calls.
        let promiscuous = unsafe {
            match config.promiscuous {
                true => dpdk_sys::rte_eth_promiscuous_enable(self.id.0),
                false => dpdk_sys::rte_eth_promiscuous_disable(self.id.0),
            }
        };
        if promiscuous != 0 {
            let why = errno_text(promiscuous);
            notes.push(format!("keeps its promiscuous mode as it is ({why})"));
        }
        if config.allmulticast {
            // SAFETY: the port exists.
            let rc = unsafe { dpdk_sys::rte_eth_allmulticast_enable(self.id.0) };
            if rc != 0 {
                let why = errno_text(rc);
                notes.push(format!("keeps its allmulticast mode as it is ({why})"));
            }
        }
    }

    pub(super) fn check_queue(
        &self,
        call: &'static str,
        queue: QueueId,
        rc: i32,
    ) -> Result<(), PortError> {
        if rc == 0 { Ok(()) } else { Err(self.refused(call, Some(queue), rc)) }
    }
}

impl PortConfig {
    /// The configuration with what chains of buffers take, and frames longer than a buffer, which are such each way. Drivers
    /// may take the fast free for a promise of single buffers.
    fn with_chains(&self, info: &rte_eth_dev_info, data_room: u16) -> Self {
        /// Two VLAN tags, which some drivers count to the frame.
        const TAGS: u16 = 2 * 4;
        let mut config = self.clone();
        let most = |mtu: u16| mtu.saturating_add(ETHERNET_OVERHEAD + TAGS);
        let long = config.mtu.is_some_and(|mtu| most(mtu) > data_room);
        if long {
            config.rx_offloads |= dpdk_sys::PW_ETH_RX_OFFLOAD_SCATTER & info.rx_offload_capa;
        }
        if long || config.chains {
            config.tx_offloads |= dpdk_sys::PW_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa;
            config.tx_offloads &= !Self::FAST_FREE;
        }
        config
    }
}

impl super::Tuning {
    /// Writes those thresholds that were asked for over the driver's.
    fn thresholds(&self, thresholds: &mut rte_eth_thresh) {
        thresholds.pthresh = self.prefetch.unwrap_or(thresholds.pthresh);
        thresholds.hthresh = self.host.unwrap_or(thresholds.hthresh);
        thresholds.wthresh = self.write_back.unwrap_or(thresholds.wthresh);
    }
}
