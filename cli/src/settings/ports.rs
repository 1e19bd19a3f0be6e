//! Which ports there are to be and what each is asked to be.

use super::given::Layers;
use super::{PortSettings, SettingsError, tuning, value};
use crate::config::{Fwd, Port};
use crate::flags::app::AppFlags;
use crate::flags::eal::EalFlags;
use dataplane::lcore::LcoreId;
use dataplane::port::device::DeviceList;
use dataplane::port::{ETHERNET_OVERHEAD, PortConfig};

/// The ports named by flags, or else by the file: a list that flags give replaces the file's.
pub(super) fn named(
    layers: &Layers<'_>,
    eal: &EalFlags,
    app: &AppFlags,
    fwd: &Fwd,
    file_ports: Vec<Port>,
) -> Result<Vec<PortSettings>, SettingsError> {
    let named: Vec<&String> = eal.vdevs.iter().chain(&app.port).collect();
    let mut devices = DeviceList::default();
    let mut asked = Vec::new();
    let mut add = |device: &str, config: PortConfig, peer, lcores| {
        asked.push((config.clone(), peer, lcores));
        devices.add(device, config.rx_queues.max(config.tx_queues))
    };
    if named.is_empty() {
        for (index, port) in file_ports.into_iter().enumerate() {
            let config = config(layers, app, fwd, Some((index, &port)))?;
            let peer = layers
                .key(&format!("port[{index}].eth_peer"), port.eth_peer)
                .try_map(|address| value::mac(&address))?;
            let lcores: Vec<LcoreId> = port.rxq_lcores.into_iter().map(LcoreId).collect();
            if lcores.len() > usize::from(config.rx_queues) {
                return Err(SettingsError::Value {
                    setting: format!("{}: port[{index}].rxq_lcores", layers.file),
                    why: format!("the port has {} receive queues", config.rx_queues),
                    mend: "name an lcore for each, or set rxq".into(),
                });
            }
            add(&port.device, config, peer, lcores)?;
        }
    } else {
        let config = config(layers, app, fwd, None)?;
        named.into_iter().try_for_each(|device| add(device, config.clone(), None, Vec::new()))?;
    }
    let ports = devices
        .expand()?
        .into_iter()
        .zip(asked)
        .map(|(device, (config, peer, lcores))| PortSettings { device, config, peer, lcores });
    Ok(ports.collect())
}

/// What a port is asked to be: flags, else the file's entry for it, else testpmd's defaults.
pub(super) fn config(
    layers: &Layers<'_>,
    app: &AppFlags,
    fwd: &Fwd,
    entry: Option<(usize, &Port)>,
) -> Result<PortConfig, SettingsError> {
    let (index, port) = entry.unzip();
    let key = |name: &str| format!("port[{}].{name}", index.unwrap_or_default());
    let rxq = layers.pick("--rxq", app.rxq, &key("rxq"), port.and_then(|port| port.rxq));
    let txq = layers.pick("--txq", app.txq, &key("txq"), port.and_then(|port| port.txq));
    let rxd = layers.pick("--rxd", app.rxd, &key("rxd"), port.and_then(|port| port.rxd));
    let txd = layers.pick("--txd", app.txd, &key("txd"), port.and_then(|port| port.txd));
    let max_pkt_len = layers.pick(
        "--max-pkt-len",
        app.max_pkt_len,
        &key("max_pkt_len"),
        port.and_then(|port| port.max_pkt_len),
    );
    let rss = layers.key("fwd.rss", fwd.rss.as_ref()).try_map(|name| value::rss(name))?;
    let rx_offloads = layers.pick(
        "--rx-offloads",
        app.rx_offloads.as_ref(),
        "fwd.rx_offloads",
        fwd.rx_offloads.as_ref(),
    );
    let tx_offloads = layers.pick(
        "--tx-offloads",
        app.tx_offloads.as_ref(),
        "fwd.tx_offloads",
        fwd.tx_offloads.as_ref(),
    );
    let mac = layers.key(&key("mac"), port.and_then(|port| port.mac.as_ref()));
    let promiscuous = port.and_then(|port| port.promiscuous);
    let default = PortConfig::default();
    let mut config = PortConfig {
        // RTE_MAX_QUEUES_PER_PORT is 1024.
        rx_queues: rxq.within(1..=1024)?.unwrap_or(default.rx_queues),
        tx_queues: txq.within(1..=1024)?.unwrap_or(default.tx_queues),
        rx_desc: rxd.within(1..=u16::MAX)?.unwrap_or(default.rx_desc),
        tx_desc: txd.within(1..=u16::MAX)?.unwrap_or(default.tx_desc),
        mtu: max_pkt_len.within(64..=u16::MAX)?.map(|bytes| bytes - ETHERNET_OVERHEAD),
        mac: mac.try_map(|address| value::mac(address))?,
        rss: value::rss_flags(app).or(rss).unwrap_or(default.rss),
        rx_offloads: rx_offloads.try_map(|mask| value::mask(mask))?.unwrap_or(default.rx_offloads),
        tx_offloads: tx_offloads.try_map(|mask| value::mask(mask))?.unwrap_or(default.tx_offloads),
        promiscuous: promiscuous.unwrap_or(default.promiscuous),
        ..default
    };
    tuning::apply(&app.ports, &mut config)?;
    Ok(config)
}
