//! Pktgen's pages.

use super::output::Done;
use super::pktgen::command::{Feature, NetworkType, Page};
use super::pktgen::state::PortState;
use super::table;
use crate::render::rate::packets_a_second;
use comfy_table::{Table, presets};
use dataplane::port::{ExtendedStat, Link, PortId, PortStats};

/// A port as pages show it.
pub(super) struct PortView<'a> {
    /// Its number.
    pub(super) id: PortId,
    /// Its device.
    pub(super) device: &'a str,
    /// Its link; `None` if the device does not say.
    pub(super) link: Option<Link>,
    /// Whether it sends.
    pub(super) sending: bool,
    /// What its device has counted since `clr`; `None` if it does not count.
    pub(super) stats: Option<PortStats>,
    /// Packets a second sent and received since they were last shown.
    pub(super) rates: (f64, f64),
    /// The device's extended counts.
    pub(super) extended: Vec<ExtendedStat>,
    /// What is sent.
    pub(super) state: &'a PortState,
}

/// Writes a page of all ports, or of the chosen one where it is a port's.
pub(super) fn text(page: Page, ports: &[PortView<'_>], chosen: PortId, done: &[Done]) -> String {
    let of_chosen = |text: fn(&PortView<'_>) -> String| {
        ports.iter().filter(|port| port.id == chosen).map(text).collect()
    };
    match page {
        Page::Main => columns(ports, &main_rows),
        Page::Stats => columns(ports, &stats_rows),
        Page::Xstats => ports.iter().map(extended).collect(),
        Page::Latency => latency(ports, done),
        Page::Range => of_chosen(ranges),
        Page::Sequence => of_chosen(sequence),
        Page::Pcap => of_chosen(pcap),
    }
}

type Rows = Vec<(&'static str, String)>;

/// A figure's name, and how it is read.
type Count<T> = (&'static str, fn(&T) -> u64);

/// A table with a column a port.
fn columns(ports: &[PortView<'_>], rows: &dyn Fn(&PortView<'_>) -> Rows) -> String {
    let columns: Vec<Rows> = ports.iter().map(rows).collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let heading = |port: &PortView<'_>| format!("Port {}", port.id);
    table.set_header(std::iter::once(String::new()).chain(ports.iter().map(heading)));
    for (row, (label, _)) in columns.first().into_iter().flatten().enumerate() {
        let figures =
            columns.iter().map(|rows| rows.get(row).map_or("", |(_, figure)| figure.as_str()));
        table.add_row(std::iter::once(*label).chain(figures));
    }
    format!("{table}\n")
}

fn main_rows(port: &PortView<'_>) -> Rows {
    let PortState { single, count, rate, burst, .. } = port.state;
    let (sent, received) = port.rates;
    let (src, dst) = match single.network {
        NetworkType::Ipv6 => (single.src_ip6.to_string(), single.dst_ip6.to_string()),
        NetworkType::Ipv4 | NetworkType::Arp => {
            (format!("{}/{}", single.src_ip4, single.src_prefix), single.dst_ip4.to_string())
        }
    };
    let count_of = |count: fn(&PortStats) -> u64| {
        port.stats.as_ref().map_or("not counted".to_owned(), |stats| count(stats).to_string())
    };
    vec![
        ("device", port.device.to_owned()),
        ("link", link(port.link)),
        ("sending", if port.sending { "yes" } else { "no" }.to_owned()),
        ("sent a second", packets_a_second(sent)),
        ("received a second", packets_a_second(received)),
        ("packets sent", count_of(|stats| stats.tx_packets)),
        ("packets received", count_of(|stats| stats.rx_packets)),
        ("count", count.map_or("without end".to_owned(), |count| count.to_string())),
        ("rate", rate.to_string()),
        ("size", single.size.to_string()),
        ("burst", burst.to_string()),
        ("type", format!("{} {}", single.network.word(), single.protocol.word())),
        ("ports", format!("{} / {}", single.sport, single.dport)),
        ("destination IP", dst),
        ("source IP", src),
        ("destination MAC", single.dst_mac.to_string()),
        ("source MAC", single.src_mac.to_string()),
        ("features", features(port.state)),
    ]
}

fn stats_rows(port: &PortView<'_>) -> Rows {
    let figures: [Count<PortStats>; 8] = [
        ("packets sent", |stats| stats.tx_packets),
        ("packets received", |stats| stats.rx_packets),
        ("bytes sent", |stats| stats.tx_bytes),
        ("bytes received", |stats| stats.rx_bytes),
        ("missed, no descriptor", |stats| stats.rx_missed),
        ("missed, no mbuf", |stats| stats.rx_nombuf),
        ("receive errors", |stats| stats.rx_errors),
        ("transmit errors", |stats| stats.tx_errors),
    ];
    let figure = |count: fn(&PortStats) -> u64| {
        port.stats.as_ref().map_or("not counted".to_owned(), |stats| count(stats).to_string())
    };
    figures.into_iter().map(|(label, count)| (label, figure(count))).collect()
}

fn extended(port: &PortView<'_>) -> String {
    let lines = port.extended.iter().map(|stat| format!("  {}: {}\n", stat.name, stat.value));
    format!("Port {} ({}):\n{}", port.id, port.device, lines.collect::<String>())
}

/// The last trial's figures; which ports' are shown, `enable latency` says.
fn latency(ports: &[PortView<'_>], done: &[Done]) -> String {
    let enabled: Vec<u16> = ports
        .iter()
        .filter(|port| port.state.has(Feature::Latency))
        .map(|port| port.id.0)
        .collect();
    if enabled.is_empty() {
        return "No port shows round trips; switch them on with enable 0 latency\n".to_owned();
    }
    let Some(last) = done.last() else {
        return "No trial is over yet; start one with start 0, and end it with stop 0\n".to_owned();
    };
    let streams = last.configuration.stream.iter().zip(&last.drawn);
    let shown: Vec<_> = streams
        .filter(|(stream, _)| enabled.contains(&stream.port))
        .map(|(_, trial)| trial.clone())
        .collect();
    table::text(&shown)
}

fn ranges(port: &PortView<'_>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([&format!("Port {}", port.id), "start", "min", "max", "inc"]);
    for (field, range) in &port.state.ranges {
        let values = [range.start, range.min, range.max, range.inc];
        let written = values.map(|value| field.write(value));
        table.add_row(std::iter::once(field.words()).chain(written));
    }
    let state = if port.state.has(Feature::Range) { "sent" } else { "not sent: enable range" };
    format!("{table}\nRanges are {state}; fields without one are those of page main\n")
}

fn sequence(port: &PortView<'_>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let heading = format!("Port {}", port.id);
    table.set_header([
        &heading,
        "destination MAC",
        "source MAC",
        "destination IP",
        "source IP",
        "ports",
        "type",
        "VLAN",
        "size",
    ]);
    let slots = port.state.slots.keys().filter_map(|n| Some((n, port.state.slot(*n)?)));
    for (number, packet) in slots {
        table.add_row([
            format!("seq {number}"),
            packet.dst_mac.to_string(),
            packet.src_mac.to_string(),
            packet.dst_ip4.to_string(),
            packet.src_ip4.to_string(),
            format!("{} / {}", packet.sport, packet.dport),
            format!("{} {}", packet.network.word(), packet.protocol.word()),
            packet.vlan.to_string(),
            packet.size.to_string(),
        ]);
    }
    format!("{table}\n{} slots are sent: set {} seq_cnt N\n", port.state.sequence_count, port.id)
}

fn pcap(port: &PortView<'_>) -> String {
    match &port.state.pcap {
        None => format!("Port {} has no capture file: pcap {} FILE\n", port.id, port.id),
        Some(file) => {
            let state = if port.state.has(Feature::Pcap) { "sends" } else { "does not send" };
            format!("Port {} {state} {}\n", port.id, file.display())
        }
    }
}

fn link(link: Option<Link>) -> String {
    match link {
        None => "unknown".to_owned(),
        Some(Link { up: false, .. }) => "down".to_owned(),
        Some(Link { speed_mbps: None, .. }) => "up".to_owned(),
        Some(Link { speed_mbps: Some(mbps), .. }) => format!("up, {mbps} Mbit/s"),
    }
}

fn features(state: &PortState) -> String {
    let on = Feature::ALL.iter().filter(|(_, feature)| state.has(*feature));
    let names: Vec<&str> = on.map(|(name, _)| *name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}
