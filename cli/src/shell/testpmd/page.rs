//! Holds docs/testpmd.md against what the shell and the command line take and refuse.

use super::refusal;
use crate::flags::{self, app::AppFlags};
use crate::shell::grammar::tests::{example, known};
use crate::shell::grammar::{Grammar, GrammarError, Vocabulary};
use crate::shell::table::TABLE;
use clap::Args;
use dataplane::forward::MODES;

const PAGE: &str = include_str!("../../../../docs/testpmd.md");

/// A row of a table on the page.
#[derive(Debug)]
struct Row {
    /// The commands or options of its first cell.
    names: Vec<String>,
    /// `same`, `better` or `refused`; what it does, if it is our own.
    here: String,
    note: String,
}

/// The rows of the tables under a heading.
fn rows(heading: &str) -> Vec<Row> {
    let sections = PAGE.split("\n## ");
    let section = sections.filter_map(|text| text.strip_prefix(heading)).next().unwrap();
    section.lines().filter(|line| line.starts_with("| `")).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells = line.trim_matches(|c| c == '|' || c == ' ').split(" | ");
    let mut cells = cells.map(|cell| cell.trim().replace("\\|", "|"));
    let names = cells.next().unwrap();
    let name = |name: &str| name.trim_matches('`').to_owned();
    let [here, note] = [0, 1].map(|_| cells.next().unwrap_or_default());
    Row { names: names.split("<br>").map(name).collect(), here, note }
}

fn vocabulary() -> Vocabulary {
    Vocabulary { modes: MODES.iter().map(|mode| mode.name).collect(), ..known() }
}

/// The words of a command as testpmd writes it: what is in angle brackets may hold spaces.
fn words(syntax: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut within = 0;
    for letter in syntax.chars() {
        match letter {
            ' ' if within == 0 => words.push(String::new()),
            _ => {
                within += i32::from(letter == '<') - i32::from(letter == '>');
                words.last_mut().unwrap().push(letter);
            }
        }
    }
    words
}

/// Lines that a command as testpmd writes it stands for: one with the first choices, and one for each other choice.
fn samples(syntax: &str) -> Vec<String> {
    let choices: Vec<Vec<String>> = words(syntax).iter().map(|word| choices(word)).collect();
    let first: Vec<&str> = choices.iter().map(|of| of[0].as_str()).collect();
    let mut lines = vec![first.join(" ")];
    for (at, of) in choices.iter().enumerate() {
        for other in &of[1..] {
            let mut line = first.clone();
            line[at] = other;
            lines.push(line.join(" "));
        }
    }
    lines
}

fn choices(word: &str) -> Vec<String> {
    // One of testpmd's own lines closes what it has not opened.
    let word = word.strip_suffix(')').filter(|word| !word.contains('(')).unwrap_or(word);
    let listed = |word: &str| word.split('|').map(|word| choice(word).to_owned()).collect();
    match word.strip_prefix('<').and_then(|word| word.strip_suffix('>')) {
        // Both are written: a value, and one of several words.
        Some(words) if words.contains('|') => listed(words),
        Some(name) => vec![value(name).to_owned()],
        None => listed(word),
    }
}

fn choice(word: &str) -> &str {
    word.strip_prefix('<').map_or(word, |name| value(name))
}

/// A value for a placeholder.
fn value(name: &str) -> &'static str {
    let has = |part: &str| name.contains(part);
    match name {
        _ if has("mcast") => "01:00:5e:00:00:01",
        _ if has("mac") => "02:00:00:00:00:01",
        _ if has("hash,") => "(0,0)",
        _ if has("mask0") => "(0x1)",
        _ if has("hex digits") => "00112233",
        _ if has("len0") => "64",
        _ if has("port") => "0",
        _ => "1",
    }
}

#[test]
fn what_the_page_calls_same_is_taken_and_what_it_calls_refused_is_refused() {
    let known = vocabulary();
    let grammar = Grammar::new(TABLE, &known);
    for Row { names, here, note } in rows("Commands\n") {
        for (name, line) in
            names.iter().flat_map(|name| samples(name).into_iter().map(move |s| (name, s)))
        {
            // A rest that is too much to write out.
            let (line, open) = match line.strip_suffix(" …") {
                Some(line) => (line, true),
                None => (line.as_str(), false),
            };
            let parsed = grammar.parse(line);
            let refused = refusal(line).filter(|_| parsed.is_err());
            match here.as_str() {
                "refused" => {
                    let refused =
                        refused.unwrap_or_else(|| panic!("{name}: {line} is not refused"));
                    assert!(refused.ends_with(&note), "{name}: {refused}");
                }
                "same" | "better" => {
                    let taken = match &parsed {
                        Ok(request) => request.is_some(),
                        Err(error) => open && matches!(error, GrammarError::Incomplete { .. }),
                    };
                    assert!(taken || refused.is_some(), "{name}: {line}: {parsed:?}");
                }
                other => panic!("{name} is called {other}"),
            }
        }
        if here != "refused" {
            let taken = |line: &String| {
                grammar.parse(line.trim_end_matches(" …")).is_ok() || line.ends_with('…')
            };
            assert!(
                names.iter().all(|name| samples(name).iter().any(taken)),
                "{names:?} are all refused"
            );
        }
    }
}

/// Whether a line is the command that the page writes so.
fn is(line: &str, syntax: &str) -> bool {
    let (line, syntax): (Vec<&str>, _) = (line.split(' ').collect(), words(syntax));
    let rest = syntax.last().is_some_and(|word| word == "…");
    let length = syntax.len() - usize::from(rest);
    let fits = |(word, own): (&&str, &String)| {
        // An x stands for any text.
        *word == "x" || own.split('|').any(|own| own == *word || own.starts_with('<'))
    };
    (line.len() == length || (rest && line.len() > length))
        && line.iter().zip(&syntax).take(length).all(fits)
}

#[test]
fn every_command_of_the_shell_is_on_the_page() {
    let listed: Vec<String> = ["Commands\n", "Commands of our own"]
        .into_iter()
        .flat_map(rows)
        .filter(|row| row.here != "refused")
        .flat_map(|row| row.names)
        .collect();
    let missing: Vec<&str> = TABLE
        .iter()
        .flat_map(|section| section.commands)
        .map(|entry| entry.syntax)
        .filter(|syntax| !listed.iter().any(|row| is(&example(syntax), row)))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn what_the_page_says_of_options_is_so() {
    let command = AppFlags::augment_args(clap::Command::new("fwd"));
    let ours: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    for Row { names, here, note } in rows("Options\n") {
        for option in &names {
            let name = option.trim_start_matches('-');
            match here.as_str() {
                "refused" => {
                    let refused =
                        flags::testpmd::refusal(option).unwrap_or_else(|| panic!("{option}"));
                    assert_eq!(refused.trim_end().split_once(": ").unwrap().1, note);
                }
                "same" | "better" => {
                    let always = flags::testpmd::is_always_so(option)
                        || flags::testpmd::is_always_so(&format!("{option}=native"));
                    assert!(
                        always || name == "help" || ours.contains(&name),
                        "{option} is not taken"
                    );
                }
                other => panic!("{option} is called {other}"),
            }
        }
    }
}
