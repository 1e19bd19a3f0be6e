//! The engine: who runs what on which core, the loop that runs it, and the hand that steers it.

mod assemble;
mod control;
pub mod counters;
pub(crate) mod exits;
mod figures;
mod give_up;
mod jobs;
mod orders;
pub mod plan;
mod post;
mod prepare;
mod retry;
pub(crate) mod segmenter;
mod send;
mod worker;

pub use control::{Engine, EngineError, Exchanged};
pub use exits::ExitFigures;
pub use figures::{Figures, StreamReport, WorkerReport};
pub use jobs::{MakeJob, StreamAt};
