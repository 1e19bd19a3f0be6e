//! Commands about flow rules.

use crate::command::{Command, FlowCommand, FlowDeed};
use crate::shell::flow;
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::port::FlowId;

pub(super) const SECTION: Section<Command> = Section {
    word: "filters",
    title: "Filters:",
    about: "Flow rules, by which a device itself drops, counts, marks and steers packets.",
    commands: &[
        Entry {
            syntax: "flow validate PORT RULE",
            about: "Check whether a flow rule can be created.",
            build: |values| {
                with_port(values, |values| Some(FlowDeed::Validate(flow::rule(&values.rest())?)))
            },
        },
        Entry {
            syntax: "flow create PORT RULE",
            about: "Create a flow rule: attributes, pattern ITEM / ... / end, actions ACTION / ... / end.",
            build: |values| {
                with_port(values, |values| Some(FlowDeed::Create(flow::rule(&values.rest())?)))
            },
        },
        Entry {
            syntax: "flow destroy PORT RULES",
            about: "Destroy specific flow rules.",
            build: |values| {
                with_port(values, |values| {
                    let ids = flow::numbered(&values.rest(), "rule")?;
                    Some(FlowDeed::Destroy(ids.into_iter().map(FlowId).collect()))
                })
            },
        },
        Entry {
            syntax: "flow flush PORT",
            about: "Destroy all flow rules.",
            build: |values| with_port(values, |_| Some(FlowDeed::Flush)),
        },
        Entry {
            syntax: "flow query PORT ID:u32 count",
            about: "Show what a flow rule has counted.",
            build: |values| {
                with_port(values, |values| Some(FlowDeed::QueryCount(FlowId(values.number()?))))
            },
        },
        Entry {
            syntax: "flow list PORT [GROUPS]",
            about: "List existing flow rules sorted by priority, filtered by group identifiers.",
            build: |values| {
                with_port(values, |values| {
                    let words = values.rest();
                    let all = words.is_empty().then(Vec::new);
                    Some(FlowDeed::List(all.or_else(|| flow::numbered(&words, "group"))?))
                })
            },
        },
        Entry {
            syntax: "flow isolate PORT (0|1|on|off)",
            about: "Restrict ingress traffic to the defined flow rules.",
            build: |values| {
                with_port(values, |values| {
                    Some(FlowDeed::Isolate(matches!(values.word()?, "1" | "on")))
                })
            },
        },
    ],
};

fn with_port(
    values: &mut Values<'_>,
    deed: impl FnOnce(&mut Values<'_>) -> Option<FlowDeed>,
) -> Option<Request<Command>> {
    let port = values.port()?;
    super::run(Command::Flow(FlowCommand { port, deed: deed(values)? }))
}
