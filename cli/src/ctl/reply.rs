//! What comes back for a request: one line of JSON.

use crate::answer::{Answer, Form, render};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// 0 done, 1 failed while running, 2 wrong input; of a file's commands, that of the first that failed.
    pub(crate) code: u8,
    /// What was answered: the text that the shell would have printed, or what it stands for if the line ended with `--json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Reply {
    /// A request that failed before it was one.
    pub(crate) fn failed(failure: &Failure) -> Self {
        Self { code: failure.code(), answer: None, error: Some(failure.to_string()) }
    }

    /// Takes in what a command of the request answered. A line has one, `load` all those of its file.
    pub(crate) fn take_in(&mut self, answered: Result<Answer, Failure>, form: Form) {
        let failed = answered.as_ref().err();
        if self.code == 0 {
            self.code = failed.map_or(0, Failure::code);
        }
        let first = self.answer.is_none() && self.error.is_none();
        if first && let Some(failure) = failed {
            self.error = Some(failure.to_string());
            return;
        }
        let value = match (form, &answered) {
            (Form::Json, Ok(answer)) => answer.json(),
            _ => Value::String(render(answered.as_ref(), form)),
        };
        // What failed first stands among the others when there are others.
        let before = self.error.take().map(|error| Value::String(format!("{error}\n")));
        self.answer = Some(match (before.or_else(|| self.answer.take()), value) {
            (None, value) => value,
            (Some(Value::String(text)), Value::String(more)) => Value::String(text + &more),
            (Some(Value::Array(mut values)), more) => {
                values.push(more);
                Value::Array(values)
            }
            (Some(one), more) => Value::Array(vec![one, more]),
        });
    }

    /// As it is sent.
    pub(crate) fn line(&self) -> String {
        // A number, a value and a string can always be written.
        let line = serde_json::to_string(self).unwrap_or_default();
        line + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn replied(answers: Vec<(Result<&str, &'static str>, Form)>) -> Value {
        let mut reply = Reply::default();
        for (answered, form) in answers {
            let answered = answered.map(|text| Answer::from(text.to_owned()));
            reply.take_in(answered.map_err(|why| Failure::input(anyhow::anyhow!(why))), form);
        }
        serde_json::from_str(&reply.line()).unwrap()
    }

    #[test]
    fn one_command_has_an_answer_or_an_error() {
        assert_eq!(replied(vec![]), json!({ "code": 0 }));
        assert_eq!(replied(vec![(Ok("a\n"), Form::Text)]), json!({ "code": 0, "answer": "a\n" }));
        assert_eq!(replied(vec![(Err("b"), Form::Json)]), json!({ "code": 2, "error": "b" }));
    }

    #[test]
    fn the_commands_of_a_file_are_answered_as_they_would_be_printed() {
        let answers =
            vec![(Ok("a\n"), Form::Text), (Err("b"), Form::Text), (Ok("c\n"), Form::Text)];
        assert_eq!(replied(answers), json!({ "code": 2, "answer": "a\nb\nc\n" }));
        let answers = vec![(Err("b"), Form::Text), (Ok("c\n"), Form::Text)];
        assert_eq!(replied(answers), json!({ "code": 2, "answer": "b\nc\n" }));
    }
}
