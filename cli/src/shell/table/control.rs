//! Commands that start and stop forwarding, and help.

use crate::command::{Command, ControlCommand};
use crate::shell::grammar::{Entry, Request, Section};
use crate::shell::{help, live};

pub(super) const SECTION: Section<Command> = Section {
    word: "control",
    title: "Control forwarding:",
    about: "Start and stop forwarding.",
    commands: &[
        Entry {
            syntax: "start",
            about: "Start packet forwarding with current configuration.",
            build: |_| run(ControlCommand::Start { tx_first: 0 }),
        },
        Entry {
            syntax: "start tx_first [COUNT:u32]",
            about: "Start packet forwarding with current config after sending one burst of packets, or COUNT of them.",
            build: |values| run(ControlCommand::Start { tx_first: values.number().unwrap_or(1) }),
        },
        Entry {
            syntax: "stop",
            about: "Stop packet forwarding, and display accumulated statistics.",
            build: |_| run(ControlCommand::Stop),
        },
        Entry {
            syntax: "apply FILE:text [(--dry-run)]",
            about: "Become what a configuration file says, or only display the steps to it.",
            build: |values| {
                let (file, dry_run) = (values.word()?.into(), values.word().is_some());
                run(ControlCommand::Apply { file, dry_run })
            },
        },
        Entry {
            syntax: "quit",
            about: "Stop packet forwarding and leave the program.",
            build: |_| run(ControlCommand::Quit),
        },
        Entry {
            syntax: "load FILE:text",
            about: "Carry out the commands of a file.",
            build: |values| Some(Request::Load(values.word()?.into())),
        },
        live::watch_entry(),
        live::top_entry(),
        help::entry(),
    ],
};

fn run(command: ControlCommand) -> Option<Request<Command>> {
    super::run(Command::Control(command))
}
