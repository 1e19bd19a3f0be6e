//! What comes through a ring for a transmit queue that its device does not serve.

use super::{Context, DropReason, Mode};
use crate::batch::Batch;

/// Frees what it gets, so that the ring does not fill up for others that feed on its lcore, and nothing stays in it at the end.
pub(super) struct Unsent;

impl Mode for Unsent {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.counters.dropped(DropReason::Stopped, batch.len());
        batch.clear();
    }
}
