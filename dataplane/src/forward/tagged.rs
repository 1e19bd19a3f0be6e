//! VLAN tags that the device is to insert, whatever the mode (testpmd's `tx_vlan set`).

use super::{Context, Counts, Feed, Mode};
use crate::batch::Batch;
use crate::mbuf::VlanTags;
use std::sync::Arc;

/// A mode whose packets leave with VLAN tags.
pub(super) struct Tagged {
    /// What is done to packets before; `None` hands them on.
    pub(super) mode: Option<Box<dyn Mode>>,
    pub(super) tags: VlanTags,
}

impl Mode for Tagged {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if let Some(mode) = &mut self.mode {
            mode.process(batch, context);
        }
        for mbuf in batch.iter_mut() {
            mbuf.insert_vlan(self.tags);
        }
    }

    fn feed(&self) -> Feed {
        self.mode.as_ref().map_or(Feed::Bursts, |mode| mode.feed())
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        self.mode.as_ref().and_then(|mode| mode.counts())
    }

    fn release(&mut self) -> usize {
        self.mode.as_mut().map_or(0, |mode| mode.release())
    }
}
