//! Help while typing: completion and hints.

use super::syntax::Syntax;
use super::{Grammar, JSON, words};

/// What stands before a command that is to be repainted.
const WATCH: &str = "watch ";

impl<C> Grammar<'_, C> {
    /// Completes the word that a line ends with: where it begins, and what it can become.
    pub(crate) fn complete(&self, line: &str) -> (usize, Vec<String>) {
        if let Some(watched) = line.strip_prefix(WATCH) {
            let (start, choices) = self.complete(watched);
            return (WATCH.len() + start, choices);
        }
        let (start, done, partial) = split(line);
        let mut choices: Vec<String> = self
            .open(&done)
            .flat_map(|syntax| self.choices(&syntax, &done))
            .chain(self.shows(&done).then(|| JSON.to_owned()))
            .filter(|choice| choice.starts_with(partial))
            .collect();
        choices.sort();
        choices.dedup();
        (start, choices)
    }

    /// What is still to be typed, if a line can only become one command.
    pub(crate) fn hint(&self, line: &str) -> Option<String> {
        if let Some(watched) = line.strip_prefix(WATCH)
            && !watched.trim().is_empty()
        {
            return self.hint(watched);
        }
        let (_, done, partial) = split(line);
        if done.is_empty() && partial.is_empty() {
            return None;
        }
        let at = done.len();
        let typed = self.line(&done);
        let fits = |syntax: &Syntax| {
            let choices = self.choices(syntax, &done);
            let word = choices.iter().any(|choice| choice.starts_with(partial));
            // A number, a name: nothing to choose from, so it shows as long as nothing is typed of it.
            word || (choices.is_empty() && partial.is_empty())
        };
        let mut open = self.open(&done).filter(|syntax| syntax.token(at).is_some()).filter(fits);
        let (Some(syntax), None) = (open.next(), open.next()) else { return None };
        let mut choices = self.choices(&syntax, &done);
        choices.retain(|choice| choice.starts_with(partial));
        let usage = match &choices[..] {
            // The word itself is certain: its rest, then what follows.
            [only] => {
                let rest = only.get(partial.len()..).unwrap_or_default();
                format!("{rest} {}", syntax.usage(at + 1, &typed)).trim_end().to_owned()
            }
            _ if partial.is_empty() => syntax.usage(at, &typed),
            _ => return None,
        };
        Some(usage).filter(|usage| !usage.is_empty())
    }

    /// Whether the words are a whole command that shows something: it can be answered in JSON.
    fn shows(&self, done: &[&str]) -> bool {
        let whole = |syntax: Syntax| syntax.values(&self.line(done)).is_some();
        done.first() == Some(&"show") && self.open(done).any(whole)
    }

    /// The commands that agree with the words typed so far.
    fn open(&self, done: &[&str]) -> impl Iterator<Item = Syntax> {
        let agrees = |syntax: &Syntax| syntax.agreement(&self.line(done)) == done.len();
        self.entries().map(|(_, syntax)| syntax).filter(move |syntax| agrees(syntax))
    }

    fn choices(&self, syntax: &Syntax, done: &[&str]) -> Vec<String> {
        let place = syntax.place(done.len(), &self.line(done));
        syntax.token(done.len()).map_or(Vec::new(), |token| token.choices(place))
    }
}

/// The finished words of a line, and the one that it ends with, which begins at the byte that comes first.
fn split(line: &str) -> (usize, Vec<&str>, &str) {
    let after = |space: usize| space + line[space..].chars().next().map_or(0, char::len_utf8);
    let start = line.rfind(char::is_whitespace).map_or(0, after);
    let (done, partial) = line.split_at(start);
    (start, words(done), partial)
}
