//! Commands that show things.

use super::run;
use crate::r#gen::pktgen::command::{Page, PktgenCommand};
use crate::shell::grammar::{Entry, Section};

pub(super) const SECTION: Section<PktgenCommand> = Section {
    word: "page",
    title: "Pages:",
    about: "Show settings, counts, rates and round trips.",
    commands: &[
        Entry {
            syntax: "page (main|latency|range|stats|xstats|seq|sequence|pcap)",
            about: "Show a page, and repaint it while sending where there is a terminal.",
            build: |values| {
                let word = values.word()?;
                let (_, page) = Page::ALL.into_iter().find(|(name, _)| *name == word)?;
                run(PktgenCommand::Page(page))
            },
        },
        Entry {
            syntax: "latency",
            about: "Show the page of round trips.",
            build: |_| run(PktgenCommand::Page(Page::Latency)),
        },
        Entry {
            syntax: "port PORT",
            about: "Choose the port that the pages range, seq and pcap show.",
            build: |values| run(PktgenCommand::Port(values.port()?)),
        },
        Entry {
            syntax: "screen (on|off)",
            about: "Repaint the page while sending, or do not.",
            build: |values| run(PktgenCommand::Screen(values.on()?)),
        },
        Entry { syntax: "on", about: "screen on.", build: |_| run(PktgenCommand::Screen(true)) },
        Entry { syntax: "off", about: "screen off.", build: |_| run(PktgenCommand::Screen(false)) },
    ],
};
