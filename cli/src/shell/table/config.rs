//! Commands that change how packets are forwarded.

use crate::command::{Command, ConfigCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "config",
    title: "Configuration:",
    about: "Configuration information.",
    commands: &[Entry {
        syntax: "set fwd MODE",
        about: "Set packet forwarding mode, also while forwarding.",
        build: |values| run(ConfigCommand::Fwd(values.mode()?)),
    }],
};

fn run(command: ConfigCommand) -> Option<Request<Command>> {
    super::run(Command::Config(command))
}
