//! `help`: the table of commands by section, laid out as testpmd does.

use crate::shell::grammar::Vocabulary;
use crate::shell::table::TABLE;
use std::fmt::Write;

/// testpmd's sections of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Start and stop.
    Control,
    /// Show things.
    Display,
    /// Change how forwarding works.
    Config,
}

/// What `help` is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Which sections there are.
    Sections,
    /// One section's commands.
    Section(Section),
    /// All commands.
    All,
}

impl Section {
    /// All sections, in the order in which `help` lists them.
    pub(crate) const ALL: [Self; 3] = [Self::Control, Self::Display, Self::Config];

    /// The word for it in `help TOPIC`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Display => "display",
            Self::Config => "config",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Control => "Control forwarding:",
            Self::Display => "Display:",
            Self::Config => "Configuration:",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Control => "Start and stop forwarding.",
            Self::Display => "Displaying port, stats and config information.",
            Self::Config => "Configuration information.",
        }
    }
}

impl Topic {
    /// The topic of a word after `help`.
    pub(crate) fn of(word: &str) -> Option<Self> {
        if word == "all" {
            return Some(Self::All);
        }
        Section::ALL.into_iter().find(|section| section.word() == word).map(Self::Section)
    }
}

/// The help text, with the names that can be typed now.
pub(crate) fn text(topic: Topic, known: &Vocabulary) -> String {
    match topic {
        Topic::Sections => sections(),
        Topic::Section(section) => commands(section, known),
        Topic::All => Section::ALL.map(|section| commands(section, known)).concat(),
    }
}

fn sections() -> String {
    let mut text = "\nHelp is available for the following sections:\n\n".to_owned();
    let all = ("all", "All of the above sections.");
    for (word, about) in
        Section::ALL.map(|section| (section.word(), section.about())).iter().chain([&all])
    {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    help {word:<27}: {about}");
    }
    text.push('\n');
    text
}

fn commands(section: Section, known: &Vocabulary) -> String {
    let title = section.title();
    let mut text = format!("\n{title}\n{}\n\n", "-".repeat(title.len()));
    for entry in TABLE.iter().filter(|entry| entry.section == section) {
        let _ = writeln!(text, "{}\n    {}\n", entry.usage(0, known), entry.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_listed_as_testpmd_lists_them() {
        assert_eq!(
            text(Topic::Sections, &Vocabulary::default()),
            "\nHelp is available for the following sections:\n\n    \
             help control                    : Start and stop forwarding.\n    \
             help display                    : Displaying port, stats and config information.\n    \
             help config                     : Configuration information.\n    \
             help all                        : All of the above sections.\n\n"
        );
    }

    #[test]
    fn a_section_shows_each_command_with_what_can_be_typed() {
        let known = Vocabulary { modes: vec!["io", "mac"], ..Vocabulary::default() };
        assert_eq!(
            text(Topic::Section(Section::Config), &known),
            "\nConfiguration:\n--------------\n\nset fwd (io|mac)\n    \
             Set packet forwarding mode, also while forwarding.\n\n"
        );
    }

    #[test]
    fn all_shows_every_command() {
        let all = text(Topic::All, &Vocabulary::default());
        for entry in TABLE {
            assert!(all.contains(entry.about), "{}", entry.syntax);
        }
    }
}
