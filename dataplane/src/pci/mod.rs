//! PCI devices: which there are, which driver has them, and how that is changed. Needs no EAL and no driver of DPDK's:
//! all of it is the kernel's sysfs and netlink.
//!
//! [`Scan`] is what there is. A wish ([`bind`], [`sriov`]) is judged against an [`Outlook`](outlook::Outlook), which is what there
//! is after the steps planned so far, and becomes a list of [`Step`](step::Step)s, which can be shown, and
//! which [`perform`](step::perform) takes one after another; where one fails, those before it are taken back. The kernel is behind
//! the trait [`Kernel`](kernel::Kernel), so that a test can have one that fails wherever it likes.

pub mod address;
pub mod bind;
pub mod binding;
pub mod device;
mod error;
mod interface;
pub mod kernel;
pub mod memory;
mod modules;
pub mod names;
pub mod outlook;
pub mod place;
pub mod sriov;
pub mod statistics;
pub mod step;
#[cfg(test)]
mod tests;
mod users;
pub mod vf;

pub use address::{PciAddress, PciAddressError};
pub use device::{PciDevice, Relation, Scan};
pub use error::PciError;
pub use interface::Interface;
pub use users::User;

/// Drivers that hand a device to a program: DPDK's way to drive it. All others keep it for the kernel.
pub const USER_DRIVERS: [&str; 3] = ["vfio-pci", "igb_uio", "uio_pci_generic"];

/// Whether a driver hands its devices to programs.
pub fn is_user_driver(driver: &str) -> bool {
    USER_DRIVERS.contains(&driver)
}
