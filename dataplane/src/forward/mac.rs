//! `mac`: sends packets as a router's port would, from its own address to its peer's.
//!
//! ```text
//! before  dst=D               src=S …
//! after   dst=the peer's MAC  src=the egress port's MAC …
//! ```

use super::{Context, Fate, Made, Mode, StreamContext};
use crate::batch::Batch;

/// Sets source and destination to the egress port's and its peer's address.
struct Mac {
    /// Destination and source as they stand in the frame: copied in one piece, they take two stores.
    addresses: [u8; 12],
}

/// A mode for packets that leave by the stream's egress port.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let mut addresses = [0; 12];
    addresses[..6].copy_from_slice(&stream.peer_mac.0);
    addresses[6..].copy_from_slice(&stream.egress.mac.0);
    Ok(Some(Box::new(Mac { addresses })))
}

impl Mode for Mac {
    #[inline]
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        let addresses = self.addresses;
        context.settle_frames(batch, |mut frame| {
            frame.set_addresses(addresses);
            Fate::Send
        });
    }
}
