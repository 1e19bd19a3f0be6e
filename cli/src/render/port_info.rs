//! What a port is: `show port info` and `show port summary` (testpmd's `port_infos_display` and
//! `port_summary_display`, `app/test-pmd/config.c`).

use crate::render::names::in_lines;
use dataplane::lcore::SocketId;
use dataplane::port::{ErrorHandling, Link, PortId, PortInfo, RssTypes, SwitchInfo, VlanOffloads};
use serde::Serialize;
use std::fmt;

/// What a port is and can do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// What the device says of itself.
    pub(crate) info: PortInfo,
    /// The NUMA node of its packet pool.
    pub(crate) pool_socket: SocketId,
    /// Its link, `None` if the device does not say.
    pub(crate) link: Option<Link>,
}

impl fmt::Display for PortPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, info, pool_socket, link } = self;
        let border = "*".repeat(21);
        writeln!(f, "\n{border} Infos for port {port:<2} {border}")?;
        writeln!(f, "MAC address: {}", info.mac.to_string().to_uppercase())?;
        writeln!(f, "Device name: {}", info.device)?;
        writeln!(f, "Driver name: {}", info.driver)?;
        writeln!(f, "Firmware-version: {}", info.firmware.as_deref().unwrap_or("not available"))?;
        if let Some(devargs) = &info.devargs {
            writeln!(f, "Devargs: {devargs}")?;
        }
        // A device that belongs to no node has the one of its packets, as in testpmd.
        let socket = if info.socket.0 < 0 { *pool_socket } else { info.socket };
        writeln!(f, "Connect to socket: {socket}")?;
        writeln!(f, "memory allocation on the socket: {pool_socket}")?;
        if let Some(link) = link {
            write_link(f, link)?;
        }
        if let Some(mtu) = info.mtu {
            writeln!(f, "MTU: {mtu}")?;
        }
        for (what, enabled) in
            [("Promiscuous", info.promiscuous), ("Allmulticast", info.allmulticast)]
        {
            if let Some(enabled) = enabled {
                writeln!(f, "{what} mode: {}", if enabled { "enabled" } else { "disabled" })?;
            }
        }
        writeln!(f, "Maximum number of MAC addresses: {}", info.max_mac_addrs)?;
        writeln!(
            f,
            "Maximum number of MAC addresses of hash filtering: {}",
            info.max_hash_mac_addrs
        )?;
        write_receive(f, info)?;
        write_queues(f, info)?;
        write_device(f, info)
    }
}

/// What the device does to received packets.
fn write_receive(f: &mut fmt::Formatter<'_>, info: &PortInfo) -> fmt::Result {
    if let Some(VlanOffloads { strip, filter, extend, qinq_strip }) = info.vlan {
        writeln!(f, "VLAN offload: ")?;
        let [strip, filter, extend, qinq] =
            [strip, filter, extend, qinq_strip].map(|on| if on { "on" } else { "off" });
        writeln!(f, "  strip {strip}, filter {filter}, extend {extend}, qinq strip {qinq}")?;
    }
    if info.hash_key_size > 0 {
        writeln!(f, "Hash key size in bytes: {}", info.hash_key_size)?;
    }
    if info.reta_size > 0 {
        writeln!(f, "Redirection table size: {}", info.reta_size)?;
    }
    if info.rss_types == RssTypes::NONE {
        writeln!(f, "No RSS offload flow type is supported.")?;
    } else {
        writeln!(f, "Supported RSS offload flow types:")?;
        // A line of testpmd's has room for a byte less here than under `show port rss-hash`.
        write!(f, "{}", in_lines(info.rss_types.single_names(), 63))?;
    }
    writeln!(f, "Minimum size of RX buffer: {}", info.min_rx_bufsize)?;
    writeln!(f, "Maximum configurable length of RX packet: {}", info.max_rx_pktlen)?;
    writeln!(f, "Maximum configurable size of LRO aggregated packet: {}", info.max_lro_pkt_size)?;
    if info.max_vfs > 0 {
        writeln!(f, "Maximum number of VFs: {}", info.max_vfs)?;
    }
    if info.max_vmdq_pools > 0 {
        writeln!(f, "Maximum number of VMDq pools: {}", info.max_vmdq_pools)?;
    }
    Ok(())
}

fn write_queues(f: &mut fmt::Formatter<'_>, info: &PortInfo) -> fmt::Result {
    for (way, queues, max_queues, desc) in [
        ("RX", info.rx_queues, info.max_rx_queues, info.rx_desc),
        ("TX", info.tx_queues, info.max_tx_queues, info.tx_desc),
    ] {
        writeln!(f, "Current number of {way} queues: {queues}")?;
        writeln!(f, "Max possible {way} queues: {max_queues}")?;
        writeln!(f, "Max possible number of {way}Ds per queue: {}", desc.max)?;
        writeln!(f, "Min possible number of {way}Ds per queue: {}", desc.min)?;
        writeln!(f, "{way}Ds number alignment: {}", desc.align)?;
    }
    writeln!(f, "Max segment number per packet: {}", info.tx_desc.max_segments)?;
    writeln!(f, "Max segment number per MTU/TSO: {}", info.tx_desc.max_segments_mtu)
}

/// What the device can and is part of, beside packets.
fn write_device(f: &mut fmt::Formatter<'_>, info: &PortInfo) -> fmt::Result {
    write!(f, "Device capabilities: {:#x}(", info.capabilities)?;
    info.capability_names.iter().try_for_each(|name| write!(f, " {name}"))?;
    writeln!(f, " )")?;
    if let Some(SwitchInfo { name, domain, port, rx_domain }) = &info.switch {
        if let Some(name) = name {
            writeln!(f, "Switch name: {name}")?;
        }
        writeln!(f, "Switch domain Id: {domain}\nSwitch Port Id: {port}")?;
        if let Some(rx_domain) = rx_domain {
            writeln!(f, "Switch Rx domain: {rx_domain}")?;
        }
    }
    let mode = match info.error_handling {
        ErrorHandling::None => "none",
        ErrorHandling::Passive => "passive",
        ErrorHandling::Proactive => "proactive",
        ErrorHandling::Unknown => "unknown",
    };
    writeln!(f, "Device error handling mode: {mode}")
}

fn write_link(f: &mut fmt::Formatter<'_>, link: &Link) -> fmt::Result {
    let Link { up, speed_mbps, full_duplex, autoneg } = *link;
    writeln!(f, "Link status: {}", if up { "up" } else { "down" })?;
    writeln!(f, "Link speed: {}", speed(speed_mbps))?;
    writeln!(f, "Link duplex: {}", if full_duplex { "full-duplex" } else { "half-duplex" })?;
    writeln!(f, "Autoneg status: {}", if autoneg { "On" } else { "Off" })
}

/// A speed in DPDK's words (`rte_eth_link_speed_to_str`).
pub(super) fn speed(mbps: Option<u32>) -> String {
    match mbps {
        None => "Unknown".to_owned(),
        Some(0) => "None".to_owned(),
        Some(mbps) if mbps < 1000 => format!("{mbps} Mbps"),
        Some(mbps) => format!("{} Gbps", f64::from(mbps) / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::port::DescriptorLimits;
    use dataplane::wire::ethernet::MacAddr;

    /// What `dpdk-testpmd` shows of a net_null port.
    fn null() -> PortPage {
        let desc = DescriptorLimits {
            min: 0,
            max: 65535,
            align: 1,
            max_segments: 65535,
            max_segments_mtu: 65535,
        };
        let info = PortInfo {
            device: "net_null0".to_owned(),
            driver: "net_null".to_owned(),
            firmware: None,
            devargs: Some(String::new()),
            mac: MacAddr([0x7a, 0xe6, 0x4f, 0xa0, 0x8d, 0xda]),
            socket: SocketId(0),
            mtu: Some(1500),
            promiscuous: Some(true),
            allmulticast: Some(true),
            max_rx_queues: 1024,
            max_tx_queues: 1024,
            rx_queues: 2,
            tx_queues: 2,
            rx_desc: desc,
            tx_desc: desc,
            vlan: Some(VlanOffloads::default()),
            min_rx_bufsize: 0,
            max_rx_pktlen: u32::MAX,
            max_lro_pkt_size: 0,
            max_mac_addrs: 1,
            max_hash_mac_addrs: 0,
            max_vfs: 0,
            max_vmdq_pools: 0,
            hash_key_size: 0,
            reta_size: 128,
            rss_types: RssTypes(0x2_003f_fffc),
            rx_offloads: 0,
            tx_offloads: 0,
            rx_queue_offloads: 0,
            tx_queue_offloads: 0,
            capabilities: 0,
            capability_names: Vec::new(),
            switch: None,
            error_handling: ErrorHandling::None,
            speeds: 0,
        };
        let link = Link { up: true, speed_mbps: Some(10_000), full_duplex: true, autoneg: false };
        PortPage { port: PortId(0), info, pool_socket: SocketId(0), link: Some(link) }
    }

    #[test]
    fn the_lines_are_testpmds() {
        assert_eq!(
            null().to_string(),
            "
********************* Infos for port 0  *********************
MAC address: 7A:E6:4F:A0:8D:DA
Device name: net_null0
Driver name: net_null
Firmware-version: not available
Devargs: \n\
Connect to socket: 0
memory allocation on the socket: 0
Link status: up
Link speed: 10 Gbps
Link duplex: full-duplex
Autoneg status: Off
MTU: 1500
Promiscuous mode: enabled
Allmulticast mode: enabled
Maximum number of MAC addresses: 1
Maximum number of MAC addresses of hash filtering: 0
VLAN offload: \n  strip off, filter off, extend off, qinq strip off
Redirection table size: 128
Supported RSS offload flow types:
  ipv4  ipv4-frag  ipv4-tcp  ipv4-udp  ipv4-sctp  ipv4-other
  ipv6  ipv6-frag  ipv6-tcp  ipv6-udp  ipv6-sctp  ipv6-other
  l2-payload  ipv6-ex  ipv6-tcp-ex  ipv6-udp-ex  port  vxlan
  geneve  nvgre  mpls
Minimum size of RX buffer: 0
Maximum configurable length of RX packet: 4294967295
Maximum configurable size of LRO aggregated packet: 0
Current number of RX queues: 2
Max possible RX queues: 1024
Max possible number of RXDs per queue: 65535
Min possible number of RXDs per queue: 0
RXDs number alignment: 1
Current number of TX queues: 2
Max possible TX queues: 1024
Max possible number of TXDs per queue: 65535
Min possible number of TXDs per queue: 0
TXDs number alignment: 1
Max segment number per packet: 65535
Max segment number per MTU/TSO: 65535
Device capabilities: 0x0( )
Device error handling mode: none
"
        );
    }

    #[test]
    fn what_a_device_does_not_say_is_left_out() {
        let mut page = null();
        (page.info.mtu, page.info.promiscuous, page.info.reta_size, page.link) =
            (None, None, 0, None);
        let text = page.to_string();
        for left_out in ["MTU:", "Promiscuous", "Redirection", "Link"] {
            assert!(!text.contains(left_out), "{text}");
        }
        assert!(text.contains("Allmulticast mode: enabled"));
    }

    #[test]
    fn speeds_are_in_dpdks_words() {
        let words = [Some(0), Some(100), Some(1000), Some(2500), Some(100_000), None].map(speed);
        assert_eq!(words, ["None", "100 Mbps", "1 Gbps", "2.5 Gbps", "100 Gbps", "Unknown"]);
    }
}
