//! What the user asked of each mode.

use super::{CsumOptions, DelayOptions, FlowgenOptions, ImpairOptions, NoisyOptions, TxOptions};

/// The options of all modes, with testpmd's defaults; flags, file and shell write them, and a mode reads its own when it is
/// made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModeOptions {
    /// Of `txonly`; of `flowgen` and `csum` too, where testpmd shares them.
    pub tx: TxOptions,
    /// Of `flowgen`.
    pub flowgen: FlowgenOptions,
    /// Of `csum`.
    pub csum: CsumOptions,
    /// Of `noisy`.
    pub noisy: NoisyOptions,
    /// Of `delay`.
    pub delay: DelayOptions,
    /// Of `impair`.
    pub impair: ImpairOptions,
}
