//! The engine: who runs what on which core, and the loop that runs it.

pub mod plan;
