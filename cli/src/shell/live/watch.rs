//! `watch COMMAND [PERIOD]`: a command's answer, repainted.

use super::Screen;
use crate::answer::render;
use crate::failure::Failure;
use crate::out::print;
use crate::shell::grammar::Grammar;
use crate::shell::prompt::{Executor, Flow, Listener, carry_out};
use ratatui::crossterm::terminal;
use std::io;
use std::time::Duration;

/// How often it is repainted unless told otherwise.
const PERIOD: Duration = Duration::from_secs(1);

/// How often it can be, seconds.
const PERIODS: std::ops::RangeInclusive<f64> = 0.1..=3600.0;

/// Repaints what a command answers, until a key is pressed; the last answer stays.
///
/// # Errors
///
/// The terminal's.
pub(in crate::shell) fn watch<E: Executor>(
    screen: &Screen<'_>,
    typed: &str,
    executor: &mut E,
) -> io::Result<Result<Flow, Failure>> {
    let known = executor.vocabulary();
    let grammar = Grammar::new(executor.table(), &known);
    let (line, period) = split(typed, |line| grammar.read(line).request.is_ok());
    if let Err(error) = grammar.read(line).request {
        return Ok(Err(Failure::input(error)));
    }
    let mut shown = String::new();
    let flow = screen.repaint(executor, period, |executor| {
        shown.clear();
        let mut tell = |answered: Result<_, _>, form| {
            shown += &render(answered.as_ref(), form);
            Ok(())
        };
        let flow = carry_out(line, executor, &mut Listener { tell: &mut tell, screen: None }, 0)?;
        let title = format!("every {} s: {line} (any key ends it)", period.as_secs_f64());
        let (columns, rows) = terminal::size()?;
        print(&fit(&format!("{title}\n\n{shown}"), columns.into(), rows.into()))?;
        Ok(flow)
    })?;
    print(&shown)?;
    Ok(Ok(flow))
}

/// The command and the period of `COMMAND [PERIOD]`: the last word is the period if the line is no command with it.
fn split(typed: &str, is_command: impl Fn(&str) -> bool) -> (&str, Duration) {
    let period = typed.rsplit_once(' ').and_then(|(line, last)| {
        let seconds = last.parse().ok().filter(|seconds| PERIODS.contains(seconds))?;
        Some((line, Duration::from_secs_f64(seconds)))
    });
    period.filter(|_| !is_command(typed)).unwrap_or((typed, PERIOD))
}

/// What of a text fits a terminal, painted over what is there.
fn fit(text: &str, columns: usize, rows: usize) -> String {
    let line = |line: &str| line.chars().take(columns).collect::<String>();
    let lines: Vec<String> = text.lines().take(rows).map(line).collect();
    // Each line to its end, and then the rest: clearing all at once would flicker.
    format!("\x1b[H{}\x1b[K\x1b[J", lines.join("\x1b[K\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_a_whole_command_is_the_period() {
        let commands = ["show port stats all", "show port stats 1"];
        let is_command = |line: &str| commands.contains(&line);
        for (typed, line, seconds) in [
            ("show port stats all", "show port stats all", 1.0),
            ("show port stats all 2", "show port stats all", 2.0),
            ("show port stats 1", "show port stats 1", 1.0),
            ("show port stats 1 0.5", "show port stats 1", 0.5),
            ("show port stats 1 0", "show port stats 1 0", 1.0),
            ("show port stats 1 nan", "show port stats 1 nan", 1.0),
        ] {
            assert_eq!(split(typed, is_command), (line, Duration::from_secs_f64(seconds)));
        }
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fit("abcdef\ngh\nij", 4, 2), "\x1b[Habcd\x1b[K\ngh\x1b[K\x1b[J");
    }
}
