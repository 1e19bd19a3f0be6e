//! A command's syntax as tokens, held against the words of a line.

use super::Vocabulary;
use super::token::{Place, Token};
use super::values::ports;
use crate::command::PortSelection;
use dataplane::port::PortId;

/// The words of a line and the names that can be typed now.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) words: &'a [&'a str],
    pub(super) known: &'a Vocabulary,
    pub(super) topics: &'a [&'static str],
}

/// A command's syntax.
pub(super) struct Syntax {
    tokens: Vec<Token>,
    /// The numbers of words after which a line may end, ascending.
    ends: Vec<usize>,
}

impl Syntax {
    /// Reads a syntax as the table has it.
    pub(super) fn of(text: &'static str) -> Self {
        let mut syntax = Self { tokens: Vec::new(), ends: Vec::new() };
        for word in text.split(' ') {
            let opened = word.trim_start_matches('[');
            if opened.len() < word.len() {
                syntax.ends.push(syntax.tokens.len());
            }
            syntax.tokens.push(Token::of(opened.trim_end_matches(']')));
        }
        syntax.ends.push(syntax.tokens.len());
        syntax
    }

    /// The token at a place; the last one for all words that follow it, if it takes them.
    pub(super) fn token(&self, at: usize) -> Option<Token> {
        let takes_more = |token: &Token| matches!(token, Token::Rest(_) | Token::Own(_));
        let rest = || self.tokens.last().copied().filter(takes_more);
        self.tokens.get(at).copied().or_else(rest)
    }

    /// How many words of a line, from its beginning, this command accepts.
    pub(super) fn agreement(&self, line: &Line<'_>) -> usize {
        let accepts = |(at, word): (usize, &&str)| {
            self.token(at).is_some_and(|token| token.accepts(word, self.place(at, line)))
        };
        line.words.iter().enumerate().take_while(|(at, word)| accepts((*at, word))).count()
    }

    /// Whether a line may end where it does.
    pub(super) fn may_end(&self, line: &Line<'_>) -> bool {
        let words = line.words.len();
        if let Some(Token::Own(own)) = words.checked_sub(1).and_then(|last| self.token(last)) {
            return (own.follow)(self.place(words, line).own).may_end;
        }
        self.ends.contains(&words) || (words > self.tokens.len() && self.token(words).is_some())
    }

    /// The words of a line that are values, if the line is this command.
    pub(super) fn values<'l>(&self, line: &Line<'l>) -> Option<Vec<&'l str>> {
        if self.agreement(line) != line.words.len() || !self.may_end(line) {
            return None;
        }
        let is_value = |at| !matches!(self.token(at), Some(Token::Word(_)));
        let values = line.words.iter().enumerate().filter(|(at, _)| is_value(*at));
        Some(values.map(|(_, word)| *word).collect())
    }

    /// Where the word after the first `at` of a line stands.
    pub(super) fn place<'l>(&self, at: usize, line: &Line<'l>) -> Place<'l> {
        let named = |(token, word): (&Token, &&str)| match (token, ports(word)) {
            (Token::Port | Token::Ports, Some(PortSelection::One(port))) => Some(port),
            _ => None,
        };
        let before = self.tokens.iter().zip(line.words).take(at);
        let port: Option<PortId> = before.filter_map(named).next_back();
        // A grammar of its own is a syntax's last token.
        let own = match self.tokens.last() {
            Some(Token::Own(_)) => line.words.get(self.tokens.len() - 1..at),
            _ => None,
        };
        Place { known: line.known, topics: line.topics, port, own: own.unwrap_or_default() }
    }

    /// The syntax from a token on, placeholders written out: `stats (0|1|all)`.
    pub(super) fn usage(&self, from: usize, line: &Line<'_>) -> String {
        let place = self.place(from, line);
        let last = self.tokens.len();
        let written = |(at, token): (usize, &Token)| {
            let bracket = if at < last && self.ends.contains(&at) { "[" } else { "" };
            format!("{bracket}{}", token.usage(place))
        };
        let words: Vec<String> = self.tokens.iter().enumerate().skip(from).map(written).collect();
        // Brackets that were opened before the first word that is shown stay open.
        let open = self.ends.iter().filter(|end| (from..last).contains(*end)).count();
        words.join(" ") + &"]".repeat(open)
    }
}
