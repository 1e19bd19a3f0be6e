//! The side of the person or script that asks.

use super::flags::CtlFlags;
use super::reply::Reply;
use super::target;
use crate::failure::Failure;
use crate::out::{note, print};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

/// Commands whose next word is a file, which is the client's and not the program's.
const NAME_FILES: [&str; 2] = ["apply", "load"];

/// Runs the subcommand; the exit code is that of the first command that failed.
///
/// # Errors
///
/// If there is nobody to ask, or the connection breaks.
pub(crate) fn run(flags: &CtlFlags) -> Result<ExitCode, Failure> {
    let stream = target::connect(flags).map_err(Failure::input)?;
    let mut connection = Connection::new(stream)?;
    let mut code = 0;
    let mut ask = |line: &str| -> Result<(), Failure> {
        let Some(reply) = connection.ask(&spelled(line, flags.json))? else {
            return Err(Failure::running(anyhow::anyhow!(
                "the program ended before it answered: {line}"
            )));
        };
        show(&reply, flags.json)?;
        code = if code == 0 { reply.code } else { code };
        Ok(())
    };
    if flags.command.is_empty() {
        io::stdin().lock().lines().try_for_each(|line| ask(&line?))?;
    } else {
        ask(&flags.command.join(" "))?;
    }
    Ok(ExitCode::from(code))
}

/// A command as the program is to read it, in a folder that may be another.
fn spelled(line: &str, json: bool) -> String {
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if let [command, file, ..] = &mut words[..]
        && NAME_FILES.contains(&command.as_str())
        && let Ok(whole) = std::path::absolute(Path::new(file))
    {
        *file = whole.display().to_string();
    }
    if json && !words.is_empty() && words.last().is_none_or(|word| word != "--json") {
        words.push("--json".to_owned());
    }
    words.join(" ")
}

/// Prints an answer as the shell would, or as a line of JSON.
fn show(reply: &Reply, json: bool) -> io::Result<()> {
    match (&reply.answer, &reply.error) {
        (_, Some(error)) if json => print(&format!("{}\n", json!({ "error": error }))),
        (_, Some(error)) => {
            note(&format!("error: {error}"));
            Ok(())
        }
        (Some(Value::String(text)), None) if !json => print(text),
        (Some(value), None) => print(&format!("{value}\n")),
        (None, None) => Ok(()),
    }
}

/// A conversation with a program that runs.
struct Connection {
    stream: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Connection {
    fn new(stream: UnixStream) -> io::Result<Self> {
        let answers = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, answers })
    }

    /// What a line is answered with; `None` if the program has ended.
    fn ask(&mut self, line: &str) -> io::Result<Option<Reply>> {
        self.stream.write_all(format!("{line}\n").as_bytes())?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&answer).map(Some).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_spelled_for_a_program_in_another_folder() {
        let here = std::env::current_dir().unwrap().display().to_string();
        assert_eq!(spelled("load a.txt", false), format!("load {here}/a.txt"));
        assert_eq!(spelled("apply /x  --dry-run", true), "apply /x --dry-run --json");
        assert_eq!(spelled("show config fwd --json", true), "show config fwd --json");
        assert_eq!(spelled("", true), "");
    }
}
