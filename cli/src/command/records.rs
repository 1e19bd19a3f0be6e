//! Commands that choose what statistics show.

/// Chooses what statistics show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordsCommand {
    /// Extended statistics leave zeros out.
    HideZero(bool),
    /// Forward statistics have the cycles of a packet.
    CoreCycles(bool),
    /// Forward statistics have bursts by size.
    BurstStats(bool),
}
