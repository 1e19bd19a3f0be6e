//! The shell: lines from a person or a pipe become typed commands.

pub(crate) mod flow;
pub(crate) mod grammar;
pub(crate) mod help;
pub(crate) mod live;
pub(crate) mod prompt;
pub(crate) mod table;
mod terminal;
pub(crate) mod testpmd;
