//! Which ports take TCP packets that are longer than a segment, and which bring them.

use super::{PortId, PortInfo, TxQueue};
use crate::offload::port::TCP_SEGMENTS;
use std::sync::atomic::{AtomicU8, Ordering};

/// By number, what is taken by the other end of a port that negotiates it.
static TAKES: [AtomicU8; dpdk_sys::RTE_MAX_ETHPORTS as usize] =
    [const { AtomicU8::new(0) }; dpdk_sys::RTE_MAX_ETHPORTS as usize];

const V4: u8 = 1;
const V6: u8 = 2;

/// TCP packets longer than a segment that whoever is at the other end of a port takes as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakesLong {
    /// Those over IPv4.
    pub ipv4: bool,
    /// Those over IPv6.
    pub ipv6: bool,
}

/// Notes what the other end of a port takes from now on.
pub fn note_takes_long(port: PortId, takes: TakesLong) {
    let bits = (u8::from(takes.ipv4) * V4) | (u8::from(takes.ipv6) * V6);
    if let Some(noted) = TAKES.get(usize::from(port.0)) {
        noted.store(bits, Ordering::Relaxed);
    }
}

/// Who takes a TCP packet that is longer than a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// The other end.
    OtherEnd,
    /// The device, which cuts it.
    Device,
}

impl TxQueue {
    /// Who takes a TCP packet longer than a segment as it is; `None` if nobody does.
    pub(crate) fn taker(&self, six: bool) -> Option<Taker> {
        let noted =
            TAKES.get(usize::from(self.port().0)).map_or(0, |noted| noted.load(Ordering::Relaxed));
        if noted & if six { V6 } else { V4 } != 0 {
            return Some(Taker::OtherEnd);
        }
        (self.offloads() & TCP_SEGMENTS != 0).then_some(Taker::Device)
    }
}

/// Whether guests of a vhost-user port made with these arguments may send TCP packets longer than a segment.
pub fn offers_tso(devargs: &str) -> bool {
    devargs.split(',').any(|option| option == "tso=1")
}

impl PortInfo {
    /// Whether TCP packets longer than a segment may come by it that are to be cut: a vhost-user port that offers that
    /// (`tso=1`), or one that merges packets on request.
    pub(crate) fn brings_long(&self, rx_offloads: u64) -> bool {
        let devargs = self.devargs.as_deref().filter(|_| self.driver == "net_vhost");
        devargs.is_some_and(offers_tso)
            || rx_offloads & self.rx_offloads & dpdk_sys::PW_ETH_RX_OFFLOAD_TCP_LRO != 0
    }
}
