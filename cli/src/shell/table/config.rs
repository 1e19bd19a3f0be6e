//! Commands that change how packets are forwarded.

use crate::command::{Command, ConfigCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "config",
    title: "Configuration:",
    about: "Configuration information.",
    commands: &[
        Entry {
            syntax: "set fwd MODE",
            about: "Set packet forwarding mode, also while forwarding.",
            build: |values| run(ConfigCommand::Fwd(values.mode()?)),
        },
        Entry {
            syntax: "set verbose LEVEL:u16",
            about: "Show packets as they pass: 1 those received, 2 those sent, 3 both, 0 none.",
            build: |values| run(ConfigCommand::Verbose(values.number()?)),
        },
    ],
};

fn run(command: ConfigCommand) -> Option<Request<Command>> {
    super::run(Command::Config(command))
}
