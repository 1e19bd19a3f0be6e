//! What testpmd's port flags make of a port's configuration.

use super::given::Fault;
use super::{SettingsError, value};
use crate::flags::ports::PortFlags;
use dataplane::port::{Direction, PortConfig, RssTypes, Tuning, fixed_speed, offload_named};

/// RSS in `--rx-mq-mode` (`RTE_ETH_MQ_RX_RSS_FLAG`).
const RSS_MODE: u64 = 1;

/// Puts what the flags say into a port's configuration.
pub(super) fn apply(flags: &PortFlags, port: &mut PortConfig) -> Result<(), SettingsError> {
    for (given, offloads) in [
        (flags.disable_crc_strip, &["keep_crc"][..]),
        (flags.enable_scatter, &["scatter"]),
        (flags.enable_lro, &["tcp_lro"]),
        (flags.enable_rx_cksum, &["ipv4_cksum", "udp_cksum", "tcp_cksum"]),
        (flags.enable_rx_timestamp, &["timestamp"]),
        (flags.enable_hw_vlan, &["vlan_strip", "vlan_filter", "vlan_extend", "qinq_strip"]),
        (flags.enable_hw_vlan_filter, &["vlan_filter"]),
        (flags.enable_hw_vlan_strip, &["vlan_strip"]),
        (flags.enable_hw_vlan_extend, &["vlan_extend"]),
        (flags.enable_hw_qinq_strip, &["qinq_strip"]),
    ] {
        let named = offloads.iter().filter_map(|name| offload_named(Direction::Rx, name));
        port.rx_offloads |= if given { named.fold(0, |all, offload| all | offload) } else { 0 };
    }
    if flags.rss_level_inner {
        port.rss = port.rss.at(RssTypes::INNERMOST);
    }
    if flags.rss_level_outer {
        port.rss = port.rss.at(RssTypes::OUTERMOST);
    }
    let fault = |setting: String, Fault { why, mend }| SettingsError::Value { setting, why, mend };
    if let Some(typed) = &flags.rx_mq_mode {
        let modes = value::mask(typed).map_err(|it| fault(format!("--rx-mq-mode={typed}"), it))?;
        if modes & RSS_MODE == 0 {
            port.rss = RssTypes::NONE;
        }
    }
    if let Some(mbps) = flags.eth_link_speed {
        port.link_speeds = fixed_speed(mbps, true).ok_or_else(|| {
            let why = "there is no such speed".into();
            let mend =
                "write 10, 100, 1000, 2500, 5000, 10000, 25000, 40000, 50000, 100000 or 200000"
                    .into();
            fault(format!("--eth-link-speed={mbps}"), Fault { why, mend })
        })?;
    }
    port.max_lro_bytes = flags.max_lro_pkt_size.unwrap_or(port.max_lro_bytes);
    port.rx_sharing = flags.rxq_share.filter(|ports| *ports > 0);
    port.rx_drop |= flags.enable_drop_en;
    port.link_interrupt &= !flags.no_lsc_interrupt;
    port.removal_interrupt &= !flags.no_rmv_interrupt;
    port.rx_tuning = Tuning {
        prefetch: flags.rxpt,
        host: flags.rxht,
        write_back: flags.rxwt,
        free: flags.rxfreet,
        report_status: None,
    };
    port.tx_tuning = Tuning {
        prefetch: flags.txpt,
        host: flags.txht,
        write_back: flags.txwt,
        free: flags.txfreet,
        report_status: flags.txrst,
    };
    Ok(())
}
