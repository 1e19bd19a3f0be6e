//! How a snapshot reaches a worker.

use crate::switch::snapshot::Snapshot;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;

/// Room for one snapshot, the newest.
pub(in crate::switch) struct Mailbox(Sender<Arc<Snapshot>>, Receiver<Arc<Snapshot>>);

impl Mailbox {
    pub(super) fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Self(sender, receiver)
    }

    /// Control: puts a snapshot in, in place of one that was not taken yet.
    pub(super) fn put(&self, snapshot: &Arc<Snapshot>) {
        let mut snapshot = Arc::clone(snapshot);
        while let Err(full) = self.0.try_send(snapshot) {
            drop(self.1.try_recv());
            snapshot = full.into_inner();
        }
    }

    /// Worker: takes the snapshot that is there.
    #[inline]
    pub(in crate::switch) fn take(&self) -> Option<Arc<Snapshot>> {
        if self.1.is_empty() {
            return None;
        }
        self.1.try_recv().ok()
    }
}
