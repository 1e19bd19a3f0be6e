//! Commands that start, stop, add and remove ports.

use crate::command::{Command, PortsCommand};
use crate::shell::grammar::{Entry, Request, Section};
use dataplane::lcore::LcoreId;

pub(super) const SECTION: Section<Command> = Section {
    word: "ports",
    title: "Port Operations:",
    about: "Configuring ports.",
    commands: &[
        Entry {
            syntax: "port start PORTS",
            about: "Start all ports or port_id.",
            build: |values| run(PortsCommand::Start(values.ports()?)),
        },
        Entry {
            syntax: "port stop PORTS",
            about: "Stop all ports or port_id.",
            build: |values| run(PortsCommand::Stop(values.ports()?)),
        },
        Entry {
            syntax: "port close PORTS",
            about: "Close all ports or port_id.",
            build: |values| run(PortsCommand::Close(values.ports()?)),
        },
        Entry {
            syntax: "port reset PORTS",
            about: "Reset all ports or port_id.",
            build: |values| run(PortsCommand::Reset(values.ports()?)),
        },
        Entry {
            syntax: "port attach DEVICE:text",
            about: "Attach physical or virtual dev by pci address, virtual device name or short form such as null:.",
            build: |values| run(PortsCommand::Attach(values.word()?.to_owned())),
        },
        Entry {
            syntax: "port detach PORT",
            about: "Detach physical or virtual dev by port_id",
            build: |values| run(PortsCommand::Detach(values.port()?)),
        },
        Entry {
            syntax: "device detach DEVICE:text",
            about: "Detach device by its name, with all of its ports.",
            build: |values| run(PortsCommand::DetachDevice(values.word()?.to_owned())),
        },
        Entry {
            syntax: "port add DEVICE:text",
            about: "Attach a device, start its port and forward it, while others forward.",
            build: |values| run(PortsCommand::Add(values.word()?.to_owned())),
        },
        Entry {
            syntax: "port remove PORT",
            about: "Forward a port no longer, stop it and detach its device, while others forward.",
            build: |values| run(PortsCommand::Remove(values.port()?)),
        },
        Entry {
            syntax: "port PORT rxq RXQ lcore LCORE:u32",
            about: "Have an lcore poll a receive queue, also while forwarding.",
            build: |values| {
                let (port, queue) = (values.port()?, values.queue()?);
                let lcore = LcoreId(values.number()?);
                run(PortsCommand::Place(port, queue, Some(lcore)))
            },
        },
        Entry {
            syntax: "port PORT rxq RXQ lcore any",
            about: "Have a receive queue dealt to an lcore with the others again, also while forwarding.",
            build: |values| run(PortsCommand::Place(values.port()?, values.queue()?, None)),
        },
    ],
};

fn run(command: PortsCommand) -> Option<Request<Command>> {
    super::run(Command::Ports(command))
}
