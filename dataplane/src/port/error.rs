//! What can go wrong with a port.

use super::{ETHERNET_OVERHEAD, PortId, QueueId};
use crate::eal::{errno_text, last_errno};
use crate::lcore::SocketId;

/// What can go wrong with a port.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// A device could not be made or found.
    #[error(
        "the device '{device}' could not be made: {reason} (DPDK's own words, if any, are above)"
    )]
    Probe {
        /// The device as DPDK names it.
        device: String,
        /// The errno's text.
        reason: String,
    },
    /// A device could not be made by a process that is not root, for which that is the likely reason.
    #[error(
        "the device '{device}' could not be made, and this process is not root: run it as root, or with the \
         capabilities that the device takes (CAP_NET_RAW for packet sockets, CAP_NET_ADMIN for tap and XDP); DPDK's own \
         words are above"
    )]
    NotRoot {
        /// The device as DPDK names it.
        device: String,
    },
    /// EAL took none of the devices that it was to take.
    #[error("DPDK made no port of {devices}: its own words are above")]
    NotTaken {
        /// Their addresses.
        devices: String,
    },
    /// No driver takes a device of this name.
    #[error(
        "no driver is loaded that makes the device '{device}': the name begins with the driver's, as in net_null0 or \
         net_tap0 (a driver elsewhere than DPDK's own is loaded with -d)"
    )]
    NoDriver {
        /// The device as DPDK names it.
        device: String,
    },
    /// A driver answered -1, which says nothing.
    #[error(
        "the driver of the device '{device}' refused it or one of its options: DPDK's own words are above, or come with \
         --log-level=pmd:debug"
    )]
    DriverRefused {
        /// The device as DPDK names it.
        device: String,
    },
    /// DPDK has no room for another port.
    #[error(
        "there is no room for the device '{device}': this DPDK was built for {most} ports (RTE_MAX_ETHPORTS), and there are as \
         many; remove one first"
    )]
    NoRoom {
        /// The device as DPDK names it.
        device: String,
        /// How many ports there can be.
        most: u32,
    },
    /// The port has an owner already, or does not exist.
    #[error("port {0} does not exist or is in use by another part of this program")]
    Taken(PortId),
    /// No pool on the port's NUMA node.
    #[error("port {port} is on NUMA node {socket}, which has no packet pool")]
    NoPool {
        /// The port.
        port: PortId,
        /// Its NUMA node.
        socket: SocketId,
    },
    /// More queues than the device has.
    #[error(
        "port {port} ({device}) has at most {max} {kind} queues, {asked} were asked for: use {flag}={max} or less"
    )]
    TooManyQueues {
        /// The port.
        port: PortId,
        /// Its device.
        device: String,
        /// `receive` or `transmit`.
        kind: &'static str,
        /// Queues asked for.
        asked: u16,
        /// Queues it has.
        max: u16,
        /// The flag that asks.
        flag: &'static str,
    },
    /// An MTU outside of the device's range.
    #[error(
        "port {port} ({device}) takes an MTU from {min} to {max}, not {asked}: give --max-pkt-len={} to {}",
        u32::from(*min) + u32::from(ETHERNET_OVERHEAD),
        u32::from(*max) + u32::from(ETHERNET_OVERHEAD)
    )]
    Mtu {
        /// The port.
        port: PortId,
        /// Its device.
        device: String,
        /// What was asked for.
        asked: u16,
        /// The smallest.
        min: u16,
        /// The largest.
        max: u16,
    },
    /// What is asked for wants the port stopped.
    #[error("port {0} is not stopped: stop it first")]
    NotStopped(PortId),
    /// Queues were given to `stop` that are not the port's, or not all of them.
    #[error("port {0} can stop only with all of its queues handed back")]
    QueuesMissing(PortId),
    /// Any other call that DPDK refused.
    #[error(
        "port {port} ({device}): {call} failed{}: {reason}; --log-level=pmd:debug lets the driver say more",
        queue.map_or(String::new(), |queue| format!(" for queue {queue}"))
    )]
    Refused {
        /// The port.
        port: PortId,
        /// Its device.
        device: String,
        /// DPDK's function.
        call: &'static str,
        /// The queue, where one was meant.
        queue: Option<QueueId>,
        /// The errno's text.
        reason: String,
    },
}

/// A call that failed gives back what it was given.
#[derive(Debug)]
pub struct Refused<T> {
    /// What the call was given, as it was.
    pub given_back: T,
    /// Why it failed.
    pub error: PortError,
}

/// What a device or ethdev answered instead of doing what it was asked: a negative errno.
///
/// The answer of every call that a device may lack; who asked says it in the words of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", errno_text(self.0))]
pub struct Errno(i32);

impl Errno {
    /// The device has no such call.
    pub const NOT_SUPPORTED: Self = Self(-libc::ENOTSUP);
    /// An argument that cannot be.
    pub const INVALID: Self = Self(-libc::EINVAL);
    /// What was asked about changed in the meantime: ask again.
    pub const CHANGED: Self = Self(-libc::EAGAIN);
    /// The device is gone.
    pub const REMOVED: Self = Self(-libc::EIO);

    /// The number as DPDK gave it, below zero.
    pub fn raw(self) -> i32 {
        self.0
    }

    /// What a call that answers NULL or -1 has left in `rte_errno`.
    pub(crate) fn last() -> Self {
        Self(-last_errno())
    }

    /// A call's answer: done unless negative.
    pub(super) fn check(rc: i32) -> Result<(), Self> {
        Self::count(rc).map(|_| ())
    }

    /// A call's answer: a count unless negative.
    pub(super) fn count(rc: i32) -> Result<i32, Self> {
        if rc < 0 { Err(Self(rc)) } else { Ok(rc) }
    }
}
