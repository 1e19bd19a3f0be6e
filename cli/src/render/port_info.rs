//! What a port is: `show port info` (testpmd's `port_infos_display`, `app/test-pmd/config.c`), the lines we know.

use dataplane::lcore::SocketId;
use dataplane::port::{Link, PortId, PortInfo};
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
        writeln!(f, "Connect to socket: {}", info.socket)?;
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
        if info.reta_size > 0 {
            writeln!(f, "Redirection table size: {}", info.reta_size)?;
        }
        writeln!(f, "Minimum size of RX buffer: {}", info.min_rx_bufsize)?;
        writeln!(f, "Maximum configurable length of RX packet: {}", info.max_rx_pktlen)?;
        for (way, queues, max_queues, (min_desc, max_desc)) in [
            ("RX", info.rx_queues, info.max_rx_queues, info.rx_desc),
            ("TX", info.tx_queues, info.max_tx_queues, info.tx_desc),
        ] {
            writeln!(f, "Current number of {way} queues: {queues}")?;
            writeln!(f, "Max possible {way} queues: {max_queues}")?;
            writeln!(f, "Max possible number of {way}Ds per queue: {max_desc}")?;
            writeln!(f, "Min possible number of {way}Ds per queue: {min_desc}")?;
        }
        Ok(())
    }
}

fn write_link(f: &mut fmt::Formatter<'_>, link: &Link) -> fmt::Result {
    let Link { up, speed_mbps, full_duplex, autoneg } = *link;
    writeln!(f, "Link status: {}", if up { "up" } else { "down" })?;
    writeln!(f, "Link speed: {}", speed(speed_mbps))?;
    writeln!(f, "Link duplex: {}", if full_duplex { "full-duplex" } else { "half-duplex" })?;
    writeln!(f, "Autoneg status: {}", if autoneg { "On" } else { "Off" })
}

/// A speed in DPDK's words (`rte_eth_link_speed_to_str`).
fn speed(mbps: Option<u32>) -> String {
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
    use dataplane::wire::ethernet::MacAddr;

    /// What `dpdk-testpmd` shows of a net_null port.
    fn null() -> PortPage {
        let info = PortInfo {
            device: "net_null0".to_owned(),
            driver: "net_null".to_owned(),
            mac: MacAddr([0x7a, 0xe6, 0x4f, 0xa0, 0x8d, 0xda]),
            socket: SocketId(0),
            mtu: Some(1500),
            promiscuous: Some(true),
            allmulticast: Some(true),
            max_rx_queues: 1024,
            max_tx_queues: 1024,
            rx_queues: 2,
            tx_queues: 2,
            rx_desc: (0, 65535),
            tx_desc: (0, 65535),
            min_rx_bufsize: 0,
            max_rx_pktlen: u32::MAX,
            max_mac_addrs: 1,
            reta_size: 128,
            rss_types: 0,
            rx_offloads: 0,
            tx_offloads: 0,
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
Redirection table size: 128
Minimum size of RX buffer: 0
Maximum configurable length of RX packet: 4294967295
Current number of RX queues: 2
Max possible RX queues: 1024
Max possible number of RXDs per queue: 65535
Min possible number of RXDs per queue: 0
Current number of TX queues: 2
Max possible TX queues: 1024
Max possible number of TXDs per queue: 65535
Min possible number of TXDs per queue: 0
"
        );
    }

    #[test]
    fn what_a_device_does_not_say_is_left_out() {
        let mut page = null();
        (page.info.mtu, page.info.promiscuous, page.info.reta_size, page.link) =
            (None, None, 0, None);
        let text = page.to_string();
        for left_out in ["MTU", "Promiscuous", "Redirection", "Link"] {
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
