//! `ieee1588`: sends PTP "sync" messages back, timestamped by the device on both ways, and ends everything else.
//!
//! ```text
//! before  dst=D src=S type=88f7 [ptp version=2 sync] …    with the time when it came
//! after   dst=S src=D type=88f7 [ptp version=2 sync] …    and the time when it left
//! ```
//!
//! It takes a device with hardware timestamps. The times themselves are in the device's registers, one of each kind, and
//! are read and counted here; testpmd prints them.

use super::{Context, Counts, Fate, Feed, Made, Mode, ModeError, StreamContext, Tally};
use crate::batch::Batch;
use crate::mbuf::HeaderLengths;
use crate::offload::{rx, tx};
use crate::port::Timesync;
use crate::wire::ethernet::{EtherType, Frame};
use std::sync::Arc;

/// The Precision Time Protocol over Ethernet (IEEE 1588-2008 annex F).
const PTP: EtherType = EtherType(0x88f7);
/// The first two octets of the message: "sync" in the low half of the one, the version in that of the other.
const SYNC: u8 = 0;
const VERSION: u8 = 2;

/// The mode's counts, in the order of [`NAMES`].
#[derive(Clone, Copy)]
enum Count {
    Sync,
    Other,
    NotStamped,
    ReceiveTimes,
    SendTimes,
}

const NAMES: &[&str] = &["sync", "other", "not_stamped", "rx_timestamps", "tx_timestamps"];

/// Sends sync messages back.
struct Ieee1588 {
    ingress: Timesync,
    egress: Timesync,
    /// Whether a message was sent whose time was not read yet.
    waits_for_time: bool,
    tally: Arc<Tally>,
}

/// A mode for ports whose devices take timestamps.
pub(super) fn make(stream: &StreamContext<'_>) -> Made {
    let enable =
        |port| Timesync::enable(port).map_err(|reason| ModeError::NoTimesync { port, reason });
    Ok(Some(Box::new(Ieee1588 {
        ingress: enable(stream.ingress.id)?,
        egress: enable(stream.egress.id)?,
        waits_for_time: false,
        tally: Arc::new(Tally::new(NAMES)),
    })))
}

impl Ieee1588 {
    fn count(&self, what: Count) {
        self.tally.add(what as usize, 1);
    }
}

impl Mode for Ieee1588 {
    fn process(&mut self, batch: &mut Batch, context: &mut Context<'_>) {
        if self.waits_for_time && self.egress.sent_at().is_some() {
            self.count(Count::SendTimes);
            self.waits_for_time = false;
        }
        context.settle(batch, |mbuf| {
            let flags = mbuf.ol_flags();
            let frame = mbuf.data_mut().and_then(Frame::new_checked);
            let Some(mut frame) = frame.filter(is_sync) else {
                self.count(Count::Other);
                return Fate::Done;
            };
            self.count(Count::Sync);
            if flags & rx::TIMESTAMPED == 0 {
                self.count(Count::NotStamped);
                return Fate::Done;
            }
            if self.ingress.received_at().is_some() {
                self.count(Count::ReceiveTimes);
            }
            frame.swap_addresses();
            mbuf.set_tx_offload(tx::TIMESTAMP, HeaderLengths::default());
            self.waits_for_time = true;
            Fate::Send
        });
    }

    fn feed(&self) -> Feed {
        Feed::Polls
    }

    fn counts(&self) -> Option<Arc<dyn Counts>> {
        Some(self.tally.clone())
    }
}

fn is_sync(frame: &Frame<&mut [u8]>) -> bool {
    let message = frame.payload();
    frame.ethertype() == PTP
        && message.first().is_some_and(|first| first & 0xf == SYNC)
        && message.get(1).is_some_and(|second| second & 0xf == VERSION)
}
