//! The engine: who runs what on which core, the loop that runs it, and the hand that steers it.

mod control;
pub mod counters;
mod orders;
pub mod plan;
mod worker;

pub use control::{Engine, EngineError, Figures, MakeMode, StreamReport, WorkerReport};
