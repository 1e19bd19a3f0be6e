//! Commands of the virtual switch: rules as `ovs-ofctl` takes them, the table of addresses, what ports may.

use crate::command::{Command, PolicyChange, StormKind, SwitchCommand};
use crate::shell::grammar::{Entry, PortList, Request, Section, Values};
use dataplane::forward::Retry;
use dataplane::port::PortId;
use dataplane::switch::{FlowSelect, Flush, Mirror, Native, RateLimit};
use std::time::Duration;

pub(super) const SECTION: Section<Command> = Section {
    word: "switch",
    title: "Switch:",
    about: "Rules, addresses and ports of the virtual switch (pollway switch).",
    commands: &[
        Entry {
            syntax: "flow add RULE:rest",
            about: "Add a rule, in OVS's syntax: in_port=1,actions=output:2.",
            build: |values| run(SwitchCommand::AddFlow(text(values))),
        },
        Entry {
            syntax: "flow mod RULE:rest",
            about: "Give all rules for these packets, or some of them, other actions; strict RULE: the one of this very match.",
            build: |values| {
                let (strict, text) = strictly(&values.rest());
                run(SwitchCommand::ModFlows { text, strict })
            },
        },
        Entry {
            syntax: "flow del [RULE:rest]",
            about: "Delete all rules for these packets, or some of them; strict RULE: the one of this very match.",
            build: |values| {
                let (strict, text) = strictly(&values.rest());
                run(SwitchCommand::DelFlows { text, strict })
            },
        },
        Entry {
            syntax: "flow dump [RULE:rest]",
            about: "Display rules and what they counted, as ovs-ofctl dump-flows does.",
            build: |values| run(SwitchCommand::DumpFlows(text(values))),
        },
        Entry {
            syntax: "add-flow RULE:rest",
            about: "As flow add, in ovs-ofctl's words; a bridge's name before the rule is passed over.",
            build: |values| run(SwitchCommand::AddFlow(behind_bridge(&values.rest()))),
        },
        Entry {
            syntax: "mod-flows RULE:rest",
            about: "As flow mod.",
            build: |values| {
                let (strict, text) = as_ofctl(values);
                run(SwitchCommand::ModFlows { text, strict })
            },
        },
        Entry {
            syntax: "del-flows [RULE:rest]",
            about: "As flow del.",
            build: |values| {
                let (strict, text) = as_ofctl(values);
                run(SwitchCommand::DelFlows { text, strict })
            },
        },
        Entry {
            syntax: "dump-flows [RULE:rest]",
            about: "As flow dump.",
            build: |values| run(SwitchCommand::DumpFlows(behind_bridge(&values.rest()))),
        },
        Entry {
            syntax: "group add GROUP:rest",
            about: "Add a group: group_id=1,type=select,bucket=output:1,bucket=output:2.",
            build: |values| run(SwitchCommand::AddGroup(text(values))),
        },
        Entry {
            syntax: "group mod GROUP:rest",
            about: "Change a group.",
            build: |values| run(SwitchCommand::ModGroup(text(values))),
        },
        Entry {
            syntax: "group del [GROUP:u32]",
            about: "Delete a group and the rules that name it, or all groups.",
            build: |values| run(SwitchCommand::DelGroups(values.number())),
        },
        Entry {
            syntax: "group dump",
            about: "Display the groups.",
            build: |_| run(SwitchCommand::DumpGroups),
        },
        Entry {
            syntax: "show fdb",
            about: "Display the addresses that are known, as ovs-appctl fdb/show does.",
            build: |_| run(SwitchCommand::Addresses),
        },
        Entry {
            syntax: "show fdb stats",
            about: "Display how many addresses there are, and how they came and moved.",
            build: |_| run(SwitchCommand::AddressFigures),
        },
        Entry {
            syntax: "fdb add MAC:mac PORT [VLAN:0-4094]",
            about: "Set an address to a port: it neither moves nor ages.",
            build: |values| {
                let (mac, port) = (values.mac()?, values.port()?);
                let vlan = values.number().unwrap_or(0);
                run(SwitchCommand::AddAddress { mac, port, vlan })
            },
        },
        Entry {
            syntax: "fdb del MAC:mac [VLAN:0-4094]",
            about: "Forget an address, also one that was set by hand.",
            build: |values| {
                let (mac, vlan) = (Some(values.mac()?), values.number());
                run(SwitchCommand::Flush(Flush { mac, vlan, port: None, with_static: true }))
            },
        },
        Entry {
            syntax: "fdb flush",
            about: "Forget all addresses that were learned.",
            build: |_| run(SwitchCommand::Flush(Flush::default())),
        },
        Entry {
            syntax: "fdb flush port PORT",
            about: "Forget the addresses that were learned from a port.",
            build: |values| {
                let port = Some(values.port()?);
                run(SwitchCommand::Flush(Flush { port, ..Flush::default() }))
            },
        },
        Entry {
            syntax: "fdb flush vlan VLAN:0-4094",
            about: "Forget the addresses that were learned in a VLAN.",
            build: |values| {
                let vlan = Some(values.number()?);
                run(SwitchCommand::Flush(Flush { vlan, ..Flush::default() }))
            },
        },
        Entry {
            syntax: "show switch ports",
            about: "Display what ports are to the switch.",
            build: |_| run(SwitchCommand::Ports),
        },
        Entry {
            syntax: "show switch stats",
            about: "Display what came and left by each port, and why packets went nowhere.",
            build: |_| run(SwitchCommand::Stats),
        },
        Entry {
            syntax: "set switch aging SECONDS:1-1000000",
            about: "Forget addresses after so long without a packet from them.",
            build: |values| run(SwitchCommand::Aging(Duration::from_secs(values.number()?))),
        },
        Entry {
            syntax: "set switch mirror (received|sent|both) PORTLIST to PORT",
            about: "Copy the packets that these ports receive, send, or both, to another port.",
            build: |values| {
                let way = values.word()?;
                let PortList::These(ports) = values.port_list()? else { return None };
                let ports = ports.into_iter().collect();
                let mut mirror =
                    Mirror { received: ports, sent: Default::default(), to: values.port()? };
                match way {
                    "sent" => std::mem::swap(&mut mirror.received, &mut mirror.sent),
                    "both" => mirror.sent = mirror.received.clone(),
                    _ => {}
                }
                run(SwitchCommand::AddMirror(mirror))
            },
        },
        Entry {
            syntax: "set switch mirror off",
            about: "Copy nothing any more.",
            build: |_| run(SwitchCommand::ClearMirrors),
        },
        Entry {
            syntax: "set switch port PORT access VLAN:1-4094",
            about: "Put a port into one VLAN; its packets have no tag.",
            build: |values| {
                let port = values.port()?;
                policy(port, PolicyChange::Access(values.number()?))
            },
        },
        Entry {
            syntax: "set switch port PORT trunk all",
            about: "Put a port into all VLANs; its packets have tags.",
            build: |values| policy(values.port()?, PolicyChange::Trunk(None)),
        },
        Entry {
            syntax: "set switch port PORT trunk VLANS:list",
            about: "Put a port into some VLANs; its packets have tags.",
            build: |values| {
                let port = values.port()?;
                policy(port, PolicyChange::Trunk(Some(values.list()?)))
            },
        },
        Entry {
            syntax: "set switch port PORT native VLAN:1-4094 (tagged|untagged)",
            about: "Have packets that come to a trunk without a tag be in a VLAN.",
            build: |values| {
                let (port, vlan) = (values.port()?, values.number()?);
                let native = Native { vlan, tagged: values.word()? == "tagged" };
                policy(port, PolicyChange::Native(native))
            },
        },
        Entry {
            syntax: "set switch port PORT isolated (on|off)",
            about: "Keep a port apart from other isolated ports, or no longer.",
            build: |values| policy(values.port()?, PolicyChange::Isolated(values.on()?)),
        },
        Entry {
            syntax: "set switch port PORT learning (on|off)",
            about: "Learn addresses from a port, or not.",
            build: |values| policy(values.port()?, PolicyChange::Learning(values.on()?)),
        },
        Entry {
            syntax: "set switch port PORT mac_limit COUNT:u32",
            about: "Learn so many addresses from a port at most; 0 for no limit of its own.",
            build: |values| {
                let port = values.port()?;
                policy(port, PolicyChange::MacLimit(limit(values)?))
            },
        },
        Entry {
            syntax: "set switch port PORT unknown_unicast (on|off)",
            about: "Send packets for addresses that nobody knows to a port, or not.",
            build: |values| policy(values.port()?, PolicyChange::UnknownUnicast(values.on()?)),
        },
        Entry {
            syntax: "set switch port PORT flood (on|off)",
            about: "Send broadcast and multicast packets to a port, or not.",
            build: |values| policy(values.port()?, PolicyChange::Flood(values.on()?)),
        },
        Entry {
            syntax: "set switch port PORT storm (broadcast|multicast|unknown) PPS:u32",
            about: "Take so many packets of a kind a second from a port; 0 for no limit.",
            build: |values| {
                let port = values.port()?;
                let kind = match values.word()? {
                    "broadcast" => StormKind::Broadcast,
                    "multicast" => StormKind::Multicast,
                    _ => StormKind::Unknown,
                };
                policy(port, PolicyChange::Storm(kind, limit(values)?))
            },
        },
        Entry {
            syntax: "set switch port PORT rate BYTES:u64 burst BURST:u64",
            about: "Take so many bytes a second from a port, and so many at once after a pause.",
            build: |values| {
                let port = values.port()?;
                let (bytes_per_second, burst) = (values.number()?, values.number()?);
                policy(port, PolicyChange::Rate(Some(RateLimit { bytes_per_second, burst })))
            },
        },
        Entry {
            syntax: "set switch port PORT rate off",
            about: "Take whatever comes from a port.",
            build: |values| policy(values.port()?, PolicyChange::Rate(None)),
        },
        Entry {
            syntax: "set switch port PORT retry TIMES:u32 delay US:u32",
            about: "Try a full transmit queue so often again, after so long each time; 0 times drops at once.",
            build: |values| {
                let port = values.port()?;
                let times: u32 = values.number()?;
                let delay = Duration::from_micros(values.number()?);
                policy(port, PolicyChange::Retry((times > 0).then_some(Retry { delay, times })))
            },
        },
    ],
};

fn run(command: SwitchCommand) -> Option<Request<Command>> {
    super::run(Command::Switch(command))
}

fn policy(port: PortId, change: PolicyChange) -> Option<Request<Command>> {
    run(SwitchCommand::Policy(port, change))
}

/// The rest of the line.
fn text(values: &mut Values<'_>) -> String {
    values.rest().join(" ")
}

/// Whether one rule alone is meant, and the words that say which.
fn strictly(words: &[&str]) -> (bool, String) {
    match words {
        ["strict" | "--strict", rule @ ..] => (true, rule.join(" ")),
        words => (false, words.join(" ")),
    }
}

/// As `ovs-ofctl` has it: `--strict`, and the bridge that it has to be told.
fn as_ofctl(values: &mut Values<'_>) -> (bool, String) {
    match &values.rest()[..] {
        ["--strict", words @ ..] => (true, behind_bridge(words)),
        words => (false, behind_bridge(words)),
    }
}

/// The words of a rule, less the bridge before them.
fn behind_bridge(words: &[&str]) -> String {
    match words {
        [bridge, rule @ ..]
            if FlowSelect::parse(bridge, false).is_err() && !bridge.contains('=') =>
        {
            rule.join(" ")
        }
        words => words.join(" "),
    }
}

/// A limit, of which 0 stands for none.
fn limit(values: &mut Values<'_>) -> Option<Option<u32>> {
    values.number().map(|number| Some(number).filter(|number| *number > 0))
}
