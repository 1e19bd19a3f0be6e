//! The grammar: what the table of commands means for a line: parsing, completion, hints and "did you mean".

use crate::command::{Command, PortSelection};
use crate::nearest;
use crate::shell::help::{Section, Topic};
use crate::shell::table::TABLE;
use dataplane::forward::{self, ModeEntry};
use dataplane::port::PortId;
use thiserror::Error;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Something of the dataplane.
    Run(Command),
    /// Something of the shell itself.
    Help(Topic),
}

/// One line of the table.
pub(crate) struct Entry {
    /// What is typed: words separated by spaces; a word in capitals is a placeholder, see [`Token`].
    pub(crate) syntax: &'static str,
    /// Where `help` lists it.
    pub(crate) section: Section,
    /// What it does.
    pub(crate) about: &'static str,
    /// Makes the request of the placeholders' values, which come in the order in which they stand.
    pub(super) build: fn(&mut Values<'_>) -> Option<Request>,
}

/// The names that can be typed now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    /// The ports that there are.
    pub(crate) ports: Vec<PortId>,
    /// The forwarding modes.
    pub(crate) modes: Vec<&'static str>,
}

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

/// A word of a syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// Itself.
    Word(&'static str),
    /// `PORTS`: a port's number, or `all`.
    Ports,
    /// `MODE`: a forwarding mode.
    Mode,
    /// `TOPIC`: a section of commands, or `all`.
    Topic,
}

impl Token {
    fn of(word: &'static str) -> Self {
        match word {
            "PORTS" => Self::Ports,
            "MODE" => Self::Mode,
            "TOPIC" => Self::Topic,
            word => Self::Word(word),
        }
    }

    /// What can be typed here now.
    fn choices(self, known: &Vocabulary) -> Vec<String> {
        let all = || "all".to_owned();
        match self {
            Self::Word(word) => vec![word.to_owned()],
            Self::Ports => known.ports.iter().map(PortId::to_string).chain([all()]).collect(),
            Self::Mode => known.modes.iter().map(|mode| (*mode).to_owned()).collect(),
            Self::Topic => Section::ALL
                .iter()
                .map(|section| section.word().to_owned())
                .chain([all()])
                .collect(),
        }
    }

    /// Whether a word is one of the choices; ports by value, so that `01` is port 1.
    fn accepts(self, word: &str, known: &Vocabulary) -> bool {
        match self {
            Self::Word(own) => own == word,
            Self::Ports => match ports(word) {
                Some(PortSelection::One(port)) => known.ports.contains(&port),
                Some(PortSelection::All) => true,
                None => false,
            },
            Self::Mode => known.modes.contains(&word),
            Self::Topic => Topic::of(word).is_some(),
        }
    }
}

impl Entry {
    fn tokens(&self) -> impl Iterator<Item = Token> + use<> {
        self.syntax.split(' ').map(Token::of)
    }

    /// How many words of a line, from its beginning, this command accepts.
    fn agreement(&self, words: &[&str], known: &Vocabulary) -> usize {
        self.tokens().zip(words).take_while(|(token, word)| token.accepts(word, known)).count()
    }

    /// The rest of the syntax from a token on, placeholders written out: `stats (0|1|all)`.
    pub(crate) fn usage(&self, from: usize, known: &Vocabulary) -> String {
        let written = self.tokens().skip(from).map(|token| match token {
            Token::Word(word) => word.to_owned(),
            placeholder => format!("({})", placeholder.choices(known).join("|")),
        });
        written.collect::<Vec<_>>().join(" ")
    }
}

/// The words that stand for placeholders, in order.
pub(super) struct Values<'a> {
    words: &'a mut dyn Iterator<Item = &'a str>,
}

impl Values<'_> {
    pub(super) fn ports(&mut self) -> Option<PortSelection> {
        ports(self.words.next()?)
    }

    pub(super) fn mode(&mut self) -> Option<&'static ModeEntry> {
        forward::mode(self.words.next()?)
    }

    pub(super) fn topic(&mut self) -> Option<Topic> {
        Topic::of(self.words.next()?)
    }
}

fn ports(word: &str) -> Option<PortSelection> {
    match word {
        "all" => Some(PortSelection::All),
        number => Some(PortSelection::One(PortId(number.parse().ok()?))),
    }
}

/// The words before a comment.
fn words(line: &str) -> Vec<&str> {
    line.split('#').next().unwrap_or_default().split_whitespace().collect()
}

/// Parses a line; `None` for one that is empty or only a comment (`#`).
///
/// # Errors
///
/// [`GrammarError`], with what could have been typed.
pub(crate) fn parse(line: &str, known: &Vocabulary) -> Result<Option<Request>, GrammarError> {
    let words = words(line);
    if words.is_empty() {
        return Ok(None);
    }
    for entry in TABLE {
        if entry.tokens().count() == words.len() && entry.agreement(&words, known) == words.len() {
            let placeholders = entry.tokens().zip(&words);
            let mut taken = placeholders
                .filter(|(token, _)| !matches!(token, Token::Word(_)))
                .map(|(_, word)| *word);
            if let Some(request) = (entry.build)(&mut Values { words: &mut taken }) {
                return Ok(Some(request));
            }
        }
    }
    Err(explain(&words, known))
}

/// Why words are no command: where the commands that agree with them the longest end or go another way.
fn explain(words: &[&str], known: &Vocabulary) -> GrammarError {
    let agreements = || TABLE.iter().map(|entry| entry.agreement(words, known));
    let depth = agreements().max().unwrap_or(0);
    let furthest = TABLE.iter().zip(agreements()).filter(|(_, agreed)| *agreed == depth);
    let mut choices: Vec<String> = Vec::new();
    for choice in furthest
        .filter_map(|(entry, _)| entry.tokens().nth(depth))
        .flat_map(|token| token.choices(known))
    {
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    let before = words.iter().take(depth).copied().collect::<Vec<_>>().join(" ");
    match words.get(depth) {
        None => GrammarError::Incomplete { before, mend: nearest::mend("", &choices) },
        Some(&word) if choices.is_empty() => {
            GrammarError::Surplus { word: word.to_owned(), before }
        }
        Some(&word) if depth == 0 => {
            let mend = match nearest::nearest(word, choices.iter().copied()) {
                Some(near) => format!("did you mean {near}? (help all lists what there is)"),
                None => "help all lists what there is".to_owned(),
            };
            GrammarError::NotFound { word: word.to_owned(), mend }
        }
        Some(&word) => GrammarError::Unexpected {
            word: word.to_owned(),
            before,
            mend: nearest::mend(word, &choices),
        },
    }
}

/// Completes the word that a line ends with: where it begins, and what it can become.
pub(crate) fn complete(line: &str, known: &Vocabulary) -> (usize, Vec<String>) {
    let start = line
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + line[space..].chars().next().map_or(0, char::len_utf8));
    let (done, partial) = line.split_at(start);
    let done = words(done);
    let mut choices: Vec<String> = TABLE
        .iter()
        .filter(|entry| entry.agreement(&done, known) == done.len())
        .filter_map(|entry| entry.tokens().nth(done.len()))
        .flat_map(|token| token.choices(known))
        .filter(|choice| choice.starts_with(partial))
        .collect();
    choices.sort();
    choices.dedup();
    (start, choices)
}

/// What is still to be typed, if a line can only become one command.
pub(crate) fn hint(line: &str, known: &Vocabulary) -> Option<String> {
    let (start, choices) = complete(line, known);
    let (done, partial) = line.split_at(start);
    let done = words(done);
    if done.is_empty() && partial.is_empty() {
        return None;
    }
    let mut open = TABLE.iter().filter(|entry| {
        entry.agreement(&done, known) == done.len()
            && entry.tokens().nth(done.len()).is_some_and(|token| {
                token.choices(known).iter().any(|choice| choice.starts_with(partial))
            })
    });
    let (Some(entry), None) = (open.next(), open.next()) else { return None };
    let usage = match &choices[..] {
        // The word itself is certain: its rest, then what follows.
        [only] => {
            let rest = only.get(partial.len()..).unwrap_or_default();
            format!("{rest} {}", entry.usage(done.len() + 1, known))
        }
        _ if partial.is_empty() => entry.usage(done.len(), known),
        _ => return None,
    };
    Some(usage.trim_end().to_owned()).filter(|usage| !usage.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known() -> Vocabulary {
        Vocabulary { ports: vec![PortId(0), PortId(1)], modes: vec!["io", "mac", "macswap"] }
    }

    fn answer(line: &str) -> String {
        parse(line, &known()).unwrap_err().to_string()
    }

    #[test]
    fn lines_become_commands() {
        let one = PortSelection::One(PortId(1));
        for (line, expected) in [
            ("start", Command::Start),
            ("  stop # now", Command::Stop),
            ("show port stats 1", Command::ShowPortStats(one)),
            ("show\tport  info all", Command::ShowPortInfo(PortSelection::All)),
            ("clear port stats all", Command::ClearPortStats(PortSelection::All)),
            ("show fwd stats all", Command::ShowFwdStats),
            ("show config fwd", Command::ShowConfigFwd),
            ("set fwd macswap", Command::SetFwd(dataplane::forward::mode("macswap").unwrap())),
            ("quit", Command::Quit),
        ] {
            assert_eq!(parse(line, &known()), Ok(Some(Request::Run(expected))), "{line}");
        }
        assert_eq!(parse("help", &known()), Ok(Some(Request::Help(Topic::Sections))));
        assert_eq!(parse("help all", &known()), Ok(Some(Request::Help(Topic::All))));
        assert_eq!(parse(" # nothing", &known()), Ok(None));
    }

    #[test]
    fn what_is_no_command_is_answered_with_what_would_be() {
        for (line, expected) in [
            (
                "strat",
                "Command not found: strat; did you mean start? (help all lists what there is)",
            ),
            ("xyzzy", "Command not found: xyzzy; help all lists what there is"),
            ("show port", "Bad arguments: show port needs more; choose one of stats, info"),
            (
                "show port stat all",
                "Bad arguments: stat cannot follow show port; did you mean stats? (there are stats, info)",
            ),
            (
                "show port stats 7",
                "Bad arguments: 7 cannot follow show port stats; choose one of 0, 1, all",
            ),
            (
                "set fwd blah",
                "Bad arguments: blah cannot follow set fwd; choose one of io, mac, macswap",
            ),
            (
                "show port stats 1 2",
                "Bad arguments: 2 is too much, show port stats 1 is complete; leave it out",
            ),
        ] {
            assert_eq!(answer(line), expected);
        }
    }

    #[test]
    fn completion_knows_the_ports_and_modes_that_there_are() {
        let complete = |line| complete(line, &known());
        assert_eq!(
            complete("s"),
            (0, vec!["set".into(), "show".into(), "start".into(), "stop".into()])
        );
        assert_eq!(complete("show port "), (10, vec!["info".into(), "stats".into()]));
        assert_eq!(complete("show port info "), (15, vec!["0".into(), "1".into(), "all".into()]));
        assert_eq!(complete("set fwd mac"), (8, vec!["mac".into(), "macswap".into()]));
        assert_eq!(complete("quit "), (5, vec![]));
    }

    #[test]
    fn a_hint_shows_the_rest_of_the_only_command_left() {
        let hint = |line| hint(line, &known());
        assert_eq!(hint("show port i").as_deref(), Some("nfo (0|1|all)"));
        assert_eq!(hint("set fwd ").as_deref(), Some("(io|mac|macswap)"));
        assert_eq!(hint("show c").as_deref(), Some("onfig fwd"));
        assert_eq!(hint("s"), None);
        assert_eq!(hint(""), None);
    }

    #[test]
    fn every_line_of_the_table_builds_its_request() {
        for entry in TABLE {
            let line: Vec<String> = entry
                .tokens()
                .map(|token| {
                    if let Token::Word(word) = token {
                        assert_eq!(word, word.to_lowercase(), "an unknown placeholder");
                    }
                    token.choices(&known())[0].clone()
                })
                .collect();
            assert!(matches!(parse(&line.join(" "), &known()), Ok(Some(_))), "{}", entry.syntax);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in "\\PC{0,40}|((show|port|stats|set|fwd|mac|help|all|0|9|#|\u{3000}) ?){0,6}") {
            let parsed = parse(&line, &known());
            if let Err(error) = &parsed {
                prop_assert!(!error.to_string().is_empty());
            }
            let (start, choices) = complete(&line, &known());
            for choice in choices {
                prop_assert!(choice.starts_with(&line[start..]));
            }
            hint(&line, &known());
        }
    }
}
