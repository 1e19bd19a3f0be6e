//! A line a port: `show port summary` (testpmd's `port_summary_display`, `app/test-pmd/config.c`).

use super::port_info::speed;
use dataplane::port::{Link, PortId};
use dataplane::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fmt;

/// Ports, a line each.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SummaryPage {
    /// How many ports there are, shown or not.
    pub(crate) available: usize,
    /// Those that are shown.
    pub(crate) ports: Vec<PortSummary>,
}

/// A port in a line.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortSummary {
    /// Its number.
    pub(crate) port: PortId,
    /// Its Ethernet address.
    pub(crate) mac: MacAddr,
    /// Its device.
    pub(crate) device: String,
    /// Its driver.
    pub(crate) driver: String,
    /// Its link, `None` if the device does not say.
    pub(crate) link: Option<Link>,
}

impl fmt::Display for SummaryPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Number of available ports: {}", self.available)?;
        let [port, mac, name, driver, status] = ["Port", "MAC Address", "Name", "Driver", "Status"];
        writeln!(f, "{port:<4} {mac:<17} {name:<12} {driver:<14} {status:<8} Link")?;
        self.ports.iter().try_for_each(|port| write!(f, "{port}"))
    }
}

impl fmt::Display for PortSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, mac, device, driver, link } = self;
        let mac = mac.to_string().to_uppercase();
        let status = if link.is_some_and(|link| link.up) { "up" } else { "down" };
        let speed = speed(link.and_then(|link| link.speed_mbps));
        writeln!(f, "{port:<4} {mac} {device:<12} {driver:<14} {status:<8} {speed}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let link = Link { up: true, speed_mbps: Some(10_000), full_duplex: true, autoneg: false };
        let port = PortSummary {
            port: PortId(0),
            mac: MacAddr([0xf2, 0x1c, 0x22, 0x0e, 0xb3, 0xfa]),
            device: "net_null0".to_owned(),
            driver: "net_null".to_owned(),
            link: Some(link),
        };
        assert_eq!(
            SummaryPage { available: 2, ports: vec![port] }.to_string(),
            "Number of available ports: 2
Port MAC Address       Name         Driver         Status   Link
0    F2:1C:22:0E:B3:FA net_null0    net_null       up       10 Gbps
"
        );
    }
}
