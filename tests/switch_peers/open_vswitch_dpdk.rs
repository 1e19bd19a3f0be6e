//! Open vSwitch on DPDK: its poll loop takes packets out of guests' rings, as ours does.

use crate::contest::{Contender, Ruled, Sent};
use crate::lab::capture::Frame;
use crate::lab::frontend::Frontend;
use crate::lab::ovs::Ovs;
use crate::lab::wait_for;
use crate::open_vswitch::{Ends, OpenVSwitch, name};

/// Who sends the frames that follow those of a burst: where one has come, all before it have.
const MARKER: [u8; 6] = [2, 0xdd, 0, 0, 0, 0];

/// A guest at each port, by the port's number.
pub(crate) struct Guests {
    guests: Vec<(u16, Frontend)>,
    /// How many marks were sent.
    marks: usize,
}

impl Ends for Guests {
    /// A mark goes to all ports, that where it came among them.
    const RULE: Option<[&str; 2]> =
        Some(["priority=65535,dl_src=02:dd:00:00:00:00", "flood,in_port"]);
}

impl OpenVSwitch<Guests> {
    /// One with guests at ports of these numbers; its poll loop runs on `processor`.
    pub(crate) fn with_guests(numbers: &[u16], processor: usize) -> Self {
        let ovs = Ovs::dpdk(processor);
        for number in numbers {
            ovs.add_port(&name(*number), *number, "dpdkvhostuser", &[]);
        }
        let guest = |number: &u16| {
            let socket = ovs.at(&name(*number)).display().to_string();
            (*number, Frontend::up(&socket, 0))
        };
        let guests = numbers.iter().map(guest).collect();
        let mut switch = Self { ovs, ends: Guests { guests, marks: 0 } };
        switch.clear();
        switch.ends.hear_each_other();
        switch
    }
}

impl Guests {
    fn next_mark(&mut self) -> Frame {
        self.marks += 1;
        let mut frame = [&[0xff; 6][..], &MARKER, &[0x88, 0xb5]].concat();
        frame.extend(self.marks.to_be_bytes());
        frame.resize(60, 0);
        frame
    }

    /// Waits until each gets what any of them sends.
    fn hear_each_other(&mut self) {
        let mut attempts = 0;
        for sender in 0..self.guests.len() {
            let mut deaf: Vec<usize> = (0..self.guests.len()).collect();
            wait_for("guests that hear each other", || {
                // Not more than a ring holds.
                if attempts % 20 == 0 {
                    let mark = self.next_mark();
                    self.guests[sender].1.send_frame(&mark);
                }
                attempts += 1;
                deaf.retain(|at| self.guests[*at].1.receive_frame().is_none());
                deaf.is_empty().then_some(())
            });
        }
    }
}

impl Contender for OpenVSwitch<Guests> {
    /// It sends a burst flow by flow.
    const KEEPS_ORDER: bool = false;

    fn feed(&mut self, port: u16, frames: &[Frame]) -> Vec<Sent> {
        let mark = self.ends.next_mark();
        let guests = &mut self.ends.guests;
        let (_, sender) = guests.iter_mut().find(|(number, _)| *number == port).unwrap();
        frames.iter().for_each(|frame| sender.send_frame(frame));
        // In one burst with them it might go first.
        wait_for("the burst to be taken", || sender.is_taken().then_some(()));
        sender.send_frame(&mark);
        let mut sent = Vec::new();
        for (number, guest) in guests {
            loop {
                let frame = wait_for("the mark behind a burst", || guest.receive_frame());
                match frame.get(6..12) {
                    Some(source) if source != MARKER => sent.push((*number, frame)),
                    _ if frame == mark => break,
                    // One of those before the first burst.
                    _ => {}
                }
            }
        }
        sent
    }
}
