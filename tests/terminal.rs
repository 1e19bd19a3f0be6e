//! The shell at a terminal: what repaints it, completion, and history across runs. `script` makes the terminal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::own_prefix;
use lab::{lacks_programs, lcores, skip};
use std::fs;
use std::path::Path;
use std::process::Command;

/// More lines than a history keeps.
const LINES: usize = 1500;

/// A forwarder of two ports whose shell is at a terminal, and whose history is in a folder.
fn forwarder(state: &Path) -> Console {
    let mut console = at_a_terminal(state, "fwd", "--port null: --port null: -i --auto-start");
    console.wait_for("pollway> ");
    console
}

/// A subcommand at a terminal.
fn at_a_terminal(state: &Path, subcommand: &str, flags: &str) -> Console {
    let program = env!("CARGO_BIN_EXE_pollway");
    let (lcores, prefix) = (lcores(1, 1), own_prefix());
    let line = format!(
        "stty rows 24 columns 100; exec {program} {subcommand} --no-pci --no-telemetry --no-huge -m 128 --log-level=error \
         --lcores '{lcores}' --file-prefix {prefix} {flags}"
    );
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
    command.env("XDG_STATE_HOME", state).env("TERM", "xterm").env("SHELL", "/bin/sh");
    Console::start(&mut command)
}

fn quit(mut console: Console) {
    console.type_line("quit");
    let ended = console.wait();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("\nBye...\r\n"), "{}", ended.stdout);
}

#[test]
fn watch_repaints_an_answer_until_a_key() {
    if let Some(reason) = lacks_programs(&["script"]) {
        return skip("watch_repaints_an_answer_until_a_key", &reason);
    }
    let state = tempfile::tempdir().unwrap();
    let mut console = forwarder(state.path());
    console.type_line("watch show port stats 1 0.2");
    for _ in 0..3 {
        console.wait_for("every 0.2 s: show port stats 1 (any key ends it)");
        console.wait_for("NIC statistics for port 1");
    }
    console.type_line("");
    // The last figures stay, and the shell goes on.
    console.wait_for("NIC statistics for port 1");
    console.wait_for("pollway> ");
    console.type_line("watch nonsense");
    console.wait_for("Command not found: nonsense");
    console.wait_for("pollway> ");
    quit(console);
}

#[test]
fn top_draws_ports_workers_and_bursts() {
    if let Some(reason) = lacks_programs(&["script"]) {
        return skip("top_draws_ports_workers_and_bursts", &reason);
    }
    let state = tempfile::tempdir().unwrap();
    let mut console = forwarder(state.path());
    console.type_line("top");
    for words in
        ["forwarding, over", "Ports", "net_null1", "Workers", "lcore", "Dropped", "Received"]
    {
        console.wait_for(words);
    }
    console.type_line("");
    console.wait_for("io forwarding, over ");
    console.wait_for("received bursts by size: 32: 100.0 %");
    console.wait_for("pollway> ");
    quit(console);
}

#[test]
fn words_are_completed_and_hinted() {
    if let Some(reason) = lacks_programs(&["script"]) {
        return skip("words_are_completed_and_hinted", &reason);
    }
    let state = tempfile::tempdir().unwrap();
    let mut console = forwarder(state.path());
    console.type_line("set fwd macs\t");
    console.wait_for("Set macswap packet forwarding mode");
    console.wait_for("pollway> ");
    console.type_line("set link-do");
    // Dim, behind what was typed.
    console.wait_for("\x1b[2mwn port (0|1)");
    console.wait_for("pollway> ");
    quit(console);
}

#[test]
fn the_history_lasts_from_run_to_run_and_does_not_grow_without_end() {
    if let Some(reason) = lacks_programs(&["script"]) {
        return skip("the_history_lasts_from_run_to_run_and_does_not_grow_without_end", &reason);
    }
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("pollway/history");
    fs::create_dir(state.path().join("pollway")).unwrap();
    let before: String = (0..LINES).map(|line| format!("show port stats {line}\n")).collect();
    fs::write(&file, format!("#V2\n{before}")).unwrap();
    let mut console = forwarder(state.path());
    console.type_line("show config cores");
    console.wait_for("List of forwarding lcores");
    console.wait_for("pollway> ");
    quit(console);
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.ends_with("show config cores\nquit\n"), "{kept}");
    assert!(kept.lines().count() < LINES, "{} lines", kept.lines().count());

    let mut console = forwarder(state.path());
    // Up twice: the command before `quit`.
    console.type_line("\x1b[A\x1b[A");
    console.wait_for("List of forwarding lcores");
    console.wait_for("pollway> ");
    quit(console);
}

#[test]
fn a_generator_repaints_its_page_while_it_sends() {
    let name = "a_generator_repaints_its_page_while_it_sends";
    if let Some(reason) = lacks_programs(&["script"]) {
        return skip(name, &reason);
    }
    let state = tempfile::tempdir().unwrap();
    let mut console = at_a_terminal(state.path(), "gen", "--port ring:live -- -m 1.0");
    console.wait_for("Pktgen:/> ");
    console.type_line("set 0 rate 1k; start 0");
    for _ in 0..2 {
        console.wait_for("\x1b[2J\x1b[1;1H");
        console.wait_for("source MAC");
    }
    console.type_line("stop 0; quit");
    let ended = console.wait();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stdout);
    assert!(ended.stdout.contains("packets sent"), "{}", ended.stdout);
}
