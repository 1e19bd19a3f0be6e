//! `[[device]]`: what a device is to be, in a configuration file.

use super::vf_option::VfKeys;
use dataplane::pci::vf::VfSetting;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a PCI device is to be; `pollway dev apply` makes it so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    /// Its address, interface, MAC address, or its place among the VFs of another one: eth0/2.
    pub(super) name: String,
    /// Who shall have it: vfio-pci, igb_uio, uio_pci_generic, kernel, none, or a driver of the kernel's.
    pub(super) driver: Option<String>,
    /// Whether vfio-pci may have it without an IOMMU.
    #[serde(default)]
    pub(super) no_iommu: bool,
    /// How many virtual functions it shall have.
    pub(super) vfs: Option<u16>,
    /// Who shall have them.
    pub(super) vf_driver: Option<String>,
    /// Settings of its virtual functions, the first one's first.
    #[serde(default)]
    pub(super) vf: Vec<DeviceVf>,
}

/// Settings of a virtual function.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceVf {
    /// Its MAC address.
    mac: Option<String>,
    /// VLAN that it is in, 1 to 4094; 0 for none.
    vlan: Option<u16>,
    /// Priority in the VLAN's tag, 0 to 7.
    qos: Option<u8>,
    /// The VLAN's kind: 802.1q, 802.1ad.
    proto: Option<String>,
    /// Whether it may receive all frames and change its address.
    trust: Option<bool>,
    /// Whether frames with a source address that is not its own are dropped.
    spoofchk: Option<bool>,
    /// What it sees of the link: auto, enable, disable.
    link: Option<String>,
    /// Guaranteed rate in Mbit/s.
    min_rate: Option<u32>,
    /// Greatest rate in Mbit/s.
    max_rate: Option<u32>,
}

impl Device {
    /// The settings of all its virtual functions.
    ///
    /// # Errors
    ///
    /// The first that cannot be.
    pub(super) fn settings(&self) -> Result<Vec<(u16, VfSetting)>, String> {
        let mut settings = Vec::new();
        for (vf, number) in self.vf.iter().zip(0u16..) {
            let own = vf.keys().settings().map_err(|error| format!("vf[{number}]: {error}"))?;
            settings.extend(own.into_iter().map(|setting| (number, setting)));
        }
        Ok(settings)
    }
}

impl DeviceVf {
    fn keys(&self) -> VfKeys {
        let Self { mac, vlan, qos, proto, trust, spoofchk, link, min_rate, max_rate } =
            self.clone();
        VfKeys { mac, vlan, qos, proto, trust, spoofchk, link, min_rate, max_rate }
    }
}
