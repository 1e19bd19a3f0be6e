//! Commands that change what forwarding modes do.

/// Changes or shows what forwarding modes do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModesCommand {
    /// Give the option that a flag of this name sets another value.
    Set(String, String),
    /// Give the lengths of segments, in testpmd's words.
    TxPkts(Vec<u16>),
    /// Show the segments of packets that are made.
    ShowTxPkts,
}
