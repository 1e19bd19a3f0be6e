//! `set`: what ports send.

use super::{run, side};
use crate::r#gen::pktgen::command::{
    NetworkType, PacketSetting, PktgenCommand, Protocol, Setting, Side,
};
use crate::shell::grammar::{Entry, PortList, Request, Section, Values};

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "set",
    title: "Settings:",
    about: "Set what ports send: size, rate, count, addresses and other fields.",
    commands: &[
        Entry {
            syntax: "set PORTLIST count PACKETS:u64",
            about: "Set how many packets are sent; 0 is without end.",
            build: |values| set(values, |values| Some(Setting::Count(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST size BYTES:64-9600",
            about: "Set the frame size, the 4 bytes of its check sequence included.",
            build: |values| set(values, |values| Some(Setting::Size(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST rate RATE:rest",
            about: "Set the rate: percent of the link's speed (50), packets or bits a second (10M, 1Gbit/s L1), or flat-out.",
            build: |values| set(values, |values| Some(Setting::Rate(values.rest().join(" ")))),
        },
        Entry {
            syntax: "set PORTLIST burst PACKETS:1-512",
            about: "Set how many packets a transmit burst has at most.",
            build: |values| set(values, |values| Some(Setting::Burst(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST (src|dst) mac ADDRESS:mac",
            about: "Set a MAC address.",
            build: |values| {
                packet(values, |values| {
                    Some(PacketSetting::Mac(side(values.word()?), values.mac()?))
                })
            },
        },
        Entry {
            syntax: "set PORTLIST (src|dst) ip ADDRESS:net",
            about: "Set an IP address, the source's with its prefix: 192.168.0.1/24.",
            build: |values| {
                packet(values, |values| {
                    let side = side(values.word()?);
                    let (address, prefix) = values.net()?;
                    Some(PacketSetting::Ip(side, address, prefix))
                })
            },
        },
        Entry {
            syntax: "set PORTLIST (sport|dport) NUMBER:u16",
            about: "Set a UDP or TCP port.",
            build: |values| {
                packet(values, |values| {
                    let side = match values.word()? {
                        "sport" => Side::Source,
                        _ => Side::Destination,
                    };
                    Some(PacketSetting::L4Port(side, values.number()?))
                })
            },
        },
        Entry {
            syntax: "set PORTLIST proto (udp|tcp|icmp)",
            about: "Set what stands above the network layer.",
            build: |values| {
                packet(values, |values| Some(PacketSetting::Protocol(protocol(values.word()?))))
            },
        },
        Entry {
            syntax: "set PORTLIST type (ipv4|ipv6|ip4|ip6|arp|vlan)",
            about: "Set the network layer; vlan is ipv4 in a VLAN.",
            build: |values| {
                let ports = values.port_list()?;
                run(match values.word()? {
                    "vlan" => PktgenCommand::Feature(
                        ports,
                        crate::r#gen::pktgen::command::Feature::Vlan,
                        true,
                    ),
                    word => PktgenCommand::Set(
                        ports,
                        Setting::Packet(PacketSetting::Type(network(word))),
                    ),
                })
            },
        },
        Entry {
            syntax: "set PORTLIST (vlan|vlanid) NUMBER:1-4095",
            about: "Set the VLAN number, which is sent after enable vlan.",
            build: |values| {
                packet(values, |values| {
                    values.word()?;
                    Some(PacketSetting::Vlan(values.number()?))
                })
            },
        },
        Entry {
            syntax: "set PORTLIST cos PRIORITY:0-7",
            about: "Set the VLAN's priority.",
            build: |values| packet(values, |values| Some(PacketSetting::Cos(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST qinqids OUTER:1-4095 INNER:1-4095",
            about: "Set both VLAN numbers, which are sent after enable qinq.",
            build: |values| {
                packet(values, |values| {
                    Some(PacketSetting::QinQ(values.number()?, values.number()?))
                })
            },
        },
        Entry {
            syntax: "set PORTLIST mpls LABEL:0-1048575",
            about: "Set the MPLS label, which is sent after enable mpls.",
            build: |values| packet(values, |values| Some(PacketSetting::Mpls(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST gre_key KEY:u32",
            about: "Set the GRE key, which is sent after enable gre or gre_eth.",
            build: |values| packet(values, |values| Some(PacketSetting::GreKey(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST vni NUMBER:0-16777215",
            about: "Set the VXLAN network identifier, which is sent after enable vxlan.",
            build: |values| packet(values, |values| Some(PacketSetting::Vni(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST ttl HOPS:1-255",
            about: "Set the time to live, or the hop limit.",
            build: |values| packet(values, |values| Some(PacketSetting::Ttl(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST dscp CODE:0-63",
            about: "Set the differentiated services code point.",
            build: |values| packet(values, |values| Some(PacketSetting::Dscp(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST tos OCTET:u8",
            about: "Set the whole octet of which the code point is the upper six bits.",
            build: |values| packet(values, |values| Some(PacketSetting::Tos(values.number()?))),
        },
        Entry {
            syntax: "set PORTLIST (seq_cnt|seqcnt|seqCnt) SLOTS:0-16",
            about: "Set how many slots of the sequence are sent; with 0 the single packet is.",
            build: |values| {
                set(values, |values| {
                    values.word()?;
                    Some(Setting::SequenceCount(values.number()?))
                })
            },
        },
    ],
};

fn set(
    values: &mut Values<'_>,
    setting: impl FnOnce(&mut Values<'_>) -> Option<Setting>,
) -> Option<Request<PktgenCommand>> {
    let ports: PortList = values.port_list()?;
    run(PktgenCommand::Set(ports, setting(values)?))
}

fn packet(
    values: &mut Values<'_>,
    setting: impl FnOnce(&mut Values<'_>) -> Option<PacketSetting>,
) -> Option<Request<PktgenCommand>> {
    set(values, |values| Some(Setting::Packet(setting(values)?)))
}

/// The protocol of a word of `(udp|tcp|icmp)`.
pub(super) fn protocol(word: &str) -> Protocol {
    match word {
        "tcp" => Protocol::Tcp,
        "icmp" => Protocol::Icmp,
        _ => Protocol::Udp,
    }
}

/// The network layer of a word of `(ipv4|ipv6|ip4|ip6|arp)`.
pub(super) fn network(word: &str) -> NetworkType {
    match word {
        "ipv6" | "ip6" => NetworkType::Ipv6,
        "arp" => NetworkType::Arp,
        _ => NetworkType::Ipv4,
    }
}
