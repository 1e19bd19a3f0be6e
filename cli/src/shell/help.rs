//! `help`: a table of commands by section, laid out as testpmd does.

use crate::shell::grammar::{Entry, Grammar, Request, Section};
use std::fmt::Write;

/// What `help` is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Which sections there are.
    Sections,
    /// The commands of the section of that word.
    Section(String),
    /// All commands.
    All,
}

impl Topic {
    /// The topic of a word after `help`.
    pub(crate) fn of(word: &str) -> Self {
        if word == "all" { Self::All } else { Self::Section(word.to_owned()) }
    }
}

/// The command itself, which every table has.
pub(crate) const fn entry<C>() -> Entry<C> {
    Entry {
        syntax: "help [TOPIC]",
        about: "List the sections of commands, or display the commands of a section or of all.",
        build: |values| Some(Request::Help(values.topic().unwrap_or(Topic::Sections))),
    }
}

/// The help text, with the names that can be typed now.
pub(crate) fn text<C>(topic: &Topic, grammar: &Grammar<'_, C>) -> String {
    let sections = grammar.table().iter();
    match topic {
        Topic::Sections => overview(grammar),
        Topic::Section(word) => {
            let asked = sections.filter(|section| section.word == word);
            asked.map(|section| commands(section, grammar)).collect()
        }
        Topic::All => sections.map(|section| commands(section, grammar)).collect(),
    }
}

fn overview<C>(grammar: &Grammar<'_, C>) -> String {
    let mut text = "\nHelp is available for the following sections:\n\n".to_owned();
    let all = ("all", "All of the above sections.");
    let sections = grammar.table().iter().map(|section| (section.word, section.about));
    for (word, about) in sections.chain([all]) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    help {word:<27}: {about}");
    }
    text.push('\n');
    text
}

fn commands<C>(section: &Section<C>, grammar: &Grammar<'_, C>) -> String {
    let title = section.title;
    let mut text = format!("\n{title}\n{}\n\n", "-".repeat(title.len()));
    for entry in section.commands {
        let _ = writeln!(text, "{}\n    {}\n", grammar.usage(entry), entry.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::grammar::Vocabulary;
    use crate::shell::table::TABLE;

    fn help(topic: Topic, known: &Vocabulary) -> String {
        text(&topic, &Grammar::new(TABLE, known))
    }

    #[test]
    fn sections_are_listed_as_testpmd_lists_them() {
        let text = help(Topic::Sections, &Vocabulary::default());
        assert!(text.starts_with(
            "\nHelp is available for the following sections:\n\n    \
             help control                    : Start and stop forwarding.\n    \
             help display                    : Displaying port, stats and config information.\n    \
             help config                     : Configuration information.\n"
        ));
        assert!(
            text.ends_with("    help all                        : All of the above sections.\n\n")
        );
    }

    #[test]
    fn a_section_shows_each_command_with_what_can_be_typed() {
        let known = Vocabulary { modes: vec!["io", "mac"], ..Vocabulary::default() };
        let text = help(Topic::of("config"), &known);
        assert!(text.starts_with("\nConfiguration:\n--------------\n\n"), "{text}");
        assert!(text.contains(
            "\nset fwd (io|mac) [retry]\n    Set packet forwarding mode, also while forwarding;"
        ));
    }

    #[test]
    fn all_shows_every_command() {
        let all = help(Topic::All, &Vocabulary::default());
        for entry in TABLE.iter().flat_map(|section| section.commands) {
            assert!(all.contains(entry.about), "{}", entry.syntax);
        }
    }
}
