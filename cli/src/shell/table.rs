//! The table of commands. To add a command, add a line; parsing, completion, hints and help follow from it.

use crate::command::Command;
use crate::shell::grammar::{Entry, Request};
use crate::shell::help::{Section, Topic};

/// Every command.
pub(super) const TABLE: &[Entry] = &[
    Entry {
        syntax: "start",
        section: Section::Control,
        about: "Start packet forwarding with current configuration.",
        build: |_| run(Command::Start),
    },
    Entry {
        syntax: "stop",
        section: Section::Control,
        about: "Stop packet forwarding, and display accumulated statistics.",
        build: |_| run(Command::Stop),
    },
    Entry {
        syntax: "quit",
        section: Section::Control,
        about: "Stop packet forwarding and leave the program.",
        build: |_| run(Command::Quit),
    },
    Entry {
        syntax: "help",
        section: Section::Control,
        about: "List the sections of commands.",
        build: |_| Some(Request::Help(Topic::Sections)),
    },
    Entry {
        syntax: "help TOPIC",
        section: Section::Control,
        about: "Display a section's commands, or all of them.",
        build: |values| Some(Request::Help(values.topic()?)),
    },
    Entry {
        syntax: "show port stats PORTS",
        section: Section::Display,
        about: "Display statistics of a port, or of all of them, and rates since they were last shown.",
        build: |values| run(Command::ShowPortStats(values.ports()?)),
    },
    Entry {
        syntax: "show port info PORTS",
        section: Section::Display,
        about: "Display what a port, or each of them, is and can do.",
        build: |values| run(Command::ShowPortInfo(values.ports()?)),
    },
    Entry {
        syntax: "clear port stats PORTS",
        section: Section::Display,
        about: "Clear statistics of a port, or of all of them.",
        build: |values| run(Command::ClearPortStats(values.ports()?)),
    },
    Entry {
        syntax: "show fwd stats all",
        section: Section::Display,
        about: "Display forwarding statistics since the start, for all ports.",
        build: |_| run(Command::ShowFwdStats),
    },
    Entry {
        syntax: "show config fwd",
        section: Section::Display,
        about: "Display which lcore forwards which queues.",
        build: |_| run(Command::ShowConfigFwd),
    },
    Entry {
        syntax: "set fwd MODE",
        section: Section::Config,
        about: "Set packet forwarding mode, also while forwarding.",
        build: |values| run(Command::SetFwd(values.mode()?)),
    },
];

fn run(command: Command) -> Option<Request> {
    Some(Request::Run(command))
}
