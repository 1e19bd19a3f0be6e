//! Commands that start and stop forwarding, and help.

use crate::command::{Command, ControlCommand};
use crate::shell::grammar::{Entry, Request, Section};
use crate::shell::help::Topic;

pub(super) const SECTION: Section<Command> = Section {
    word: "control",
    title: "Control forwarding:",
    about: "Start and stop forwarding.",
    commands: &[
        Entry {
            syntax: "start",
            about: "Start packet forwarding with current configuration.",
            build: |_| run(ControlCommand::Start),
        },
        Entry {
            syntax: "stop",
            about: "Stop packet forwarding, and display accumulated statistics.",
            build: |_| run(ControlCommand::Stop),
        },
        Entry {
            syntax: "quit",
            about: "Stop packet forwarding and leave the program.",
            build: |_| run(ControlCommand::Quit),
        },
        Entry {
            syntax: "help [TOPIC]",
            about: "List the sections of commands, or display the commands of a section or of all.",
            build: |values| Some(Request::Help(values.topic().unwrap_or(Topic::Sections))),
        },
    ],
};

fn run(command: ControlCommand) -> Option<Request<Command>> {
    super::run(Command::Control(command))
}
