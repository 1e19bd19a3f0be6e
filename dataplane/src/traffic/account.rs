//! What became of a stream's packets.

use super::distribution::Summary;
use serde::Serialize;

/// The account of a stream: each packet sent was either received or lost.
///
/// `sent = received + lost` always holds. It is final once the sender has stopped and the packets on their way have
/// arrived; before, those on their way are among the lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrafficAccount {
    /// Packets that left.
    pub sent: u64,
    /// Different packets that came back, each counted once.
    pub received: u64,
    /// Packets that did not come back, or too late to be told from duplicates.
    pub lost: u64,
    /// Arrivals of packets that had come already; not among those received.
    pub duplicated: u64,
    /// Packets received after a newer one (RFC 4737 §3.3); they are among those received.
    pub reordered: u64,
    /// Arrivals after the time that they were waited for, or older than the window of sequence numbers; not among those
    /// received.
    pub late: u64,
    /// Arrivals whose probe had changed on the way and named this stream; not among those received.
    pub corrupted: u64,
    /// From departure to arrival, of the packets received; `None` if there were none.
    pub rtt_ns: Option<Summary>,
}
