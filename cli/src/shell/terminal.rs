//! Lines typed at a terminal, with completion, hints and a history.

use super::prompt::Lines;
use crate::shell::grammar::{Grammar, Table, Vocabulary};
use rustyline::completion::{Completer, Pair};
use rustyline::error::{ReadlineError, Signal};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, ExternalPrinter, Helper};
use std::io;
use std::path::PathBuf;

/// How many lines the history keeps across runs.
const HISTORY: usize = 1000;

/// Lines typed at a terminal, with completion, hints and history.
pub(super) struct TerminalLines<C: 'static> {
    prompt: &'static str,
    editor: Editor<Assistant<C>, FileHistory>,
    history: Option<PathBuf>,
    /// Never used to print: while there is one, rustyline waits in a way that a signal ends.
    _printer: Box<dyn ExternalPrinter + Send>,
}

impl<C> TerminalLines<C> {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// The terminal's.
    pub(super) fn open(prompt: &'static str, table: Table<C>) -> io::Result<Self> {
        let lasting = Config::builder().max_history_size(HISTORY).map_err(into_io)?.build();
        let mut editor = Editor::with_config(lasting).map_err(into_io)?;
        editor.set_helper(Some(Assistant { table, known: Vocabulary::default() }));
        let history = history_file();
        if let Some(file) = &history {
            // There is none before the first line.
            let _ = editor.load_history(file);
        }
        let printer = Box::new(editor.create_external_printer().map_err(into_io)?);
        Ok(Self { prompt, editor, history, _printer: printer })
    }
}

impl<C> Lines for TerminalLines<C> {
    fn next(&mut self, known: Vocabulary) -> io::Result<Option<String>> {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.known = known;
        }
        loop {
            match self.editor.readline(self.prompt) {
                Ok(line) => {
                    // A shell without history is still a shell.
                    let _ = self.editor.add_history_entry(&line);
                    if let Some(file) = &self.history {
                        let _ = self.editor.append_history(file);
                    }
                    return Ok(Some(line));
                }
                Err(ReadlineError::Signal(Signal::Resize)) => {}
                Err(
                    ReadlineError::Eof
                    | ReadlineError::Interrupted
                    | ReadlineError::Signal(Signal::Interrupt),
                ) => return Ok(None),
                Err(error) => return Err(into_io(error)),
            }
        }
    }
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// `pollway/history` in the state directory of the XDG base directory specification, `None` if there can be none.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    let folder = state.join("pollway");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Completion and hints from the grammar.
struct Assistant<C: 'static> {
    table: Table<C>,
    known: Vocabulary,
}

impl<C> Completer for Assistant<C> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..position).unwrap_or(line);
        let (start, choices) = Grammar::new(self.table, &self.known).complete(before);
        let pairs = choices
            .into_iter()
            .map(|word| Pair { replacement: format!("{word} "), display: word })
            .collect();
        Ok((start, pairs))
    }
}

impl<C> Hinter for Assistant<C> {
    type Hint = Usage;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<Usage> {
        if position < line.len() {
            return None;
        }
        Grammar::new(self.table, &self.known).hint(line).map(Usage)
    }
}

/// A hint that shows and cannot be taken over, as placeholders are no words.
struct Usage(String);

impl Hint for Usage {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl<C> Highlighter for Assistant<C> {
    fn highlight_hint<'h>(&self, hint: &'h str) -> std::borrow::Cow<'h, str> {
        // Dim, to tell it from what was typed.
        format!("\x1b[2m{hint}\x1b[0m").into()
    }
}

impl<C> Validator for Assistant<C> {}
impl<C> Helper for Assistant<C> {}
