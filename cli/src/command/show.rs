//! Commands that show something and change nothing.

use super::PortSelection;
use dataplane::port::{Direction, PortId, QueueId};

/// Shows something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShowCommand {
    /// A page of each of several ports.
    Ports(PortsPage, PortSelection),
    /// A page of one port.
    Port(PortId, PortPage),
    /// A page of one queue.
    Queue(PortId, QueueId, QueuePage),
    /// What has been forwarded since the start.
    FwdStats,
    /// How busy ports and workers are.
    Load,
    /// What DPDK's libraries measure of ports.
    Metrics,
    /// How packets are forwarded.
    Config(ConfigPage),
    /// The devices of DPDK's buses, or the one of this name.
    Devices(Option<String>),
}

/// What is shown of several ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortsPage {
    /// What a device is and can do.
    Info,
    /// A line each.
    Summary,
    /// Device statistics.
    Stats,
    /// The device's own counts by name.
    ExtendedStats,
    /// Traffic classes.
    Dcb,
}

/// What is shown of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortPage {
    /// Offloads it can have.
    OffloadCapabilities(Direction),
    /// Offloads it has.
    OffloadConfiguration(Direction),
    /// What RSS hashes, and with which key.
    RssHash { with_key: bool },
    /// The entries of the RSS redirection table, of `size` entries, that the masks (`(0xf,0x1)`) have bits for.
    Reta { size: u16, masks: String },
    /// How it pauses its peer.
    FlowControl,
    /// Its unicast addresses.
    Macs,
    /// Its multicast addresses.
    MulticastMacs,
    /// What it recognises in packets.
    Ptypes,
    /// Its EEPROM.
    Eeprom,
    /// Its transceiver's EEPROM.
    ModuleEeprom,
    /// How its link corrects errors.
    Fec,
    /// How its link can.
    FecCapabilities,
    /// The port that takes the flow rules of its switch.
    TransferProxy,
    /// A register, by its offset in bytes among those that the driver shows.
    Register(u32),
}

/// What is shown of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueuePage {
    /// How its driver has it.
    Info(Direction),
    /// What a descriptor is for.
    DescriptorStatus(Direction, u16),
    /// The bytes of a descriptor.
    Descriptor(Direction, u16),
    /// How many receive descriptors hold packets.
    Used,
}

/// What is shown of how packets are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigPage {
    /// Which lcore forwards what.
    Fwd,
    /// Which lcores forward.
    Cores,
    /// How ports and queues are set up.
    RxTx,
    /// What RSS hashes on each port.
    Rss,
    /// Where in a buffer each segment of a received packet begins.
    RxOffsets,
    /// Into which segments received packets are split.
    RxSegments,
    /// At which times packets that are made are sent.
    TxTimes,
}
