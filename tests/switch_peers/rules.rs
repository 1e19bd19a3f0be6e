//! Rules and groups of all matches and actions that there are, as `ovs-ofctl` takes them.

use crate::draw::Draw;
use crate::packets::{IPV4, IPV6, MACS, PORTS, STATIONS, VLANS};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A rule for some packets of [`crate::packets`], between these ports. `learns` says whether it may switch as a bridge does.
pub(crate) fn rule(draw: &mut Draw, priority: usize, ports: &[u16], learns: bool) -> String {
    let (matches, layers) = matches(draw, ports);
    let actions = actions(draw, ports, layers, learns);
    let cookie = if draw.in_hundred(20) { "cookie=0x7b," } else { "" };
    format!("{cookie}priority={priority}{matches},actions={actions}")
}

/// What a rule's match says of the packets, on which depends what can be done with them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layers {
    ipv4: bool,
    ipv6: bool,
    /// IPv4 whose transport header is there: no later part of a datagram. In those Open vSwitch 3.1 takes two bytes of the
    /// payload for a checksum when it changes an address, and changes them.
    whole: bool,
    /// TCP, UDP or SCTP.
    ports: bool,
    /// It asks that there is no tag, which is shown in another way if it is asked for with a newer OpenFlow.
    untagged: bool,
}

fn mac(draw: &mut Draw) -> String {
    text_of_mac(draw.of(&MACS))
}

fn text_of_mac(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn ipv4(draw: &mut Draw) -> String {
    let address = Ipv4Addr::from(draw.of(&IPV4));
    let mask = draw.of(&["", "", "/24", "/8", "/31", "/255.0.255.0", "/0.0.0.1"]);
    format!("{address}{mask}")
}

fn ipv6(draw: &mut Draw) -> String {
    let address = Ipv6Addr::from(draw.of(&IPV6));
    format!("{address}{}", draw.of(&["", "/32", "/64", "/ffff::f"]))
}

fn port(draw: &mut Draw) -> String {
    let port = draw.of(&PORTS);
    match draw.below(3) {
        0 => format!("{:#x}/0xfff0", port & 0xfff0),
        _ => port.to_string(),
    }
}

/// The text of a match, each word behind a comma, and what it says.
fn matches(draw: &mut Draw, ports: &[u16]) -> (String, Layers) {
    let mut text = String::new();
    let mut add = |word: String| text.extend([",", &word]);
    if draw.in_hundred(35) {
        add(format!("in_port={}", draw.of(ports)));
    }
    if draw.in_hundred(15) {
        let mask = draw.of(&["", "", "/ff:ff:ff:ff:ff:fe", "/00:00:00:00:00:01"]);
        add(format!("dl_src={}{mask}", text_of_mac(draw.of(&MACS[..STATIONS]))));
    }
    if draw.in_hundred(15) {
        let mask = draw.of(&["", "", "/01:00:00:00:00:00", "/ff:ff:ff:00:00:00"]);
        add(format!("dl_dst={}{mask}", mac(draw)));
    }
    match draw.below(10) {
        0 => add(format!("dl_vlan={}", draw.of(&VLANS))),
        1 => add(format!("dl_vlan_pcp={}", draw.below(8))),
        2 => {
            add(format!("dl_vlan={}", draw.of(&VLANS)));
            add(format!("dl_vlan_pcp={}", draw.below(8)));
        }
        3 => add(draw
            .of(&["vlan_tci=0", "vlan_tci=0/0x1fff", "vlan_tci=0x1000/0x1000", "dl_vlan=0xffff"])
            .to_owned()),
        _ => {}
    }
    let layers = network(draw, &mut add);
    let untagged = text.contains("vlan_tci=0,")
        || text.ends_with("vlan_tci=0")
        || text.contains("dl_vlan=0xffff");
    (text, Layers { untagged, ..layers })
}

fn network(draw: &mut Draw, add: &mut impl FnMut(String)) -> Layers {
    let kind = draw.of(&[
        "", "ip", "ip", "tcp", "udp", "udp", "sctp", "icmp", "arp", "arp", "ipv6", "tcp6", "udp6",
        "icmp6", "dl_type",
    ]);
    let mut layers = Layers {
        ipv4: matches!(kind, "ip" | "tcp" | "udp" | "sctp" | "icmp"),
        ipv6: matches!(kind, "ipv6" | "tcp6" | "udp6" | "icmp6"),
        ports: matches!(kind, "tcp" | "udp" | "sctp" | "tcp6" | "udp6"),
        whole: false,
        untagged: false,
    };
    match kind {
        "" => {}
        "dl_type" => {
            add(draw
                .of(&["dl_type=0x1234", "dl_type=0x88cc", "dl_type=0x05ff", "dl_type=0x8847"])
                .to_owned());
        }
        shorthand => add(shorthand.to_owned()),
    }
    if layers.ipv4 || kind == "arp" {
        let [source, target] =
            if kind == "arp" { ["arp_spa", "arp_tpa"] } else { ["nw_src", "nw_dst"] };
        if draw.in_hundred(40) {
            add(format!("{source}={}", ipv4(draw)));
        }
        if draw.in_hundred(40) {
            add(format!("{target}={}", ipv4(draw)));
        }
    }
    if layers.ipv6 {
        if draw.in_hundred(40) {
            add(format!("ipv6_src={}", ipv6(draw)));
        }
        if draw.in_hundred(40) {
            add(format!("ipv6_dst={}", ipv6(draw)));
        }
    }
    if layers.ipv4 || layers.ipv6 {
        match draw.below(10) {
            0 => add(format!("nw_tos={}", draw.of(&[0, 32, 184]))),
            1 => add(format!("nw_ttl={}", draw.of(&[0, 1, 64]))),
            2 => add("ip_frag=yes".to_owned()),
            // Open vSwitch refuses to ask for ports where there are none.
            7 if !layers.ports && !kind.starts_with("icmp") => add("ip_frag=later".to_owned()),
            3..=5 => {
                add(format!("ip_frag={}", draw.of(&["no", "first", "not_later"])));
                layers.whole = layers.ipv4;
            }
            6 if matches!(kind, "ip" | "ipv6") => {
                add(format!("nw_proto={}", draw.of(&[1, 2, 6, 17, 47, 58, 132])));
            }
            _ => {}
        }
    }
    if layers.ports {
        if draw.in_hundred(30) {
            add(format!("tp_src={}", port(draw)));
        }
        if draw.in_hundred(30) {
            add(format!("tp_dst={}", port(draw)));
        }
    }
    match kind {
        "icmp" | "icmp6" if draw.in_hundred(60) => {
            let types: &[u8] = if kind == "icmp" { &[0, 3, 8] } else { &[1, 128, 135] };
            add(format!("icmp_type={}", draw.of(types)));
            if draw.in_hundred(50) {
                add(format!("icmp_code={}", draw.below(2)));
            }
        }
        "arp" => {
            if draw.in_hundred(30) {
                add(format!("arp_op={}", 1 + draw.below(3)));
            }
            if draw.in_hundred(20) {
                add(format!("arp_sha={}", text_of_mac(draw.of(&MACS[..STATIONS]))));
            }
            if draw.in_hundred(20) {
                add(format!(
                    "arp_tha={}/ff:ff:ff:ff:ff:fc",
                    text_of_mac(draw.of(&MACS[..STATIONS]))
                ));
            }
        }
        _ => {}
    }
    layers
}

/// Changes, and ways out, in any order; changes come to nothing for the ways out before them.
fn actions(draw: &mut Draw, ports: &[u16], layers: Layers, learns: bool) -> String {
    match draw.below(20) {
        0 => return "drop".to_owned(),
        // From OpenFlow 1.1 on, which has these, mod_vlan_vid means another thing where it is not known that there is a tag.
        1 if !layers.untagged => {
            return format!(
                "push_vlan:0x8100,mod_vlan_vid:{},output:{}",
                draw.of(&VLANS),
                draw.of(ports)
            );
        }
        2 if !layers.untagged => {
            return format!("mod_dl_dst:{},group:1,output:{}", mac(draw), draw.of(ports));
        }
        3 if !layers.untagged => return format!("output:{},group:2", draw.of(ports)),
        _ => {}
    }
    let mut actions = Vec::new();
    for _ in 0..=draw.below(3) {
        if draw.in_hundred(55) {
            actions.push(change(draw, layers));
        }
        actions.push(way_out(draw, ports, learns));
    }
    actions.join(",")
}

fn way_out(draw: &mut Draw, ports: &[u16], learns: bool) -> String {
    match draw.below(13) {
        0 => "flood".to_owned(),
        1 => "all".to_owned(),
        2 => "in_port".to_owned(),
        3..=6 if learns => "normal".to_owned(),
        7..=9 => draw.of(ports).to_string(),
        _ => format!("output:{}", draw.of(ports)),
    }
}

fn change(draw: &mut Draw, layers: Layers) -> String {
    let address = Ipv4Addr::from(draw.of(&IPV4));
    match draw.below(14) {
        0 => format!("mod_dl_src:{}", text_of_mac(draw.of(&MACS[..STATIONS]))),
        1 => format!("mod_dl_dst:{}", mac(draw)),
        2 => "strip_vlan".to_owned(),
        3 => format!("mod_vlan_vid:{}", draw.of(&VLANS)),
        4 => format!("mod_vlan_pcp:{}", draw.below(8)),
        5 | 6 if layers.whole => format!("mod_nw_src:{address}"),
        7 | 8 if layers.whole => format!("mod_nw_dst:{address}"),
        9 if layers.ipv4 || layers.ipv6 => format!("mod_nw_tos:{}", draw.of(&[0, 32, 184])),
        10 if layers.ipv4 || layers.ipv6 => "dec_ttl".to_owned(),
        11 | 12 if layers.ports => format!("mod_tp_src:{}", draw.of(&PORTS)),
        13 if layers.ports => format!("mod_tp_dst:{}", draw.of(&PORTS)),
        _ => format!("mod_dl_src:{}", text_of_mac(draw.of(&MACS[..STATIONS]))),
    }
}

/// The groups that rules name: all buckets get a copy, the only one gets the packet.
pub(crate) fn groups(ports: &[u16]) -> [String; 2] {
    let [first, second, third, ..] = ports else { panic!("too few ports") };
    [
        format!(
            "group_id=1,type=all,bucket=actions=mod_dl_src:02:00:00:00:00:01,output:{first},\
             bucket=actions=output:{second},bucket=actions=mod_dl_dst:02:00:00:00:00:02,output:{third}"
        ),
        format!(
            "group_id=2,type=indirect,bucket=actions=mod_dl_dst:02:00:00:00:00:03,output:{second}"
        ),
    ]
}
