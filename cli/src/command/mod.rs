//! The typed commands of a running dataplane: what the shell parses and the session carries out.
//!
//! A section of commands is three files of one name: its enum here, its lines in `shell/table/`, what they do in
//! `session/`. To add one, write these and add its variant to [`Command`], its `SECTION` to the table of `shell::table`
//! and its arm to `Session::answer`. To add a command to a section, add a line to each of the three.

mod address;
mod clear;
mod config;
mod control;
mod csum;
mod device;
mod dump;
mod flow;
mod flow_ctrl;
mod modes;
mod port_config;
mod ports;
mod records;
mod segments;
mod show;
mod switch;
mod vhost;
mod vlan;

pub(crate) use address::{AddressChange, AddressCommand};
pub(crate) use clear::ClearCommand;
pub(crate) use config::ConfigCommand;
pub(crate) use control::ControlCommand;
pub(crate) use csum::{By, Checksum, CsumCommand};
pub(crate) use device::{DeviceChange, DeviceCommand, TunnelChange};
pub(crate) use dump::DumpCommand;
pub(crate) use flow::{FlowCommand, FlowDeed};
pub(crate) use flow_ctrl::{FlowCtrlChange, FlowCtrlCommand, FlowCtrlDeed};
pub(crate) use modes::ModesCommand;
pub(crate) use port_config::{PortConfigCommand, QueueChange, SETTINGS, Setting};
pub(crate) use ports::PortsCommand;
pub(crate) use records::RecordsCommand;
pub(crate) use segments::{Packets, SegmentsCommand};
pub(crate) use show::{ConfigPage, PortPage, PortsPage, QueuePage, ShowCommand};
pub(crate) use switch::{PolicyChange, StormKind, SwitchCommand};
pub(crate) use vhost::VhostCommand;
pub(crate) use vlan::{VlanChange, VlanCommand};

use dataplane::port::PortId;

/// Something to do to a running dataplane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Start, stop, end.
    Control(ControlCommand),
    /// Show something.
    Show(ShowCommand),
    /// Set counts to zero.
    Clear(ClearCommand),
    /// Change how packets are forwarded.
    Config(ConfigCommand),
    /// Change or show what mode csum does.
    Csum(CsumCommand),
    /// Change or show which packets are merged and cut.
    Segments(SegmentsCommand),
    /// Change what forwarding modes do.
    Modes(ModesCommand),
    /// Tell a port an address.
    Address(AddressCommand),
    /// Change what a port does about VLANs.
    Vlan(VlanCommand),
    /// Flow rules.
    Flow(FlowCommand),
    /// Change how a port pauses its peer.
    FlowCtrl(FlowCtrlCommand),
    /// Guests at vhost-user ports.
    Vhost(VhostCommand),
    /// Tell a device something.
    Device(DeviceCommand),
    /// Choose what statistics show.
    Records(RecordsCommand),
    /// Show what DPDK holds.
    Dump(DumpCommand),
    /// Start, stop, add and remove ports.
    Ports(PortsCommand),
    /// Steer and show the virtual switch.
    Switch(SwitchCommand),
    /// Change what ports and queues are to be.
    PortConfig(PortConfigCommand),
}

/// One port or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortSelection {
    /// The port of this number.
    One(PortId),
    /// Every port.
    All,
}
