//! Commands about vhost-user ports.

use crate::command::{Command, VhostCommand};
use crate::shell::grammar::{Entry, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "vhost",
    title: "vhost-user Ports:",
    about: "Guests at vhost-user ports, and what passes through their rings.",
    commands: &[Entry {
        syntax: "show vhost PORTS",
        about: "Display the guest of a vhost-user port, or of each of them: features, memory, rings and their counts.",
        build: |values| super::run(Command::Vhost(VhostCommand::Show(values.ports()?))),
    }],
};
