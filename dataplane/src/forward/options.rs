//! What the user asked of each mode.

use super::{CsumOptions, DelayOptions, ImpairOptions};

/// The options of all modes, with testpmd's defaults; flags, file and shell write them, and a mode reads its own when it is
/// made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModeOptions {
    /// Of `csum`.
    pub csum: CsumOptions,
    /// Of `delay`.
    pub delay: DelayOptions,
    /// Of `impair`.
    pub impair: ImpairOptions,
}
