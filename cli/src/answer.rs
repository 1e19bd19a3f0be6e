//! What a command answers: a value, which becomes text or JSON here and nowhere else.

use crate::failure::Failure;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Display;

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a person reads it, in testpmd's layout where testpmd has one.
    #[default]
    Text,
    /// As one line of JSON (`--json` at the end of a command).
    Json,
}

/// What a command answers.
pub(crate) enum Answer {
    /// Words alone.
    Text(String),
    /// A page of facts.
    Page(Box<dyn Page>),
    /// A page of each of several things; one that could not be had says why in its place.
    Pages(Vec<Result<Answer, Failure>>),
}

/// Facts that can be read by a person and by a program.
pub(crate) trait Page {
    /// As a person reads it.
    fn text(&self) -> String;

    /// As a program reads it.
    fn json(&self) -> Value;
}

impl<T: Display + Serialize> Page for T {
    fn text(&self) -> String {
        self.to_string()
    }

    fn json(&self) -> Value {
        // Fails only for maps whose keys are no words, which no page has.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Answer {
    /// A page of facts.
    pub(crate) fn page(page: impl Page + 'static) -> Self {
        Self::Page(Box::new(page))
    }

    /// As a person reads it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(words) => words.clone(),
            Self::Page(page) => page.text(),
            Self::Pages(pages) => {
                pages.iter().map(|page| render(page.as_ref(), Form::Text)).collect()
            }
        }
    }

    /// As a program reads it: the facts of a page, a list of them, or words.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Text(words) => Value::String(words.clone()),
            Self::Page(page) => page.json(),
            Self::Pages(pages) => {
                pages.iter().map(|page| page.as_ref().map_or_else(complaint, Self::json)).collect()
            }
        }
    }
}

impl From<String> for Answer {
    fn from(words: String) -> Self {
        Self::Text(words)
    }
}

/// What is printed of an answer, or of a failure in its place.
pub(crate) fn render(answered: Result<&Answer, &Failure>, form: Form) -> String {
    match (answered, form) {
        (Ok(answer), Form::Text) => answer.text(),
        (Err(failure), Form::Text) => format!("{failure}\n"),
        (answered, Form::Json) => {
            format!("{}\n", answered.map_or_else(complaint, Answer::json))
        }
    }
}

fn complaint(failure: &Failure) -> Value {
    json!({ "error": failure.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::macs::MacsPage;

    #[test]
    fn a_page_is_text_or_json_and_so_is_what_could_not_be_had() {
        let page = || Ok(Answer::page(MacsPage::Unicast(Vec::new())));
        let failed = Err(Failure::input(anyhow::anyhow!("no \"port\" 7")));
        let pages = Answer::Pages(vec![page(), failed]);
        let text = "Number of MAC address added: 0\nno \"port\" 7\n";
        assert_eq!(render(Ok(&pages), Form::Text), text);
        assert_eq!(
            render(Ok(&pages), Form::Json),
            "[{\"unicast\":[]},{\"error\":\"no \\\"port\\\" 7\"}]\n"
        );
        assert_eq!(render(Ok(&"Done\n".to_owned().into()), Form::Json), "\"Done\\n\"\n");
    }
}
