//! Which packets are merged and cut: testpmd's `tso show`, `tunnel_tso show`, `show port P gro` and `show port P gso`
//! (`app/test-pmd/cmdline.c`, `app/test-pmd/config.c`).

use dataplane::port::PortId;
use serde::Serialize;
use std::fmt;

/// Whether a device cuts TCP into segments.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct TsoPage {
    /// Whether that in tunnels is meant.
    pub(crate) tunnelled: bool,
    /// Bytes of a segment; 0 where it is not cut.
    pub(crate) segment: u16,
}

impl fmt::Display for TsoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = if self.tunnelled { "tunneled" } else { "non-tunneled" };
        match self.segment {
            0 => writeln!(f, "TSO for {which} packets is disabled"),
            segment => writeln!(f, "TSO segment size for {which} packets is {segment}"),
        }
    }
}

/// Whether packets that enter by a port are merged.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct GroPage {
    pub(crate) port: PortId,
    pub(crate) on: bool,
    /// Packets that can be looked at together.
    pub(crate) packets: u32,
    /// After how many bursts those that wait for others go on.
    pub(crate) flush: u8,
}

impl fmt::Display for GroPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, on, packets, flush } = self;
        if !on {
            return writeln!(f, "Port {port} doesn't enable GRO.");
        }
        writeln!(f, "GRO type: TCP/IPv4")?;
        writeln!(f, "Max number of packets to perform GRO: {packets}")?;
        writeln!(f, "Flushing cycles: {flush}")
    }
}

/// Whether packets that leave by a port are cut here.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct GsoPage {
    pub(crate) port: PortId,
    pub(crate) on: bool,
    /// Bytes of a segment, headers counted.
    pub(crate) segment: u16,
}

impl fmt::Display for GsoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.on {
            return writeln!(f, "GSO is not enabled on Port {}", self.port);
        }
        writeln!(f, "Max GSO'd packet size: {}B", self.segment)?;
        writeln!(
            f,
            "Supported GSO types: TCP/IPv4, UDP/IPv4, VxLAN with inner TCP/IPv4 packet, GRE with inner TCP/IPv4 packet"
        )
    }
}
