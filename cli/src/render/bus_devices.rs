//! Devices as DPDK's buses know them: `show device info` (testpmd's `device_infos_display`, `app/test-pmd/config.c`).

use dataplane::port::{BusDevice, PortId};
use dataplane::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fmt;

/// Devices and their ports.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct BusDevicesPage(pub(crate) Vec<DeviceLines>);

/// A device and its ports.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeviceLines {
    /// What its bus says of it.
    pub(crate) device: BusDevice,
    /// What its ports say.
    pub(crate) ports: Vec<DevicePort>,
}

/// A port of a device.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DevicePort {
    /// Its number.
    pub(crate) port: PortId,
    /// Its Ethernet address.
    pub(crate) mac: MacAddr,
    /// Its name.
    pub(crate) name: String,
    /// Speeds it can have (`RTE_ETH_LINK_SPEED_*`); 0 stands for any.
    pub(crate) speeds: u32,
}

/// testpmd's words for the bits of a device's speeds, with its spaces.
const SPEEDS: &[&str] = &[
    "Disable autonegotiate (fixed speed)",
    "10 Mbps half-duplex",
    "10 Mbps full-duplex",
    "100 Mbps half-duplex",
    "100 Mbps full-duplex",
    "1 Gbps",
    "2.5 Gbps",
    "5 Gbps",
    "10 Gbps",
    "20 Gbps",
    "25 Gbps",
    "40 Gbps",
    "50 Gbps",
    "56 Gbps",
    "100 Gbps",
    "200 Gbps",
];

impl fmt::Display for BusDevicesPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let border = "*".repeat(21);
        for DeviceLines { device, ports } in &self.0 {
            writeln!(f, "\n{border} Infos for device {} {border}", device.name)?;
            writeln!(f, "Bus name: {}", device.bus)?;
            writeln!(f, "Bus information: {}", device.bus_info)?;
            writeln!(f, "Driver name: {}", device.driver)?;
            writeln!(f, "Devargs: {}", device.devargs)?;
            writeln!(f, "Connect to socket: {}", device.socket)?;
            ports.iter().try_for_each(|port| write!(f, "{port}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for DevicePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n\tPort id: {:<2}", self.port)?;
        writeln!(f, "\tMAC address: {}", self.mac.to_string().to_uppercase())?;
        writeln!(f, "\tDevice name: {}", self.name)?;
        write!(f, "\tDevice speed capability:")?;
        if self.speeds == 0 {
            write!(f, " Autonegotiate (all speeds)")?;
        }
        let can = |(bit, _): &(usize, &&str)| self.speeds & (1 << bit) != 0;
        let mut speeds = SPEEDS.iter().enumerate().filter(can);
        speeds.try_for_each(|(_, speed)| write!(f, " {speed}  "))?;
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataplane::lcore::SocketId;

    #[test]
    fn the_lines_are_testpmds() {
        let device = BusDevice {
            name: "net_null0".to_owned(),
            bus: "vdev".to_owned(),
            bus_info: String::new(),
            driver: "net_null".to_owned(),
            devargs: "size=64".to_owned(),
            socket: SocketId(0),
            ports: vec![PortId(0)],
        };
        let port = DevicePort {
            port: PortId(0),
            mac: MacAddr([0xf2, 0x1c, 0x22, 0x0e, 0xb3, 0xfa]),
            name: "net_null0".to_owned(),
            speeds: 0b10_0001,
        };
        assert_eq!(
            BusDevicesPage(vec![DeviceLines { device, ports: vec![port] }]).to_string(),
            "
********************* Infos for device net_null0 *********************
Bus name: vdev
Bus information: \n\
Driver name: net_null
Devargs: size=64
Connect to socket: 0

\tPort id: 0 \n\
\tMAC address: F2:1C:22:0E:B3:FA
\tDevice name: net_null0
\tDevice speed capability: Disable autonegotiate (fixed speed)   1 Gbps  \n"
        );
    }
}
