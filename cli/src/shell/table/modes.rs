//! Commands of forwarding modes.

use crate::command::{Command, ModesCommand};
use crate::shell::grammar::{Entry, Request, Section};

pub(super) const SECTION: Section<Command> = Section {
    word: "modes",
    title: "Forwarding modes:",
    about: "What each forwarding mode does to packets, also while it does.",
    commands: &[
        Entry {
            syntax: "set txpkts BYTES:list",
            about: "Set the length of each segment of packets that txonly and flowgen make.",
            build: |values| run(ModesCommand::TxPkts(values.list()?)),
        },
        Entry {
            syntax: "set txsplit (off|on|rand)",
            about: "Set how packets that txonly makes are split into these segments.",
            build: |values| set("txsplit", values.word()?),
        },
        Entry {
            syntax: "show config txpkts",
            about: "Display the segments of packets that are made.",
            build: |_| run(ModesCommand::ShowTxPkts),
        },
        Entry {
            syntax: "set txonly multi-flow (on|off)",
            about: "Have txonly send packets of many flows, or of one.",
            build: |values| set("txonly-multi-flow", values.word()?),
        },
        Entry {
            syntax: "set txonly (ip|udp) VALUE:text",
            about: "Set source and destination of packets that txonly makes: 198.18.0.1,198.18.0.2 or 9,9.",
            build: |values| set(&format!("tx-{}", values.word()?), values.word()?),
        },
        Entry {
            syntax: "set flowgen (flows|clones) N:u32",
            about: "Set how many flows flowgen makes, and how many further packets of a flow follow the first.",
            build: |values| set(&format!("flowgen-{}", values.word()?), values.word()?),
        },
        Entry {
            syntax: "set noisy (tx-sw-buffer-size|tx-sw-buffer-flushtime|lkup-memory|lkup-num-writes|lkup-num-reads|lkup-num-reads-writes|forward-mode) VALUE:text",
            about: "Set noisy's buffer, its memory and accesses, and what it does to packets.",
            build: |values| set(&format!("noisy-{}", values.word()?), values.word()?),
        },
        Entry {
            syntax: "set delay US:text",
            about: "Set for how many microseconds delay holds each packet.",
            build: |values| set("delay-us", values.word()?),
        },
        Entry {
            syntax: "set impair (drop|duplicate|swap|corrupt|delay|delay-us|seed) VALUE:text",
            about: "Set which packets impair does what to: 1/1000 for every 1000th, 0.1% for a share, 0 for none.",
            build: |values| set(&format!("impair-{}", values.word()?), values.word()?),
        },
    ],
};

fn run(command: ModesCommand) -> Option<Request<Command>> {
    super::run(Command::Modes(command))
}

/// Sets the option that a flag of this name sets.
fn set(name: &str, value: &str) -> Option<Request<Command>> {
    run(ModesCommand::Set(name.to_owned(), value.to_owned()))
}
