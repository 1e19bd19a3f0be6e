//! Commands that show what DPDK holds.

use crate::command::{Command, DumpCommand};
use crate::shell::grammar::{Entry, Request, Section};
use dataplane::eal::{Dump, DumpOne};

pub(super) const SECTION: Section<Command> = Section {
    word: "dump",
    title: "What DPDK holds:",
    about: "DPDK's own accounts of memory, rings, pools, devices and logs.",
    commands: &[
        Entry {
            syntax: "dump_physmem",
            about: "Dump the segments of memory.",
            build: |_| run(DumpCommand::All(Dump::PhysicalMemory)),
        },
        Entry {
            syntax: "dump_memzone",
            about: "Dump the named pieces of memory.",
            build: |_| run(DumpCommand::All(Dump::Memzones)),
        },
        Entry {
            syntax: "dump_socket_mem",
            about: "Dump how much memory each NUMA node has, and what has changed since this was last asked.",
            build: |_| run(DumpCommand::SocketMemory),
        },
        Entry {
            syntax: "dump_struct_sizes",
            about: "Dump the bytes of DPDK's structures.",
            build: |_| run(DumpCommand::StructSizes),
        },
        Entry {
            syntax: "dump_ring [NAME:text]",
            about: "Dump all rings, or the one of this name.",
            build: |values| match values.word() {
                Some(name) => run(DumpCommand::One(DumpOne::Ring, name.to_owned())),
                None => run(DumpCommand::All(Dump::Rings)),
            },
        },
        Entry {
            syntax: "dump_mempool [NAME:text]",
            about: "Dump all pools, or the one of this name.",
            build: |values| match values.word() {
                Some(name) => run(DumpCommand::One(DumpOne::Mempool, name.to_owned())),
                None => run(DumpCommand::All(Dump::Mempools)),
            },
        },
        Entry {
            syntax: "dump_devargs",
            about: "Dump the devices that were asked for.",
            build: |_| run(DumpCommand::All(Dump::Devargs)),
        },
        Entry {
            syntax: "dump_lcores",
            about: "Dump the lcores.",
            build: |_| run(DumpCommand::All(Dump::Lcores)),
        },
        Entry {
            syntax: "dump_log_types",
            about: "Dump the types of log lines and their levels.",
            build: |_| run(DumpCommand::All(Dump::LogTypes)),
        },
    ],
};

fn run(command: DumpCommand) -> Option<Request<Command>> {
    super::run(Command::Dump(command))
}
