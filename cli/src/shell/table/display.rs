//! Commands that show something, and those that set shown counts to zero.

use super::run;
use crate::command::{
    ClearCommand, Command, ConfigPage, PortPage, PortsPage, QueuePage, ShowCommand,
};
use crate::shell::grammar::{Entry, Request, Section, Values};
use dataplane::port::Direction;

pub(super) const SECTION: Section<Command> = Section {
    word: "display",
    title: "Display:",
    about: "Displaying port, stats and config information.",
    commands: &[
        Entry {
            syntax: "show port info PORTS",
            about: "Display what a port, or each of them, is and can do.",
            build: |values| ports(PortsPage::Info, values),
        },
        Entry {
            syntax: "show port summary PORTS",
            about: "Display a line for a port, or for each of them.",
            build: |values| ports(PortsPage::Summary, values),
        },
        Entry {
            syntax: "show port stats PORTS",
            about: "Display statistics of a port, or of all of them, and rates since they were last shown.",
            build: |values| ports(PortsPage::Stats, values),
        },
        Entry {
            syntax: "show port xstats PORTS",
            about: "Display the counts that a device, or each of them, keeps by name.",
            build: |values| ports(PortsPage::ExtendedStats, values),
        },
        Entry {
            syntax: "show port dcb_tc PORTS",
            about: "Display the traffic classes of a port, or of all of them.",
            build: |values| ports(PortsPage::Dcb, values),
        },
        Entry {
            syntax: "clear port (info|stats|xstats) PORTS",
            about: "Clear statistics of a port, or of all of them.",
            build: |values| match values.word()? {
                "xstats" => clear(ClearCommand::PortXstats(values.ports()?)),
                _ => clear(ClearCommand::PortStats(values.ports()?)),
            },
        },
        Entry {
            syntax: "clear fwd stats all",
            about: "Clear forwarding statistics, for all ports.",
            build: |_| clear(ClearCommand::FwdStats),
        },
        Entry {
            syntax: "show port PORT rx_offload capabilities",
            about: "List what a port can do to received packets, on single queues and as a whole.",
            build: |values| port(values, PortPage::OffloadCapabilities(Direction::Rx)),
        },
        Entry {
            syntax: "show port PORT rx_offload configuration",
            about: "List what a port and each of its queues does to received packets.",
            build: |values| port(values, PortPage::OffloadConfiguration(Direction::Rx)),
        },
        Entry {
            syntax: "show port PORT tx_offload capabilities",
            about: "List what a port can do to packets that it sends, on single queues and as a whole.",
            build: |values| port(values, PortPage::OffloadCapabilities(Direction::Tx)),
        },
        Entry {
            syntax: "show port PORT tx_offload configuration",
            about: "List what a port and each of its queues does to packets that it sends.",
            build: |values| port(values, PortPage::OffloadConfiguration(Direction::Tx)),
        },
        Entry {
            syntax: "show port PORT rss-hash",
            about: "Display the RSS hash functions of a port.",
            build: |values| port(values, PortPage::RssHash { with_key: false }),
        },
        Entry {
            syntax: "show port PORT rss-hash key",
            about: "Display the RSS hash functions of a port, and the key.",
            build: |values| port(values, PortPage::RssHash { with_key: true }),
        },
        Entry {
            syntax: "show port PORT rss reta SIZE:1-65535 MASKS:text",
            about: "Display the entries of a port's RSS redirection table whose bits are set, a mask for each 64 of \
                    them: (0xf,0x1).",
            build: |values| {
                let (id, size) = (values.port()?, values.number()?);
                let masks = values.word()?.to_owned();
                run(Command::Show(ShowCommand::Port(id, PortPage::Reta { size, masks })))
            },
        },
        Entry {
            syntax: "show port PORT flow_ctrl",
            about: "Display how a port pauses its peer and lets itself be paused.",
            build: |values| port(values, PortPage::FlowControl),
        },
        Entry {
            syntax: "show port PORT macs",
            about: "Display the MAC addresses of a port.",
            build: |values| port(values, PortPage::Macs),
        },
        Entry {
            syntax: "show port PORT mcast_macs",
            about: "Display the multicast MAC addresses of a port.",
            build: |values| port(values, PortPage::MulticastMacs),
        },
        Entry {
            syntax: "show port PORT ptypes",
            about: "Display the packet types that a port recognises.",
            build: |values| port(values, PortPage::Ptypes),
        },
        Entry {
            syntax: "show port PORT eeprom",
            about: "Display the EEPROM of a port.",
            build: |values| port(values, PortPage::Eeprom),
        },
        Entry {
            syntax: "show port PORT module_eeprom",
            about: "Display the EEPROM of the transceiver in a port.",
            build: |values| port(values, PortPage::ModuleEeprom),
        },
        Entry {
            syntax: "show port PORT rxq RXQ desc DESC:u16 status",
            about: "Display what a receive descriptor is for at the moment.",
            build: |values| {
                descriptor(values, |desc| QueuePage::DescriptorStatus(Direction::Rx, desc))
            },
        },
        Entry {
            syntax: "show port PORT txq TXQ desc DESC:u16 status",
            about: "Display what a transmit descriptor is for at the moment.",
            build: |values| {
                descriptor(values, |desc| QueuePage::DescriptorStatus(Direction::Tx, desc))
            },
        },
        Entry {
            syntax: "show port PORT rxq RXQ desc used count",
            about: "Display how many receive descriptors hold packets.",
            build: |values| queue(values, QueuePage::Used),
        },
        Entry {
            syntax: "show rxq info PORT RXQ",
            about: "Display how a receive queue is set up.",
            build: |values| queue(values, QueuePage::Info(Direction::Rx)),
        },
        Entry {
            syntax: "show txq info PORT TXQ",
            about: "Display how a transmit queue is set up.",
            build: |values| queue(values, QueuePage::Info(Direction::Tx)),
        },
        Entry {
            syntax: "read rxd PORT RXQ DESC:u16",
            about: "Display the bytes of a receive descriptor.",
            build: |values| descriptor(values, |desc| QueuePage::Descriptor(Direction::Rx, desc)),
        },
        Entry {
            syntax: "read txd PORT TXQ DESC:u16",
            about: "Display the bytes of a transmit descriptor.",
            build: |values| descriptor(values, |desc| QueuePage::Descriptor(Direction::Tx, desc)),
        },
        Entry {
            syntax: "show port PORT fec_mode",
            about: "Display how the link of a port corrects errors.",
            build: |values| port(values, PortPage::Fec),
        },
        Entry {
            syntax: "show port PORT fec capabilities",
            about: "Display how the link of a port can correct errors, by its speed.",
            build: |values| port(values, PortPage::FecCapabilities),
        },
        Entry {
            syntax: "show port PORT flow transfer proxy",
            about: "Display which port takes the flow rules of a port's switch.",
            build: |values| port(values, PortPage::TransferProxy),
        },
        Entry {
            syntax: "read reg PORT OFFSET:u32",
            about: "Display a register of a port, by its offset among those that the driver shows.",
            build: |values| {
                let (id, offset) = (values.port()?, values.number()?);
                run(Command::Show(ShowCommand::Port(id, PortPage::Register(offset))))
            },
        },
        Entry {
            syntax: "show fwd stats all",
            about: "Display forwarding statistics since the start, for all ports.",
            build: |_| run(Command::Show(ShowCommand::FwdStats)),
        },
        Entry {
            syntax: "show load",
            about: "Display how busy ports and workers are, what is dropped and the sizes of bursts, since it was last shown.",
            build: |_| run(Command::Show(ShowCommand::Load)),
        },
        Entry {
            syntax: "show metrics",
            about: "Display the bit rates and latencies that the program was started to measure.",
            build: |_| run(Command::Show(ShowCommand::Metrics)),
        },
        Entry {
            syntax: "show config fwd",
            about: "Display which lcore forwards which queues.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::Fwd))),
        },
        Entry {
            syntax: "show config cores",
            about: "Display which lcores forward.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::Cores))),
        },
        Entry {
            syntax: "show config rxtx",
            about: "Display how ports and queues are set up.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::RxTx))),
        },
        Entry {
            syntax: "show config rss",
            about: "Display what RSS hashes on each port, and with which key.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::Rss))),
        },
        Entry {
            syntax: "show config rxoffs",
            about: "Display where segments of received packets begin; packets are not split, so there are none.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::RxOffsets))),
        },
        Entry {
            syntax: "show config (rxpkts|rxhdrs)",
            about: "Display the segments of received packets; packets are not split, so there are none.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::RxSegments))),
        },
        Entry {
            syntax: "show config txtimes",
            about: "Display the gaps that devices keep between packets that are made: none.",
            build: |_| run(Command::Show(ShowCommand::Config(ConfigPage::TxTimes))),
        },
        Entry {
            syntax: "show device info DEVICE:text",
            about: "Display the device of this name, or all, and their ports.",
            build: |values| {
                let name = values.word().filter(|word| *word != "all");
                run(Command::Show(ShowCommand::Devices(name.map(str::to_owned))))
            },
        },
    ],
};

fn ports(page: PortsPage, values: &mut Values<'_>) -> Option<Request<Command>> {
    run(Command::Show(ShowCommand::Ports(page, values.ports()?)))
}

fn port(values: &mut Values<'_>, page: PortPage) -> Option<Request<Command>> {
    run(Command::Show(ShowCommand::Port(values.port()?, page)))
}

fn queue(values: &mut Values<'_>, page: QueuePage) -> Option<Request<Command>> {
    run(Command::Show(ShowCommand::Queue(values.port()?, values.queue()?, page)))
}

fn descriptor(
    values: &mut Values<'_>,
    page: impl Fn(u16) -> QueuePage,
) -> Option<Request<Command>> {
    let (port, queue, desc) = (values.port()?, values.queue()?, values.number()?);
    run(Command::Show(ShowCommand::Queue(port, queue, page(desc))))
}

fn clear(command: ClearCommand) -> Option<Request<Command>> {
    run(Command::Clear(command))
}
