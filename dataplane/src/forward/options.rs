//! What the user asked of each mode.

use super::csum::CsumOptions;

/// The options of all modes, with testpmd's defaults; flags, file and shell write them, and a mode reads its own when it is
/// made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModeOptions {
    /// The `csum` mode's.
    pub csum: CsumOptions,
}
