//! The engine: who runs what on which core, the loop that runs it, and the hand that steers it.

mod assemble;
mod control;
pub mod counters;
mod figures;
mod orders;
pub mod plan;
mod worker;

pub use control::{Engine, EngineError, MakeMode};
pub use figures::{Figures, StreamReport, WorkerReport};
