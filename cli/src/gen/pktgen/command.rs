//! Pktgen-DPDK's commands as values.

use crate::shell::grammar::PortList;
use dataplane::port::PortId;
use dataplane::wire::ethernet::MacAddr;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// Something to tell the generator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PktgenCommand {
    /// Change what ports send (`set`).
    Set(PortList, Setting),
    /// Change a range of values (`range`).
    Range(PortList, RangeSetting),
    /// Write a slot of the sequence (`seq`).
    Sequence(u8, PortList, Slot),
    /// Name the capture file that ports send (`pcap FILE`).
    Pcap(PortList, PathBuf),
    /// Switch a feature on or off (`enable`, `disable`).
    Feature(PortList, Feature, bool),
    /// Start sending.
    Start(PortList),
    /// Stop sending.
    Stop(PortList),
    /// Wait, while what was started goes on.
    Sleep {
        /// For so many milliseconds.
        ms: u64,
    },
    /// Set what the pages count to zero.
    Clear,
    /// Set ports back to what they were at the beginning.
    Reset(PortList),
    /// Show a page.
    Page(Page),
    /// Choose the port that `page seq`, `page range` and `page pcap` show.
    Port(PortId),
    /// Repaint the page while sending, or do not.
    Screen(bool),
    /// Write the commands that make this state.
    Save(PathBuf),
    /// End the program.
    Quit,
}

/// What `set` changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    /// Packets in all; 0 is without end.
    Count(u64),
    /// Frame size in bytes, its check sequence included.
    Size(u16),
    /// A percentage of the link's speed, or a rate as flags take it.
    Rate(String),
    /// Packets of a transmit burst at most.
    Burst(u16),
    /// A header field or what the headers are.
    Packet(PacketSetting),
    /// How many slots of the sequence are sent; with 0 the single packet is.
    SequenceCount(u8),
}

/// What `set` changes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketSetting {
    /// A MAC address.
    Mac(Side, MacAddr),
    /// An IP address and the length of its prefix; which of the two kinds is sent, `type` says.
    Ip(Side, IpAddr, Option<u8>),
    /// A UDP or TCP port.
    L4Port(Side, u16),
    /// UDP, TCP or ICMP.
    Protocol(Protocol),
    /// IPv4, IPv6 or ARP.
    Type(NetworkType),
    /// The VLAN number, sent after `enable P vlan`.
    Vlan(u16),
    /// The VLAN's priority.
    Cos(u8),
    /// Both VLAN numbers, the provider's first, sent after `enable P qinq`.
    QinQ(u16, u16),
    /// The MPLS label, sent after `enable P mpls`.
    Mpls(u32),
    /// The GRE key, sent after `enable P gre`.
    GreKey(u32),
    /// The VXLAN network identifier, sent after `enable P vxlan`.
    Vni(u32),
    /// Time to live, or hop limit.
    Ttl(u8),
    /// The differentiated services code point.
    Dscp(u8),
    /// The whole octet that the code point is part of.
    Tos(u8),
}

/// Source or destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Where the packet comes from.
    Source,
    /// Where it goes to.
    Destination,
}

/// What stands above the network layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
    /// An echo request.
    Icmp,
}

/// The network layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NetworkType {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv6.
    Ipv6,
    /// ARP requests.
    Arp,
}

/// What `range` changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RangeSetting {
    /// One end of a field's values.
    Bound(RangeField, Bound, RangeValue),
    /// All four.
    Bounds(RangeField, [RangeValue; 4]),
    /// UDP or TCP.
    Protocol(Protocol),
}

/// A field that can have a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RangeField {
    /// A MAC address.
    Mac(Side),
    /// An IPv4 address.
    Ip(Side),
    /// A UDP or TCP port.
    L4Port(Side),
    /// The VLAN number.
    Vlan,
    /// The frame size.
    Size,
    /// The VLAN's priority.
    Cos,
    /// The differentiated services code point.
    Dscp,
    /// Time to live.
    Ttl,
}

/// A bound of a range, as Pktgen names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The first packet's value.
    Start,
    /// The least; what follows the greatest.
    Min,
    /// The greatest.
    Max,
    /// From one packet to the next.
    Inc,
}

/// A value of a range as a number; MAC and IP addresses count as big-endian numbers.
pub(crate) type RangeValue = u64;

/// A slot of the sequence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    /// Its fields.
    pub(crate) settings: Vec<PacketSetting>,
    /// Its VLAN number; 0 is none.
    pub(crate) vlan: u16,
    /// Its frame size.
    pub(crate) size: u16,
    /// The tunnel of GTP-U in which it is sent, if any.
    pub(crate) teid: Option<u32>,
}

/// What `enable` and `disable` switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// Show round trips on the main page and at the end. They are measured always.
    Latency,
    /// Send ranges.
    Range,
    /// Send a capture file.
    Pcap,
    /// Tag packets.
    Vlan,
    /// Tag them twice.
    QinQ,
    /// Label them.
    Mpls,
    /// Send them in GRE.
    Gre,
    /// Send them, Ethernet header and all, in GRE.
    GreEth,
    /// Send them in VXLAN.
    Vxlan,
    /// Draw addresses and ports at random.
    Random,
    /// Answer pings, ARP and neighbour discovery.
    Icmp,
    /// Write what is received into a file.
    Capture,
}

impl Feature {
    /// All of them with their words.
    pub(crate) const ALL: [(&'static str, Self); 12] = [
        ("latency", Self::Latency),
        ("range", Self::Range),
        ("pcap", Self::Pcap),
        ("vlan", Self::Vlan),
        ("qinq", Self::QinQ),
        ("mpls", Self::Mpls),
        ("gre", Self::Gre),
        ("gre_eth", Self::GreEth),
        ("vxlan", Self::Vxlan),
        ("random", Self::Random),
        ("icmp", Self::Icmp),
        ("capture", Self::Capture),
    ];
}

impl Protocol {
    /// Its word in commands.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Icmp => "icmp",
        }
    }
}

impl NetworkType {
    /// Its word in commands.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Arp => "arp",
        }
    }
}

impl RangeField {
    /// Its words in commands.
    pub(crate) fn words(self) -> String {
        let side = |side| if side == Side::Source { "src" } else { "dst" };
        match self {
            Self::Mac(which) => format!("{} mac", side(which)),
            Self::Ip(which) => format!("{} ip", side(which)),
            Self::L4Port(which) => format!("{} port", side(which)),
            Self::Vlan => "vlan".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Cos => "cos".to_owned(),
            Self::Dscp => "dscp".to_owned(),
            Self::Ttl => "ttl".to_owned(),
        }
    }

    /// A value as the field writes it.
    pub(crate) fn write(self, value: RangeValue) -> String {
        match self {
            Self::Mac(_) => {
                let [_, _, octets @ ..] = value.to_be_bytes();
                MacAddr(octets).to_string()
            }
            Self::Ip(_) => Ipv4Addr::from(value as u32).to_string(),
            _ => value.to_string(),
        }
    }
}

/// What can be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Page {
    /// Every port's settings, counts and rates.
    #[default]
    Main,
    /// Round trips.
    Latency,
    /// Ranges of the chosen port.
    Range,
    /// The devices' own counts.
    Stats,
    /// The devices' extended counts.
    Xstats,
    /// The sequence of the chosen port.
    Sequence,
    /// The capture file of the chosen port.
    Pcap,
}

impl Page {
    /// All of them with their words.
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("main", Self::Main),
        ("latency", Self::Latency),
        ("range", Self::Range),
        ("stats", Self::Stats),
        ("xstats", Self::Xstats),
        ("seq", Self::Sequence),
        ("sequence", Self::Sequence),
        ("pcap", Self::Pcap),
    ];
}
