//! Commands that start, stop, add and remove ports.

use crate::command::{Command, PortsCommand};
use crate::shell::grammar::{Entry, Request, Section};

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
    ],
};

fn run(command: PortsCommand) -> Option<Request<Command>> {
    super::run(Command::Ports(command))
}
