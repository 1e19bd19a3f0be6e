//! Lines of random words, piped into the shell: it answers them all and goes on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::forwarder::{fwd, own_prefix};
use lab::lcores;
use std::fs::{self, File};
use std::process::Stdio;

const LINES: usize = 3000;

/// What is typed besides words of commands: numbers, lists, and what is none of them.
const VALUES: &[&str] = &[
    "0",
    "1",
    "9",
    "64",
    "65535",
    "65536",
    "-1",
    "0x1f",
    "0b2",
    "1.5",
    "all",
    "on",
    "off",
    "0,1",
    "1-0",
    "(0,0)",
    "(0xf",
    "02:00:00:00:00:01",
    "10.0.0.1",
    "::",
    "/",
    "|",
    ";",
    "\"",
    "'",
    "\\",
    "#",
    "--json",
    "\u{e9}\u{4e2d}",
    "\t",
    "%s%n",
    "",
];

/// A random sequence that is the same in each run (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// The commands that the page of testpmd's lists, theirs and ours.
fn syntaxes() -> Vec<String> {
    let page = include_str!("../docs/testpmd.md").replace("\\|", "|");
    let cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next().map(str::to_owned));
    let names = cells.flat_map(|cell| cell.split("<br>").map(str::to_owned).collect::<Vec<_>>());
    names
        .map(|name| name.trim_matches('`').to_owned())
        .filter(|name| !name.starts_with('-'))
        .collect()
}

/// A line made from a command: its words, some of them cut, doubled or exchanged.
fn line(random: &mut Random, syntaxes: &[String]) -> String {
    let syntax = &syntaxes[random.below(syntaxes.len())];
    let mut words: Vec<String> = Vec::new();
    for word in syntax.split_whitespace() {
        let choices: Vec<&str> = word.split('|').collect();
        let word =
            if word.contains(['<', '[', '{']) { random.of(VALUES) } else { random.of(&choices) };
        match random.below(12) {
            0 => words.push(random.of(VALUES).to_owned()),
            1 => words.push(word.chars().take(random.below(4)).collect()),
            2 => words.extend([word.to_owned(), word.to_owned()]),
            3 => break,
            _ => words.push(word.to_owned()),
        }
    }
    words.join(" ")
}

/// Whether a line is kept for itself: it would end the run, fill the disk with packets or a file's lines, or make devices.
fn is_left_out(line: &str) -> bool {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    ["quit", "load", "set verbose", "port attach", "set log"]
        .iter()
        .any(|out| line.starts_with(out))
}

#[test]
fn any_line_is_answered_and_the_shell_goes_on() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let syntaxes = syntaxes();
    let lines: Vec<String> = std::iter::repeat_with(|| line(&mut random, &syntaxes))
        .filter(|line| !is_left_out(line))
        .take(LINES)
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("lines");
    fs::write(&input, format!("{}\nset fwd macswap\nshow config cores\n", lines.join("\n")))
        .unwrap();
    let mut command = fwd(&own_prefix());
    command.args(["--no-huge", "-m", "256", "--log-level=error", "--total-num-mbufs=4096"]);
    command.args(["--lcores", &lcores(1, 1), "--port", "null:", "--port", "null:", "-i"]);
    command.stdin(Stdio::from(File::open(&input).unwrap()));
    let ended = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    // Each line is shown after a prompt of its own, so each was answered before the next was read.
    let mut rest = stdout.as_ref();
    for line in &lines {
        let shown = format!("pollway> {line}\n");
        let at = rest.find(&shown).unwrap_or_else(|| panic!("{line:?} is not answered"));
        rest = &rest[at + shown.len()..];
    }
    assert!(
        rest.contains("pollway> set fwd macswap\nSet macswap packet forwarding mode\n"),
        "{rest}"
    );
    assert!(rest.contains("pollway> show config cores\nList of forwarding lcores:"), "{rest}");
}
