//! docs/testpmd.md against dpdk-testpmd's own lists of its options and commands: each has a row there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::own_prefix;
use lab::{lacks_programs, lcores, skip};
use std::io::Write;
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../docs/testpmd.md");

/// The options or commands that the page lists.
fn listed() -> Vec<String> {
    let cell = |line: &str| {
        let line = line.strip_prefix("| `")?;
        Some(format!("`{}", line.split(" | ").next()?).replace("\\|", "|"))
    };
    let cells: Vec<String> = PAGE.lines().filter_map(cell).collect();
    let names = cells.iter().flat_map(|cell| cell.split("<br>"));
    names.map(|name| name.trim_matches('`').to_owned()).collect()
}

/// What testpmd prints when this is typed.
fn testpmd(own: &str, typed: &str) -> String {
    let mut command = Command::new("dpdk-testpmd");
    command.args(["--no-pci", "--no-telemetry", "--no-huge", "-m", "64", "--vdev=net_null0"]);
    command.args(["--lcores", &lcores(1, 0), "--file-prefix", &own_prefix()]);
    command.args(["--", own, "--total-num-mbufs=2048"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

#[test]
fn every_command_of_testpmds_is_on_the_page() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd"]) {
        return skip("every_command_of_testpmds_is_on_the_page", &reason);
    }
    let listed = listed();
    // A question mark has it explain what can follow: ` WORD [KIND]: COMMAND: what it does`.
    let answer = testpmd("-i", "?\nflow ?\nquit\n");
    let explained: Vec<(&str, &str, &str)> = answer
        .lines()
        .filter_map(|line| line.strip_prefix(' ')?.split_once(" ["))
        .filter_map(|(word, rest)| Some((word, rest.split_once("]: ")?)))
        .map(|(word, (kind, help))| (word, kind, help))
        .collect();
    assert!(explained.len() > 250, "too few to be all: {answer}");
    let begins = |row: &String, words: &str| row.starts_with(words);
    let is = |row: &String, help: &str| {
        let rest = help.strip_prefix(row.trim_end_matches(" …"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
    };
    let missing: Vec<_> = explained
        .iter()
        .filter(|(word, kind, help)| {
            let rest = help.strip_prefix("show|").unwrap_or(help).strip_prefix(word);
            let written_out =
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']));
            !listed.iter().any(|row| match *kind {
                "TOKEN" => begins(row, &format!("flow {word}")),
                kind if kind.ends_with("STRING") && written_out => is(row, help),
                // It says what it does alone; some of these follow `flow` too.
                _ => begins(row, word) || begins(row, &format!("flow {word}")),
            })
        })
        .collect();
    assert!(missing.is_empty(), "not on the page: {missing:#?}");
    // What is not written out there is in its help.
    let help = testpmd("-i", "help all\nquit\n");
    let managed = help.lines().filter(|line| line.contains(" tm ") && line.contains(" ("));
    let words = managed.filter_map(|line| line.split_once(" (")).map(|(words, _)| words);
    let words: Vec<&str> = words.filter(|words| !words.starts_with(' ')).collect();
    assert!(words.len() > 20, "{help}");
    let missing: Vec<_> =
        words.iter().filter(|words| !listed.iter().any(|row| begins(row, words))).collect();
    assert!(missing.is_empty(), "not on the page: {missing:#?}");
}

#[test]
fn every_option_of_testpmds_is_on_the_page() {
    if let Some(reason) = lacks_programs(&["dpdk-testpmd"]) {
        return skip("every_option_of_testpmds_is_on_the_page", &reason);
    }
    let help = testpmd("--help", "");
    let (_, help) = help.split_once("[testpmd options]").unwrap();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let option = |line: &str| {
        let name = line.strip_prefix("  --")?;
        Some(format!("--{}", name.split(|letter| !is_name(letter)).next()?))
    };
    let options: Vec<String> = help.lines().filter_map(option).collect();
    assert!(options.len() > 90, "too few to be all: {help}");
    let listed = listed();
    let missing: Vec<_> = options.iter().filter(|option| !listed.contains(option)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:#?}");
}
