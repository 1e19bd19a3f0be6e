//! `macswap`: sends packets back to where they came from, or on as if they came from their destination.
//!
//! ```text
//! before  dst=D src=S …
//! after   dst=S src=D …
//! ```

use super::{Context, Fate, Made, Mode, StreamContext};
use crate::batch::Batch;

/// Exchanges source and destination address.
struct Macswap;

/// A mode for any stream.
pub(super) fn make(_stream: &StreamContext<'_>) -> Made {
    Ok(Some(Box::new(Macswap)))
}

impl Mode for Macswap {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.settle_frames(batch, |mut frame| {
            frame.swap_addresses();
            Fate::Send
        });
    }
}
