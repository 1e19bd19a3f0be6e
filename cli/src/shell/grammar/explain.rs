//! Why a line is no command, and what would be one.

use super::Grammar;
use super::syntax::Line;
use crate::nearest;
use thiserror::Error;

/// Why a line is no command, beginning with testpmd's own words for it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum GrammarError {
    /// The first word begins no command.
    #[error("Command not found: {word}; {mend}")]
    NotFound { word: String, mend: String },
    /// The line ends too early.
    #[error("Bad arguments: {before} needs more; {mend}")]
    Incomplete { before: String, mend: String },
    /// A word that cannot stand where it stands.
    #[error("Bad arguments: {word} cannot follow {before}; {mend}")]
    Unexpected { word: String, before: String, mend: String },
    /// A word after a complete command.
    #[error("Bad arguments: {word} is too much, {before} is complete; leave it out")]
    Surplus { word: String, before: String },
}

impl<C> Grammar<'_, C> {
    /// Why a line is no command: where the commands that agree with it the longest end or go another way.
    pub(super) fn explain(&self, line: &Line<'_>) -> GrammarError {
        let agreements = || self.entries().map(|(_, syntax)| syntax.agreement(line));
        let depth = agreements().max().unwrap_or(0);
        let mut expected: Vec<String> = Vec::new();
        for (_, syntax) in self.entries().filter(|(_, syntax)| syntax.agreement(line) == depth) {
            let token = syntax.token(depth);
            for choice in token.map_or(Vec::new(), |it| it.expected(syntax.place(depth, line))) {
                if !expected.contains(&choice) {
                    expected.push(choice);
                }
            }
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let before = line.words.iter().take(depth).copied().collect::<Vec<_>>().join(" ");
        match line.words.get(depth) {
            None => GrammarError::Incomplete { before, mend: nearest::mend("", &expected) },
            Some(&word) if expected.is_empty() => {
                GrammarError::Surplus { word: word.to_owned(), before }
            }
            Some(&word) if depth == 0 => {
                let mend = match nearest::nearest(word, expected.iter().copied()) {
                    Some(near) => format!("did you mean {near}? (help all lists what there is)"),
                    None => "help all lists what there is".to_owned(),
                };
                GrammarError::NotFound { word: word.to_owned(), mend }
            }
            Some(&word) => GrammarError::Unexpected {
                word: word.to_owned(),
                before,
                mend: nearest::mend(word, &expected),
            },
        }
    }
}
