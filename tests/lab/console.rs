//! A program that is driven through pipes.

use super::PATIENCE;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A running program; killed when dropped.
pub(crate) struct Console {
    child: Child,
    input: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
    /// How much of stdout was waited for already.
    read: usize,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Console {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            input: child.stdin.take(),
            stdout: Stream::of(child.stdout.take().unwrap()),
            stderr: Stream::of(child.stderr.take().unwrap()),
            child,
            read: 0,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until stdout has `text`, and returns everything up to its end that was not waited for before.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.stdout.0.lock();
        loop {
            let new = &seen.text[self.read..];
            if let Some(at) = find(new, text.as_bytes()) {
                let end = at + text.len();
                let new = String::from_utf8_lossy(&new[..end]).into_owned();
                self.read += end;
                return new;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.ended || left.is_zero() {
                let all = String::from_utf8_lossy(&seen.text).into_owned();
                drop(seen);
                panic!("no {text:?} in:\n{all}\nstderr:\n{}", self.stderr());
            }
            seen = self.stdout.0.wait(seen, left);
        }
    }

    /// What stderr has until now.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.0.lock().text).into_owned()
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Closes the program's input and waits for its end.
    pub(crate) fn close(mut self) -> Ended {
        drop(self.input.take());
        self.wait()
    }

    /// Sends a signal and waits for the program's end.
    pub(crate) fn signal(mut self, signal: rustix::process::Signal) -> Ended {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        self.wait()
    }

    /// Waits for an end that comes by itself.
    pub(crate) fn wait(&mut self) -> Ended {
        self.wait_within(PATIENCE)
    }

    /// Waits so long for an end that comes by itself.
    pub(crate) fn wait_within(&mut self, time: Duration) -> Ended {
        let ended = || self.child.try_wait().unwrap();
        let status = super::wait_within(time, "the program's end", ended);
        Ended { status, stdout: self.stdout.rest(), stderr: self.stderr.rest() }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // After `wait` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// What a pipe brought, read by a thread so that the program never waits for a full one.
struct Stream(Arc<Seen>, Option<JoinHandle<()>>);

#[derive(Default)]
struct Seen {
    pipe: Mutex<Pipe>,
    more: Condvar,
}

#[derive(Default)]
struct Pipe {
    text: Vec<u8>,
    ended: bool,
}

impl Seen {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pipe> {
        self.pipe.lock().unwrap()
    }

    fn wait<'a>(
        &self,
        pipe: std::sync::MutexGuard<'a, Pipe>,
        time: Duration,
    ) -> std::sync::MutexGuard<'a, Pipe> {
        self.more.wait_timeout(pipe, time).unwrap().0
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = pipe.read(&mut bytes).unwrap();
                let mut seen = shared.lock();
                seen.text.extend_from_slice(&bytes[..count]);
                seen.ended = count == 0;
                shared.more.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self(seen, Some(reader))
    }

    /// Everything, after the program has ended.
    fn rest(&mut self) -> String {
        if let Some(reader) = self.1.take() {
            reader.join().unwrap();
        }
        String::from_utf8_lossy(&self.0.lock().text).into_owned()
    }
}
