//! What a mode is told about its stream, and what it may use while it processes a burst.

use super::ModeOptions;
use crate::batch::Batch;
use crate::engine::counters::StreamCounters;
use crate::engine::exits::{Exits, NotPut};
use crate::lcore::{LcoreId, SocketId};
use crate::mbuf::Mbuf;
use crate::mempool::Mempool;
use crate::port::{PortId, Refusal};
use crate::wire::ethernet::{Frame, MacAddr};
use serde::{Serialize, Serializer};
use std::num::NonZeroU64;
use std::time::Duration;

/// What a mode is told about the stream it works for.
#[derive(Clone, Copy)]
pub struct StreamContext<'a> {
    /// The stream's number among all of the plan's.
    pub number: usize,
    /// The lcore that runs it.
    pub lcore: LcoreId,
    /// The port where its packets enter.
    pub ingress: PortFacts,
    /// The port where they leave.
    pub egress: PortFacts,
    /// The address of the station behind that port (testpmd's `--eth-peer`).
    pub peer_mac: MacAddr,
    /// Where packets come from that the mode makes.
    pub pool: &'a Mempool,
    /// How many packets of the pool the mode may hold: what queues, rings and bursts can never need, this stream's share.
    pub spare: u32,
    /// Packets a receive call asks for, and so how many a mode makes at a time.
    pub burst: u16,
    /// The timestamp counter's frequency ([`crate::lcore::cycles`]).
    pub tsc_hz: NonZeroU64,
    /// What the user asked of each mode.
    pub options: &'a ModeOptions,
}

impl StreamContext<'_> {
    /// A time in cycles of [`crate::lcore::cycles`].
    pub(super) fn cycles_in(&self, time: Duration) -> u64 {
        let cycles = time.as_nanos() * u128::from(self.tsc_hz.get()) / 1_000_000_000;
        u64::try_from(cycles).unwrap_or(u64::MAX)
    }
}

/// What a mode may want to know of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortFacts {
    /// The port's number.
    pub id: PortId,
    /// Its address.
    pub mac: MacAddr,
    /// The NUMA node of its pool.
    pub socket: SocketId,
    /// Transmit offloads that it granted (`RTE_ETH_TX_OFFLOAD_*`).
    pub tx_offloads: u64,
    /// Whether TCP packets longer than a segment may come by it that are to be cut.
    pub brings_long: bool,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes to the sink.
    Send,
    /// It has come to its end, as the mode has it: freed, and no loss.
    Done,
    /// It is freed and counted under the reason.
    Drop(DropReason),
}

/// Why a packet was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The transmit queue took no more.
    TxFull,
    /// The transmit queue took no more, as the port has no link.
    NoLink,
    /// The transmit queue took no more, as the guest at its other end has put a descriptor there that cannot be used.
    BadDescriptor,
    /// The ring to the next core took no more.
    RingFull,
    /// It shares its bytes with another packet, so they must not be changed.
    Shared,
    /// Too short for the headers that the mode needs.
    Truncated,
    /// The run ended before it could be sent, or its transmit queue is stopped.
    Stopped,
    /// The mode holds packets back, and had no room for more.
    HoldFull,
    /// The mode loses packets on purpose.
    Impaired,
    /// It asks for an offload that the device cannot do.
    Offload,
    /// No rule of the switch matches it.
    NoRule,
    /// A rule says so, or has nothing else to do with it.
    Rule,
    /// Its VLAN is not allowed on the port where it came, or it would have to leave by.
    Vlan,
    /// It would have to leave by the port where it came.
    SamePort,
    /// It came by an isolated port, and every port that it could leave by is isolated too.
    Isolated,
    /// Its address is one that no bridge forwards (IEEE 802.1Q §8.6.3).
    Reserved,
    /// Its destination is not known, or everyone, and no port takes such packets.
    Unknown,
    /// Its port received more than it may.
    Rate,
    /// Its port received more broadcast, multicast or unknown packets than it may.
    Storm,
    /// Its time to live has run out.
    Ttl,
    /// There is no port of that number, or no group, or nothing in it.
    NoExit,
    /// There was no packet to copy it into, or for what is made of it.
    NoBuffer,
    /// It came by a port that is there for the copies of a mirror.
    Mirror,
}

impl From<Refusal> for DropReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::TxFull,
            Refusal::NoLink => Self::NoLink,
            Refusal::BadDescriptor => Self::BadDescriptor,
        }
    }
}

impl Serialize for DropReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl DropReason {
    /// Its name in accounts.
    pub fn name(self) -> &'static str {
        match self {
            Self::TxFull => "tx_full",
            Self::NoLink => "no_link",
            Self::BadDescriptor => "bad_descriptor",
            Self::RingFull => "ring_full",
            Self::Shared => "shared",
            Self::Truncated => "truncated",
            Self::Stopped => "stopped",
            Self::HoldFull => "hold_full",
            Self::Impaired => "impaired",
            Self::Offload => "offload",
            Self::NoRule => "no_rule",
            Self::Rule => "rule",
            Self::Vlan => "vlan",
            Self::SamePort => "same_port",
            Self::Isolated => "isolated",
            Self::Reserved => "reserved",
            Self::Unknown => "unknown",
            Self::Rate => "rate",
            Self::Storm => "storm",
            Self::Ttl => "ttl",
            Self::NoExit => "no_exit",
            Self::NoBuffer => "no_buffer",
            Self::Mirror => "mirror",
        }
    }

    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 23] = [
        Self::TxFull,
        Self::NoLink,
        Self::BadDescriptor,
        Self::RingFull,
        Self::Shared,
        Self::Truncated,
        Self::Stopped,
        Self::HoldFull,
        Self::Impaired,
        Self::Offload,
        Self::NoRule,
        Self::Rule,
        Self::Vlan,
        Self::SamePort,
        Self::Isolated,
        Self::Reserved,
        Self::Unknown,
        Self::Rate,
        Self::Storm,
        Self::Ttl,
        Self::NoExit,
        Self::NoBuffer,
        Self::Mirror,
    ];
}

/// What a mode may use while it processes a burst.
pub struct Context<'a> {
    pub(crate) counters: &'a StreamCounters,
    pub(crate) exits: &'a mut Exits,
}

impl Context<'_> {
    /// Packets of the stream that its sink did not take, since forwarding started.
    #[inline]
    pub fn unsent(&self) -> u64 {
        self.counters.unsent()
    }

    /// Counts packets that the mode frees itself.
    #[inline]
    pub fn dropped(&mut self, reason: DropReason, packets: usize) {
        self.counters.dropped(reason, packets);
    }

    /// Has a packet leave by the exit to `port`, once this burst is done. Without such an exit it is freed and counted.
    #[inline]
    pub fn leave(&mut self, port: PortId, mbuf: Mbuf) {
        if let Err(reason) = self.exits.put(port, mbuf) {
            let reason = match reason {
                NotPut::NoExit => DropReason::NoExit,
                NotPut::Full => DropReason::TxFull,
            };
            self.counters.dropped(reason, 1);
        }
    }

    /// As [`Self::leave`], for all that the mode leaves in its batch.
    #[inline]
    pub fn leave_all(&mut self, port: PortId) {
        self.exits.take_whole(port);
    }

    /// How many exits there are.
    #[inline]
    pub fn exits(&self) -> usize {
        self.exits.len()
    }

    /// The port of the exit at a place below [`Self::exits`].
    #[inline]
    pub fn exit(&self, place: usize) -> Option<PortId> {
        self.exits.port_at(place)
    }

    /// Gives each packet its fate: those that are not sent are freed in bulk, and those dropped are counted.
    #[inline]
    pub fn settle(&mut self, batch: &mut Batch, mut fate: impl FnMut(&mut Mbuf) -> Fate) {
        batch.retain(|mbuf| match fate(mbuf) {
            Fate::Send => true,
            Fate::Done => false,
            Fate::Drop(reason) => {
                self.counters.dropped(reason, 1);
                false
            }
        });
    }

    /// As [`Self::settle`], with the frame that begins each packet; packets that have none or share it are dropped.
    #[inline]
    pub fn settle_frames(
        &mut self,
        batch: &mut Batch,
        mut fate: impl FnMut(Frame<&mut [u8]>) -> Fate,
    ) {
        self.settle(batch, |mbuf| match mbuf.data_mut().map(Frame::new_checked) {
            Some(Some(frame)) => fate(frame),
            Some(None) => Fate::Drop(DropReason::Truncated),
            None => Fate::Drop(DropReason::Shared),
        });
    }
}
