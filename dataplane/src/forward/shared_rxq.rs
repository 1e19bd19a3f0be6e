//! `shared_rxq`: receives packets of several ports from one queue, counts them by port and frees them.
//!
//! ```text
//! before  port=P dst=D src=S …
//! after   nothing is sent
//! ```
//!
//! A device with shared receive queues hands out packets of all ports of a group through whichever of them is polled; the
//! mbuf says which port it was.

use super::{Context, Counts, Made, Mode, StreamContext, Tally};
use crate::batch::Batch;
use std::sync::Arc;

const NAMES: &[&str] = &["own_port", "other_ports"];

/// Ends every packet, and counts whether it entered by the port that was polled.
struct SharedRxq {
    port: u16,
    tally: Arc<Tally>,
}

/// A mode for any stream.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let tally = Arc::new(Tally::new(NAMES));
    Ok(Some(Box::new(SharedRxq { port: stream.ingress.id.0, tally })))
}

impl Mode for SharedRxq {
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        let own = batch.iter().filter(|mbuf| mbuf.port() == self.port).count();
        self.tally.add(0, own as u64);
        self.tally.add(1, (batch.len() - own) as u64);
        batch.clear();
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.tally.clone())
    }
}
