//! Actions: what a rule does to the packets that its pattern fits.

use crate::port::{QueueId, RssTypes};

/// What a rule does to its packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: a placeholder.
    Void,
    /// Lets the rules after this one see the packet too.
    Passthru,
    /// Goes on with the rules of a group.
    Jump(u32),
    /// Hands the packet over with this number (`rte_mbuf`'s `hash.fdir.hi`).
    Mark(u32),
    /// Hands the packet to a receive queue.
    Queue(QueueId),
    /// Drops the packet.
    Drop,
    /// Counts the packet under a number.
    Count(u32),
    /// Spreads packets over receive queues.
    Rss(RssAction),
    /// Hands the packet to another port of the device.
    PortId {
        /// The port.
        id: u32,
        /// The port that the packet came from, if the device can tell.
        original: bool,
    },
}

/// How a rule spreads packets over receive queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RssAction {
    /// How the hash is computed.
    pub function: RssFunction,
    /// Which headers are hashed, counted from the outermost; 0 leaves it to the device.
    pub level: u32,
    /// What is hashed; what the port hashes if `None`.
    pub types: Option<RssTypes>,
    /// The key; the device's own if empty.
    pub key: Vec<u8>,
    /// The queues; all of the port if `None`.
    pub queues: Option<Vec<u16>>,
}

/// How a hash is computed (`enum rte_eth_hash_function`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RssFunction {
    /// As the device likes.
    #[default]
    Default,
    /// Toeplitz.
    Toeplitz,
    /// The exclusive or of all words.
    SimpleXor,
    /// Toeplitz with source and destination sorted, so that both directions of a flow meet.
    SymmetricToeplitz,
}

impl Action {
    /// testpmd's word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Void => "void",
            Self::Passthru => "passthru",
            Self::Jump(_) => "jump",
            Self::Mark(_) => "mark",
            Self::Queue(_) => "queue",
            Self::Drop => "drop",
            Self::Count(_) => "count",
            Self::Rss(_) => "rss",
            Self::PortId { .. } => "port_id",
        }
    }
}
