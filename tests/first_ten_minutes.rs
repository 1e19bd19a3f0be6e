//! docs/first-ten-minutes.md, held against what its commands answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::own_prefix;
use lab::{labels, skip};
use std::io::Write;
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../docs/first-ten-minutes.md");

/// The recorded sessions: a command line after a `$`, and all that was shown, over the blocks up to the next one.
fn sessions() -> Vec<(&'static str, String)> {
    let mut sessions: Vec<(&str, String)> = Vec::new();
    // Between fences is every other part.
    for block in PAGE.split("```\n").skip(1).step_by(2) {
        match block.strip_prefix("$ ").and_then(|block| block.split_once('\n')) {
            Some((line, shown)) => sessions.push((line, shown.to_owned())),
            None => sessions.last_mut().unwrap().1 += block,
        }
    }
    sessions
}

/// What is shown after each command at the prompt, the part before the first one included.
fn by_command(transcript: &str) -> Vec<(&str, &str)> {
    let parts = transcript.split("pollway> ");
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

#[test]
fn the_recorded_sessions_are_what_happens() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return skip(
            "the_recorded_sessions_are_what_happens",
            "takes two processors, as its -l 0-1 does",
        );
    }
    assert!(sessions().len() >= 2);
    for (line, recorded) in sessions() {
        let words = line.strip_prefix("pollway ").unwrap().split_whitespace();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollway"));
        command.args(words).args(["--file-prefix", &own_prefix(), "--no-telemetry"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let recorded = recorded.replace("…\n", "");
        let recorded = by_command(&recorded);
        let mut input = child.stdin.take().unwrap();
        for (command, _) in &recorded[1..] {
            writeln!(input, "{command}").unwrap();
        }
        drop(input);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{line}");
        let happened = String::from_utf8_lossy(&ended.stdout).into_owned();
        let happened = by_command(&happened);
        assert_eq!(happened.len(), recorded.len(), "{line}: {happened:?}");
        for ((command, happened), (_, recorded)) in happened.iter().zip(&recorded) {
            let missing = labels::missing(happened, recorded);
            assert_eq!(missing, None, "{command} of {line}: not in\n{happened}");
        }
    }
}
