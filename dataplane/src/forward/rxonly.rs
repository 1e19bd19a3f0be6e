//! `rxonly`: receives packets, counts and frees them.
//!
//! ```text
//! before  dst=D src=S …
//! after   nothing is sent
//! ```

use super::{Context, Made, Mode, StreamContext};
use crate::batch::Batch;

/// Ends every packet.
pub(crate) struct Rxonly;

/// A mode for any stream.
pub(super) fn make(_stream: &StreamContext<'_>) -> Made {
    Ok(Some(Box::new(Rxonly)))
}

impl Mode for Rxonly {
    #[inline]
    fn process(&mut self, batch: &mut Batch, _context: &mut Context<'_>) {
        batch.clear();
    }
}
