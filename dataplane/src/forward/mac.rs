//! `mac`: sends packets as a router's port would, from its own address to its peer's.
//!
//! ```text
//! before  dst=D               src=S …
//! after   dst=the peer's MAC  src=the egress port's MAC …
//! ```

use super::{Context, DropReason, Fate, Mode, StreamContext};
use crate::batch::Batch;
use crate::wire::ethernet::{Frame, MacAddr};

/// Sets source and destination to the egress port's and its peer's address.
pub struct Mac {
    dst: MacAddr,
    src: MacAddr,
}

impl Mac {
    /// A mode for packets that leave by the stream's egress port.
    pub fn new(stream: &StreamContext) -> Self {
        Self { dst: stream.peer_mac, src: stream.egress_mac }
    }
}

impl Mode for Mac {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        let (dst, src) = (self.dst, self.src);
        context.settle(batch, |mbuf| match Frame::new_checked(mbuf.data_mut()) {
            Some(mut frame) => {
                frame.set_dst(dst);
                frame.set_src(src);
                Fate::Send
            }
            None => Fate::Drop(DropReason::Truncated),
        });
    }
}
