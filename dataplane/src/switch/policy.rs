//! What a port is to the switch, and what the switch is as a whole: values, checked before they are taken.

use super::snapshot::{Targets, targets};
use crate::forward::Retry;
use crate::port::PortId;
use crate::wire::ethernet::MacAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The highest number of a VLAN (IEEE 802.1Q §9.6: 4095 is reserved).
pub const LAST_VLAN: u16 = 4094;
/// How many addresses can be learned at most.
pub const MOST_ADDRESSES: u32 = 1 << 20;

/// What a switch is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct SwitchConfig {
    /// Ports that are not as [`PortPolicy::default`] has them.
    pub ports: BTreeMap<PortId, PortPolicy>,
    /// Ports whose packets are copied to another.
    pub mirrors: Vec<Mirror>,
    /// How long an address is remembered without a packet from it.
    pub aging: Duration,
    /// How many addresses are learned at most.
    pub mac_limit: u32,
}

impl Default for SwitchConfig {
    /// An aging time as the Linux bridge and IEEE 802.1D have it, and room for 8192 addresses.
    fn default() -> Self {
        let aging = Duration::from_secs(300);
        Self { ports: BTreeMap::new(), mirrors: Vec::new(), aging, mac_limit: 8192 }
    }
}

/// What a port is to the switch.
#[derive(Clone, Debug, PartialEq)]
pub struct PortPolicy {
    /// Which VLANs it is in.
    pub vlan: VlanPolicy,
    /// Whether packets pass only between it and ports that are not isolated.
    pub isolated: bool,
    /// Whether addresses are learned from its packets.
    pub learning: bool,
    /// How many addresses are learned from it at most; no limit of its own if `None`.
    pub mac_limit: Option<u32>,
    /// Whether it takes packets for addresses that nobody knows.
    pub unknown_unicast: bool,
    /// Whether it takes broadcast and multicast packets.
    pub flood: bool,
    /// How many packets of a kind it may send into the switch in a second.
    pub storm: StormLimits,
    /// How much it may send into the switch; no limit if `None`.
    pub rate: Option<RateLimit>,
    /// How often a full transmit queue is tried again; `None` drops at once. Where several workers share the port's queue,
    /// from the next start on.
    pub retry: Option<Retry>,
}

impl Default for PortPolicy {
    /// A trunk of all VLANs without limits.
    fn default() -> Self {
        Self {
            vlan: VlanPolicy::default(),
            isolated: false,
            learning: true,
            mac_limit: None,
            unknown_unicast: true,
            flood: true,
            storm: StormLimits::default(),
            rate: None,
            retry: None,
        }
    }
}

/// Which VLANs a port is in. Packets without a tag are in VLAN 0, unless the port says another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VlanPolicy {
    /// In one; packets have no tag on the wire.
    Access(u16),
    /// In several; packets have tags on the wire.
    Trunk {
        /// Those that it is in; in all if `None`.
        vlans: Option<BTreeSet<u16>>,
        /// The one that packets without a tag are in.
        native: Option<Native>,
    },
}

impl Default for VlanPolicy {
    fn default() -> Self {
        Self::Trunk { vlans: None, native: None }
    }
}

/// The VLAN of packets that come without a tag on a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// Its number.
    pub vlan: u16,
    /// Whether its packets leave with a tag all the same (OVS's `native-tagged`).
    pub tagged: bool,
}

/// Packets a second of each kind that a port may send into the switch; no limit where `None`. A port's receive queues have
/// equal parts of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StormLimits {
    /// To everyone.
    pub broadcast: Option<u32>,
    /// To groups.
    pub multicast: Option<u32>,
    /// To addresses that nobody knows.
    pub unknown: Option<u32>,
}

/// How much a port may send into the switch: a token bucket (`rte_meter.h`, RFC 2697's committed part). A port's receive queues
/// have equal parts of the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Bytes a second, of frames without their check sequence.
    pub bytes_per_second: u64,
    /// Bytes that may come at once after a pause.
    pub burst: u64,
}

/// Packets that are copied to another port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Ports whose packets are copied as they come.
    pub received: BTreeSet<PortId>,
    /// Ports whose packets are copied as they leave.
    pub sent: BTreeSet<PortId>,
    /// The port that gets the copies, and nothing else.
    pub to: PortId,
}

/// Why a switch cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A number that is no VLAN's.
    #[error("there is no VLAN {0}: give a number from 1 to {LAST_VLAN}")]
    Vlan(u16),
    /// A limit of nothing.
    #[error("a limit of 0 for {0} leaves nothing: leave the limit out, or give more")]
    Zero(&'static str),
    /// A burst that does not hold a packet.
    #[error("a burst of {0} bytes never lets a full frame pass: give 1518 or more")]
    Burst(u64),
    /// A limit that the meter cannot count.
    #[error("a rate of {0} bytes a second is more than can be limited: leave the limit out")]
    Rate(u64),
    /// Tries that keep a worker from its orders.
    #[error(
        "trying a full queue for {0:?} could keep a worker from its orders, and {most:?} is the most: give fewer tries or a \
         shorter delay",
        most = Retry::LONGEST
    )]
    Retry(Duration),
    /// A mirror to a port that it mirrors.
    #[error("port {0} cannot be mirrored to itself: name another port")]
    MirrorToItself(PortId),
    /// Two mirrors with one target, or a target that is mirrored.
    #[error("port {0} gets the copies of a mirror, so it cannot be mirrored itself")]
    MirrorOfMirror(PortId),
    /// More ports for copies than are kept apart.
    #[error("copies go to {0} ports, and to {most} at most: leave a mirror out", most = Targets::MOST)]
    MirrorTargets(usize),
    /// Addresses that nobody could learn.
    #[error("{0} addresses cannot be learned: give 1 to {MOST_ADDRESSES}")]
    MacLimit(u32),
    /// An aging time that forgets at once.
    #[error("an aging time below a second forgets every address at once: give 1 second or more")]
    Aging,
    /// An address that belongs to nobody.
    #[error("{0} is the address of a group, which nobody has: give the address of a station")]
    Group(MacAddr),
    /// No room for another static address.
    #[error("there is no room for {0}: raise the limit of addresses, or flush some")]
    Full(MacAddr),
}

impl SwitchConfig {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), PolicyError> {
        if !(1..=MOST_ADDRESSES).contains(&self.mac_limit) {
            return Err(PolicyError::MacLimit(self.mac_limit));
        }
        if self.aging < Duration::from_secs(1) {
            return Err(PolicyError::Aging);
        }
        self.ports.values().try_for_each(PortPolicy::check)?;
        check_mirrors(&self.mirrors)
    }
}

/// Refuses mirrors that would copy copies.
pub(super) fn check_mirrors(mirrors: &[Mirror]) -> Result<(), PolicyError> {
    let targets = targets(mirrors).len();
    if targets > Targets::MOST {
        return Err(PolicyError::MirrorTargets(targets));
    }
    for Mirror { received, sent, to } in mirrors {
        if received.contains(to) || sent.contains(to) {
            return Err(PolicyError::MirrorToItself(*to));
        }
        let mirrored = |other: &Mirror| other.received.contains(to) || other.sent.contains(to);
        if mirrors.iter().any(mirrored) {
            return Err(PolicyError::MirrorOfMirror(*to));
        }
    }
    Ok(())
}

impl PortPolicy {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), PolicyError> {
        let vlan = |vlan: u16| match vlan {
            1..=LAST_VLAN => Ok(()),
            other => Err(PolicyError::Vlan(other)),
        };
        match &self.vlan {
            VlanPolicy::Access(number) => vlan(*number)?,
            VlanPolicy::Trunk { vlans, native } => {
                // 0 is where packets without a tag are.
                vlans.iter().flatten().filter(|number| **number != 0).try_for_each(|n| vlan(*n))?;
                native.map_or(Ok(()), |native| vlan(native.vlan))?;
            }
        }
        let StormLimits { broadcast, multicast, unknown } = self.storm;
        for (limit, name) in [
            (broadcast, "broadcast packets"),
            (multicast, "multicast packets"),
            (unknown, "unknown packets"),
            (self.mac_limit, "addresses"),
        ] {
            if limit == Some(0) {
                return Err(PolicyError::Zero(name));
            }
        }
        if let Some(time) = self.retry.map(|retry| retry.in_all())
            && time > Retry::LONGEST
        {
            return Err(PolicyError::Retry(time));
        }
        match self.rate {
            Some(RateLimit { bytes_per_second: 0, .. }) => Err(PolicyError::Zero("the rate")),
            Some(RateLimit { burst, .. }) if burst < 1518 => Err(PolicyError::Burst(burst)),
            // A hundred gigabit ports together: beyond it the meter's arithmetic would be the limit.
            Some(RateLimit { bytes_per_second, .. }) if bytes_per_second > 12_500_000_000_000 => {
                Err(PolicyError::Rate(bytes_per_second))
            }
            _ => Ok(()),
        }
    }
}
