//! What the user asked of each mode.

use super::delay::DEFAULT_HELD;
use super::{
    CsumOptions, DelayOptions, FlowgenOptions, ImpairOptions, ModeEntry, NoisyOptions, Pick,
    TxOptions,
};

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

impl ModeOptions {
    /// Packets that a mode is to have room to hold in each stream, and a pool to have for it.
    pub fn held_by(&self, mode: &ModeEntry) -> u32 {
        match mode.name {
            "delay" => self.delay.packets,
            "impair" if self.impair.delay != Pick::None => DEFAULT_HELD,
            "noisy" => self.noisy.buffer,
            "csum" => self.csum.held(),
            _ => 0,
        }
    }
}
