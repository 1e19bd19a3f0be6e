//! A line that one thread makes and others go by, without waiting for each other.

use super::fit::Fit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Where the control thread lays down each new line.
///
/// The number is odd while a line is being written. Who reads meanwhile, or finds another number afterwards, goes by the line
/// that it had, and looks again at its next burst.
#[derive(Debug, Default)]
struct Board {
    number: AtomicU64,
    ticks: AtomicU64,
    tsc: AtomicU64,
    cycles_a_tick: AtomicU64,
}

/// The end of who makes the lines.
#[derive(Debug, Default)]
pub(super) struct Publisher(Arc<Board>);

/// The end of a worker: the newest line that it has seen.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    board: Arc<Board>,
    number: u64,
    fit: Fit,
}

impl Publisher {
    pub(super) fn publish(&mut self, fit: Fit) {
        let board = &*self.0;
        let number = board.number.load(Ordering::Relaxed);
        board.number.store(number + 1, Ordering::Relaxed);
        // Nobody sees what follows without the odd number.
        fence(Ordering::Release);
        board.ticks.store(fit.ticks, Ordering::Relaxed);
        board.tsc.store(fit.tsc, Ordering::Relaxed);
        board.cycles_a_tick.store(fit.cycles_a_tick.to_bits(), Ordering::Relaxed);
        board.number.store(number + 2, Ordering::Release);
    }

    /// One more reader, who has seen `fit`.
    pub(super) fn reader(&self, fit: Fit) -> Reader {
        Reader { board: Arc::clone(&self.0), number: 0, fit }
    }
}

impl Reader {
    /// The newest line.
    #[inline]
    pub(super) fn fit(&mut self) -> Fit {
        let number = self.board.number.load(Ordering::Acquire);
        if number != self.number && number.is_multiple_of(2) {
            self.read(number);
        }
        self.fit
    }

    #[cold]
    fn read(&mut self, number: u64) {
        let board = &*self.board;
        let fit = Fit {
            ticks: board.ticks.load(Ordering::Relaxed),
            tsc: board.tsc.load(Ordering::Relaxed),
            cycles_a_tick: f64::from_bits(board.cycles_a_tick.load(Ordering::Relaxed)),
        };
        // What was read is of one line if its number is still there.
        fence(Ordering::Acquire);
        if board.number.load(Ordering::Relaxed) == number {
            (self.number, self.fit) = (number, fit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    fn line(number: u64) -> Fit {
        Fit { ticks: number, tsc: number, cycles_a_tick: number as f64 }
    }

    #[test]
    fn a_reader_goes_by_the_newest_line() {
        let mut publisher = Publisher::default();
        let mut reader = publisher.reader(line(1));
        assert_eq!(reader.fit(), line(1), "nothing was published yet");
        publisher.publish(line(2));
        publisher.publish(line(3));
        assert_eq!((reader.fit(), reader.fit()), (line(3), line(3)));
    }

    #[test]
    fn no_reader_sees_half_a_line() {
        let mut publisher = Publisher::default();
        let over = AtomicBool::new(false);
        let readers = [0, 1].map(|_| publisher.reader(line(0)));
        thread::scope(|scope| {
            for mut reader in readers {
                let over = &over;
                scope.spawn(move || {
                    let mut last = 0;
                    while !over.load(Ordering::Relaxed) {
                        let fit = reader.fit();
                        assert_eq!(fit, line(fit.ticks));
                        assert!(fit.ticks >= last, "{} after {last}", fit.ticks);
                        last = fit.ticks;
                    }
                });
            }
            (1..200_000).for_each(|number| publisher.publish(line(number)));
            over.store(true, Ordering::Relaxed);
        });
    }
}
