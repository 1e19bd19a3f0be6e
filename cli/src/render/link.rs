//! A link in a line.

use dataplane::port::Link;

/// As DPDK writes it (`rte_eth_link_to_str`): `Link up at 10 Gbps FDX Autoneg`.
pub(crate) fn words(link: Link) -> String {
    if !link.up {
        return "Link down".to_owned();
    }
    let speed = speed(link.speed_mbps);
    let duplex = if link.full_duplex { "FDX" } else { "HDX" };
    let by = if link.autoneg { "Autoneg" } else { "Fixed" };
    format!("Link up at {speed} {duplex} {by}")
}

/// A speed as DPDK writes it (`rte_eth_link_speed_to_str`).
pub(super) fn speed(mbps: Option<u32>) -> String {
    match mbps {
        None => "Unknown".to_owned(),
        Some(mbps) if mbps < 1000 => format!("{mbps} Mbps"),
        Some(mbps) => format!("{} Gbps", f64::from(mbps) / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_said_as_dpdk_says_it() {
        let up = Link { up: true, speed_mbps: Some(10_000), full_duplex: true, autoneg: false };
        assert_eq!(words(up), "Link up at 10 Gbps FDX Fixed");
        let slow = Link { speed_mbps: Some(100), full_duplex: false, autoneg: true, ..up };
        assert_eq!(words(slow), "Link up at 100 Mbps HDX Autoneg");
        assert_eq!(words(Link { speed_mbps: Some(2500), ..up }), "Link up at 2.5 Gbps FDX Fixed");
        assert_eq!(words(Link { speed_mbps: None, ..up }), "Link up at Unknown FDX Fixed");
        assert_eq!(words(Link { up: false, ..up }), "Link down");
    }
}
