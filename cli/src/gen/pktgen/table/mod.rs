//! The table of Pktgen-DPDK's commands: a file a section.

mod control;
mod feature;
mod page;
mod range;
mod sequence;
mod set;

use super::command::{PktgenCommand, Side};
use crate::shell::grammar::{Request, Table};

/// Every command, in the order in which `help` lists the sections.
pub(crate) static TABLE: Table<PktgenCommand> = &[
    control::SECTION,
    set::SECTION,
    feature::SECTION,
    range::SECTION,
    sequence::SECTION,
    page::SECTION,
];

/// The request to carry a command out.
fn run(command: PktgenCommand) -> Option<Request<PktgenCommand>> {
    Some(Request::Run(command))
}

/// The side of a word of `(src|dst)`.
fn side(word: &str) -> Side {
    if word == "src" { Side::Source } else { Side::Destination }
}
