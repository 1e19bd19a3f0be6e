//! Commands that change how packets are forwarded.

use crate::command::{Command, ConfigCommand};
use crate::shell::grammar::{Entry, Request, Section};
use dataplane::forward::Retry;
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use std::time::Duration;

pub(super) const SECTION: Section<Command> = Section {
    word: "config",
    title: "Configuration:",
    about: "Configuration information.",
    commands: &[
        Entry {
            syntax: "set fwd MODE [(retry)]",
            about: "Set packet forwarding mode, also while forwarding; with retry a full transmit queue is tried again.",
            build: |values| {
                let mode = values.mode()?;
                run(ConfigCommand::Fwd { mode, retry: values.word().is_some() })
            },
        },
        Entry {
            syntax: "set portlist PORTS:list",
            about: "Set the list of forwarding ports.",
            build: |values| {
                let ports = values.list()?.into_iter().map(PortId);
                run(ConfigCommand::Ports(ports.collect()))
            },
        },
        Entry {
            syntax: "set portmask MASK:u64",
            about: "Set the forwarding ports by the bits of a mask.",
            build: |values| run(ConfigCommand::PortMask(values.number()?)),
        },
        Entry {
            syntax: "set nbport NUM:u16",
            about: "Set number of forwarding ports.",
            build: |values| run(ConfigCommand::NbPorts(values.number()?)),
        },
        Entry {
            syntax: "set corelist LCORES:list",
            about: "Set the list of forwarding cores.",
            build: |values| {
                let lcores = values.list()?.into_iter().map(LcoreId);
                run(ConfigCommand::Cores(lcores.collect()))
            },
        },
        Entry {
            syntax: "set coremask MASK:u64",
            about: "Set the forwarding cores by the bits of a mask.",
            build: |values| run(ConfigCommand::CoreMask(values.number()?)),
        },
        Entry {
            syntax: "set nbcore NUM:u16",
            about: "Set number of forwarding cores.",
            build: |values| run(ConfigCommand::NbCores(values.number()?)),
        },
        Entry {
            syntax: "set burst NUM:u16",
            about: "Set number of packets per burst.",
            build: |values| run(ConfigCommand::Burst(values.number()?)),
        },
        Entry {
            syntax: "set burst tx delay US:u32 retry TIMES:u32",
            about: "Set the transmit delay time and number of retries, effective when retry is enabled.",
            build: |values| {
                let delay = Duration::from_micros(values.number()?);
                run(ConfigCommand::Retry(Retry { delay, times: values.number()? }))
            },
        },
        Entry {
            syntax: "set flush_rx (on|off)",
            about: "Free what waits in receive queues when forwarding starts, or forward it.",
            build: |values| run(ConfigCommand::FlushRx(values.on()?)),
        },
        Entry {
            syntax: "set eth-peer PORT PEER:mac",
            about: "Set the peer address for certain port.",
            build: |values| run(ConfigCommand::EthPeer(values.port()?, values.mac()?)),
        },
        Entry {
            syntax: "set log TYPE:text LEVEL:u32",
            about: "Set DPDK's log level: global, or that of the log types which a regular expression matches.",
            build: |values| {
                let types = Some(values.word()?.to_owned()).filter(|types| types != "global");
                run(ConfigCommand::Log { types, level: values.number()? })
            },
        },
        Entry {
            syntax: "set verbose LEVEL:u16",
            about: "Show packets as they pass: 1 those received, 2 those sent, 3 both, 0 none.",
            build: |values| run(ConfigCommand::Verbose(values.number()?)),
        },
        Entry {
            syntax: "set link_check (on|off)",
            about: "Set whether links are spoken of when ports start and stop.",
            build: |values| run(ConfigCommand::LinkCheck(values.on()?)),
        },
        Entry {
            syntax: "set default",
            about: "Forward on all ports and lcores, and to the peers 02:00:00:00:00:PORT.",
            build: |_| run(ConfigCommand::Default),
        },
    ],
};

fn run(command: ConfigCommand) -> Option<Request<Command>> {
    super::run(Command::Config(command))
}
