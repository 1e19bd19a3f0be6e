//! `save`: the commands that make a port's state.

use super::command::{Feature, PacketSetting, Side, Slot};
use super::range::Range;
use super::state::{Packet, PortState};
use dataplane::port::PortId;
use std::fmt::Write;
use std::net::IpAddr;

/// Writes a port's commands.
pub(super) fn commands(port: PortId, state: &PortState) -> String {
    let mut text = format!("# Port {port}\n");
    let mut set = |what: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "set {port} {what}");
    };
    packet(&state.single).into_iter().for_each(&mut set);
    set(format!("size {}", state.single.size));
    set(format!("rate {}", state.rate));
    set(format!("count {}", state.count.unwrap_or(0)));
    set(format!("burst {}", state.burst));
    let _ = writeln!(text, "range {port} proto {}", state.range_protocol.word());
    for (field, Range { start, min, max, inc }) in &state.ranges {
        let [start, min, max, inc] = [start, min, max, inc].map(|value| field.write(*value));
        let _ = writeln!(text, "range {port} {} {start} {min} {max} {inc}", field.words());
    }
    for (number, slot) in &state.slots {
        let _ = writeln!(text, "seq {number} {port} {}", words(slot, &state.slot(*number)));
    }
    let _ = writeln!(text, "set {port} seq_cnt {}", state.sequence_count);
    if let Some(file) = &state.pcap {
        let _ = writeln!(text, "pcap {port} {}", file.display());
    }
    for (name, feature) in Feature::ALL {
        if state.has(feature) {
            let _ = writeln!(text, "enable {port} {name}");
        }
    }
    text
}

/// What `set` says of a packet.
fn packet(packet: &Packet) -> Vec<String> {
    vec![
        format!("src mac {}", packet.src_mac),
        format!("dst mac {}", packet.dst_mac),
        format!("src ip {}/{}", packet.src_ip4, packet.src_prefix),
        format!("dst ip {}", packet.dst_ip4),
        format!("src ip {}", packet.src_ip6),
        format!("dst ip {}", packet.dst_ip6),
        format!("sport {}", packet.sport),
        format!("dport {}", packet.dport),
        format!("type {}", packet.network.word()),
        format!("proto {}", packet.protocol.word()),
        format!("vlan {}", packet.vlan),
        format!("cos {}", packet.cos),
        format!("qinqids {} {}", packet.qinq.0, packet.qinq.1),
        format!("mpls {}", packet.mpls),
        format!("gre_key {}", packet.gre_key),
        format!("vni {}", packet.vni),
        format!("ttl {}", packet.ttl),
        format!("tos {}", packet.tos),
    ]
}

/// A slot without its words, in the order of `seq`.
fn words(slot: &Slot, packet: &Option<Packet>) -> String {
    let Some(packet) = packet else { return String::new() };
    let address = |side| {
        let given = slot.settings.iter().rev().find_map(|setting| match setting {
            PacketSetting::Ip(found, address, prefix) if *found == side => Some((address, prefix)),
            _ => None,
        });
        match given {
            Some((address, Some(prefix))) => format!("{address}/{prefix}"),
            Some((address, None)) => address.to_string(),
            None => IpAddr::from(packet.src_ip4).to_string(),
        }
    };
    let teid = slot.teid.map_or(String::new(), |teid| format!(" {teid}"));
    format!(
        "{} {} {} {} {} {} {} {} {} {}{teid}",
        packet.dst_mac,
        packet.src_mac,
        address(Side::Destination),
        address(Side::Source),
        packet.sport,
        packet.dport,
        packet.network.word(),
        packet.protocol.word(),
        slot.vlan,
        slot.size,
    )
}
