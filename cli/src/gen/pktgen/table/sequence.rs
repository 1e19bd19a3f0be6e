//! `seq` and `pcap`: packets of which each is another.

use super::{run, set};
use crate::r#gen::pktgen::command::{PacketSetting, PktgenCommand, Side, Slot};
use crate::shell::grammar::{Entry, Request, Section, Values};

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "seq",
    title: "Sequences:",
    about: "Write the slots of the sequence, and name the capture file to send.",
    commands: &[
        Entry {
            syntax: "(seq|sequence) SLOT:0-15 PORTLIST dst DST:mac src SRC:mac dst DST:net src SRC:net sport SPORT:u16 \
                     dport DPORT:u16 (ipv4|ipv6) (udp|tcp|icmp) vlan VLAN:0-4095 (size|pktsize) BYTES:64-9600 [teid TEID:u32]",
            about: "Write a slot of the sequence; set PORTS seq_cnt N sends the first N in turn.",
            build: |values| slot(values, true),
        },
        Entry {
            syntax: "(seq|sequence) SLOT:0-15 PORTLIST DST:mac SRC:mac DST:net SRC:net SPORT:u16 DPORT:u16 (ipv4|ipv6) \
                     (udp|tcp|icmp) VLAN:0-4095 BYTES:64-9600 [TEID:u32]",
            about: "The same without its words.",
            build: |values| slot(values, false),
        },
        Entry {
            syntax: "pcap PORTLIST FILE:text",
            about: "Name the capture file that ports send after enable pcap.",
            build: |values| run(PktgenCommand::Pcap(values.port_list()?, values.word()?.into())),
        },
    ],
};

fn slot(values: &mut Values<'_>, worded: bool) -> Option<Request<PktgenCommand>> {
    values.word()?;
    let (number, ports) = (values.number()?, values.port_list()?);
    let mut settings = vec![
        PacketSetting::Mac(Side::Destination, values.mac()?),
        PacketSetting::Mac(Side::Source, values.mac()?),
    ];
    for side in [Side::Destination, Side::Source] {
        let (address, prefix) = values.net()?;
        settings.push(PacketSetting::Ip(side, address, prefix));
    }
    settings.extend([
        PacketSetting::L4Port(Side::Source, values.number()?),
        PacketSetting::L4Port(Side::Destination, values.number()?),
        PacketSetting::Type(set::network(values.word()?)),
        PacketSetting::Protocol(set::protocol(values.word()?)),
    ]);
    let vlan = values.number()?;
    if worded {
        values.word()?;
    }
    let size = values.number()?;
    let teid = values.number();
    run(PktgenCommand::Sequence(number, ports, Slot { settings, vlan, size, teid }))
}
