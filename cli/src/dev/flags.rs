//! The flags of `pollway dev`, and those of dpdk-devbind.py.

use super::vf_option::VfOption;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `pollway dev`.
#[derive(Debug, Args)]
pub(crate) struct DevFlags {
    #[command(subcommand)]
    pub(super) what: DevSub,
    /// A folder with a machine's sys and proc, to look at instead of this machine's
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub(super) sysroot: PathBuf,
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub(super) enum DevSub {
    /// Show network devices: driver, node, IOMMU group, interface, link, SR-IOV, who uses them
    Status(StatusFlags),
    /// Show what the kernel counts of its interfaces, and of virtual functions through their physical one
    Stats(StatsFlags),
    /// Give devices to a driver: vfio-pci, igb_uio, uio_pci_generic, a driver of the kernel's, or `kernel` for its own
    Bind(BindFlags),
    /// Take devices away from their drivers
    Unbind(UnbindFlags),
    /// Give devices back to whom they were with before `bind`, interfaces and their addresses too
    Restore(RestoreFlags),
    /// Make virtual functions of a device, set them up and bind them
    Vfs(VfsFlags),
    /// Make devices what the device tables of a configuration say
    Apply(ApplyFlags),
    /// What the program does when it is called dpdk-devbind
    #[command(hide = true)]
    Devbind(DevbindFlags),
}

#[derive(Debug, Args)]
pub(super) struct StatusFlags {
    /// All PCI devices, not those for networks alone
    #[arg(long)]
    pub(super) all: bool,
    /// As dpdk-devbind.py --status prints it
    #[arg(long, conflicts_with = "all")]
    pub(super) compat: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "compat")]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatsFlags {
    /// The devices; all that have an interface, unless some are named
    #[arg(value_name = "DEVICE")]
    pub(super) devices: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// How changes are made and told.
#[derive(Debug, Args)]
pub(super) struct ChangeFlags {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Also what the kernel uses: an interface that is up with addresses, or has the default route
    #[arg(long)]
    pub(super) force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct BindFlags {
    /// The driver
    pub(super) driver: String,
    /// Addresses, interfaces (eth0), MAC addresses, VFs (eth0/2), or PCIDEVICE_* variables
    #[arg(required = true, value_name = "DEVICE")]
    pub(super) devices: Vec<String>,
    #[command(flatten)]
    pub(super) change: ChangeFlags,
    /// Let vfio-pci have devices that no IOMMU watches
    #[arg(long)]
    pub(super) noiommu_mode: bool,
}

#[derive(Debug, Args)]
pub(super) struct UnbindFlags {
    /// Addresses, interfaces, MAC addresses, VFs, or PCIDEVICE_* variables
    #[arg(required = true, value_name = "DEVICE")]
    pub(super) devices: Vec<String>,
    #[command(flatten)]
    pub(super) change: ChangeFlags,
}

#[derive(Debug, Args)]
pub(super) struct RestoreFlags {
    /// The devices; all that are remembered, unless some are named
    #[arg(value_name = "DEVICE")]
    pub(super) devices: Vec<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct VfsFlags {
    /// The physical function
    pub(super) device: String,
    /// How many virtual functions it shall have; 0 for none
    #[arg(long, value_name = "N")]
    pub(super) count: u16,
    /// A setting: NUMBER or `all`, then mac=, vlan=, qos=, proto=802.1q|802.1ad, trust=on|off, spoofchk=on|off,
    /// link=auto|enable|disable, min-rate=, max-rate= (Mbit/s)
    #[arg(long = "vf", value_name = "N,KEY=VALUE,...")]
    pub(super) settings: Vec<VfOption>,
    /// Who shall have them; as they are where it is not given and there are enough
    #[arg(long, value_name = "DRIVER")]
    pub(super) driver: Option<String>,
    #[command(flatten)]
    pub(super) change: ChangeFlags,
    /// Let vfio-pci have devices that no IOMMU watches
    #[arg(long)]
    pub(super) noiommu_mode: bool,
}

#[derive(Debug, Args)]
pub(super) struct ApplyFlags {
    /// The configuration file
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) change: ChangeFlags,
}

/// dpdk-devbind.py's own.
#[derive(Debug, Args)]
pub(super) struct DevbindFlags {
    /// Print the status of all known devices
    #[arg(short, long)]
    pub(super) status: bool,
    /// Print the status of devices of a kind
    #[arg(long, value_name = "KIND")]
    pub(super) status_dev: Option<Kind>,
    /// The driver to bind to, or `none`
    #[arg(short, long, value_name = "DRIVER", conflicts_with = "unbind", requires = "devices")]
    pub(super) bind: Option<String>,
    /// Unbind
    #[arg(short, long, requires = "devices")]
    pub(super) unbind: bool,
    /// Also what the kernel uses
    #[arg(long)]
    pub(super) force: bool,
    /// Let vfio-pci have devices that no IOMMU watches
    #[arg(long)]
    pub(super) noiommu_mode: bool,
    /// Addresses or interfaces
    #[arg(value_name = "DEVICE")]
    pub(super) devices: Vec<String>,
}

/// The kinds of devices that dpdk-devbind.py tells apart, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Net,
    Baseband,
    Crypto,
    Dma,
    Event,
    Mempool,
    Compress,
    Misc,
    Regex,
}
