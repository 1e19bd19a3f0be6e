//! Guests at other ports than the one that a test is about: what is done there must not cost them a packet.

use super::capture::udp;
use super::console::Console;
use super::frontend::Frontend;
use super::{PATIENCE, wait_for};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Two guests, of which one sends to the other all the time: each frame has to come, in order and unchanged.
pub(crate) struct Neighbours {
    received: Arc<AtomicU32>,
    enough: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

/// How many frames are under way at most: no more than the receiver has room for.
const WINDOW: u32 = 128;

impl Neighbours {
    /// Guests at the sockets of two ports, each given by its number and path, of which the second gets what the first sends.
    pub(crate) fn start(forwarder: &Console, ports: [(u16, &str); 2]) -> Self {
        let guests = ports.map(|(_, path)| Frontend::up(path, 0));
        for (port, _) in ports {
            let begin = format!("pollway: port {port} (");
            let up = |line: &str| line.starts_with(&begin) && line.ends_with("): link up");
            wait_for("a neighbour's link", || forwarder.stderr().lines().any(up).then_some(()));
        }
        let (received, enough) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
        let (count, end) = (Arc::clone(&received), Arc::clone(&enough));
        Self { received, enough, thread: thread::spawn(move || talk(guests, &count, &end)) }
    }

    /// Waits until more frames have come.
    pub(crate) fn are_served(&self) {
        let before = self.received.load(Ordering::Relaxed);
        wait_for("frames between neighbours", || {
            assert!(!self.thread.is_finished(), "a neighbour's frame was lost or changed");
            (self.received.load(Ordering::Relaxed) - before >= 2 * WINDOW).then_some(())
        });
    }

    /// Ends it; how many frames were sent, all of which have come.
    pub(crate) fn finish(self) -> u32 {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn talk([mut from, mut to]: [Frontend; 2], received: &AtomicU32, enough: &AtomicBool) -> u32 {
    let frame = |number: u32| udp(1, number, 64 + number as usize % 1000);
    let (mut sent, mut came) = (0, 0);
    let mut last = Instant::now();
    loop {
        let ends = enough.load(Ordering::Relaxed);
        if ends && came == sent {
            return sent;
        }
        if !ends && sent - came < WINDOW {
            from.send_frame(&frame(sent));
            sent += 1;
        }
        match to.receive_frame() {
            Some(next) => {
                assert_eq!(next, frame(came));
                (came, last) = (came + 1, Instant::now());
                received.store(came, Ordering::Relaxed);
            }
            None => {
                assert!(last.elapsed() < PATIENCE, "{came} of {sent} frames came");
                thread::sleep(Duration::from_micros(100));
            }
        }
    }
}
