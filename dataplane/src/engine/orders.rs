//! What control tells a worker, and what the worker answers: a few atomic words and a mailbox.
//!
//! A worker looks every [`LOOK_EVERY`] rounds. Nothing here makes it wait, allocate or call the kernel.

use crate::forward::Job;
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rounds between two looks at the orders: a few microseconds under load.
pub(super) const LOOK_EVERY: u32 = 32;

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Poll all streams.
    Run,
    /// Leave ports alone, empty the ring sources, and say when that is done; the number tells the rounds apart.
    Drain(u32),
    /// Return.
    Exit,
}

const RUN: u32 = 0;
const EXIT: u32 = u32::MAX;

/// New jobs by stream. The old ones come back in the same form.
pub(super) type JobSet = Vec<Job>;

/// Orders to one worker.
pub(super) struct Orders {
    order: CachePadded<AtomicU32>,
    drained: CachePadded<AtomicU32>,
    new_jobs: (Sender<JobSet>, Receiver<JobSet>),
    old_jobs: (Sender<JobSet>, Receiver<JobSet>),
}

impl Default for Orders {
    fn default() -> Self {
        let zero = || CachePadded::new(AtomicU32::new(0));
        Self { order: zero(), drained: zero(), new_jobs: bounded(1), old_jobs: bounded(1) }
    }
}

impl Orders {
    /// Control: gives an order.
    pub(super) fn give(&self, order: Order) {
        let word = match order {
            Order::Run => RUN,
            Order::Drain(round) => round,
            Order::Exit => EXIT,
        };
        if order == Order::Run {
            self.drained.store(0, Ordering::Relaxed);
        }
        self.order.store(word, Ordering::Release);
    }

    /// Control: whether the worker has done this drain round.
    pub(super) fn has_drained(&self, round: u32) -> bool {
        self.drained.load(Ordering::Acquire) == round
    }

    /// Control: sends new jobs; gives them back if the worker has not taken the last ones yet.
    pub(super) fn send_jobs(&self, jobs: JobSet) -> Result<(), JobSet> {
        self.new_jobs.0.try_send(jobs).map_err(TrySendError::into_inner)
    }

    /// Control: the jobs that were replaced, once the worker has replaced them.
    pub(super) fn take_old_jobs(&self) -> Result<JobSet, TryRecvError> {
        self.old_jobs.1.try_recv()
    }

    /// Worker: what is to be done.
    #[inline]
    pub(super) fn look(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            RUN => Order::Run,
            EXIT => Order::Exit,
            round => Order::Drain(round),
        }
    }

    /// Worker: says that a drain round is done.
    pub(super) fn drained(&self, round: u32) {
        self.drained.store(round, Ordering::Release);
    }

    /// Worker: new jobs, if there are any.
    #[inline]
    pub(super) fn take_new_jobs(&self) -> Option<JobSet> {
        if self.new_jobs.1.is_empty() {
            return None;
        }
        self.new_jobs.1.try_recv().ok()
    }

    /// Worker: hands the replaced jobs back, for control to free. There is room: control sends no new ones before it
    /// has these.
    pub(super) fn return_jobs(&self, jobs: JobSet) {
        let sent = self.old_jobs.0.try_send(jobs);
        debug_assert!(sent.is_ok(), "control takes the old jobs before it sends new ones");
    }
}
