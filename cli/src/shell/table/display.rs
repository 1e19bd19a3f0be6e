//! Commands that show something, and those that set shown counts to zero.

use super::run;
use crate::command::{ClearCommand, Command, ShowCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "display",
    title: "Display:",
    about: "Displaying port, stats and config information.",
    commands: &[
        Entry {
            syntax: "show port stats PORTS",
            about: "Display statistics of a port, or of all of them, and rates since they were last shown.",
            build: |values| show(ShowCommand::PortStats(values.ports()?)),
        },
        Entry {
            syntax: "show port info PORTS",
            about: "Display what a port, or each of them, is and can do.",
            build: |values| show(ShowCommand::PortInfo(values.ports()?)),
        },
        Entry {
            syntax: "clear port stats PORTS",
            about: "Clear statistics of a port, or of all of them.",
            build: |values| run(Command::Clear(ClearCommand::PortStats(values.ports()?))),
        },
        Entry {
            syntax: "show fwd stats all",
            about: "Display forwarding statistics since the start, for all ports.",
            build: |_| show(ShowCommand::FwdStats),
        },
        Entry {
            syntax: "show config fwd",
            about: "Display which lcore forwards which queues.",
            build: |_| show(ShowCommand::ConfigFwd),
        },
    ],
};

fn show(command: ShowCommand) -> Option<Request<Command>> {
    run(Command::Show(command))
}
