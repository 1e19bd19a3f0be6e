//! Commands that tell a port whose packets are its own: addresses and groups.

use crate::command::{AddressChange, AddressCommand, Command};
use crate::shell::grammar::{Entry, Request, Section, Values};

pub(super) const SECTION: Section<Command> = Section {
    word: "addresses",
    title: "Addresses of ports:",
    about: "MAC addresses and multicast groups of ports.",
    commands: &[
        Entry {
            syntax: "mac_addr add PORT ADDRESS:mac",
            about: "Add a MAC address to a port.",
            build: |values| run(values, AddressChange::Add),
        },
        Entry {
            syntax: "mac_addr remove PORT ADDRESS:mac",
            about: "Remove a MAC address from a port.",
            build: |values| run(values, AddressChange::Remove),
        },
        Entry {
            syntax: "mac_addr set PORT ADDRESS:mac",
            about: "Set the default MAC address of a port.",
            build: |values| run(values, AddressChange::Set),
        },
        Entry {
            syntax: "mcast_addr add PORT ADDRESS:mac",
            about: "Add a multicast MAC address to a port.",
            build: |values| run(values, AddressChange::Join),
        },
        Entry {
            syntax: "mcast_addr remove PORT ADDRESS:mac",
            about: "Remove a multicast MAC address from a port.",
            build: |values| run(values, AddressChange::Leave),
        },
        Entry {
            syntax: "set port PORT uta ADDRESS:mac (on|off)",
            about: "Set whether a port lets packets for a unicast address in by its hash.",
            build: |values| {
                let (port, address, on) = (values.port()?, values.mac()?, values.on()?);
                super::run(Command::Address(AddressCommand::Hash(port, Some(address), on)))
            },
        },
        Entry {
            syntax: "set port PORT uta all (on|off)",
            about: "Set whether a port lets packets for all unicast addresses in by their hashes.",
            build: |values| {
                let (port, on) = (values.port()?, values.on()?);
                super::run(Command::Address(AddressCommand::Hash(port, None, on)))
            },
        },
        Entry {
            syntax: "set promisc PORTS (on|off)",
            about: "Set whether a port, or each of them, receives packets for any address.",
            build: |values| {
                let (ports, on) = (values.ports()?, values.on()?);
                super::run(Command::Address(AddressCommand::Promiscuous(ports, on)))
            },
        },
        Entry {
            syntax: "set allmulti PORTS (on|off)",
            about: "Set whether a port, or each of them, receives packets for any multicast address.",
            build: |values| {
                let (ports, on) = (values.ports()?, values.on()?);
                super::run(Command::Address(AddressCommand::Allmulticast(ports, on)))
            },
        },
    ],
};

fn run(values: &mut Values<'_>, change: AddressChange) -> Option<Request<Command>> {
    let (port, address) = (values.port()?, values.mac()?);
    super::run(Command::Address(AddressCommand::Change(port, change, address)))
}
