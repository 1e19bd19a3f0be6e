//! Guests that break the vhost-user protocol or their rings: each is let go of with a reason, and the others are served on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod lab;

use lab::capture::udp;
use lab::forwarder::Forwarder;
use lab::frontend::*;
use lab::neighbours::Neighbours;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::AsFd;
use std::fs::File;
use tempfile::TempDir;

/// A forwarder with a port for a hostile guest, to which another port sends without end, and two for guests that are not.
struct Rig {
    forwarder: Forwarder,
    neighbours: Neighbours,
    /// How much of stderr was looked at.
    read: usize,
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let device = |name: &str| format!("vhost:{}", path(name));
        let devices = [device("hostile"), "null:".to_owned(), device("a"), device("b")];
        let devices = devices.each_ref().map(String::as_str);
        let forwarder = Forwarder::on(&devices, &["--no-huge", "-m", "256"]);
        let neighbours =
            Neighbours::start(&forwarder.shell.console, [(2, &path("a")), (3, &path("b"))]);
        Self { forwarder, neighbours, read: 0, folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("hostile").display().to_string()
    }

    /// Waits until it is said of the hostile guest's port.
    fn said(&mut self, what: &str) {
        let line = format!("pollway: port 0 (net_vhost0): {what}\n");
        let read = self.read;
        let console = &self.forwarder.shell.console;
        self.read = lab::wait_for(&line, || {
            let said = console.stderr();
            said[read..].find(&line).map(|at| read + at + line.len())
        });
        self.neighbours.are_served();
    }

    /// Has a guest that is up do something, for which it is dropped.
    fn dropped(&mut self, features: u64, deed: impl FnOnce(&mut Frontend), why: &str) {
        let mut guest = Frontend::up(&self.path(), features);
        self.said("link up");
        deed(&mut guest);
        self.said(&format!("dropped the guest: {why}"));
        guest.wait_for_end();
        self.said("link down");
    }

    /// Has a guest that is up send something that is refused, for which its connection is ended.
    fn refused(&mut self, request: &str, deed: impl FnOnce(&Frontend)) {
        let guest = Frontend::up(&self.path(), 0);
        self.said("link up");
        deed(&guest);
        guest.wait_for_end();
        self.said(&format!("the guest left: its request {request} was refused"));
    }

    /// No packet of the others was lost, and every one is back in its pool.
    fn end(self) {
        self.neighbours.finish();
        self.forwarder.stop();
    }
}

#[test]
fn descriptors_that_cannot_be() {
    let mut rig = Rig::new();
    let at = MEMORY + FREE;
    rig.dropped(
        0,
        |guest| {
            guest.descriptor(1, 0, at, 64, NEXT, 1);
            guest.descriptor(1, 1, at, 64, NEXT, 0);
            guest.make_available(1, 0);
        },
        "ring 1: the chain of descriptor 0 has no end",
    );
    rig.dropped(
        0,
        |guest| {
            guest.descriptor(1, 0, 0xdead_0000_0000, 64, 0, 0);
            guest.make_available(1, 0);
        },
        "ring 1: 64 bytes at 0xdead00000000 are not in its memory",
    );
    rig.dropped(
        0,
        |guest| {
            guest.descriptor(1, 0, MEMORY + MEMORY_SIZE - 16, 64, 0, 0);
            guest.make_available(1, 0);
        },
        "ring 1: 64 bytes at 0x103ffff0 are not in its memory",
    );
    rig.dropped(
        0,
        |guest| {
            guest.descriptor(1, 0, at, 64, NEXT, 300);
            guest.make_available(1, 0);
        },
        "ring 1: descriptor 300 is not in a ring of 256",
    );
    rig.dropped(
        0,
        |guest| guest.make_available(1, 999),
        "ring 1: descriptor 999 is not in a ring of 256",
    );
    rig.dropped(
        0,
        |guest| {
            guest.descriptor(1, 0, 0, 64, 0, 0);
            guest.set_available(1, 1000);
        },
        "ring 1: 1000 descriptors are available in a ring of 256",
    );
    rig.end();
}

#[test]
fn tables_of_descriptors_that_cannot_be() {
    let mut rig = Rig::new();
    let at = MEMORY + FREE;
    rig.dropped(
        INDIRECT,
        |guest| {
            for (place, next) in [(0, 1), (1, 0)] {
                let descriptor = guest.descriptor_bytes(at + 64, 64, NEXT, next);
                guest.write(FREE + 16 * place, &descriptor);
            }
            guest.descriptor(1, 0, at, 32, TABLE, 0);
            guest.make_available(1, 0);
        },
        "ring 1: the chain of descriptor 0 has no end",
    );
    rig.dropped(
        INDIRECT,
        |guest| {
            guest.descriptor(1, 0, 0x10, 32, TABLE, 0);
            guest.make_available(1, 0);
        },
        "ring 1: 32 bytes at 0x10 are not in its memory",
    );
    rig.end();
}

#[test]
fn packed_rings_that_cannot_be() {
    let mut rig = Rig::new();
    // librte_vhost passes over what it cannot take in a packed ring, and takes what follows.
    let guest = Frontend::up(&rig.path(), PACKED);
    rig.said("link up");
    guest.descriptor(1, 1, MEMORY + FREE, 100, PACKED_AVAILABLE, 0);
    guest.descriptor(1, 0, 1 << 60, 1 << 31, PACKED_AVAILABLE, 0);
    rig.forwarder.shell.wait_for_figure(0, "RX-packets", 1);
    for place in (2..RING).rev() {
        guest.descriptor(1, place, MEMORY + FREE, 64, PACKED_AVAILABLE | NEXT, 0);
    }
    rig.neighbours.are_served();
    drop(guest);
    rig.said("link down");
    let mut guest = Frontend::connect(&rig.path());
    guest.negotiate(PACKED);
    guest.set_memory();
    for ring in 0..2 {
        guest.set_ring(ring, 256, 0xf000);
    }
    rig.said("dropped the guest: ring 0: its next descriptor is past the ring's end");
    guest.wait_for_end();
    rig.end();
}

#[test]
fn memory_that_goes_away_under_a_worker() {
    let mut rig = Rig::new();
    let gone = "its memory is gone, as it made the file smaller that it lies in";
    rig.dropped(0, |guest| guest.resize_memory(0), gone);
    // A table that is refused, with the rings in use. librte_vhost has unmapped the memory then.
    let no_memory = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let (refused, files) = (table(&[(MEMORY, MEMORY_SIZE, 0)]), [no_memory.as_fd()]);
    // As the regions are the same, it is taken as it was.
    let other = table(&[(MEMORY + 0x1000, MEMORY_SIZE, 0)]);
    rig.refused("SET_MEM_TABLE", |guest| {
        assert_eq!(guest.ask(SET_MEM_TABLE, &refused, &files), Some(true));
        guest.send(SET_MEM_TABLE, &other, &files);
    });
    rig.dropped(
        0,
        |guest| assert_eq!(guest.ask(SET_MEM_TABLE, &other, &files), Some(false)),
        "its request SET_MEM_TABLE was refused, and it goes on without memory",
    );
    rig.end();
}

#[test]
fn memory_that_shrinks_under_traffic() {
    let mut rig = Rig::new();
    let shrink = |guest: &Frontend, from: u64, to: u64| {
        let table = table(&[(MEMORY + from, to - from, from)]);
        assert_eq!(guest.set_table(&table), Some(true));
    };
    // What nothing was in: the guest is served on, and so is one that takes back what it gave.
    let mut guest = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    let mut received = rig.forwarder.shell.port_figure(0, "RX-packets");
    for end in [FREE, BUFFERS_END, MEMORY_SIZE] {
        shrink(&guest, 0, end);
        guest.send_frame(&udp(1, 0, 200));
        received += 1;
        rig.forwarder.shell.wait_for_figure(0, "RX-packets", received);
        rig.neighbours.are_served();
    }
    drop(guest);
    rig.said("link down");
    // What buffers are in, of packets to it and of its own.
    rig.dropped(
        0,
        |guest| {
            shrink(guest, 0, RINGS_END);
            guest.descriptor(0, 0, MEMORY + FREE, 2048, WRITE, 0);
            guest.make_available(0, 0);
        },
        "ring 0: 2048 bytes at 0x10300000 are not in its memory",
    );
    rig.dropped(
        0,
        |guest| {
            shrink(guest, 0, RINGS_END);
            guest.send_packet(FREE, &[0; 100]);
        },
        "ring 1: 100 bytes at 0x10300000 are not in its memory",
    );
    // What a table of descriptors is in.
    rig.dropped(
        INDIRECT,
        |guest| {
            shrink(guest, 0, FREE);
            guest.descriptor(1, 0, MEMORY + FREE, 32, TABLE, 0);
            guest.make_available(1, 0);
        },
        "ring 1: 32 bytes at 0x10300000 are not in its memory",
    );
    // What rings are in: both, the second one, and a part of that.
    for (from, to, ring) in
        [(RINGS_END, MEMORY_SIZE, 0), (0, RINGS_END / 2, 1), (0, RINGS_END / 2 + 0x8000, 1)]
    {
        for features in [0, PACKED] {
            rig.dropped(
                features,
                |guest| shrink(guest, from, to),
                &format!("ring {ring} is in memory that it has taken away"),
            );
        }
    }
    // librte_vhost has no regions that come and go one by one, and ends the connection.
    let guest = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    let region = [words(&[0, 0]), table(&[(MEMORY, MEMORY_SIZE, 0)]).split_off(8)].concat();
    guest.send(REM_MEM_REG, &region, &[]);
    guest.wait_for_end();
    rig.said("the guest left: its connection ended");
    rig.end();
}

#[test]
fn rings_in_use_are_not_changed() {
    let mut rig = Rig::new();
    let larger = words(&[1, 32768]);
    let elsewhere = words(&[0, 20000]);
    rig.refused("SET_VRING_NUM", |guest| guest.send(SET_VRING_NUM, &larger, &[]));
    rig.refused("SET_VRING_BASE", |guest| guest.send(SET_VRING_BASE, &elsewhere, &[]));
    let guest = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    assert_eq!(guest.ask(SET_VRING_NUM, &larger, &[]), Some(false));
    // It moves a ring to where nothing is, and stops itself with that.
    guest.set_address(1, [1, 2, 3]);
    rig.neighbours.are_served();
    drop(guest);
    rig.said("the guest left: its connection ended");
    rig.end();
}

#[test]
fn messages_that_cannot_be() {
    let mut rig = Rig::new();
    let event = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let folder = File::open("/").unwrap();
    let header = |request: u32, size: u32| words(&[request, 1, size]);
    let deeds: [&dyn Fn(&Frontend); 17] = [
        &|guest| guest.send_bytes(&[1, 0, 0], &[]),
        &|guest| guest.send_bytes(&header(GET_FEATURES, u32::MAX), &[]),
        &|guest| guest.send_bytes(&header(SET_MEM_TABLE, 8), &[]),
        &|guest| guest.send(0, &[], &[]),
        &|guest| guest.send(999, &[0; 8], &[]),
        &|guest| guest.send(SET_FEATURES, &u64::MAX.to_ne_bytes(), &[]),
        &|guest| guest.send(SET_MEM_TABLE, &words(&[5000, 0]), &[event.as_fd()]),
        &|guest| guest.send(SET_MEM_TABLE, &table(&[(0, 4096, 0); 8]), &[]),
        &|guest| guest.send(SET_MEM_TABLE, &table(&[(0, 4096, 0)]), &[event.as_fd()]),
        &|guest| guest.send(SET_MEM_TABLE, &table(&[(0, 4096, 0)]), &[folder.as_fd()]),
        &|guest| guest.send(SET_MEM_TABLE, &table(&[(0, 4096, u64::MAX - 100)]), &[event.as_fd()]),
        &|guest| guest.send(SET_MEM_TABLE, &table(&[(0, 4096, 0)]), &[event.as_fd(); 16]),
        &|guest| guest.send(SET_VRING_NUM, &words(&[5000, 256]), &[]),
        &|guest| guest.send(SET_VRING_NUM, &words(&[1, 65535]), &[]),
        &|guest| guest.send(SET_VRING_NUM, &words(&[1, 3]), &[]),
        &|guest| guest.send(SET_VRING_ENABLE, &words(&[u32::MAX, 1]), &[]),
        &|guest| guest.set_address(0, [MEMORY, MEMORY, MEMORY]),
    ];
    for deed in deeds {
        let guest = Frontend::connect(&rig.path());
        deed(&guest);
        drop(guest);
        rig.neighbours.are_served();
    }
    // Its memory is a file without a byte, into which the rings are put.
    let mut guest = Frontend::connect(&rig.path());
    guest.resize_memory(0);
    guest.negotiate(0);
    guest.set_memory();
    guest.set_rings();
    rig.neighbours.are_served();
    drop(guest);
    // The port is as good as before.
    let guest = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    drop(guest);
    rig.end();
}

#[test]
fn a_second_guest_at_one_socket() {
    let mut rig = Rig::new();
    let first = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    let second = Frontend::up(&rig.path(), 0);
    rig.said("dropped the guest: a second one came to the same socket, so both have to come again");
    first.wait_for_end();
    second.wait_for_end();
    rig.said("link down");
    let third = Frontend::up(&rig.path(), 0);
    rig.said("link up");
    drop(third);
    rig.end();
}
