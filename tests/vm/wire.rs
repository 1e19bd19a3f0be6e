//! A cable from the host to a guest's NIC: one Ethernet frame a datagram.

use crate::lab::PATIENCE;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// So many frames are under way at once: fewer than a unix socket queues, and than a NIC has descriptors.
const WINDOW: usize = 8;

/// Sets a flag when it goes.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The host's end.
pub(crate) struct Wire {
    socket: UnixDatagram,
    guests_end: PathBuf,
}

impl Wire {
    /// The sockets of both ends, the host's first.
    pub(crate) fn paths(folder: &Path, name: &str) -> [PathBuf; 2] {
        ["host", "guest"].map(|end| folder.join(format!("{name}.{end}")))
    }

    /// The host's end of a cable of that name.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let [own, guests_end] = Self::paths(folder, name);
        let socket = UnixDatagram::bind(own).unwrap();
        Self { socket, guests_end }
    }

    pub(crate) fn send(&self, frame: &[u8]) {
        self.socket.send_to(frame, &self.guests_end).unwrap();
    }

    /// The next frame that comes within a time.
    pub(crate) fn receive(&self, time: Duration) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut frame = vec![0; 1 << 16];
        match self.socket.recv(&mut frame) {
            Ok(length) => {
                frame.truncate(length);
                Some(frame)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Forgets what has come until now.
    pub(crate) fn drain(&self) {
        while self.receive(Duration::from_millis(1)).is_some() {}
    }

    /// Sends a frame again and again until it arrives on the other wire: from then on nothing is lost to a link that is
    /// not up yet.
    pub(crate) fn wait_for_path(&self, to: &Self, frame: &[u8]) {
        self.wait_for_answer(to, frame, frame);
    }

    /// Sends a frame again and again until `wanted` arrives on the other wire, and forgets the copies.
    pub(crate) fn wait_for_answer(&self, to: &Self, frame: &[u8], wanted: &[u8]) {
        to.drain();
        crate::lab::wait_for("a frame to cross", || {
            self.send(frame);
            to.receive(Duration::from_millis(200)).filter(|got| got == wanted)
        });
        // Those that were still under way.
        while to.receive(Duration::from_millis(300)).is_some() {}
    }

    /// What comes out while something runs, beside that one's result.
    pub(crate) fn heard<T>(&self, meanwhile: impl FnOnce() -> T) -> (T, Vec<Vec<u8>>) {
        let over = AtomicBool::new(false);
        let listen = || {
            let mut frames = Vec::new();
            // Until nothing comes any more: the last ones may be under way when it is over.
            loop {
                match self.receive(Duration::from_millis(300)) {
                    Some(frame) => frames.push(frame),
                    None if over.load(Ordering::Relaxed) => return frames,
                    None => {}
                }
            }
        };
        thread::scope(|scope| {
            let listener = scope.spawn(listen);
            let result = {
                let _end = SetAtEnd(&over);
                meanwhile()
            };
            (result, listener.join().unwrap())
        })
    }

    /// Is one cable with another one, while something runs: what comes out of each goes into the other.
    pub(crate) fn joined<T>(&self, other: &Self, meanwhile: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        let carry = |from: &Self, to: &Self| {
            while !over.load(Ordering::Relaxed) {
                if let Some(frame) = from.receive(Duration::from_millis(50)) {
                    to.send(&frame);
                }
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| carry(self, other));
            scope.spawn(|| carry(other, self));
            // Also where it panics: the scope waits for both.
            let _end = SetAtEnd(&over);
            meanwhile()
        })
    }

    /// Sends frames and receives each on the other wire, byte for byte, in any order.
    pub(crate) fn carry(&self, to: &Self, frames: &[Vec<u8>]) {
        self.exchange(to, frames, frames);
    }

    /// Sends frames, a few at a time, and receives on the other wire what is wanted of each, byte for byte, in any order.
    pub(crate) fn exchange(&self, to: &Self, frames: &[Vec<u8>], wanted: &[Vec<u8>]) {
        let mut missing = BTreeSet::new();
        for (at, (frame, wanted)) in frames.iter().zip(wanted).enumerate() {
            missing.insert(wanted.as_slice());
            self.send(frame);
            let under_way = if at + 1 == frames.len() { 0 } else { WINDOW };
            while missing.len() > under_way {
                let Some(got) = to.receive(PATIENCE) else {
                    panic!(
                        "{} frames did not come, sent {} of {}",
                        missing.len(),
                        at + 1,
                        frames.len()
                    );
                };
                assert!(missing.remove(got.as_slice()), "not sent, or twice: {got:02x?}");
            }
        }
        assert_eq!(to.receive(Duration::from_millis(100)), None, "more than was sent");
    }
}
