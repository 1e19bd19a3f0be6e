//! A register of a port: `read reg` (testpmd's `port_reg_display`, `app/test-pmd/config.c`).

use dataplane::port::PortId;
use serde::Serialize;
use std::fmt;

/// A register.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RegisterPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// Where it is among those that the driver shows, bytes.
    pub(crate) offset: u32,
    /// What it holds.
    pub(crate) value: u64,
}

impl fmt::Display for RegisterPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, offset, value } = self;
        writeln!(f, "port {port} PCI register at offset {offset:#X}: 0x{value:08X} ({value})")
    }
}
