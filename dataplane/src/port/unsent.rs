//! What transmit queues did not take, and why.

use super::{Port, TxQueue};
use crate::counter::Counter;
use crossbeam_utils::CachePadded;
use serde::Serialize;

/// Why a transmit queue took no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was full.
    Full,
    /// Its port has no link.
    NoLink,
    /// Its other end has put a descriptor there that cannot be used.
    BadDescriptor,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Full, Self::NoLink, Self::BadDescriptor];
}

/// Packets that were not taken, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unsent {
    /// As the queue, or the ring towards it, was full.
    pub full: u64,
    /// As the port has no link.
    pub no_link: u64,
    /// As its guest has put a descriptor there that cannot be used.
    pub bad_descriptor: u64,
}

impl Unsent {
    /// As many for each reason as `packets` says.
    pub fn counted(packets: impl Fn(Refusal) -> u64) -> Self {
        Self {
            full: packets(Refusal::Full),
            no_link: packets(Refusal::NoLink),
            bad_descriptor: packets(Refusal::BadDescriptor),
        }
    }

    /// Those of one reason.
    pub fn of(&self, reason: Refusal) -> u64 {
        match reason {
            Refusal::Full => self.full,
            Refusal::NoLink => self.no_link,
            Refusal::BadDescriptor => self.bad_descriptor,
        }
    }

    /// Takes off what had been counted before.
    pub(crate) fn subtract(&mut self, before: &Self) {
        *self = Self::counted(|reason| self.of(reason).saturating_sub(before.of(reason)));
    }
}

/// The counts of [`Unsent`], with one writer.
#[derive(Debug, Default)]
pub(crate) struct UnsentCounters(CachePadded<[Counter; Refusal::ALL.len()]>);

impl UnsentCounters {
    pub(crate) fn add(&self, reason: Refusal, packets: usize) {
        self.0[reason as usize].add(packets as u64);
    }

    pub(crate) fn figures(&self) -> Unsent {
        Unsent::counted(|reason| self.0[reason as usize].get())
    }

    pub(crate) fn reset(&self) {
        self.0.iter().for_each(Counter::reset);
    }
}

impl TxQueue {
    /// Why the queue took no more, and that so many packets are dropped for it.
    #[cold]
    pub(crate) fn refuse(&mut self, packets: usize) -> Refusal {
        let reason = match (self.has_lost_link(), self.is_stuck()) {
            (true, _) => Refusal::NoLink,
            (false, true) => Refusal::BadDescriptor,
            (false, false) => Refusal::Full,
        };
        self.unsent().add(reason, packets);
        reason
    }
}

impl<State> Port<State> {
    /// What its transmit queues did not take since it was last started, by queue.
    pub fn unsent(&self) -> Vec<Unsent> {
        self.device.unsent.iter().map(|queue| queue.figures()).collect()
    }
}
