//! DPDK's drivers for networks (PMDs): which one a device takes, and which are installed.

use dataplane::machine::Machine;
use dataplane::pci::PciDevice;

/// The drivers by the kernel's module for the same device (`doc/guides/nics/` in DPDK 22.11).
const BY_MODULE: [(&str, &str); 21] = [
    ("bnxt_en", "bnxt"),
    ("cxgb4", "cxgbe"),
    ("e1000", "e1000"),
    ("e1000e", "e1000"),
    ("ena", "ena"),
    ("enic", "enic"),
    ("i40e", "i40e"),
    ("iavf", "iavf"),
    ("ice", "ice"),
    ("igb", "e1000"),
    ("igbvf", "e1000"),
    ("igc", "igc"),
    ("ixgbe", "ixgbe"),
    ("ixgbevf", "ixgbe"),
    ("mlx4_core", "mlx4"),
    ("mlx5_core", "mlx5"),
    ("nfp", "nfp"),
    ("qede", "qede"),
    ("sfc", "sfc"),
    ("virtio_pci", "virtio"),
    ("vmxnet3", "vmxnet3"),
];

/// The drivers of virtual devices whose file has another name than they.
const VIRTUAL: [(&str, &str); 9] = [
    ("net_af_packet", "af_packet"),
    ("net_af_xdp", "af_xdp"),
    ("net_memif", "memif"),
    ("net_null", "null"),
    ("net_pcap", "pcap"),
    ("net_ring", "ring"),
    ("net_tap", "tap"),
    ("net_vhost", "vhost"),
    ("net_virtio_user", "virtio"),
];

/// The driver of a PCI device, as far as the kernel's own driver for it gives it away.
pub(super) fn of_device(device: &PciDevice) -> Option<&'static str> {
    let driver = device.driver.iter().map(|driver| driver.replace('-', "_"));
    let names: Vec<String> = driver.chain(device.modules.iter().cloned()).collect();
    BY_MODULE
        .iter()
        .find(|(module, _)| names.iter().any(|name| name == module))
        .map(|(_, pmd)| *pmd)
}

/// The driver of a virtual device of this name.
pub(super) fn of_name(name: &str) -> Option<&'static str> {
    VIRTUAL.iter().find(|(start, _)| name.starts_with(start)).map(|(_, pmd)| *pmd)
}

/// The folders that distributions have DPDK's drivers in, each with the number of the binary interface that they are for.
pub(super) fn folders(machine: &Machine) -> Vec<(String, u32)> {
    let below = |triple: &String| {
        let dpdk = format!("usr/lib/{triple}/dpdk");
        let names = machine.entries(&dpdk).into_iter();
        let of = |name: String| {
            let abi = name.strip_prefix("pmds-")?.split('.').next()?.parse().ok()?;
            Some((format!("{dpdk}/{name}"), abi))
        };
        names.filter_map(of).collect::<Vec<_>>()
    };
    machine.entries("usr/lib").iter().flat_map(below).collect()
}

/// The drivers that a distribution's packages have installed.
pub(super) struct Installed {
    /// Where.
    pub(super) folder: String,
    /// The number of DPDK's binary interface, which packages are named with.
    abi: u32,
    files: Vec<String>,
}

impl Installed {
    /// Those of a machine that this program can load; `None` where they are not in a distribution's place.
    pub(super) fn of(machine: &Machine) -> Option<Self> {
        let (folder, abi) =
            folders(machine).into_iter().find(|(_, abi)| *abi == dataplane::eal::abi())?;
        // Those that are for building only are links that lead nowhere without the driver's package.
        let mut files = machine.entries(&folder);
        files.retain(|file| machine.has(format!("{folder}/{file}")));
        Some(Self { folder: format!("/{folder}"), abi, files })
    }

    pub(super) fn has(&self, pmd: &str) -> bool {
        let start = format!("librte_net_{pmd}.so");
        self.files.iter().any(|file| file.starts_with(&start))
    }

    /// The package of a driver, as Debian and Ubuntu name it.
    pub(super) fn package(&self, pmd: &str) -> String {
        let dash = if pmd.ends_with(|last: char| last.is_ascii_digit()) { "-" } else { "" };
        format!("librte-net-{}{dash}{}", pmd.replace('_', "-"), self.abi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_the_distribution_names_them() {
        let installed = Installed {
            folder: String::new(),
            abi: 23,
            files: vec!["librte_net_null.so.23.0".to_owned()],
        };
        assert_eq!(installed.package("e1000"), "librte-net-e1000-23");
        assert_eq!(installed.package("af_packet"), "librte-net-af-packet23");
        assert!(installed.has("null") && !installed.has("ring"));
    }
}
