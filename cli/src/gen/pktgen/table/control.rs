//! Commands that start and stop, wait, save and end.

use super::run;
use crate::r#gen::pktgen::command::PktgenCommand;
use crate::shell::grammar::{Entry, PortList, Request, Section};
use crate::shell::help;

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "control",
    title: "Control sending:",
    about: "Start, stop, wait, save and load.",
    commands: &[
        Entry {
            syntax: "start PORTLIST",
            about: "Start sending on ports. A trial that runs ends, and the next one has all of them.",
            build: |values| run(PktgenCommand::Start(values.port_list()?)),
        },
        Entry {
            syntax: "stop PORTLIST",
            about: "Stop sending on ports, wait for what is on its way, and show what became of it.",
            build: |values| run(PktgenCommand::Stop(values.port_list()?)),
        },
        Entry {
            syntax: "str",
            about: "Start sending on all ports.",
            build: |_| run(PktgenCommand::Start(PortList::All)),
        },
        Entry {
            syntax: "stp",
            about: "Stop sending on all ports.",
            build: |_| run(PktgenCommand::Stop(PortList::All)),
        },
        Entry {
            syntax: "clr",
            about: "Set the devices' counts to zero, as the pages show them.",
            build: |_| run(PktgenCommand::Clear),
        },
        Entry {
            syntax: "reset PORTLIST",
            about: "Set ports back to what they were at the beginning.",
            build: |values| run(PktgenCommand::Reset(values.port_list()?)),
        },
        Entry {
            syntax: "rst",
            about: "Set all ports back to what they were at the beginning.",
            build: |_| run(PktgenCommand::Reset(PortList::All)),
        },
        Entry {
            syntax: "sleep SECONDS:0-86400",
            about: "Wait so many seconds before the next command.",
            build: |values| run(PktgenCommand::Sleep { ms: values.number::<u64>()? * 1000 }),
        },
        Entry {
            syntax: "delay MILLISECONDS:0-86400000",
            about: "Wait so many milliseconds before the next command.",
            build: |values| run(PktgenCommand::Sleep { ms: values.number()? }),
        },
        Entry {
            syntax: "save FILE:text",
            about: "Write the commands that make this state into a file.",
            build: |values| run(PktgenCommand::Save(values.word()?.into())),
        },
        Entry {
            syntax: "load FILE:text",
            about: "Carry out a file's commands.",
            build: |values| Some(Request::Load(values.word()?.into())),
        },
        Entry {
            syntax: "quit",
            about: "Stop sending and end.",
            build: |_| run(PktgenCommand::Quit),
        },
        help::entry(),
    ],
};
