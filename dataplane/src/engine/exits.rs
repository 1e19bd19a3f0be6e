//! A switching worker's ways out: one a port, each with the packets that were put into it and not sent yet.

use super::counters::StreamCounters;
use super::segmenter::Way;
use super::send::send;
use super::worker::Outlets;
use crate::batch::Batch;
use crate::counter::Counter;
use crate::forward::{DropReason, Job};
use crate::mbuf::Mbuf;
use crate::port::{PortId, Refusal, Unsent, UnsentCounters};
use crossbeam_utils::CachePadded;
use serde::Serialize;
use std::sync::Arc;

/// The exits that one worker's switching streams share; none in a plan that switches nothing. Between two polls they are
/// empty.
#[derive(Default)]
pub(crate) struct Exits {
    /// By port number: the place of the port's exit.
    by_port: Box<[Option<u16>]>,
    ends: Vec<End>,
    /// The places of those that hold packets, in the order in which they got the first.
    filled: Vec<u16>,
    /// The place of the exit for what is left in the stream's own batch.
    whole: Option<u16>,
}

/// One exit, and what is in it.
struct End {
    staged: Batch,
    exit: Exit,
}

struct Exit {
    port: PortId,
    outlet: Outlet,
    counters: Arc<ExitCounters>,
}

/// Where an exit leads: a place among the worker's [`Outlets`].
#[derive(Clone, Copy)]
pub(super) enum Outlet {
    Tx(usize),
    Ring(usize),
}

/// Why a packet could not be put into an exit.
pub(crate) enum NotPut {
    /// There is no exit to that port.
    NoExit,
    /// The exit holds as many packets as a batch can.
    Full,
}

impl Exits {
    /// Exits to these ports.
    pub(super) fn new(outlets: impl Iterator<Item = (PortId, Outlet)>) -> Self {
        let exit = |(port, outlet)| Exit { port, outlet, counters: Arc::default() };
        let end = |exit| End { staged: Batch::new(), exit };
        Self::of(outlets.map(exit).map(end).collect())
    }

    fn of(ends: Vec<End>) -> Self {
        let most = ends.iter().map(|end| usize::from(end.exit.port.0) + 1).max().unwrap_or(0);
        let place = |port: usize| ends.iter().position(|end| usize::from(end.exit.port.0) == port);
        let by_port = (0..most).map(|port| place(port).map(|at| at as u16)).collect();
        Self { by_port, filled: Vec::with_capacity(ends.len()), whole: None, ends }
    }

    /// Finds transmit queues at their new places; the exits of those that have none are gone.
    pub(super) fn relocate(&mut self, places: &[Option<usize>]) {
        let mut ends = std::mem::take(&mut self.ends);
        ends.retain_mut(|end| match &mut end.exit.outlet {
            Outlet::Tx(at) => places[*at].map(|place| *at = place).is_some(),
            Outlet::Ring(_) => true,
        });
        *self = Self::of(ends);
    }

    /// What is counted at each exit, by port.
    pub(super) fn counters(&self) -> Vec<(PortId, Arc<ExitCounters>)> {
        self.ends.iter().map(|end| (end.exit.port, Arc::clone(&end.exit.counters))).collect()
    }

    /// How many exits there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The port of the exit at a place below [`Self::len`].
    #[inline]
    pub(crate) fn port_at(&self, place: usize) -> Option<PortId> {
        self.ends.get(place).map(|end| end.exit.port)
    }

    /// Puts a packet into the exit to `port`, or frees it.
    ///
    /// # Errors
    /// Why it was freed.
    #[inline]
    pub(crate) fn put(&mut self, port: PortId, mbuf: Mbuf) -> Result<(), NotPut> {
        let Some(place) = self.place(port) else { return Err(NotPut::NoExit) };
        let Some(end) = self.ends.get_mut(usize::from(place)) else { return Err(NotPut::NoExit) };
        // An exit is listed once, when it gets its first packet, so the list never grows beyond its capacity.
        if end.staged.is_empty() {
            self.filled.push(place);
        }
        end.staged.push(mbuf).map_err(|_| NotPut::Full)
    }

    /// Has what is left in the stream's own batch leave by the exit to `port`, behind what was put into that: a whole burst is
    /// not moved. Without such an exit it leaves by none.
    #[inline]
    pub(crate) fn take_whole(&mut self, port: PortId) {
        self.whole = self.place(port);
    }

    #[inline]
    fn place(&self, port: PortId) -> Option<u16> {
        *self.by_port.get(usize::from(port.0))?
    }

    /// Sends what was put into the exits, and `batch` if it is to leave as a whole; otherwise it stays as it is. What is not taken
    /// is tried again as the job's mode has it for that port, and freed then.
    ///
    /// Not inlined: it would take the registers of the loop around it, for the streams that have no exits too.
    #[inline(never)]
    pub(super) fn send(
        &mut self,
        batch: &mut Batch,
        outlets: &mut Outlets,
        job: &mut Job,
        counters: &StreamCounters,
    ) {
        let Self { ends, filled, whole, .. } = self;
        for place in filled.iter() {
            if let Some(End { staged, exit }) = ends.get_mut(usize::from(*place)) {
                exit.send(staged, outlets, job, counters);
            }
        }
        filled.clear();
        if let Some(place) = whole.take()
            && let Some(End { exit, .. }) = ends.get(usize::from(place))
        {
            exit.send(batch, outlets, job, counters);
        }
    }
}

impl Exit {
    /// Sends a burst, and frees what is not taken.
    #[inline]
    fn send(
        &self,
        batch: &mut Batch,
        outlets: &mut Outlets,
        job: &mut Job,
        counters: &StreamCounters,
    ) {
        let Job { mode, segmenter, .. } = job;
        let sent = match self.outlet {
            Outlet::Tx(at) => {
                let queue = &mut outlets.tx[at];
                let retry = || mode.as_ref().and_then(|mode| mode.retry(self.port));
                if let Some(segmenter) = segmenter {
                    let way = Way { retry: retry(), counters, exit: Some(&self.counters) };
                    segmenter.adapt(queue, batch, way);
                }
                send(queue, batch, retry, counters)
            }
            Outlet::Ring(at) => outlets.rings[at].enqueue_batch(batch),
        };
        counters.sent(sent);
        self.counters.sent(sent);
        if !batch.is_empty() {
            let packets = batch.len();
            let (why, reason) = match self.outlet {
                Outlet::Tx(at) => {
                    let why = outlets.tx[at].refuse(packets);
                    (why, why.into())
                }
                Outlet::Ring(_) => (Refusal::Full, DropReason::RingFull),
            };
            counters.dropped(reason, packets);
            self.counters.refused(why, packets);
            batch.clear();
        }
    }
}

/// What one worker counts at one exit.
#[derive(Debug, Default)]
pub(super) struct ExitCounters {
    sent: CachePadded<Counter>,
    unsent: UnsentCounters,
}

impl ExitCounters {
    /// Counts packets that the outlet took.
    #[inline]
    pub(super) fn sent(&self, packets: usize) {
        self.sent.add(packets as u64);
    }

    /// Counts packets that it did not take.
    pub(super) fn refused(&self, why: Refusal, packets: usize) {
        self.unsent.add(why, packets);
    }

    /// The counts now.
    pub(super) fn figures(&self, port: PortId) -> ExitFigures {
        ExitFigures { port, sent: self.sent.get(), unsent: self.unsent.figures() }
    }

    pub(super) fn reset(&self) {
        self.sent.reset();
        self.unsent.reset();
    }
}

/// What left by one exit of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ExitFigures {
    /// The port that it leads to.
    pub port: PortId,
    /// Packets that the port's queue, or the ring towards it, took.
    pub sent: u64,
    /// Packets that it did not take.
    #[serde(flatten)]
    pub unsent: Unsent,
}

impl ExitFigures {
    /// Takes off what had been counted before.
    pub(super) fn subtract(&mut self, before: &Self) {
        self.sent = self.sent.saturating_sub(before.sent);
        self.unsent.subtract(&before.unsent);
    }
}
