//! What Pktgen's commands have made of a port: the single packet, its ranges, the sequence, and how they are sent.

use super::PortFacts;
use super::command::{
    Feature, NetworkType, PacketSetting, Protocol, RangeField, RangeSetting, RangeValue, Setting,
    Side, Slot,
};
use super::range::Range;
use dataplane::traffic::rate::{Rate, RateError, Share};
use dataplane::wire::ethernet::MacAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU64;
use std::path::PathBuf;

/// A port as Pktgen's commands have it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PortState {
    /// What `set` changes.
    pub(crate) single: Packet,
    /// The fields that `range` has given values; without the feature they do nothing.
    pub(crate) ranges: BTreeMap<RangeField, Range>,
    /// What ranges send above the network layer.
    pub(crate) range_protocol: Protocol,
    /// The sequence's packets, of which the first `sequence_count` are sent.
    pub(crate) slots: BTreeMap<u8, Slot>,
    /// How many slots are sent; none while it is 0.
    pub(crate) sequence_count: u8,
    /// The capture file.
    pub(crate) pcap: Option<PathBuf>,
    /// How fast.
    pub(crate) rate: Rate,
    /// Packets in all.
    pub(crate) count: Option<u64>,
    /// Packets of a transmit burst at most.
    pub(crate) burst: u16,
    /// What is switched on.
    pub(crate) features: BTreeSet<Feature>,
}

/// A packet as `set` describes it. What of it is sent depends on the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Packet {
    /// The port's own address unless set.
    pub(crate) src_mac: MacAddr,
    pub(crate) dst_mac: MacAddr,
    pub(crate) src_ip4: Ipv4Addr,
    /// The length of the source's prefix, in which `random` draws.
    pub(crate) src_prefix: u8,
    pub(crate) dst_ip4: Ipv4Addr,
    pub(crate) src_ip6: Ipv6Addr,
    pub(crate) dst_ip6: Ipv6Addr,
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) network: NetworkType,
    pub(crate) protocol: Protocol,
    pub(crate) vlan: u16,
    pub(crate) cos: u8,
    /// The provider's VLAN number, then the customer's.
    pub(crate) qinq: (u16, u16),
    pub(crate) mpls: u32,
    pub(crate) gre_key: u32,
    pub(crate) vni: u32,
    pub(crate) ttl: u8,
    /// Differentiated services code point and congestion notification: the whole octet.
    pub(crate) tos: u8,
    /// The frame's size, its check sequence included.
    pub(crate) size: u16,
    /// Whether a slot of the sequence is tagged, whatever the port's feature says.
    pub(crate) tagged: bool,
    /// GTP-U's tunnel, for a slot of the sequence.
    pub(crate) teid: Option<u32>,
}

/// Why a command cannot be carried out on a port.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StateError {
    /// No rate.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// A percentage of a speed that nobody knows.
    #[error(
        "{percent} percent of what? This device does not say how fast its link is; write packets or bits a second, as \
         in set {port} rate 10M, or flat-out"
    )]
    NoSpeed { percent: String, port: u16 },
}

/// Pktgen's defaults, with two changes: UDP instead of TCP, as a TCP header and a probe do not fit into 64 bytes, and as
/// destination a locally administered address instead of none.
impl Packet {
    fn of(port: u16, src_mac: MacAddr) -> Self {
        let [high, low] = port.to_be_bytes();
        Self {
            src_mac,
            dst_mac: MacAddr([0x02, 0, 0, 0xff, high, low]),
            src_ip4: Ipv4Addr::new(192, 168, low, 1),
            src_prefix: 24,
            dst_ip4: Ipv4Addr::new(192, 168, low.wrapping_add(1), 1),
            src_ip6: Ipv6Addr::new(0xfd00, 0, 0, port, 0, 0, 0, 1),
            dst_ip6: Ipv6Addr::new(0xfd00, 0, 0, port.wrapping_add(1), 0, 0, 0, 1),
            sport: 1234,
            dport: 5678,
            network: NetworkType::Ipv4,
            protocol: Protocol::Udp,
            vlan: 1,
            cos: 0,
            qinq: (1, 2),
            mpls: 16,
            gre_key: 1,
            vni: 1,
            ttl: 64,
            tos: 0,
            size: 64,
            tagged: false,
            teid: None,
        }
    }

    fn set(&mut self, setting: PacketSetting) {
        use PacketSetting as Set;
        match setting {
            Set::Mac(Side::Source, mac) => self.src_mac = mac,
            Set::Mac(Side::Destination, mac) => self.dst_mac = mac,
            Set::Ip(Side::Source, IpAddr::V4(address), prefix) => {
                self.src_ip4 = address;
                self.src_prefix = prefix.unwrap_or(32);
            }
            Set::Ip(Side::Destination, IpAddr::V4(address), _) => self.dst_ip4 = address,
            Set::Ip(Side::Source, IpAddr::V6(address), _) => self.src_ip6 = address,
            Set::Ip(Side::Destination, IpAddr::V6(address), _) => self.dst_ip6 = address,
            Set::L4Port(Side::Source, port) => self.sport = port,
            Set::L4Port(Side::Destination, port) => self.dport = port,
            Set::Protocol(protocol) => self.protocol = protocol,
            Set::Type(network) => self.network = network,
            Set::Vlan(id) => self.vlan = id,
            Set::Cos(priority) => self.cos = priority,
            Set::QinQ(outer, inner) => self.qinq = (outer, inner),
            Set::Mpls(label) => self.mpls = label,
            Set::GreKey(key) => self.gre_key = key,
            Set::Vni(vni) => self.vni = vni,
            Set::Ttl(ttl) => self.ttl = ttl,
            Set::Dscp(code) => self.tos = code << 2 | self.tos & 0b11,
            Set::Tos(tos) => self.tos = tos,
        }
    }

    /// The value of a field that can have a range.
    pub(crate) fn value(&self, field: RangeField) -> RangeValue {
        let mac = |MacAddr(octets): MacAddr| {
            octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
        };
        match field {
            RangeField::Mac(Side::Source) => mac(self.src_mac),
            RangeField::Mac(Side::Destination) => mac(self.dst_mac),
            RangeField::Ip(Side::Source) => u32::from(self.src_ip4).into(),
            RangeField::Ip(Side::Destination) => u32::from(self.dst_ip4).into(),
            RangeField::L4Port(Side::Source) => self.sport.into(),
            RangeField::L4Port(Side::Destination) => self.dport.into(),
            RangeField::Vlan => self.vlan.into(),
            RangeField::Size => self.size.into(),
            RangeField::Cos => self.cos.into(),
            RangeField::Dscp => (self.tos >> 2).into(),
            RangeField::Ttl => self.ttl.into(),
        }
    }
}

impl PortState {
    /// A port at the beginning.
    pub(crate) fn new(port: u16, facts: PortFacts) -> Self {
        Self {
            single: Packet::of(port, facts.mac),
            ranges: BTreeMap::new(),
            range_protocol: Protocol::Udp,
            slots: BTreeMap::new(),
            sequence_count: 0,
            pcap: None,
            rate: Rate::FlatOut,
            count: None,
            burst: facts.burst,
            features: BTreeSet::new(),
        }
    }

    /// Carries out a `set`; `speed_mbps` is the link's, if the device says.
    ///
    /// # Errors
    ///
    /// [`StateError`] for a rate that is none.
    pub(crate) fn set(
        &mut self,
        port: u16,
        setting: Setting,
        speed_mbps: Option<u32>,
    ) -> Result<(), StateError> {
        match setting {
            Setting::Count(count) => self.count = Some(count).filter(|count| *count > 0),
            Setting::Burst(burst) => self.burst = burst,
            Setting::Size(size) => self.single.size = size,
            Setting::Rate(text) => self.rate = rate(port, &text, speed_mbps)?,
            Setting::Packet(setting) => self.single.set(setting),
            Setting::SequenceCount(count) => self.sequence_count = count,
        }
        Ok(())
    }

    /// Carries out a `range`.
    pub(crate) fn set_range(&mut self, setting: RangeSetting) {
        match setting {
            RangeSetting::Protocol(protocol) => self.range_protocol = protocol,
            RangeSetting::Bound(field, bound, value) => {
                // What was not said of a range is the single packet's value.
                let value_now = self.single.value(field);
                self.ranges.entry(field).or_insert(Range::only(value_now)).set(bound, value);
            }
            RangeSetting::Bounds(field, [start, min, max, inc]) => {
                self.ranges.insert(field, Range { start, min, max, inc });
            }
        }
    }

    /// The packet of a slot: the single one with the slot's own fields; `None` if nobody wrote it.
    pub(crate) fn slot(&self, number: u8) -> Option<Packet> {
        let slot = self.slots.get(&number)?;
        let mut packet = self.single.clone();
        slot.settings.iter().for_each(|setting| packet.set(*setting));
        packet.tagged = slot.vlan > 0;
        packet.vlan = slot.vlan;
        packet.size = slot.size;
        packet.teid = slot.teid;
        Some(packet)
    }

    /// Switches a feature.
    pub(crate) fn switch(&mut self, feature: Feature, on: bool) {
        if on {
            self.features.insert(feature);
        } else {
            self.features.remove(&feature);
        }
    }

    /// Whether a feature is on.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

/// Pktgen's percentage of the link's speed, or a rate as flags take it. All of an unknown speed is flat out.
fn rate(port: u16, text: &str, speed_mbps: Option<u32>) -> Result<Rate, StateError> {
    let Some(percent) = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent))
    else {
        return Ok(text.parse()?);
    };
    let line = speed_mbps.and_then(|mbps| NonZeroU64::new(u64::from(mbps) * 1_000_000));
    let share = NonZeroU64::new((percent * 10_000.0).round() as u64);
    match (share, line) {
        (None, _) => Err(RateError::Zero(text.to_owned()).into()),
        (Some(ppm), Some(line)) => Ok(Rate::Share(Share { ppm, line })),
        (Some(ppm), None) if ppm.get() == 1_000_000 => Ok(Rate::FlatOut),
        (Some(_), None) => Err(StateError::NoSpeed { percent: text.to_owned(), port }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_percent_of_the_links_speed() {
        let share = |ppm, line| {
            Rate::Share(Share {
                ppm: NonZeroU64::new(ppm).unwrap(),
                line: NonZeroU64::new(line).unwrap(),
            })
        };
        assert_eq!(rate(0, "50", Some(10_000)), Ok(share(500_000, 10_000_000_000)));
        assert_eq!(rate(0, "0.1", Some(1_000)), Ok(share(1_000, 1_000_000_000)));
        assert_eq!(rate(0, "100", None), Ok(Rate::FlatOut));
        assert_eq!(rate(0, "10M", None), Ok("10M".parse().unwrap()));
        assert!(rate(1, "50", None).unwrap_err().to_string().contains("set 1 rate 10M"));
        for wrong in ["0", "101x", "-5", "NaN"] {
            assert!(rate(0, wrong, Some(1_000)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slot_is_the_single_packet_with_its_own_fields() {
        let mut state = PortState::new(
            0,
            PortFacts { mac: MacAddr([2, 0, 0, 0, 0, 9]), speed_mbps: None, burst: 32 },
        );
        state.set(0, Setting::Packet(PacketSetting::Ttl(9)), None).unwrap();
        let settings = vec![PacketSetting::L4Port(Side::Source, 7)];
        state.slots.insert(3, Slot { settings, vlan: 5, size: 128, teid: None });
        let packet = state.slot(3).unwrap();
        assert_eq!(state.slot(2), None);
        assert_eq!((packet.ttl, packet.sport, packet.vlan), (9, 7, 5));
        assert!(packet.tagged);
        assert_eq!(state.single.sport, 1234);
    }
}
