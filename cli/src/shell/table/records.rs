//! Commands that choose what statistics show.

use crate::command::{Command, RecordsCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "records",
    title: "Records:",
    about: "What statistics show.",
    commands: &[
        Entry {
            syntax: "set xstats-hide-zero (on|off)",
            about: "Set whether extended statistics leave zeros out.",
            build: |values| run(RecordsCommand::HideZero(values.on()?)),
        },
        Entry {
            syntax: "set record-core-cycles (on|off)",
            about: "Set whether forward statistics have the cycles of a packet.",
            build: |values| run(RecordsCommand::CoreCycles(values.on()?)),
        },
        Entry {
            syntax: "set record-burst-stats (on|off)",
            about: "Set whether forward statistics have bursts by size.",
            build: |values| run(RecordsCommand::BurstStats(values.on()?)),
        },
    ],
};

fn run(command: RecordsCommand) -> Option<Request<Command>> {
    super::run(Command::Records(command))
}
