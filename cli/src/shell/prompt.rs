//! The prompt: reads lines from a terminal or a pipe, runs what they ask for, ends at `quit`, at the end of the input,
//! at Ctrl-C or when told to stop.
//!
//! A thread of its own reads, so that a signal ends the shell while somebody is typing. It reads only when it is
//! asked for a line, so that what a command prints never mixes with the next prompt.

use crate::answer::{Answer, Form, render};
use crate::ctl::Request as Remote;
use crate::ctl::reply::Reply;
use crate::failure::Failure;
use crate::out::print;
use crate::render::load::LoadPage;
use crate::shell::grammar::{Asked, Grammar, Request, Table, Vocabulary};
use crate::shell::help;
use crate::shell::live::{self, Screen};
use crate::shell::terminal::TerminalLines;
use crossbeam_channel::{Receiver, never, select, unbounded};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often a shell that waits for a line looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How many files may load each other in turn, so that one that loads itself ends.
const DEEPEST: u8 = 8;

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

/// Who carries commands out.
pub(crate) trait Executor {
    /// What it can be told.
    type Command: 'static;

    /// How that is typed.
    fn table(&self) -> Table<Self::Command>;

    /// The names that can be typed now.
    fn vocabulary(&self) -> Vocabulary;

    /// Where requests of other programs arrive.
    fn requests(&self) -> Receiver<Remote> {
        never()
    }

    /// Called again and again while a line is waited for.
    fn idle(&mut self);

    /// Carries out a command: what it answers, and whether the shell goes on.
    fn execute(&mut self, command: Self::Command) -> (Result<Answer, Failure>, Flow);

    /// How busy it is, if it can say.
    fn load(&mut self) -> Option<LoadPage> {
        None
    }

    /// The answer to a line that is no command here but one of the program that this one stands in for.
    fn foreign(&self, _line: &str) -> Option<String> {
        None
    }

    /// What stands between two commands of a line, if a line can have several.
    fn separator(&self) -> Option<char> {
        None
    }
}

/// Runs the shell on standard input until it ends; says whether it was told to.
///
/// # Errors
///
/// The terminal's, or standard input's or output's.
pub(crate) fn run<E: Executor>(
    prompt: &'static str,
    stop: &AtomicBool,
    executor: &mut E,
) -> io::Result<Flow> {
    if io::stdin().is_terminal() {
        let lines = TerminalLines::open(prompt, executor.table())?;
        // A reader that sits in rustyline wakes to SIGINT alone, for which rustyline has its own handler then.
        serve(lines, stop, || signal_hook::low_level::raise(signal_hook::consts::SIGINT), executor)
    } else {
        let input = io::BufReader::new(io::stdin());
        // The reader cannot be woken; what comes next still begins on a line of its own.
        serve(PipeLines { prompt, input, output: io::stdout() }, stop, || print("\n"), executor)
    }
}

/// A source of lines.
pub(super) trait Lines {
    /// The next line, `None` at the end.
    fn next(&mut self, known: Vocabulary) -> io::Result<Option<String>>;
}

fn serve<E: Executor>(
    mut lines: impl Lines + Send + 'static,
    stop: &AtomicBool,
    wake: impl FnOnce() -> io::Result<()>,
    executor: &mut E,
) -> io::Result<Flow> {
    let (ask, asked) = unbounded();
    let (answer, answers) = unbounded();
    let requests = executor.requests();
    // Not joined: a reader of a pipe may sit in a read that nothing interrupts, until the program ends.
    thread::Builder::new().name("shell".to_owned()).spawn(move || {
        while let Ok(known) = asked.recv() {
            if answer.send(lines.next(known)).is_err() {
                break;
            }
        }
    })?;
    let screen = Screen::open(stop);
    while !stop.load(Ordering::Relaxed) {
        if ask.send(executor.vocabulary()).is_err() {
            break;
        }
        let line = loop {
            let flow = select! {
                recv(answers) -> line => match line {
                    Ok(line) => break line?,
                    Err(_) => break None,
                },
                recv(requests) -> request => {
                    executor.idle();
                    request.map_or(Flow::Continue, |request| serve_request(request, executor))
                }
                default(LOOK) => {
                    executor.idle();
                    Flow::Continue
                }
            };
            if flow == Flow::Quit || stop.load(Ordering::Relaxed) {
                wake()?;
                // Whatever it answers, and even if it does not, this is the end.
                let _ = answers.recv_timeout(RESTORE);
                return Ok(flow);
            }
        };
        let Some(line) = line else { break };
        // Lines of a script may come without a pause.
        executor.idle();
        let mut listener = Listener { tell: &mut tell, screen: screen.as_ref() };
        if carry_out(&line, executor, &mut listener, 0)? == Flow::Quit {
            return Ok(Flow::Quit);
        }
    }
    Ok(Flow::Continue)
}

/// Carries out what another program asks for, and answers it.
pub(crate) fn serve_request<E: Executor>(request: Remote, executor: &mut E) -> Flow {
    let mut reply = Reply::default();
    let mut take_in = |answered, form| {
        reply.take_in(answered, form);
        Ok(())
    };
    // Nothing is written here, so nothing fails.
    let mut listener = Listener { tell: &mut take_in, screen: None };
    let flow = carry_out(&request.line, executor, &mut listener, 0).unwrap_or(Flow::Continue);
    request.answer(reply);
    flow
}

/// Looks whether there is a file of commands, before anything starts.
///
/// # Errors
///
/// There is none; the flag is named.
pub(crate) fn find(file: &Path, flag: &str) -> Result<(), Failure> {
    let why = |error| {
        let file = file.display();
        Failure::input(anyhow::anyhow!("{flag}={file}: {error}; name a file that can be read"))
    };
    file.metadata().map(drop).map_err(why)
}

/// Carries out the commands of a file, as if they had been typed; `load` is its command.
///
/// # Errors
///
/// Standard output's; a file that cannot be read is said there.
pub(crate) fn load<E: Executor>(file: &Path, executor: &mut E) -> io::Result<Flow> {
    load_within(file, executor, &mut Listener { tell: &mut tell, screen: None }, 0)
}

/// Prints what a command answered.
fn tell(answered: Result<Answer, Failure>, form: Form) -> io::Result<()> {
    print(&render(answered.as_ref(), form))
}

/// Who is told what commands answer.
pub(super) struct Listener<'a> {
    pub(super) tell: &'a mut dyn FnMut(Result<Answer, Failure>, Form) -> io::Result<()>,
    /// The terminal that it can be repainted on.
    pub(super) screen: Option<&'a Screen<'a>>,
}

impl Listener<'_> {
    fn tell(&mut self, answered: Result<Answer, Failure>, form: Form) -> io::Result<Flow> {
        (self.tell)(answered, form).map(|()| Flow::Continue)
    }

    /// Says that a command paints a terminal, and there is none.
    fn no_screen(&mut self, command: &str, instead: &str) -> io::Result<Flow> {
        let why = anyhow::anyhow!("{command} paints a terminal, and this is none; {instead}");
        self.tell(Err(Failure::input(why)), Form::Text)
    }
}

fn load_within<E: Executor>(
    file: &Path,
    executor: &mut E,
    listener: &mut Listener<'_>,
    depth: u8,
) -> io::Result<Flow> {
    let name = file.display();
    let unread =
        |why: String| Err(Failure::input(anyhow::anyhow!("Failed to open file {name}: {why}")));
    if depth == DEEPEST {
        let why = format!("files that load files end at {DEEPEST} levels");
        return listener.tell(unread(why), Form::Text);
    }
    let text = match std::fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            return listener.tell(unread(error.to_string()), Form::Text);
        }
    };
    for line in text.lines() {
        if carry_out(line, executor, listener, depth)? == Flow::Quit {
            return Ok(Flow::Quit);
        }
    }
    listener.tell(Ok(format!("Read CLI commands from {name}\n").into()), Form::Text)
}

/// Carries out a line and tells what its commands answer; `depth` files are being loaded.
pub(super) fn carry_out<E: Executor>(
    line: &str,
    executor: &mut E,
    listener: &mut Listener<'_>,
    depth: u8,
) -> io::Result<Flow> {
    let known = executor.vocabulary();
    let grammar = Grammar::new(executor.table(), &known);
    let commands: Vec<&str> = match executor.separator() {
        Some(separator) => line.split(separator).collect(),
        None => vec![line],
    };
    for command in commands {
        let Asked { request, form } = grammar.read(command);
        let flow = match request {
            Ok(Some(Request::Run(command))) => {
                let (answered, flow) = executor.execute(command);
                listener.tell(answered, form).map(|_| flow)?
            }
            Ok(Some(Request::Load(file))) => load_within(&file, executor, listener, depth + 1)?,
            Ok(Some(Request::Help(topic))) => {
                listener.tell(Ok(help::text(&topic, &grammar).into()), form)?
            }
            Ok(Some(Request::Watch(line))) => match listener.screen {
                Some(screen) => match live::watch(screen, &line, executor)? {
                    Ok(flow) => flow,
                    Err(failure) => listener.tell(Err(failure), form)?,
                },
                None => listener.no_screen("watch", "type the command itself")?,
            },
            Ok(Some(Request::Top)) => match listener.screen {
                Some(screen) => live::top(screen, executor)?,
                None => listener.no_screen("top", "show load prints the same")?,
            },
            Ok(None) => Flow::Continue,
            Err(error) => {
                let failure = match executor.foreign(command) {
                    Some(refusal) => Failure::input(anyhow::Error::msg(refusal)),
                    None => Failure::input(error),
                };
                listener.tell(Err(failure), form)?
            }
        };
        if flow == Flow::Quit {
            return Ok(Flow::Quit);
        }
    }
    Ok(Flow::Continue)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{ClearCommand, Command, ConfigCommand, ControlCommand, PortSelection};
    use crate::shell::grammar::PortWords;
    use crate::shell::table::TABLE;
    use dataplane::port::PortId;
    use std::sync::Arc;
    use std::time::Instant;

    #[derive(Default)]
    struct Recorder {
        commands: Vec<Command>,
    }

    impl Executor for Recorder {
        type Command = Command;

        fn table(&self) -> Table<Command> {
            TABLE
        }

        fn vocabulary(&self) -> Vocabulary {
            let port = PortWords { id: PortId(0), rx_queues: 1, tx_queues: 1 };
            Vocabulary { ports: vec![port], modes: vec!["io", "mac"] }
        }

        fn idle(&mut self) {}

        fn execute(&mut self, command: Command) -> (Result<Answer, Failure>, Flow) {
            let flow = if command == Command::Control(ControlCommand::Quit) {
                Flow::Quit
            } else {
                Flow::Continue
            };
            self.commands.push(command);
            (Ok(String::new().into()), flow)
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
            piped("start\nnonsense\n\nclear port stats all\nquit\nstop\n"),
            [
                Command::Control(ControlCommand::Start { tx_first: 0 }),
                Command::Clear(ClearCommand::PortStats(PortSelection::All)),
                Command::Control(ControlCommand::Quit)
            ]
        );
    }

    #[test]
    fn the_end_of_a_pipe_ends_the_shell_and_its_last_line_needs_no_newline() {
        assert_eq!(
            piped("set fwd mac\nstop"),
            [
                Command::Config(ConfigCommand::Fwd {
                    mode: dataplane::forward::mode("mac").unwrap(),
                    retry: false
                }),
                Command::Control(ControlCommand::Stop)
            ]
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
