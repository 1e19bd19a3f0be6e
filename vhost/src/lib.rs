//! vhost-user ports for containers and guests.
//!
//! Packets pass through DPDK's `net_vhost` device, which the `dataplane` crate drives like any other port. Here is what that
//! device does not do: whose the socket file is and what guests are offered ([`make`]), what is known of the guest that is
//! there ([`Figures`]), and that a guest which breaks the protocol harms no other ([`Guard`]).
//!
//! Guests come and go on a thread of librte_vhost's. It tells `guests.rs` of each, and waits there while the control thread
//! looks at a guest, so that what is looked at is not freed meanwhile. Workers know nothing of this.

mod backend;
mod error;
mod features;
mod ffi;
mod figures;
mod guard;
mod guests;
mod request;
mod ring;
mod socket;

pub use backend::ring_format;
pub use error::VhostError;
pub use features::{RingFormat, feature_names, protocol_feature_names};
pub use figures::{Figures, GuestFigures, Region, RingFigures, Statistic};
pub use guard::Guard;
pub use guests::{Departure, GuestEvent, events};
pub use socket::make;

use dataplane::port::PortInfo;

/// The path of a vhost-user port's socket; `None` for a port of another driver.
pub fn socket_path(port: &PortInfo) -> Option<&str> {
    let devargs = port.devargs.as_deref().filter(|_| port.driver == "net_vhost")?;
    devargs.split(',').find_map(|option| option.strip_prefix("iface="))
}
