//! A forwarder that is steered from outside while it runs: the control socket and `pollway ctl`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::console::Console;
use lab::forwarder::{Forwarder, fwd, number, own_prefix, report};
use lab::{hugepage_files, lcores, wait_for};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use tempfile::TempDir;

/// A folder for a control socket, and a forwarder on two null ports that has it.
struct Rig {
    folder: TempDir,
    forwarder: Forwarder,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let control = format!("--control={}", folder.path().join("control").display());
        Self { forwarder: Forwarder::on(&["null:", "null:"], &[&control]), folder }
    }

    fn socket(&self) -> String {
        self.folder.path().join("control").display().to_string()
    }

    /// What `pollway ctl` says to a command: its exit code, stdout and stderr.
    fn ctl(&self, words: &[&str]) -> (i32, String, String) {
        ctl(&[&["--socket", &self.socket()], words].concat(), "")
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).unwrap()
    }
}

fn ctl(words: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pollway"))
        .arg("ctl")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// The next answer of a connection.
fn answer(stream: &UnixStream) -> Value {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line:?}"))
}

fn ask(stream: &mut UnixStream, line: &[u8]) -> Value {
    stream.write_all(line).unwrap();
    answer(stream)
}

#[test]
fn commands_are_answered_as_in_the_shell_and_exit_codes_say_how_they_failed() {
    let mut rig = Rig::new();
    let (code, stdout, stderr) = rig.ctl(&["show", "config", "cores"]);
    assert_eq!((code, &*stdout, &*stderr), (0, "List of forwarding lcores:  1\n", ""));
    let (code, stdout, _) = rig.ctl(&["--json", "show", "config", "cores"]);
    assert_eq!((code, &*stdout), (0, "{\"lcores\":[1]}\n"));
    assert_eq!(rig.ctl(&["show config cores --json"]).1, "{\"lcores\":[1]}\n");

    let (code, stdout, stderr) = rig.ctl(&["show", "port", "stat", "all"]);
    assert_eq!((code, &*stdout), (2, ""));
    assert!(stderr.starts_with("pollway: error: Bad arguments: stat cannot follow"), "{stderr}");
    assert_eq!(rig.ctl(&["port", "start", "7"]).0, 2);
    let (code, stdout, _) = rig.ctl(&["--json", "start"]);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, said),
        (1, json!({ "error": "Packet forwarding already started; stop ends it" }))
    );

    // What the socket changes the shell sees, and the other way round.
    assert_eq!(rig.ctl(&["set", "fwd", "macswap"]).1, "Set macswap packet forwarding mode\n");
    assert!(rig.forwarder.shell.ask("show config fwd").starts_with("macswap packet forwarding"));
    rig.forwarder.shell.ask("stop");
    assert_eq!(rig.ctl(&["stop"]).0, 1);
    assert!(rig.ctl(&["start"]).1.starts_with("macswap packet forwarding"));
    rig.forwarder.shell.wait_for_figure(1, "RX-packets", 1);
    rig.forwarder.stop();
    assert!(!Path::new(&rig.folder.path().join("control")).exists());
}

#[test]
fn lines_of_standard_input_and_of_files_are_commands() {
    let rig = Rig::new();
    let script = "set fwd mac\nnonsense\n# nothing\nset fwd what\n\nshow config cores\n";
    let (code, stdout, stderr) = ctl(&["--socket", &rig.socket()], script);
    // The code is that of the first that failed; the others are carried out all the same.
    assert_eq!(code, 2);
    assert_eq!(stdout, "Set mac packet forwarding mode\nList of forwarding lcores:  1\n");
    assert_eq!(stderr.lines().count(), 2, "{stderr}");

    // A file is found from where `pollway ctl` runs.
    fs::write(rig.folder.path().join("commands"), script).unwrap();
    let loaded = Command::new(env!("CARGO_BIN_EXE_pollway"))
        .args(["ctl", "--socket", &rig.socket(), "load", "commands"])
        .current_dir(rig.folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(loaded.stdout).unwrap();
    assert_eq!(loaded.status.code(), Some(2), "{text}");
    assert!(
        text.starts_with("Set mac packet forwarding mode\nCommand not found: nonsense"),
        "{text}"
    );
    assert!(text.contains("\nList of forwarding lcores:  1\nRead CLI commands from /"), "{text}");
    rig.forwarder.stop();
}

#[test]
fn without_a_prompt_it_is_steered_too_and_quit_ends_it() {
    let prefix = own_prefix();
    let mut command = fwd(&prefix);
    command.args(["--lcores", &lcores(1, 1), "--port", "null:", "--port", "null:", "--json"]);
    let mut console = Console::start(&mut command);
    let name = ["--file-prefix", &prefix];
    wait_for("the control socket", || {
        (ctl(&[&name[..], &["help"]].concat(), "").0 == 0).then_some(())
    });
    let (code, table, _) = ctl(&[&name[..], &["stop"]].concat(), "");
    assert_eq!(code, 0);
    assert!(table.contains("Accumulated forward statistics"), "{table}");
    assert_eq!(ctl(&[&name[..], &["start"]].concat(), "").0, 0);
    assert_eq!(ctl(&[&name[..], &["quit"]].concat(), "").0, 0);
    let ended = report(console.wait(), &prefix);
    assert!(number(&ended, "/forward_stats/ports/0/rx_packets") > 0);
    let (code, _, stderr) = ctl(&[&name[..], &["help"]].concat(), "");
    assert_eq!(code, 2);
    assert!(stderr.contains("no program listens at"), "{stderr}");
}

#[test]
fn several_clients_are_served_in_order_and_a_silent_one_hinders_nobody() {
    let rig = Rig::new();
    // Silent ones, half lines, and one that asks for much and reads none of it.
    let silent: Vec<UnixStream> = (0..40).map(|_| rig.connect()).collect();
    let half: Vec<UnixStream> = (0..10)
        .map(|_| {
            let mut stream = rig.connect();
            stream.write_all(b"show port").unwrap();
            stream
        })
        .collect();
    let greedy = rig.connect();
    let mut hose = greedy.try_clone().unwrap();
    let hosing = thread::spawn(move || while hose.write_all(b"help all\n").is_ok() {});

    // Each of several clients finds its own changes answered, one after the other.
    let asking: Vec<_> = (0..4)
        .map(|client| {
            let mut stream = rig.connect();
            thread::spawn(move || {
                for number in 0..50 {
                    let burst = 1 + (client * 50 + number) % 64;
                    let line = format!("set burst tx delay {burst} retry 1 --json\n");
                    assert_eq!(
                        ask(&mut stream, line.as_bytes()),
                        json!({ "code": 0, "answer": "" })
                    );
                }
            })
        })
        .collect();
    asking.into_iter().for_each(|thread| thread.join().unwrap());

    // More clients than there may be: the longest silent ones make room.
    let mut newer: Vec<UnixStream> = (0..64).map(|_| rig.connect()).collect();
    for stream in &mut newer[32..] {
        assert_eq!(ask(stream, b"set fwd io\n")["code"], 0);
    }
    let mut gone = &silent[0];
    assert_eq!(gone.read(&mut [0]).unwrap(), 0);
    drop((silent, half, newer));
    greedy.shutdown(std::net::Shutdown::Both).unwrap();
    hosing.join().unwrap();
    rig.forwarder.stop();
}

#[test]
fn hostile_bytes_are_answered_with_an_error() {
    let rig = Rig::new();
    let mut stream = rig.connect();
    for bytes in [&b"\xff\xfe\n"[..], b"\0\n", b"show port stats \x1b[2J\n", b"{\"command\": 1}\n"]
    {
        let said = ask(&mut stream, bytes);
        assert_eq!(said["code"], 2, "{said}");
        assert!(said["error"].is_string(), "{said}");
    }
    assert_eq!(ask(&mut stream, b"\n"), json!({ "code": 0 }));
    // Longer than any line may be; what follows cannot be told from it.
    let long = [vec![b'x'; 70_000], b"\n".to_vec()].concat();
    let said = ask(&mut stream, &long);
    assert!(said["error"].as_str().unwrap().contains("65536 bytes at most"), "{said}");
    assert_eq!(ask(&mut rig.connect(), b"show config cores\n")["code"], 0);
    rig.forwarder.stop();
}

#[test]
fn the_socket_is_the_owners_and_is_not_taken_from_a_program_that_listens() {
    let rig = Rig::new();
    let mode = fs::metadata(rig.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = tempfile::tempdir().unwrap();
    let start = |control: &str, more: &[&str]| {
        let prefix = own_prefix();
        let mut command = fwd(&prefix);
        command.args(["--lcores", &lcores(1, 1), "--control", control, "--port", "null:", "-i"]);
        let ended = Console::start(command.args(more)).close();
        assert_eq!(hugepage_files(&prefix), Vec::<String>::new());
        (ended.status.code().unwrap(), ended.stderr)
    };
    let (code, stderr) = start(&rig.socket(), &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("pollway (process ") && stderr.contains(") listens there"), "{stderr}");
    let long = format!("/tmp/{}", "x".repeat(120));
    let (code, stderr) = start(&long, &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("has 125 bytes, and a Unix socket's 107 at most"), "{stderr}");

    // One that nobody listens at is taken over, with the mode and group of the configuration.
    let stale = folder.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let config = folder.path().join("control.toml");
    fs::write(&config, "[control]\nmode = \"0660\"\ngroup = \"0\"\n").unwrap();
    let prefix = own_prefix();
    let mut command = fwd(&prefix);
    command.args(["--lcores", &lcores(1, 1), "--port", "null:", "-i", "--config"]).arg(&config);
    let mut console = Console::start(command.arg("--control").arg(&stale));
    console.wait_for("pollway> ");
    assert_eq!(fs::metadata(&stale).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(ask(&mut UnixStream::connect(&stale).unwrap(), b"quit\n")["code"], 0);
    assert_eq!(console.wait().status.code(), Some(0));
    assert!(!stale.exists());
    rig.forwarder.stop();
}
