//! Commands about VLANs.

use crate::command::{Command, VlanChange, VlanCommand};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::mbuf::VlanTags;
use dataplane::port::{PortId, QueueId, VlanOffload, VlanTag};

pub(super) const SECTION: Section<Command> = Section {
    word: "vlan",
    title: "VLANs:",
    about: "VLAN stripping, filtering and insertion by devices.",
    commands: &[
        Entry {
            syntax: "vlan set strip (on|off) PORT",
            about: "Set whether a port takes VLAN tags off received packets.",
            build: |values| offload(values, VlanOffload::Strip),
        },
        Entry {
            syntax: "vlan set filter (on|off) PORT",
            about: "Set whether a port receives packets of the VLANs in its filter alone.",
            build: |values| offload(values, VlanOffload::Filter),
        },
        Entry {
            syntax: "vlan set qinq_strip (on|off) PORT",
            about: "Set whether a port takes two VLAN tags off received packets.",
            build: |values| offload(values, VlanOffload::QinqStrip),
        },
        Entry {
            syntax: "vlan set extend (on|off) PORT",
            about: "Set whether a port looks behind an outer VLAN tag.",
            build: |values| offload(values, VlanOffload::Extend),
        },
        Entry {
            syntax: "vlan set stripq (on|off) QUEUE:list",
            about: "Set whether one receive queue, written PORT,QUEUE, takes VLAN tags off.",
            build: |values| {
                let on = values.on()?;
                let mut numbers = values.list()?.into_iter();
                let port = PortId(numbers.next()?);
                run(port, VlanChange::StripQueue(numbers.next().map(QueueId), on))
            },
        },
        Entry {
            syntax: "vlan set inner tpid TPID:u16 PORT",
            about: "Set the EtherType that a port takes for an inner VLAN tag.",
            build: |values| tpid(values, VlanTag::Inner),
        },
        Entry {
            syntax: "vlan set outer tpid TPID:u16 PORT",
            about: "Set the EtherType that a port takes for an outer VLAN tag.",
            build: |values| tpid(values, VlanTag::Outer),
        },
        Entry {
            syntax: "rx_vlan add VLAN:u16 PORT",
            about: "Add a VLAN to those that a port receives.",
            build: |values| filter(values, true),
        },
        Entry {
            syntax: "rx_vlan rm VLAN:u16 PORT",
            about: "Remove a VLAN from those that a port receives.",
            build: |values| filter(values, false),
        },
        Entry {
            syntax: "rx_vlan add all PORT",
            about: "Add all VLANs to those that a port receives.",
            build: |values| run(values.port()?, VlanChange::FilterAll(true)),
        },
        Entry {
            syntax: "rx_vlan rm all PORT",
            about: "Remove all VLANs from those that a port receives.",
            build: |values| run(values.port()?, VlanChange::FilterAll(false)),
        },
        Entry {
            syntax: "tx_vlan set PORT VLAN:u16 [OUTER:u16]",
            about: "Set the VLAN tag, or the two of them, that a stopped port's device puts in front of what is forwarded \
                    to it.",
            build: |values| {
                let (port, inner) = (values.port()?, values.number()?);
                run(port, VlanChange::Insert(Some(VlanTags { inner, outer: values.number() })))
            },
        },
        Entry {
            syntax: "tx_vlan reset PORT",
            about: "Have a stopped port's device put no VLAN tag in front of what is forwarded to it.",
            build: |values| run(values.port()?, VlanChange::Insert(None)),
        },
        Entry {
            syntax: "tx_vlan set pvid PORT VLAN:u16 (on|off)",
            about: "Set whether a port tags all packets that it sends with a VLAN.",
            build: |values| {
                let (port, vlan, on) = (values.port()?, values.number()?, values.on()?);
                run(port, VlanChange::Pvid(vlan, on))
            },
        },
    ],
};

fn run(port: PortId, change: VlanChange) -> Option<Request<Command>> {
    super::run(Command::Vlan(VlanCommand { port, change }))
}

fn offload(values: &mut Values<'_>, offload: VlanOffload) -> Option<Request<Command>> {
    let (on, port) = (values.on()?, values.port()?);
    run(port, VlanChange::Offload(offload, on))
}

fn tpid(values: &mut Values<'_>, tag: VlanTag) -> Option<Request<Command>> {
    let (tpid, port) = (values.number()?, values.port()?);
    run(port, VlanChange::Tpid(tag, tpid))
}

fn filter(values: &mut Values<'_>, on: bool) -> Option<Request<Command>> {
    let (vlan, port) = (values.number()?, values.port()?);
    run(port, VlanChange::Filter(vlan, on))
}
