//! The guest's end of a vhost-user port, written out by hand: it keeps to the protocol, or breaks it where a test says so.
//!
//! Its memory is a file that the port maps too; it is read and written as a file here.
//! Source: QEMU, `docs/interop/vhost-user.rst`; the virtio specification 1.2, 2.7 and 2.8.

use super::capture::Frame;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::fs::File;
use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

pub(crate) const GET_FEATURES: u32 = 1;
pub(crate) const SET_FEATURES: u32 = 2;
pub(crate) const SET_OWNER: u32 = 3;
pub(crate) const SET_MEM_TABLE: u32 = 5;
pub(crate) const SET_VRING_NUM: u32 = 8;
pub(crate) const SET_VRING_ADDR: u32 = 9;
pub(crate) const SET_VRING_BASE: u32 = 10;
pub(crate) const SET_VRING_KICK: u32 = 12;
pub(crate) const SET_VRING_CALL: u32 = 13;
pub(crate) const SET_PROTOCOL_FEATURES: u32 = 16;
pub(crate) const SET_VRING_ENABLE: u32 = 18;
pub(crate) const REM_MEM_REG: u32 = 38;

/// A message's version, and that it asks whether it was taken.
const VERSION: u32 = 1;
const NEED_REPLY: u32 = 8;

/// Features: checksums left to the other end, each way, and TCP packets longer than a segment from the guest and to it.
pub(crate) const CSUM: u64 = 1;
pub(crate) const GUEST_CSUM: u64 = 1 << 1;
pub(crate) const GUEST_TSO: u64 = 1 << 7 | 1 << 8;
pub(crate) const HOST_TSO: u64 = 1 << 11 | 1 << 12;
/// A header with a count of buffers, indirect tables, protocol features, version 1, packed rings.
pub(crate) const MRG_RXBUF: u64 = 1 << 15;
pub(crate) const INDIRECT: u64 = 1 << 28;
pub(crate) const PROTOCOL: u64 = 1 << 30;
pub(crate) const VERSION_1: u64 = 1 << 32;
pub(crate) const PACKED: u64 = 1 << 34;
const REPLY_ACK: u64 = 1 << 3;

/// Descriptors of a ring.
pub(crate) const RING: u16 = 256;
/// The guest's memory: where it lies in the guest, and how large it is.
pub(crate) const MEMORY: u64 = 0x1000_0000;
pub(crate) const MEMORY_SIZE: u64 = 4 << 20;
/// Where the parts of a ring and its buffers lie in that, from one ring to the next.
const RING_ROOM: u64 = 0x1_0000;
pub(crate) const RINGS_END: u64 = 2 * RING_ROOM;
const AVAILABLE: u64 = 0x4000;
const USED: u64 = 0x8000;
const BUFFERS: u64 = 0x8_0000;
const BUFFER: u64 = 0x800;
pub(crate) const BUFFERS_END: u64 = BUFFERS + 2 * RING as u64 * BUFFER;
/// The header before each packet.
pub(crate) const HEADER: usize = 12;
/// An address in the memory that no ring and none of its buffers is at.
pub(crate) const FREE: u64 = 0x30_0000;

/// Descriptor flags.
pub(crate) const NEXT: u16 = 1;
pub(crate) const WRITE: u16 = 2;
pub(crate) const TABLE: u16 = 4;
/// Of a packed ring: it is available in the first round.
pub(crate) const PACKED_AVAILABLE: u16 = 1 << 7;

/// A guest.
pub(crate) struct Frontend {
    socket: UnixStream,
    memory: File,
    features: u64,
    /// How many descriptors of each ring were made available.
    made: [u16; 2],
    /// How many packets were taken out of ring 0.
    taken: u16,
    _events: Vec<OwnedFd>,
}

impl Frontend {
    /// One that has only connected.
    pub(crate) fn connect(path: &str) -> Self {
        let socket = super::wait_for("the port's socket", || UnixStream::connect(path).ok());
        socket.set_read_timeout(Some(super::PATIENCE)).unwrap();
        let memory = File::from(memfd_create("guest", MemfdFlags::CLOEXEC).unwrap());
        memory.set_len(MEMORY_SIZE).unwrap();
        Self { socket, memory, features: 0, made: [0; 2], taken: 0, _events: Vec::new() }
    }

    /// One that is up, with one queue and room for what it is to receive.
    pub(crate) fn up(path: &str, features: u64) -> Self {
        let mut guest = Self::connect(path);
        guest.negotiate(features);
        guest.set_memory();
        guest.set_rings();
        if guest.features & PACKED == 0 {
            for place in 0..RING - 1 {
                let at = MEMORY + buffer(0, place);
                guest.descriptor(0, place, at, BUFFER as u32, WRITE, 0);
                guest.make_available(0, place);
            }
        }
        guest
    }

    /// Agrees on these features and that each message may be answered.
    pub(crate) fn negotiate(&mut self, features: u64) {
        self.features = features | PROTOCOL | VERSION_1 | MRG_RXBUF;
        self.send(SET_OWNER, &[], &[]);
        self.send(SET_FEATURES, &self.features.to_ne_bytes(), &[]);
        self.send(SET_PROTOCOL_FEATURES, &REPLY_ACK.to_ne_bytes(), &[]);
    }

    /// Hands over its memory.
    pub(crate) fn set_memory(&self) {
        let payload = table(&[(MEMORY, MEMORY_SIZE, 0)]);
        self.send(SET_MEM_TABLE, &payload, &[self.memory.as_fd()]);
    }

    /// Hands over a part of its memory as one region, and says whether it was taken.
    pub(crate) fn set_table(&self, payload: &[u8]) -> Option<bool> {
        self.ask(SET_MEM_TABLE, payload, &[self.memory.as_fd()])
    }

    /// Sets up both rings and enables them.
    pub(crate) fn set_rings(&mut self) {
        let base = if self.features & PACKED == 0 { 0 } else { 1 << 15 };
        for ring in 0..2 {
            self.set_ring(ring, u32::from(RING), base);
        }
    }

    /// Sets up a ring of so many descriptors from a place on, and enables it.
    pub(crate) fn set_ring(&mut self, ring: u32, size: u32, base: u32) {
        self.send(SET_VRING_NUM, &words(&[ring, size]), &[]);
        self.send(SET_VRING_BASE, &words(&[ring, base]), &[]);
        let start = MEMORY + RING_ROOM * u64::from(ring);
        self.set_address(ring, [start, start + USED, start + AVAILABLE]);
        for request in [SET_VRING_KICK, SET_VRING_CALL] {
            let event = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
            self.send(request, &u64::from(ring).to_ne_bytes(), &[event.as_fd()]);
            self._events.push(event);
        }
        self.send(SET_VRING_ENABLE, &words(&[ring, 1]), &[]);
    }

    /// Says where descriptors, used ring and available ring are.
    pub(crate) fn set_address(&self, ring: u32, addresses: [u64; 3]) {
        let mut payload = words(&[ring, 0]);
        for address in addresses.into_iter().chain([0]) {
            payload.extend(address.to_ne_bytes());
        }
        self.send(SET_VRING_ADDR, &payload, &[]);
    }

    /// Sends a message, unless the port has gone.
    pub(crate) fn send(&self, request: u32, payload: &[u8], files: &[BorrowedFd<'_>]) {
        self.send_with(request, VERSION, payload, files);
    }

    /// Sends a message and says whether it was taken; `None` if the connection has ended.
    pub(crate) fn ask(
        &self,
        request: u32,
        payload: &[u8],
        files: &[BorrowedFd<'_>],
    ) -> Option<bool> {
        self.send_with(request, VERSION | NEED_REPLY, payload, files);
        let mut reply = [0; 20];
        (&self.socket).read_exact(&mut reply).ok()?;
        Some(reply[12..] == [0; 8])
    }

    /// The answer to a request that has one.
    pub(crate) fn answer(&self, request: u32) -> Option<u64> {
        self.send(request, &[], &[]);
        let mut reply = [0; 20];
        (&self.socket).read_exact(&mut reply).ok()?;
        Some(u64::from_ne_bytes(reply[12..].try_into().unwrap()))
    }

    fn send_with(&self, request: u32, flags: u32, payload: &[u8], files: &[BorrowedFd<'_>]) {
        let mut message = words(&[request, flags, payload.len() as u32]);
        message.extend(payload);
        self.send_bytes(&message, files);
    }

    /// Sends these bytes, whatever they are.
    pub(crate) fn send_bytes(&self, bytes: &[u8], files: &[BorrowedFd<'_>]) {
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
        let mut ancillary = SendAncillaryBuffer::new(&mut room);
        assert!(files.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(files)));
        let parts = [IoSlice::new(bytes)];
        // A port that has gone is what some tests wait for.
        let _ = sendmsg(&self.socket, &parts, &mut ancillary, SendFlags::NOSIGNAL);
    }

    /// Waits until the port has ended the connection.
    pub(crate) fn wait_for_end(&self) {
        self.socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        super::wait_for("the end of the connection", || {
            match (&self.socket).read(&mut [0; 64]) {
                Ok(read) => (read == 0).then_some(()),
                // It ends with a reset if there was more to be read.
                Err(error) => (error.kind() == std::io::ErrorKind::ConnectionReset).then_some(()),
            }
        });
    }

    /// Makes its memory's file so long.
    pub(crate) fn resize_memory(&self, bytes: u64) {
        self.memory.set_len(bytes).unwrap();
    }

    /// Writes into its memory.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) {
        self.memory.write_all_at(bytes, at).unwrap();
    }

    fn read_u16(&self, at: u64) -> u16 {
        let mut bytes = [0; 2];
        self.memory.read_exact_at(&mut bytes, at).unwrap();
        u16::from_ne_bytes(bytes)
    }

    /// Writes a descriptor of a ring, whose last word is the next one in a split ring and the flags in a packed one.
    pub(crate) fn descriptor(
        &self,
        ring: u64,
        place: u16,
        address: u64,
        length: u32,
        flags: u16,
        next: u16,
    ) {
        let at = RING_ROOM * ring + 16 * u64::from(place);
        self.write(at, &self.descriptor_bytes(address, length, flags, next));
    }

    /// A descriptor as it lies in memory.
    pub(crate) fn descriptor_bytes(
        &self,
        address: u64,
        length: u32,
        flags: u16,
        next: u16,
    ) -> Vec<u8> {
        let last = if self.features & PACKED == 0 { [flags, next] } else { [0, flags] };
        let mut bytes = address.to_ne_bytes().to_vec();
        bytes.extend(length.to_ne_bytes());
        bytes.extend(last.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    /// In a split ring, makes the chain that begins with a descriptor available.
    pub(crate) fn make_available(&mut self, ring: u64, head: u16) {
        let made = &mut self.made[ring as usize];
        let place = u64::from(*made % RING);
        *made = made.wrapping_add(1);
        let count = *made;
        let at = RING_ROOM * ring + AVAILABLE;
        self.write(at + 4 + 2 * place, &head.to_ne_bytes());
        self.set_available(ring, count);
    }

    /// In a split ring, says how many descriptors were ever made available.
    pub(crate) fn set_available(&self, ring: u64, count: u16) {
        self.write(RING_ROOM * ring + AVAILABLE + 2, &count.to_ne_bytes());
    }

    /// Sends a frame through a split ring.
    pub(crate) fn send_frame(&mut self, frame: &[u8]) {
        let at = buffer(1, self.made[1] % RING);
        self.send_packet(at, &[&[0; HEADER], frame].concat());
    }

    /// Sends a frame with its header through a split ring, from a place in the memory.
    pub(crate) fn send_packet(&mut self, at: u64, packet: &[u8]) {
        let place = self.made[1] % RING;
        self.write(at, packet);
        self.descriptor(1, place, MEMORY + at, packet.len() as u32, 0, 0);
        self.make_available(1, place);
    }

    /// Whether all that it sent through a split ring was taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.read_u16(RING_ROOM + USED + 2) == self.made[1]
    }

    /// The next frame that came through a split ring, if one did.
    pub(crate) fn receive_frame(&mut self) -> Option<Frame> {
        Some(self.receive_packet()?.split_off(HEADER))
    }

    /// The next frame with its header that came through a split ring, if one did.
    pub(crate) fn receive_packet(&mut self) -> Option<Vec<u8>> {
        let mut packet = self.receive_buffer()?;
        // The last two bytes of the header are how many buffers the packet is in.
        for _ in 1..u16::from_le_bytes([packet[HEADER - 2], packet[HEADER - 1]]) {
            packet.extend(self.receive_buffer().unwrap());
        }
        Some(packet)
    }

    fn receive_buffer(&mut self) -> Option<Vec<u8>> {
        if self.read_u16(USED + 2) == self.taken {
            return None;
        }
        let at = USED + 4 + 8 * u64::from(self.taken % RING);
        let mut element = [0; 8];
        self.memory.read_exact_at(&mut element, at).unwrap();
        let word = |from: usize| u32::from_ne_bytes(element[from..from + 4].try_into().unwrap());
        let (place, length) = (word(0) as u16, word(4) as usize);
        let mut packet = vec![0; length];
        self.memory.read_exact_at(&mut packet, buffer(0, place)).unwrap();
        self.taken = self.taken.wrapping_add(1);
        self.make_available(0, place);
        Some(packet)
    }
}

/// Where a ring's buffer lies in the memory.
fn buffer(ring: u64, place: u16) -> u64 {
    BUFFERS + (ring * u64::from(RING) + u64::from(place)) * BUFFER
}

/// Numbers as they are sent.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A table of memory: address, bytes and place in the file, region by region.
pub(crate) fn table(regions: &[(u64, u64, u64)]) -> Vec<u8> {
    let mut payload = words(&[regions.len() as u32, 0]);
    for (address, size, offset) in regions {
        payload.extend(
            [*address, *size, *address, *offset].iter().flat_map(|word| word.to_ne_bytes()),
        );
    }
    payload
}
