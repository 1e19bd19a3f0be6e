//! Forwarding modes: one mode, one file, and the table of them.
//!
//! To add a mode, write its file, add its line to [`MODES`] and its options, if it has any, to [`ModeOptions`]: help,
//! completion and the command line read that table.

mod context;
mod csum;
mod delay;
mod draw;
mod five_tuple_swap;
mod flowgen;
mod forwarding;
mod hold;
mod icmpecho;
mod ieee1588;
mod impair;
mod io;
mod job;
mod lateness;
mod mac;
mod macswap;
mod made;
mod noisy;
mod options;
mod rxonly;
mod shared_rxq;
mod tagged;
mod tally;
mod txonly;
mod unsent;

pub use context::{Context, DropReason, Fate, PortFacts, StreamContext};
pub use csum::{BAD_CHECKSUMS, CsumOptions, CsumPort};
pub use delay::DelayOptions;
pub use flowgen::FlowgenOptions;
pub use forwarding::{Forwarding, Ground, QueueOf};
pub use impair::{ImpairOptions, Pick};
pub use job::{Feed, Job, Mode, ModeError, Retry};
pub use noisy::{NoisyInner, NoisyOptions};
pub use options::ModeOptions;
pub(crate) use rxonly::Rxonly;
pub use tally::{Counts, Tally, TallyFigure};
pub use txonly::{Split, TxOptions};

use lateness::Lateness;

use std::fmt;

/// What a mode's file gives the table: a mode for a stream, or `None` if the mode leaves packets alone.
type Made = Result<Option<Box<dyn Mode>>, ModeError>;

/// A forwarding mode by name, which is what tells it from others.
#[derive(Clone, Copy)]
pub struct ModeEntry {
    /// Its name, as testpmd's `--forward-mode` and `set fwd` take it.
    pub name: &'static str,
    /// Makes one for a stream; `None` if it leaves packets alone.
    pub make: fn(&StreamContext<'_>) -> Made,
}

impl PartialEq for ModeEntry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ModeEntry {}

impl fmt::Debug for ModeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All forwarding modes, in testpmd's order; the first is what is done unless told otherwise.
pub const MODES: &[ModeEntry] = &[
    ModeEntry { name: "io", make: io::make },
    ModeEntry { name: "mac", make: mac::make },
    ModeEntry { name: "macswap", make: macswap::make },
    ModeEntry { name: "flowgen", make: flowgen::make },
    ModeEntry { name: "rxonly", make: rxonly::make },
    ModeEntry { name: "txonly", make: txonly::make },
    ModeEntry { name: "csum", make: csum::make },
    ModeEntry { name: "icmpecho", make: icmpecho::make },
    ModeEntry { name: "noisy", make: noisy::make },
    ModeEntry { name: "5tswap", make: five_tuple_swap::make },
    ModeEntry { name: "shared_rxq", make: shared_rxq::make },
    ModeEntry { name: "ieee1588", make: ieee1588::make },
    ModeEntry { name: "delay", make: delay::make },
    ModeEntry { name: "impair", make: impair::make },
];

/// Finds a mode by its name.
pub fn mode(name: &str) -> Option<&'static ModeEntry> {
    MODES.iter().find(|mode| mode.name == name)
}
