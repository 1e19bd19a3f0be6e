//! The streams that a port's state comes to.

use super::command::{Feature, NetworkType, Protocol, RangeField, RangeValue, Side};
use super::range::{Range, RangeError};
use super::state::{Packet, PortState};
use dataplane::traffic::rate::{Rate, Share};
use dataplane::traffic::spec::{
    Arp, Drawn, Ethernet, Field, Gre, Gtpu, Icmp, Ipv4, Ipv6, Layer, Load, Mpls, Replay, Sizes,
    Span, StreamSpec, Tag, Tcp, Timing, Udp, Vxlan,
};
use dataplane::wire::ethernet::MacAddr;
use std::net::Ipv4Addr;
use std::num::NonZeroU64;

/// The seed of fields that `random` draws: two runs of the same commands send the same packets.
const SEED: u64 = 1;

/// Why a port's state is no stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamError {
    /// A range without values.
    #[error("port {port}: {error}")]
    Range { port: u16, error: RangeError },
    /// A slot that nobody wrote.
    #[error(
        "port {port}: slot {slot} of the sequence is empty: write it with seq {slot} {port} ..., or set {port} seq_cnt {slot}"
    )]
    EmptySlot { port: u16, slot: u8 },
    /// Nothing to replay.
    #[error("port {port}: there is no capture file to send: name one with pcap {port} FILE")]
    NoPcap { port: u16 },
}

/// The streams of a port: one, or one for each slot of its sequence.
pub(crate) fn of_port(port: u16, state: &PortState) -> Result<Vec<StreamSpec>, StreamError> {
    let one = |name: String, layers, size| StreamSpec {
        name,
        port,
        layers,
        size,
        rate: Load::Steady(state.rate),
        count: state.count,
        ..StreamSpec::default()
    };
    if state.has(Feature::Pcap) {
        let file = state.pcap.clone().ok_or(StreamError::NoPcap { port })?;
        let replay = Replay { file, timing: Timing::Rate, loops: 0 };
        let stream = one(format!("port {port} pcap"), Vec::new(), Sizes::default());
        return Ok(vec![StreamSpec { replay: Some(replay), ..stream }]);
    }
    if state.sequence_count > 0 {
        return sequence(port, state, one);
    }
    let (fields, size) = if state.has(Feature::Range) {
        ranged(state).map_err(|error| StreamError::Range { port, error })?
    } else {
        (Fields::fixed(&state.single), Sizes::Fixed(state.single.size))
    };
    let fields = if state.has(Feature::Random) { fields.drawn(&state.single) } else { fields };
    let protocol = match state.has(Feature::Range) {
        true => state.range_protocol,
        false => state.single.protocol,
    };
    let layers = stack(&fields, &state.single, protocol, &|feature| state.has(feature));
    Ok(vec![one(format!("port {port}"), layers, size)])
}

/// A stream for each slot, each a share of the port's rate and count, so that they take turns.
fn sequence(
    port: u16,
    state: &PortState,
    one: impl Fn(String, Vec<Layer>, Sizes) -> StreamSpec,
) -> Result<Vec<StreamSpec>, StreamError> {
    let slots = u64::from(state.sequence_count);
    let of_slot = |slot: u8| {
        let packet = state.slot(slot).ok_or(StreamError::EmptySlot { port, slot })?;
        let has = |feature| match feature {
            Feature::Vlan => packet.tagged,
            feature => state.has(feature),
        };
        let layers = stack(&Fields::fixed(&packet), &packet, packet.protocol, &has);
        let stream = one(format!("port {port} seq {slot}"), layers, Sizes::Fixed(packet.size));
        let (count, extra) = state.count.map_or((0, 0), |count| (count / slots, count % slots));
        Ok(StreamSpec {
            rate: Load::Steady(split(state.rate, slots)),
            count: state.count.map(|_| count + u64::from(u64::from(slot) < extra)),
            ..stream
        })
    };
    (0..state.sequence_count).map(of_slot).collect()
}

/// A part of a rate, at least one packet or bit a second.
fn split(rate: Rate, parts: u64) -> Rate {
    let part = |whole: NonZeroU64| NonZeroU64::new(whole.get() / parts).unwrap_or(NonZeroU64::MIN);
    match rate {
        Rate::Pps(pps) => Rate::Pps(part(pps)),
        Rate::L1(bps) => Rate::L1(part(bps)),
        Rate::L2(bps) => Rate::L2(part(bps)),
        Rate::Share(Share { ppm, line }) => Rate::Share(Share { ppm: part(ppm), line }),
        Rate::FlatOut => Rate::FlatOut,
    }
}

/// The fields that can be another in each packet.
struct Fields {
    src_mac: Field<MacAddr>,
    dst_mac: Field<MacAddr>,
    src_ip: Field<Ipv4Addr>,
    dst_ip: Field<Ipv4Addr>,
    sport: Field<u16>,
    dport: Field<u16>,
    vlan: Field<u16>,
    cos: Field<u8>,
    dscp: Field<u8>,
    ttl: Field<u8>,
}

impl Fields {
    fn fixed(packet: &Packet) -> Self {
        Self {
            src_mac: packet.src_mac.into(),
            dst_mac: packet.dst_mac.into(),
            src_ip: packet.src_ip4.into(),
            dst_ip: packet.dst_ip4.into(),
            sport: packet.sport.into(),
            dport: packet.dport.into(),
            vlan: packet.vlan.into(),
            cos: packet.cos.into(),
            dscp: (packet.tos >> 2).into(),
            ttl: packet.ttl.into(),
        }
    }

    /// With the source's host bits and both ports drawn.
    fn drawn(self, packet: &Packet) -> Self {
        let host = u32::MAX.checked_shr(packet.src_prefix.into()).unwrap_or(0);
        let mask = Some(Ipv4Addr::from(host));
        let port = |seed| Field::Drawn(Drawn { from: 0, mask: None, seed });
        Self {
            src_ip: Field::Drawn(Drawn { from: packet.src_ip4, mask, seed: SEED }),
            sport: port(SEED + 1),
            dport: port(SEED + 2),
            ..self
        }
    }
}

/// The single packet with the ranges that were set.
fn ranged(state: &PortState) -> Result<(Fields, Sizes), RangeError> {
    let range = |field| {
        let only = Range::only(state.single.value(field));
        state.ranges.get(&field).copied().unwrap_or(only)
    };
    // What is typed for a field fits it: the grammar has its bounds.
    let octet = |value: RangeValue| value as u8;
    let number = |value: RangeValue| value as u16;
    let ip = |value: RangeValue| Ipv4Addr::from(value as u32);
    let mac = |value: RangeValue| {
        let [_, _, octets @ ..] = value.to_be_bytes();
        MacAddr(octets)
    };
    use Side::{Destination, Source};
    let fields = Fields {
        src_mac: range(RangeField::Mac(Source)).field("source MAC addresses", mac)?,
        dst_mac: range(RangeField::Mac(Destination)).field("destination MAC addresses", mac)?,
        src_ip: range(RangeField::Ip(Source)).field("source addresses", ip)?,
        dst_ip: range(RangeField::Ip(Destination)).field("destination addresses", ip)?,
        sport: range(RangeField::L4Port(Source)).field("source ports", number)?,
        dport: range(RangeField::L4Port(Destination)).field("destination ports", number)?,
        vlan: range(RangeField::Vlan).field("VLAN numbers", number)?,
        cos: range(RangeField::Cos).field("priorities", octet)?,
        dscp: range(RangeField::Dscp).field("code points", octet)?,
        ttl: range(RangeField::Ttl).field("times to live", octet)?,
    };
    // Sizes go up from the least, whatever the first packet's is to be.
    let sizes = range(RangeField::Size);
    let size = match number(sizes.inc) {
        0 => Sizes::Fixed(number(sizes.start)),
        step => {
            Sizes::Span(Span { from: number(sizes.min), to: number(sizes.max), step, seed: None })
        }
    };
    Ok((fields, size))
}

/// The headers, the outermost first. Tunnels have the addresses of the packet that they carry.
fn stack(
    fields: &Fields,
    packet: &Packet,
    protocol: Protocol,
    has: &dyn Fn(Feature) -> bool,
) -> Vec<Layer> {
    let ethernet = || {
        Layer::Ethernet(Ethernet {
            src: fields.src_mac.clone(),
            dst: fields.dst_mac.clone(),
            ethertype: None,
        })
    };
    let mut layers = vec![ethernet()];
    let tag = |id: Field<u16>| Tag { id, priority: fields.cos.clone(), drop_eligible: false };
    if has(Feature::QinQ) {
        let (outer, inner) = packet.qinq;
        layers.extend([Layer::Qinq(tag(outer.into())), Layer::Vlan(tag(inner.into()))]);
    } else if has(Feature::Vlan) {
        layers.push(Layer::Vlan(tag(fields.vlan.clone())));
    }
    if has(Feature::Mpls) {
        layers.push(Layer::Mpls(Mpls { label: packet.mpls.into(), ..Mpls::default() }));
    }
    if packet.network == NetworkType::Arp {
        layers.push(Layer::Arp(Arp {
            operation: 1.into(),
            sender_mac: fields.src_mac.clone(),
            sender_ip: fields.src_ip.clone(),
            target_mac: MacAddr([0; 6]).into(),
            target_ip: fields.dst_ip.clone(),
        }));
        return layers;
    }
    let ipv4 = || {
        Layer::Ipv4(Ipv4 {
            src: fields.src_ip.clone(),
            dst: fields.dst_ip.clone(),
            ttl: fields.ttl.clone(),
            dscp: fields.dscp.clone(),
            ecn: (packet.tos & 0b11).into(),
            ..Ipv4::default()
        })
    };
    let udp = Udp::default;
    if has(Feature::Gre) || has(Feature::GreEth) {
        let key = Some(packet.gre_key.into());
        layers.extend([ipv4(), Layer::Gre(Gre { key, protocol: None })]);
        layers.extend(has(Feature::GreEth).then(ethernet));
    } else if has(Feature::Vxlan) {
        let vxlan = Layer::Vxlan(Vxlan { vni: packet.vni.into() });
        layers.extend([ipv4(), Layer::Udp(udp()), vxlan, ethernet()]);
    } else if let Some(teid) = packet.teid {
        let tunnel = Layer::Gtpu(Gtpu { teid: teid.into() });
        layers.extend([ipv4(), Layer::Udp(udp()), tunnel]);
    }
    layers.push(match packet.network {
        NetworkType::Ipv6 => Layer::Ipv6(Ipv6 {
            src: packet.src_ip6.into(),
            dst: packet.dst_ip6.into(),
            hop_limit: fields.ttl.clone(),
            dscp: fields.dscp.clone(),
            ecn: (packet.tos & 0b11).into(),
            ..Ipv6::default()
        }),
        _ => ipv4(),
    });
    let (src, dst) = (fields.sport.clone(), fields.dport.clone());
    layers.push(match protocol {
        Protocol::Udp => Layer::Udp(Udp { src, dst: Some(dst), ..udp() }),
        Protocol::Tcp => Layer::Tcp(Tcp { src, dst, ..Tcp::default() }),
        Protocol::Icmp => Layer::Icmp(Icmp::default()),
    });
    layers
}
