//! What repaints a terminal until a key is pressed: `watch` and `top`. None of it is written into a pipe.

mod keys;
mod top;
mod watch;

pub(super) use top::top;
pub(super) use watch::watch;

use crate::shell::grammar::{Entry, Request};
use crate::shell::prompt::{Executor, Flow, serve_request};
use keys::Keys;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often keys and other programs' requests are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// The command that repaints others, for a shell's table.
pub(crate) const fn watch_entry<C>() -> Entry<C> {
    Entry {
        syntax: "watch COMMAND:rest",
        about: "Carry out a command again and again and repaint its answer, until a key is pressed; every second, or every \
                so many seconds if a number follows the command.",
        build: |values| Some(Request::Watch(values.rest().join(" "))),
    }
}

/// The command that draws the load, for a shell's table.
pub(crate) const fn top_entry<C>() -> Entry<C> {
    Entry {
        syntax: "top",
        about: "Draw ports, workers, drops and bursts on the whole terminal, until a key is pressed; show load prints them.",
        build: |_| Some(Request::Top),
    }
}

/// A terminal with a person at both ends of it.
pub(super) struct Screen<'a> {
    stop: &'a AtomicBool,
}

impl<'a> Screen<'a> {
    /// The terminal that standard input and output are, `None` if one of them is none; `stop` ends what repaints it.
    pub(super) fn open(stop: &'a AtomicBool) -> Option<Self> {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        terminal.then_some(Self { stop })
    }

    /// Paints again and again, until a key is pressed, what is painted says to quit, or the program is told to stop.
    fn repaint<E: Executor>(
        &self,
        executor: &mut E,
        period: Duration,
        mut paint: impl FnMut(&mut E) -> io::Result<Flow>,
    ) -> io::Result<Flow> {
        let keys = Keys::take()?;
        let _sheet = Sheet::open()?;
        let requests = executor.requests();
        loop {
            if paint(executor)? == Flow::Quit {
                return Ok(Flow::Quit);
            }
            let next = Instant::now() + period;
            while let Some(left) = next.checked_duration_since(Instant::now()) {
                if self.stop.load(Ordering::Relaxed) || keys.pressed(left.min(LOOK))? {
                    return Ok(Flow::Continue);
                }
                executor.idle();
                while let Ok(request) = requests.try_recv() {
                    if serve_request(request, executor) == Flow::Quit {
                        return Ok(Flow::Quit);
                    }
                }
            }
        }
    }
}

/// The terminal's other screen, so that what was there before comes back.
struct Sheet;

impl Sheet {
    fn open() -> io::Result<Self> {
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(Self)
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        // The terminal is gone if this fails.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}
