//! Keys as they are pressed, where the shell does not read a line.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::time::Duration;

/// A terminal that gives keys at once and shows none of them, Ctrl-C among them; put back as it was when dropped.
pub(super) struct Keys {
    before: Termios,
}

impl Keys {
    /// Takes standard input.
    ///
    /// # Errors
    ///
    /// The terminal's.
    pub(super) fn take() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut now = before.clone();
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &now)?;
        Ok(Self { before })
    }

    /// Whether a key was pressed within some time; it is taken.
    ///
    /// # Errors
    ///
    /// The terminal's.
    pub(super) fn pressed(&self, within: Duration) -> io::Result<bool> {
        let stdin = rustix::stdio::stdin();
        let mut waited = [PollFd::new(&stdin, PollFlags::IN)];
        let time = Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() };
        match poll(&mut waited, Some(&time)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => Ok(false),
            Ok(_) => {
                // A key may be several bytes; what nobody reads would be typed at the prompt.
                rustix::io::read(stdin, &mut [0; 64])?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal is gone if this fails.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
    }
}
