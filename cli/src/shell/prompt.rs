//! The prompt: reads lines from a terminal or a pipe, runs what they ask for, ends at `quit`, at the end of the input,
//! at Ctrl-C or when told to stop.
//!
//! A thread of its own reads, so that a signal ends the shell while somebody is typing. It reads only when it is
//! asked for a line, so that what a command prints never mixes with the next prompt.

use crate::command::Command;
use crate::out::print;
use crate::shell::grammar::{self, Request, Vocabulary};
use crate::shell::help;
use rustyline::completion::{Completer, Pair};
use rustyline::error::{ReadlineError, Signal};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, ExternalPrinter, Helper};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often a shell that waits for a line looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long the terminal gets to be put back as it was.
const RESTORE: Duration = Duration::from_secs(1);

/// Whether the shell goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Ask for the next line.
    Continue,
    /// Leave the shell.
    Quit,
}

/// Who carries commands out; it prints their answers itself.
pub(crate) trait Executor {
    /// The names that can be typed now.
    fn vocabulary(&self) -> Vocabulary;

    /// Carries out a command.
    ///
    /// # Errors
    ///
    /// Standard output's; what fails of the command itself is part of its answer.
    fn execute(&mut self, command: Command) -> io::Result<Flow>;
}

/// Runs the shell on standard input until it ends.
///
/// # Errors
///
/// The terminal's, or standard input's or output's.
pub(crate) fn run(
    prompt: &'static str,
    stop: &AtomicBool,
    executor: &mut dyn Executor,
) -> io::Result<()> {
    if io::stdin().is_terminal() {
        let lines = TerminalLines::open(prompt).map_err(into_io)?;
        // A reader that sits in rustyline wakes to SIGINT alone, for which rustyline has its own handler then.
        serve(lines, stop, || signal_hook::low_level::raise(signal_hook::consts::SIGINT), executor)
    } else {
        let input = io::BufReader::new(io::stdin());
        // The reader cannot be woken; what comes next still begins on a line of its own.
        serve(PipeLines { prompt, input, output: io::stdout() }, stop, || print("\n"), executor)
    }
}

/// A source of lines.
trait Lines {
    /// The next line, `None` at the end.
    fn next(&mut self, known: Vocabulary) -> io::Result<Option<String>>;
}

fn serve(
    mut lines: impl Lines + Send + 'static,
    stop: &AtomicBool,
    wake: impl FnOnce() -> io::Result<()>,
    executor: &mut dyn Executor,
) -> io::Result<()> {
    let (ask, asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    // Not joined: a reader of a pipe may sit in a read that nothing interrupts, until the program ends.
    thread::Builder::new().name("shell".to_owned()).spawn(move || {
        while let Ok(known) = asked.recv() {
            if answer.send(lines.next(known)).is_err() {
                break;
            }
        }
    })?;
    while !stop.load(Ordering::Relaxed) {
        let known = executor.vocabulary();
        if ask.send(known.clone()).is_err() {
            break;
        }
        let line = loop {
            match answers.recv_timeout(LOOK) {
                Ok(line) => break line?,
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                    wake()?;
                    // Whatever it answers, and even if it does not, this is the end.
                    let _ = answers.recv_timeout(RESTORE);
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        let Some(line) = line else { break };
        match grammar::parse(&line, &known) {
            Ok(Some(Request::Run(command))) => {
                if executor.execute(command)? == Flow::Quit {
                    break;
                }
            }
            Ok(Some(Request::Help(topic))) => print(&help::text(topic, &known))?,
            Ok(None) => {}
            Err(error) => print(&format!("{error}\n"))?,
        }
    }
    Ok(())
}

/// Lines of a pipe. Each is shown after the prompt, so that a transcript reads as if it had been typed.
struct PipeLines<R, W> {
    prompt: &'static str,
    input: R,
    output: W,
}

impl<R: BufRead, W: Write> Lines for PipeLines<R, W> {
    fn next(&mut self, _: Vocabulary) -> io::Result<Option<String>> {
        write!(self.output, "{}", self.prompt)?;
        self.output.flush()?;
        let mut bytes = Vec::new();
        let length = self.input.read_until(b'\n', &mut bytes)?;
        // A line that is not UTF-8 is still a line, and no command.
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
        writeln!(self.output, "{line}")?;
        self.output.flush()?;
        Ok((length > 0).then_some(line))
    }
}

/// Lines typed at a terminal, with completion, hints and history.
struct TerminalLines {
    prompt: &'static str,
    editor: Editor<Assistant, FileHistory>,
    history: Option<PathBuf>,
    /// Never used to print: while there is one, rustyline waits in a way that a signal ends.
    _printer: Box<dyn ExternalPrinter + Send>,
}

impl TerminalLines {
    fn open(prompt: &'static str) -> rustyline::Result<Self> {
        let mut editor = Editor::new()?;
        editor.set_helper(Some(Assistant::default()));
        let history = history_file();
        if let Some(file) = &history {
            // There is none before the first line.
            let _ = editor.load_history(file);
        }
        let printer = Box::new(editor.create_external_printer()?);
        Ok(Self { prompt, editor, history, _printer: printer })
    }
}

impl Lines for TerminalLines {
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
#[derive(Default)]
struct Assistant {
    known: Vocabulary,
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..position).unwrap_or(line);
        let (start, choices) = grammar::complete(before, &self.known);
        let pairs = choices
            .into_iter()
            .map(|word| Pair { replacement: format!("{word} "), display: word })
            .collect();
        Ok((start, pairs))
    }
}

impl Hinter for Assistant {
    type Hint = Usage;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<Usage> {
        if position < line.len() {
            return None;
        }
        grammar::hint(line, &self.known).map(Usage)
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

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> std::borrow::Cow<'h, str> {
        // Dim, to tell it from what was typed.
        format!("\x1b[2m{hint}\x1b[0m").into()
    }
}

impl Validator for Assistant {}
impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::PortSelection;
    use dataplane::port::PortId;
    use std::sync::Arc;
    use std::time::Instant;

    #[derive(Default)]
    struct Recorder {
        commands: Vec<Command>,
    }

    impl Executor for Recorder {
        fn vocabulary(&self) -> Vocabulary {
            Vocabulary { ports: vec![PortId(0)], modes: vec!["io", "mac"] }
        }

        fn execute(&mut self, command: Command) -> io::Result<Flow> {
            let flow = if command == Command::Quit { Flow::Quit } else { Flow::Continue };
            self.commands.push(command);
            Ok(flow)
        }
    }

    fn piped(text: &'static str) -> Vec<Command> {
        let mut recorder = Recorder::default();
        let lines = PipeLines { prompt: "> ", input: text.as_bytes(), output: io::sink() };
        serve(lines, &AtomicBool::new(false), || Ok(()), &mut recorder).unwrap();
        recorder.commands
    }

    #[test]
    fn a_pipe_is_carried_out_up_to_quit() {
        assert_eq!(
            piped("start\nnonsense\n\nshow port stats all\nquit\nstop\n"),
            [Command::Start, Command::ShowPortStats(PortSelection::All), Command::Quit]
        );
    }

    #[test]
    fn the_end_of_a_pipe_ends_the_shell_and_its_last_line_needs_no_newline() {
        assert_eq!(
            piped("set fwd mac\nstop"),
            [Command::SetFwd(dataplane::forward::mode("mac").unwrap()), Command::Stop]
        );
    }

    #[test]
    fn a_transcript_shows_prompt_and_line() {
        let mut output = Vec::new();
        let mut lines =
            PipeLines { prompt: "testpmd> ", input: &b"start\r\n\xff\n"[..], output: &mut output };
        let mut next = || lines.next(Vocabulary::default()).unwrap();
        assert_eq!(next().as_deref(), Some("start"));
        assert_eq!(next().as_deref(), Some("\u{fffd}"));
        assert_eq!(next(), None);
        assert_eq!(
            String::from_utf8(output).unwrap(),
            "testpmd> start\ntestpmd> \u{fffd}\ntestpmd> \n"
        );
    }

    #[test]
    fn stop_ends_a_shell_that_waits_for_a_line() {
        struct Never;
        impl Lines for Never {
            fn next(&mut self, _: Vocabulary) -> io::Result<Option<String>> {
                thread::park();
                Ok(None)
            }
        }
        let stop = Arc::new(AtomicBool::new(false));
        let later = Arc::clone(&stop);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            later.store(true, Ordering::Relaxed);
        });
        let started = Instant::now();
        let mut woken = false;
        let wake = || {
            woken = true;
            Ok(())
        };
        serve(Never, &stop, wake, &mut Recorder::default()).unwrap();
        assert!(woken);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
