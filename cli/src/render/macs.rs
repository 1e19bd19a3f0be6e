//! A port's addresses: `show port N macs|mcast_macs` (testpmd's `show_macs` and `show_mcast_macs`,
//! `app/test-pmd/config.c`).

use dataplane::wire::ethernet::MacAddr;
use serde::Serialize;
use std::fmt;

/// The addresses a port takes packets for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MacsPage {
    /// Its own.
    Unicast(Vec<MacAddr>),
    /// Groups.
    Multicast(Vec<MacAddr>),
}

impl fmt::Display for MacsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, addresses) = match self {
            Self::Unicast(addresses) => ("MAC", addresses),
            Self::Multicast(addresses) => ("Multicast MAC", addresses),
        };
        writeln!(f, "Number of {kind} address added: {}", addresses.len())?;
        let mut lines = addresses.iter().map(|address| address.to_string().to_uppercase());
        lines.try_for_each(|address| writeln!(f, "  {address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let address = MacAddr([0x01, 0, 0x5e, 0, 0, 0x0a]);
        assert_eq!(
            MacsPage::Multicast(vec![address]).to_string(),
            "Number of Multicast MAC address added: 1\n  01:00:5E:00:00:0A\n"
        );
        assert_eq!(MacsPage::Unicast(Vec::new()).to_string(), "Number of MAC address added: 0\n");
    }
}
