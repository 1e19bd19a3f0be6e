//! Packets are shown as they pass (`set verbose`): workers leave word of them, and a thread of its own prints it.

use super::Session;
use crate::failure::Failure;
use crate::out::{note, print};
use crate::render::sight::{BurstLine, PacketLines};
use dataplane::port::{Direction, Sights};
use std::fmt::Write;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the printer looks for packets.
const PERIOD: Duration = Duration::from_millis(10);
/// How many packets it prints at once.
const AT_ONCE: usize = 256;

/// What is shown, and by whom.
#[derive(Default)]
pub(super) struct Verbose {
    level: u16,
    reader: Reader,
}

/// Who has the end where workers leave word of packets.
#[derive(Default)]
enum Reader {
    /// Nothing was ever shown.
    #[default]
    Nobody,
    /// Nothing is shown now.
    Idle(Sights),
    /// A thread prints what comes.
    Printer(Printer),
}

impl Session {
    /// Sets how much is shown: 1 received packets, 2 sent ones, 3 and above both, 0 none.
    pub(super) fn set_verbose(&mut self, level: u16) -> Result<String, Failure> {
        let directions: &[Direction] = match level {
            0 => &[],
            1 => &[Direction::Rx],
            2 => &[Direction::Tx],
            _ => &[Direction::Rx, Direction::Tx],
        };
        let sights = self.dataplane.watch(directions).map_err(Failure::running)?;
        let reader = match (std::mem::take(&mut self.verbose.reader), sights) {
            (_, Some(sights)) => Reader::Idle(sights),
            (Reader::Printer(printer), None) => printer.stop().map_or(Reader::Nobody, Reader::Idle),
            (reader, None) => reader,
        };
        self.verbose.reader = match reader {
            Reader::Idle(sights) if level > 0 => Reader::Printer(Printer::start(sights)),
            reader => reader,
        };
        let before = std::mem::replace(&mut self.verbose.level, level);
        Ok(format!("Change verbose level from {before} to {level}\n"))
    }
}

impl Verbose {
    /// Prints what waits and ends the printer.
    pub(super) fn close(self) {
        if let Reader::Printer(printer) = self.reader {
            printer.stop();
        }
    }

    /// Returns when all that was seen is printed.
    pub(super) fn flush(&self) {
        if let Reader::Printer(printer) = &self.reader {
            printer.flush();
        }
    }
}

/// A thread that prints what was seen.
struct Printer {
    /// Each message asks for an answer when all is printed. The thread ends with this.
    flushes: Sender<Sender<()>>,
    thread: JoinHandle<Sights>,
}

impl Printer {
    fn start(sights: Sights) -> Self {
        let (flushes, asked) = channel();
        Self { flushes, thread: thread::spawn(move || run(sights, &asked)) }
    }

    fn flush(&self) {
        let (done, answer) = channel();
        // A printer that ended, as nobody reads its output any more, has nothing left to print.
        if self.flushes.send(done).is_ok() {
            let _ = answer.recv();
        }
    }

    /// Prints what waits and ends; the end to read from is back unless the thread panicked.
    fn stop(self) -> Option<Sights> {
        drop(self.flushes);
        self.thread.join().ok()
    }
}

fn run(mut sights: Sights, asked: &Receiver<Sender<()>>) -> Sights {
    let mut wait = PERIOD;
    loop {
        let request = asked.recv_timeout(wait);
        // Packets may come as fast as they are printed: who asks gets those that waited when he asked.
        let most = match request {
            Err(RecvTimeoutError::Timeout) => AT_ONCE,
            Ok(_) | Err(RecvTimeoutError::Disconnected) => Sights::SLOTS,
        };
        let Ok(printed) = print_up_to(most, &mut sights) else { return sights };
        wait = if printed == most { Duration::ZERO } else { PERIOD };
        match request {
            // Who asked and no longer waits needs no answer.
            Ok(done) => drop(done.send(())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return sights,
        }
    }
}

/// Prints what waits, and returns how many packets that were; those of one burst stand together, below its line.
fn print_up_to(most: usize, sights: &mut Sights) -> io::Result<usize> {
    let mut text = String::new();
    let mut last = None;
    let mut printed = 0;
    for sight in sights.by_ref().take(most) {
        let queue = (sight.direction, sight.port, sight.queue);
        if sight.place == 0 || last != Some(queue) {
            let _ = write!(text, "{}", BurstLine(&sight));
        }
        last = Some(queue);
        let _ = write!(text, "{}", PacketLines(&sight));
        printed += 1;
    }
    let missed = sights.take_missed();
    if missed > 0 {
        note(&format!("{missed} packets passed faster than they could be shown (set verbose)"));
    }
    if printed > 0 {
        print(&text)?;
    }
    Ok(printed)
}
