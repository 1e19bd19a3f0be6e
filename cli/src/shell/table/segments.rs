//! Commands of segments: packets merged and cut by mode `csum`, and TCP cut by devices.

use crate::command::{Command, Packets, SegmentsCommand};
use crate::shell::grammar::{Entry, Request, Section, Values};

pub(super) const SECTION: Section<Command> = Section {
    word: "segments",
    title: "Segments (mode csum):",
    about: "Which packets are merged and cut, here and by devices.",
    commands: &[
        Entry {
            syntax: "tso set BYTES:u16 PORT",
            about: "Have the device cut TCP into segments of so much payload, of a stopped port; 0 ends it.",
            build: |values| tso(values, Packets::Plain),
        },
        Entry {
            syntax: "tso show PORT",
            about: "Display whether the device cuts TCP.",
            build: |values| run(SegmentsCommand::ShowTso(Packets::Plain, values.port()?)),
        },
        Entry {
            syntax: "tunnel_tso set BYTES:u16 PORT",
            about: "Have the device cut TCP in tunnels, of a stopped port; 0 ends it.",
            build: |values| tso(values, Packets::Tunnelled),
        },
        Entry {
            syntax: "tunnel_tso show PORT",
            about: "Display whether the device cuts TCP in tunnels.",
            build: |values| run(SegmentsCommand::ShowTso(Packets::Tunnelled, values.port()?)),
        },
        Entry {
            syntax: "set port PORT gro (on|off)",
            about: "Merge packets of TCP over IPv4 that enter by a port.",
            build: |values| {
                let port = values.port()?;
                run(SegmentsCommand::Gro(port, values.on()?))
            },
        },
        Entry {
            syntax: "set gro flush BURSTS:u8",
            about: "Set after how many bursts, 1 to 4, packets that wait to be merged go on; with 1 none waits.",
            build: |values| run(SegmentsCommand::GroFlush(values.number()?)),
        },
        Entry {
            syntax: "show port PORT gro",
            about: "Display whether packets that enter by a port are merged.",
            build: |values| run(SegmentsCommand::ShowGro(values.port()?)),
        },
        Entry {
            syntax: "set port PORT gso (on|off)",
            about: "Cut packets of TCP and UDP over IPv4 that leave by a port.",
            build: |values| {
                let port = values.port()?;
                run(SegmentsCommand::Gso(port, values.on()?))
            },
        },
        Entry {
            syntax: "set gso segsz BYTES:u16",
            about: "Set the length of the segments that packets are cut into, headers counted.",
            build: |values| run(SegmentsCommand::GsoSegment(values.number()?)),
        },
        Entry {
            syntax: "show port PORT gso",
            about: "Display whether packets that leave by a port are cut.",
            build: |values| run(SegmentsCommand::ShowGso(values.port()?)),
        },
    ],
};

fn run(command: SegmentsCommand) -> Option<Request<Command>> {
    super::run(Command::Segments(command))
}

fn tso(values: &mut Values<'_>, packets: Packets) -> Option<Request<Command>> {
    let segment = values.number()?;
    run(SegmentsCommand::Tso(packets, segment, values.port()?))
}
