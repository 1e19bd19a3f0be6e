//! `macswap`: sends packets back to where they came from, or on as if they came from their destination.
//!
//! ```text
//! before  dst=D src=S …
//! after   dst=S src=D …
//! ```

use super::{Context, DropReason, Fate, Mode};
use crate::batch::Batch;
use crate::wire::ethernet::Frame;

/// Exchanges source and destination address.
pub struct Macswap;

impl Mode for Macswap {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        context.settle(batch, |mbuf| match Frame::new_checked(mbuf.data_mut()) {
            Some(mut frame) => {
                frame.swap_addresses();
                Fate::Send
            }
            None => Fate::Drop(DropReason::Truncated),
        });
    }
}
