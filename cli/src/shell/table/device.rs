//! Commands that tell a device what to recognise, count and limit.

use crate::command::{Command, DeviceChange, DeviceCommand, TunnelChange};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::port::{Direction, FEC_MODES, PortId, Tunnel};

pub(super) const SECTION: Section<Command> = Section {
    word: "devices",
    title: "Device Operations:",
    about: "What devices recognise, count and limit.",
    commands: &[
        Entry {
            syntax: "set port PORT ptype_mask MASK:u32",
            about: "Set the packet types that a port looks for.",
            build: |values| {
                let (port, mask) = (values.port()?, values.number()?);
                run(port, DeviceChange::Ptypes(mask))
            },
        },
        Entry {
            syntax: "set link-up port PORT",
            about: "Take the link of a port up.",
            build: |values| run(values.port()?, DeviceChange::Link(true)),
        },
        Entry {
            syntax: "set link-down port PORT",
            about: "Take the link of a port down.",
            build: |values| run(values.port()?, DeviceChange::Link(false)),
        },
        Entry {
            syntax: "set stat_qmap rx PORT RXQ MAPPING:u16",
            about: "Set under which number of a port's statistics a receive queue counts.",
            build: |values| mapping(values, Direction::Rx),
        },
        Entry {
            syntax: "set stat_qmap tx PORT TXQ MAPPING:u16",
            about: "Set under which number of a port's statistics a transmit queue counts.",
            build: |values| mapping(values, Direction::Tx),
        },
        Entry {
            syntax: "set port PORT queue TXQ rate RATE:u32",
            about: "Limit a transmit queue to some Mbit/s.",
            build: |values| {
                let (port, queue, rate) = (values.port()?, values.queue()?, values.number()?);
                run(port, DeviceChange::Rate(queue, rate))
            },
        },
        Entry {
            syntax: "port cleanup PORT txq TXQ COUNT:u32",
            about: "Have a transmit queue free so many of the packets that it has sent, or all for 0.",
            build: |values| {
                let (port, queue, most) = (values.port()?, values.queue()?, values.number()?);
                super::run(Command::Device(DeviceCommand::CleanUp(port, queue, most)))
            },
        },
        Entry {
            syntax: "set port PORT fec_mode (auto|off|rs|baser)",
            about: "Set how the link of a port corrects errors.",
            build: |values| {
                let (port, typed) = (values.port()?, values.word()?);
                let (_, modes) = FEC_MODES.into_iter().find(|(name, _)| *name == typed)?;
                run(port, DeviceChange::Fec(modes))
            },
        },
        Entry {
            syntax: "rx_vxlan_port (add|rm) UDP:u16 PORT",
            about: "Have a device look for VXLAN at a UDP port, or no longer.",
            build: |values| {
                let (look, udp_port) = (values.word()? == "add", values.number()?);
                let called = "udp tunneling";
                let change = TunnelChange { tunnel: Tunnel::Vxlan, udp_port, look, called };
                run(values.port()?, DeviceChange::Tunnel(change))
            },
        },
        Entry {
            syntax: "port config PORT udp_tunnel_port (add|rm) (vxlan|geneve|vxlan-gpe|ecpri) UDP:u16",
            about: "Have a device look for a kind of tunnel at a UDP port, or no longer.",
            build: |values| {
                let (port, look) = (values.port()?, values.word()? == "add");
                let tunnel = match values.word()? {
                    "vxlan" => Tunnel::Vxlan,
                    "geneve" => Tunnel::Geneve,
                    "vxlan-gpe" => Tunnel::VxlanGpe,
                    _ => Tunnel::Ecpri,
                };
                let udp_port = values.number()?;
                let called = "udp tunneling port";
                run(port, DeviceChange::Tunnel(TunnelChange { tunnel, udp_port, look, called }))
            },
        },
    ],
};

fn run(port: PortId, change: DeviceChange) -> Option<Request<Command>> {
    super::run(Command::Device(DeviceCommand::Port(port, change)))
}

fn mapping(values: &mut Values<'_>, direction: Direction) -> Option<Request<Command>> {
    let (port, queue, to) = (values.port()?, values.queue()?, values.number()?);
    run(port, DeviceChange::StatsMapping(direction, queue, to))
}
