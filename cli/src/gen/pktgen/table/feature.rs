//! Commands that switch features.

use super::run;
use crate::r#gen::pktgen::command::{Feature, PktgenCommand};
use crate::shell::grammar::{Entry, Request, Section, Values};

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "enable",
    title: "Features:",
    about: "Switch latency, ranges, tunnels, answers and captures on and off.",
    commands: &[
        Entry {
            syntax: "enable PORTLIST (latency|range|pcap|vlan|qinq|mpls|gre|gre_eth|vxlan|random|icmp|capture)",
            about: "Switch a feature on: what is shown, sent, answered or captured.",
            build: |values| feature(values, true),
        },
        Entry {
            syntax: "disable PORTLIST (latency|range|pcap|vlan|qinq|mpls|gre|gre_eth|vxlan|random|icmp|capture)",
            about: "Switch a feature off.",
            build: |values| feature(values, false),
        },
    ],
};

fn feature(values: &mut Values<'_>, on: bool) -> Option<Request<PktgenCommand>> {
    let ports = values.port_list()?;
    let word = values.word()?;
    let (_, feature) = Feature::ALL.into_iter().find(|(name, _)| *name == word)?;
    run(PktgenCommand::Feature(ports, feature, on))
}
