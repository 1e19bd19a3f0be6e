//! The table of commands: a file a section. To add a command, add a line to its section; parsing, completion, hints and
//! help follow from it.

mod address;
mod config;
mod control;
mod csum;
mod device;
mod display;
mod dump;
mod flow;
mod flow_ctrl;
mod modes;
mod port_config;
mod ports;
mod records;
mod segments;
mod switch;
mod vhost;
mod vlan;

use crate::command::Command;
use crate::shell::grammar::{Request, Table};

/// Every command, in the order in which `help` lists the sections; the last is the switch's alone.
static ALL: Table<Command> = &[
    control::SECTION,
    display::SECTION,
    config::SECTION,
    ports::SECTION,
    port_config::SECTION,
    address::SECTION,
    vlan::SECTION,
    flow_ctrl::SECTION,
    modes::SECTION,
    flow::SECTION,
    csum::SECTION,
    vhost::SECTION,
    segments::SECTION,
    device::SECTION,
    records::SECTION,
    dump::SECTION,
    switch::SECTION,
];

/// A switch's commands.
pub(crate) static SWITCH_TABLE: Table<Command> = ALL;

/// A forwarder's commands: where it has testpmd's, a switch may have its own under that name (`flow dump`).
pub(crate) static TABLE: Table<Command> = ALL.split_at(ALL.len() - 1).0;

/// The request to carry a command out.
fn run(command: Command) -> Option<Request<Command>> {
    Some(Request::Run(command))
}
