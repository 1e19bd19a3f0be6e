//! What mode csum does for a port: `csum show` (testpmd's `csum_show`, `app/test-pmd/cmdline.c`).

use serde::Serialize;
use std::fmt;

/// Who computes which checksum of packets that a port sends.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CsumPage {
    /// Whether packets inside tunnels are looked at.
    pub(crate) parse_tunnel: bool,
    /// Each checksum, in testpmd's order.
    pub(crate) checksums: Vec<ChecksumBy>,
}

/// Who computes a checksum.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct ChecksumBy {
    /// testpmd's name of it.
    pub(crate) name: &'static str,
    /// Whether the device does.
    pub(crate) hardware: bool,
}

impl fmt::Display for CsumPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tunnel = if self.parse_tunnel { "on" } else { "off" };
        writeln!(f, "Parse tunnel is {tunnel}")?;
        self.checksums.iter().try_for_each(|ChecksumBy { name, hardware }| {
            let by = if *hardware { "hw" } else { "sw" };
            writeln!(f, "{name} checksum offload is {by}")
        })
    }
}
