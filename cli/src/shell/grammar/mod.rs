//! The grammar: what a table of commands means for a line: parsing, completion, hints and "did you mean".
//!
//! A table is a value, so that each shell of the program has its own and shares the rest.

mod assist;
mod explain;
mod own;
mod syntax;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod values;

pub(crate) use explain::GrammarError;
pub(crate) use own::{Followed, Own};
pub(crate) use values::{PortList, Values, number};

use crate::answer::Form;
use crate::shell::help::Topic;
use dataplane::port::PortId;
use std::path::PathBuf;
use syntax::{Line, Syntax};

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request<C> {
    /// Something of what the shell steers.
    Run(C),
    /// The shell's help.
    Help(Topic),
    /// The commands of a file.
    Load(PathBuf),
    /// The answer to this command, repainted.
    Watch(String),
    /// How busy it is, drawn on the terminal.
    Top,
}

/// What a line asks for, and how it is to be answered.
pub(crate) struct Asked<C> {
    /// `None` for a line that is empty or only a comment.
    pub(crate) request: Result<Option<Request<C>>, GrammarError>,
    /// As text, unless the line ends with `--json`.
    pub(crate) form: Form,
}

/// What a line ends with to be answered in JSON.
const JSON: &str = "--json";

/// One line of a table.
pub(crate) struct Entry<C: 'static> {
    /// What is typed: words separated by spaces. A word in capitals is a placeholder and `(a|b)` a choice; both are values
    /// for `build`. What stands in square brackets at the end may be left out. All kinds of words are in `token.rs`.
    pub(crate) syntax: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// Makes the request of the values, which come in the order in which they stand.
    pub(crate) build: fn(&mut Values<'_>) -> Option<Request<C>>,
}

/// A section of commands, as `help` lists them.
pub(crate) struct Section<C: 'static> {
    /// The word for it in `help TOPIC`.
    pub(crate) word: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// What it is about, in a line.
    pub(crate) about: &'static str,
    /// Its commands.
    pub(crate) commands: &'static [Entry<C>],
}

/// Every command of a shell, by section.
pub(crate) type Table<C> = &'static [Section<C>];

/// The names that can be typed now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    /// The ports that there are.
    pub(crate) ports: Vec<PortWords>,
    /// The forwarding modes.
    pub(crate) modes: Vec<&'static str>,
}

/// A port and its queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortWords {
    /// Its number.
    pub(crate) id: PortId,
    /// How many receive queues it has.
    pub(crate) rx_queues: u16,
    /// How many transmit queues it has.
    pub(crate) tx_queues: u16,
}

/// A table and the names that can be typed now.
pub(crate) struct Grammar<'a, C: 'static> {
    table: Table<C>,
    known: &'a Vocabulary,
    topics: Vec<&'static str>,
}

impl<'a, C> Grammar<'a, C> {
    pub(crate) fn new(table: Table<C>, known: &'a Vocabulary) -> Self {
        let topics = table.iter().map(|section| section.word).collect();
        Self { table, known, topics }
    }

    /// The table.
    pub(crate) fn table(&self) -> Table<C> {
        self.table
    }

    /// A whole command as help writes it.
    pub(crate) fn usage(&self, entry: &Entry<C>) -> String {
        Syntax::of(entry.syntax).usage(0, &self.line(&[]))
    }

    /// Reads a line: a command, and `--json` behind it where that is how it is to be answered.
    pub(crate) fn read(&self, line: &str) -> Asked<C> {
        match words(line).split_last() {
            Some((&JSON, words)) => Asked { request: self.request(words), form: Form::Json },
            _ => Asked { request: self.parse(line), form: Form::Text },
        }
    }

    /// Parses a line; `None` for one that is empty or only a comment (`#`).
    ///
    /// # Errors
    ///
    /// [`GrammarError`], with what could have been typed.
    pub(crate) fn parse(&self, line: &str) -> Result<Option<Request<C>>, GrammarError> {
        self.request(&words(line))
    }

    fn request(&self, words: &[&str]) -> Result<Option<Request<C>>, GrammarError> {
        if words.is_empty() {
            return Ok(None);
        }
        let line = self.line(words);
        for (entry, syntax) in self.entries() {
            if let Some(values) = syntax.values(&line)
                && let Some(request) = (entry.build)(&mut Values::new(&values))
            {
                return Ok(Some(request));
            }
        }
        Err(self.explain(&line))
    }

    fn line<'l>(&'l self, words: &'l [&'l str]) -> Line<'l> {
        Line { words, known: self.known, topics: &self.topics }
    }

    fn entries(&self) -> impl Iterator<Item = (&'static Entry<C>, Syntax)> + use<C> {
        let entries = self.table.iter().flat_map(|section| section.commands);
        entries.map(|entry| (entry, Syntax::of(entry.syntax)))
    }
}

/// The words before a comment.
fn words(line: &str) -> Vec<&str> {
    line.split('#').next().unwrap_or_default().split_whitespace().collect()
}
