//! `range`: fields whose values go up from packet to packet.

use super::{run, set, side};
use crate::r#gen::pktgen::command::{
    Bound, PktgenCommand, RangeField, RangeSetting, RangeValue, Side,
};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::wire::ethernet::MacAddr;
use std::net::IpAddr;

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "range",
    title: "Ranges:",
    about: "Set the values that fields go through after enable range.",
    commands: &[
        Entry {
            syntax: "range PORTLIST (src|dst) mac (start|min|max|inc|minimum|maximum|increment) ADDRESS:mac",
            about: "Set a bound of the MAC addresses.",
            build: |values| bound(values, RangeField::Mac, mac),
        },
        Entry {
            syntax: "range PORTLIST (src|dst) mac START:mac MIN:mac MAX:mac INC:mac",
            about: "Set all bounds of the MAC addresses.",
            build: |values| bounds(values, RangeField::Mac, mac),
        },
        Entry {
            syntax: "range PORTLIST (src|dst) ip (start|min|max|inc|minimum|maximum|increment) ADDRESS:ip",
            about: "Set a bound of the IPv4 addresses.",
            build: |values| bound(values, RangeField::Ip, ip),
        },
        Entry {
            syntax: "range PORTLIST (src|dst) ip START:ip MIN:ip MAX:ip INC:ip",
            about: "Set all bounds of the IPv4 addresses.",
            build: |values| bounds(values, RangeField::Ip, ip),
        },
        Entry {
            syntax: "range PORTLIST (src|dst) port (start|min|max|inc|minimum|maximum|increment) NUMBER:u16",
            about: "Set a bound of the UDP or TCP ports.",
            build: |values| bound(values, RangeField::L4Port, number),
        },
        Entry {
            syntax: "range PORTLIST (src|dst) port START:u16 MIN:u16 MAX:u16 INC:u16",
            about: "Set all bounds of the UDP or TCP ports.",
            build: |values| bounds(values, RangeField::L4Port, number),
        },
        Entry {
            syntax: "range PORTLIST proto (udp|tcp)",
            about: "Set what stands above the network layer.",
            build: |values| {
                let ports = values.port_list()?;
                let protocol = set::protocol(values.word()?);
                run(PktgenCommand::Range(ports, RangeSetting::Protocol(protocol)))
            },
        },
        Entry {
            syntax: "range PORTLIST (vlan|size|cos|dscp|ttl) (start|min|max|inc|minimum|maximum|increment) NUMBER:u16",
            about: "Set a bound of VLAN number, frame size, priority, code point or time to live.",
            build: |values| {
                let (ports, field) = (values.port_list()?, number_field(values.word()?));
                let setting = RangeSetting::Bound(field, which(values.word()?), values.number()?);
                run(PktgenCommand::Range(ports, setting))
            },
        },
        Entry {
            syntax: "range PORTLIST (vlan|size|cos|dscp|ttl) START:u16 MIN:u16 MAX:u16 INC:u16",
            about: "Set all bounds of VLAN number, frame size, priority, code point or time to live.",
            build: |values| {
                let (ports, field) = (values.port_list()?, number_field(values.word()?));
                let setting = RangeSetting::Bounds(field, four(values, number)?);
                run(PktgenCommand::Range(ports, setting))
            },
        },
    ],
};

type Read = fn(&mut Values<'_>) -> Option<RangeValue>;

fn bound(
    values: &mut Values<'_>,
    field: fn(Side) -> RangeField,
    read: Read,
) -> Option<Request<PktgenCommand>> {
    let (ports, field) = (values.port_list()?, field(side(values.word()?)));
    let setting = RangeSetting::Bound(field, which(values.word()?), read(values)?);
    run(PktgenCommand::Range(ports, setting))
}

fn bounds(
    values: &mut Values<'_>,
    field: fn(Side) -> RangeField,
    read: Read,
) -> Option<Request<PktgenCommand>> {
    let (ports, field) = (values.port_list()?, field(side(values.word()?)));
    run(PktgenCommand::Range(ports, RangeSetting::Bounds(field, four(values, read)?)))
}

fn four(values: &mut Values<'_>, read: Read) -> Option<[RangeValue; 4]> {
    Some([read(values)?, read(values)?, read(values)?, read(values)?])
}

fn which(word: &str) -> Bound {
    match word {
        "start" => Bound::Start,
        "min" | "minimum" => Bound::Min,
        "max" | "maximum" => Bound::Max,
        _ => Bound::Inc,
    }
}

fn number_field(word: &str) -> RangeField {
    match word {
        "vlan" => RangeField::Vlan,
        "size" => RangeField::Size,
        "cos" => RangeField::Cos,
        "dscp" => RangeField::Dscp,
        _ => RangeField::Ttl,
    }
}

fn number(values: &mut Values<'_>) -> Option<RangeValue> {
    values.number()
}

fn mac(values: &mut Values<'_>) -> Option<RangeValue> {
    let MacAddr(octets) = values.mac()?;
    Some(octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

/// IPv6 addresses have no ranges in Pktgen, and as numbers no room in 64 bits.
fn ip(values: &mut Values<'_>) -> Option<RangeValue> {
    match values.ip()? {
        IpAddr::V4(address) => Some(u64::from(u32::from(address))),
        IpAddr::V6(_) => None,
    }
}
