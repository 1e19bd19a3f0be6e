//! Reads words one by one, and knows what could have stood where it stopped.

use crate::shell::grammar::Followed;

/// Words and the place in them.
pub(super) struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    choices: Vec<&'static str>,
    form: Option<String>,
}

/// The words ended, or one cannot stand where it stands.
pub(super) struct Stopped;

impl<'a> Reader<'a> {
    pub(super) fn new(words: &'a [&'a str]) -> Self {
        Self { words, at: 0, choices: Vec::new(), form: None }
    }

    /// Whether there are no more words.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.words.len()
    }

    /// Reads one of several words; returns what it stands for.
    pub(super) fn word<T: Copy>(
        &mut self,
        choices: impl Iterator<Item = (&'static str, T)> + Clone,
    ) -> Result<T, Stopped> {
        let typed = self.words.get(self.at);
        match typed.and_then(|typed| choices.clone().find(|(word, _)| word == typed)) {
            Some((_, meaning)) => {
                self.at += 1;
                Ok(meaning)
            }
            None => {
                self.choices = choices.map(|(word, _)| word).collect();
                Err(Stopped)
            }
        }
    }

    /// Reads a word that has a form: a number, an address.
    pub(super) fn value<T>(
        &mut self,
        form: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Stopped> {
        match self.words.get(self.at).and_then(|typed| read(typed)) {
            Some(value) => {
                self.at += 1;
                Ok(value)
            }
            None => {
                self.form = Some(form.to_owned());
                Err(Stopped)
            }
        }
    }

    /// How far the words were read.
    pub(super) fn followed<T>(self, read: &Result<T, Stopped>) -> Followed {
        Followed {
            understood: self.at,
            choices: self.choices,
            form: self.form,
            may_end: read.is_ok() && self.at == self.words.len(),
        }
    }
}
