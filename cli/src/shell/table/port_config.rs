//! Commands that change what ports and queues are to be.

use crate::command::{Command, PortConfigCommand, QueueChange, SETTINGS};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::port::{Direction, QueueId};

pub(super) const SECTION: Section<Command> = Section {
    word: "port_config",
    title: "Port Configuration:",
    about: "Changing what ports and queues are to be.",
    commands: &[
        Entry {
            syntax: "port config all (rxq|txq|rxd|txd|max-pkt-len|max-lro-pkt-size|txpt|txht|txwt|rxpt|rxht|rxwt|txfreet|txrst|rxfreet) VALUE:u32",
            about: "Set a number of all ports: queues, descriptors, frame lengths, thresholds of their rings.",
            build: |values| {
                let name = values.word()?;
                let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
                let value = values.number()?;
                run(PortConfigCommand::All(setting, value))
            },
        },
        Entry {
            syntax: "port config all burst VALUE:u16",
            about: "Set the number of packets per burst.",
            build: |values| run(PortConfigCommand::Burst(values.number()?)),
        },
        Entry {
            syntax: "port config all drop-en (on|off)",
            about: "Enable or disable packet drop on all RX queues of all ports when no receive buffers available.",
            build: |values| run(PortConfigCommand::DropEn(values.on()?)),
        },
        Entry {
            syntax: "port config all rss TYPE:text",
            about: "Set what RSS hashes on all ports: all, default, none, a level, or a type such as ip, udp, ipv4-tcp.",
            build: |values| run(PortConfigCommand::Rss(values.word()?.to_owned())),
        },
        Entry {
            syntax: "port config mtu PORT VALUE:u16",
            about: "Set the MTU of a port.",
            build: |values| run(PortConfigCommand::Mtu(values.port()?, values.number()?)),
        },
        Entry {
            syntax: "port config PORT rss reta ENTRIES:text",
            about: "Set entries of the RSS redirection table: (hash,queue)[,(hash,queue)].",
            build: |values| run(PortConfigCommand::Reta(values.port()?, values.word()?.to_owned())),
        },
        Entry {
            syntax: "port config PORT rss-hash-key TYPE:text KEY:text",
            about: "Set the RSS key, in hexadecimal digits, and what is hashed with it.",
            build: |values| {
                let port = values.port()?;
                let (types, key) = (values.word()?.to_owned(), values.word()?.to_owned());
                run(PortConfigCommand::RssKey { port, types, key })
            },
        },
        Entry {
            syntax: "port config PORTS speed (10|100|1000|10000|25000|40000|50000|100000|200000|auto) duplex (half|full|auto)",
            about: "Set speed and duplex for all ports or port_id",
            build: |values| {
                let (ports, speed) = (values.ports()?, values.word()?);
                let full_duplex = values.word()? != "half";
                run(PortConfigCommand::Speed { ports, mbps: speed.parse().ok(), full_duplex })
            },
        },
        Entry {
            syntax: "port config PORTS loopback MODE:u32",
            about: "Set loopback mode for all ports or port_id",
            build: |values| run(PortConfigCommand::Loopback(values.ports()?, values.number()?)),
        },
        Entry {
            syntax: "port config PORT rx_offload (vlan_strip|ipv4_cksum|udp_cksum|tcp_cksum|tcp_lro|qinq_strip|outer_ipv4_cksum|macsec_strip|vlan_filter|vlan_extend|scatter|buffer_split|timestamp|security|keep_crc|rss_hash) (on|off)",
            about: "Enable or disable a per port Rx offloading on all Rx queues of a port",
            build: |values| offload(values, Direction::Rx, false),
        },
        Entry {
            syntax: "port config PORT tx_offload (vlan_insert|ipv4_cksum|udp_cksum|tcp_cksum|sctp_cksum|tcp_tso|udp_tso|outer_ipv4_cksum|qinq_insert|vxlan_tnl_tso|gre_tnl_tso|ipip_tnl_tso|geneve_tnl_tso|macsec_insert|mt_lockfree|multi_segs|mbuf_fast_free|security|send_on_timestamp) (on|off)",
            about: "Enable or disable a per port Tx offloading on all Tx queues of a port",
            build: |values| offload(values, Direction::Tx, false),
        },
        Entry {
            syntax: "port PORT rxq RXQ rx_offload (vlan_strip|ipv4_cksum|udp_cksum|tcp_cksum|tcp_lro|qinq_strip|outer_ipv4_cksum|macsec_strip|vlan_filter|vlan_extend|scatter|buffer_split|timestamp|security|keep_crc) (on|off)",
            about: "Enable or disable a per queue Rx offloading only on a specific Rx queue",
            build: |values| offload(values, Direction::Rx, true),
        },
        Entry {
            syntax: "port PORT txq TXQ tx_offload (vlan_insert|ipv4_cksum|udp_cksum|tcp_cksum|sctp_cksum|tcp_tso|udp_tso|outer_ipv4_cksum|qinq_insert|vxlan_tnl_tso|gre_tnl_tso|ipip_tnl_tso|geneve_tnl_tso|macsec_insert|mt_lockfree|multi_segs|mbuf_fast_free|security) (on|off)",
            about: "Enable or disable a per queue Tx offloading only on a specific Tx queue",
            build: |values| offload(values, Direction::Tx, true),
        },
        Entry {
            syntax: "port config PORT rxq RXQ ring_size VALUE:u16",
            about: "Set the descriptors of a receive queue, from when the port starts or the queue is set up.",
            build: |values| {
                queue(values, Direction::Rx, |values| Some(QueueChange::RingSize(values.number()?)))
            },
        },
        Entry {
            syntax: "port config PORT txq TXQ ring_size VALUE:u16",
            about: "Set the descriptors of a transmit queue, from when the port starts or the queue is set up.",
            build: |values| {
                queue(values, Direction::Tx, |values| Some(QueueChange::RingSize(values.number()?)))
            },
        },
        Entry {
            syntax: "port PORT rxq RXQ (start|stop|setup)",
            about: "Start, stop or set up a receive queue of a port that runs.",
            build: |values| queue(values, Direction::Rx, state),
        },
        Entry {
            syntax: "port PORT txq TXQ (start|stop|setup)",
            about: "Start, stop or set up a transmit queue of a port that runs.",
            build: |values| queue(values, Direction::Tx, state),
        },
        Entry {
            syntax: "port PORT rxq RXQ deferred_start (on|off)",
            about: "Leave a receive queue stopped when its port starts, or no longer. Only while the port is stopped.",
            build: |values| {
                queue(values, Direction::Rx, |values| Some(QueueChange::Deferred(values.on()?)))
            },
        },
        Entry {
            syntax: "port PORT txq TXQ deferred_start (on|off)",
            about: "Leave a transmit queue stopped when its port starts, or no longer. Only while the port is stopped.",
            build: |values| {
                queue(values, Direction::Tx, |values| Some(QueueChange::Deferred(values.on()?)))
            },
        },
    ],
};

fn run(command: PortConfigCommand) -> Option<Request<Command>> {
    super::run(Command::PortConfig(command))
}

fn offload(
    values: &mut Values<'_>,
    direction: Direction,
    of_queue: bool,
) -> Option<Request<Command>> {
    let port = values.port()?;
    let queue: Option<QueueId> = if of_queue { Some(values.queue()?) } else { None };
    let (name, on) = (values.word()?.to_owned(), values.on()?);
    run(PortConfigCommand::Offload { port, queue, direction, name, on })
}

fn queue(
    values: &mut Values<'_>,
    direction: Direction,
    change: fn(&mut Values<'_>) -> Option<QueueChange>,
) -> Option<Request<Command>> {
    let (port, queue) = (values.port()?, values.queue()?);
    run(PortConfigCommand::Queue(port, direction, queue, change(values)?))
}

fn state(values: &mut Values<'_>) -> Option<QueueChange> {
    Some(match values.word()? {
        "setup" => QueueChange::SetUp,
        word => QueueChange::Run(word == "start"),
    })
}
