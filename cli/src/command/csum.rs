//! Commands of the `csum` mode.

use dataplane::port::PortId;

/// Changes or shows what the `csum` mode does to packets that a port sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CsumCommand {
    /// Whether tunnels are looked into.
    ParseTunnel(PortId, bool),
    /// Whether frames get the port's and its peer's addresses.
    MacSwap(PortId, bool),
    /// Who computes a checksum.
    Set(Checksum, By, PortId),
    /// What is set.
    Show(PortId),
}

/// A checksum, of the inner headers unless it is an outer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// IPv4's.
    Ip,
    /// UDP's.
    Udp,
    /// TCP's.
    Tcp,
    /// SCTP's.
    Sctp,
    /// IPv4's around a tunnel.
    OuterIp,
    /// UDP's around a tunnel.
    OuterUdp,
}

/// Who computes a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The device that sends the packet.
    Hardware,
    /// This program.
    Software,
}
