//! Why a device is left as it is.

use super::address::PciAddress;
use super::memory::MemoryError;
use super::users::User;

/// Why nothing was changed, in words that say what to type.
#[derive(Debug, thiserror::Error)]
pub enum PciError {
    /// There is no such device.
    #[error("there is no PCI device {0}; `pollway dev status --all` lists those there are")]
    NoDevice(String),
    /// The environment does not name a device there.
    #[error(
        "{0}: the environment names no such device; the Kubernetes device plugin sets PCIDEVICE_* in containers that ask for one"
    )]
    NoVariable(String),
    /// The physical function has no such virtual one.
    #[error(
        "{pf} has {count} virtual functions, numbered from 0, and none is {number}; `pollway dev vfs {pf} --count N` makes some"
    )]
    NoVf {
        /// The physical function.
        pf: PciAddress,
        /// The number asked for.
        number: u16,
        /// How many it has.
        count: usize,
    },
    /// The memory is damaged.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Nothing is remembered of a device.
    #[error(
        "what {0} was before is not remembered; `pollway dev bind kernel {0}` gives it to the kernel's own driver"
    )]
    NotRemembered(PciAddress),
    /// The user may not change devices.
    #[error(
        "{0} cannot be changed by this user: it takes root, as in `sudo pollway dev …`, and in a container a writable /sys"
    )]
    NotAllowed(PciAddress),
    /// The device is open.
    #[error("{address} is in use by {user}, and the kernel would wait for its end; stop it first, `kill {}`", user.pid)]
    InUse {
        /// The device.
        address: PciAddress,
        /// Who has it open.
        user: User,
    },
    /// The kernel uses the device's interface.
    #[error(
        "{address} is {interface}, {why}: taking it away cuts whoever comes that way; \
         set it down first (`ip link set {interface} down`), or say --force"
    )]
    InterfaceInUse {
        /// The device.
        address: PciAddress,
        /// Its interface.
        interface: String,
        /// What it is used for.
        why: String,
    },
    /// The device is of a kind that machines do not run without.
    #[error(
        "{address} is {what}, and no port: a machine may stop without it; say --force if it is what you mean"
    )]
    NotForPorts {
        /// The device.
        address: PciAddress,
        /// Its kind.
        what: &'static str,
    },
    /// The device is driven beside its kernel driver.
    #[error(
        "{address} is on {driver}, with which DPDK's driver works together: it needs no binding, name it as a port; --force binds it all the same"
    )]
    Bifurcated {
        /// The device.
        address: PciAddress,
        /// The kernel's driver.
        driver: String,
    },
    /// Something that is no driver's name.
    #[error(
        "`{0}` is no driver's name: say the driver first, as in `pollway dev bind vfio-pci 01:00.0`"
    )]
    NoDriverName(String),
    /// No IOMMU is on.
    #[error(
        "{0} has no IOMMU group, and vfio-pci needs one: switch the IOMMU on (VT-d or AMD-Vi in the firmware, \
         intel_iommu=on iommu=pt on the kernel's command line), or go without its protection, with --noiommu-mode"
    )]
    NoGroup(PciAddress),
    /// Others are in the same IOMMU group.
    #[error(
        "{address} shares IOMMU group {group} with {other}, which {driver} has, and VFIO hands out whole groups; \
         bind both at once: `pollway dev bind vfio-pci {address} {other}`"
    )]
    Group {
        /// The device.
        address: PciAddress,
        /// Its group.
        group: u32,
        /// Another one in it.
        other: PciAddress,
        /// The driver of that one.
        driver: String,
    },
    /// The device has no virtual functions.
    #[error(
        "{0} cannot have virtual functions: no SR-IOV (no sriov_totalvfs in its folder of /sys); it may be off in the firmware"
    )]
    NoSriov(PciAddress),
    /// The device's driver has no virtual functions.
    #[error(
        "{0} has no driver, and it is the driver that makes virtual functions: `pollway dev bind kernel {0}`"
    )]
    NoPfDriver(PciAddress),
    /// More than there can be.
    #[error("{pf} can have {total} virtual functions, not {wanted}; ask for {total} or fewer")]
    TooMany {
        /// The physical function.
        pf: PciAddress,
        /// How many it can have.
        total: u16,
        /// How many were asked for.
        wanted: u16,
    },
    /// A change of their number would take away some that are used.
    #[error(
        "the kernel can change the number of {pf}'s virtual functions only by taking all away, and {vf} is in use ({why}); \
         stop what uses it first, or say --force"
    )]
    VfInUse {
        /// The physical function.
        pf: PciAddress,
        /// The virtual one.
        vf: PciAddress,
        /// By what.
        why: String,
    },
    /// Settings of virtual functions need the kernel's interface.
    #[error(
        "{pf} has no interface of the kernel's to tell settings of virtual functions ({setting}): a program that drives it \
         must set them; leave them out, or bind it to the kernel's driver first"
    )]
    NoPfInterface {
        /// The physical function.
        pf: PciAddress,
        /// The first setting.
        setting: String,
    },
    /// What the interface says of its virtual functions could not be asked.
    #[error("{pf}: the kernel does not say what its virtual functions are set to: {error}")]
    Settings {
        /// The physical function.
        pf: PciAddress,
        /// Why.
        error: std::io::Error,
    },
}
