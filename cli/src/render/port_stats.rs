//! Device statistics: `show port stats` and `--stats-period` (testpmd's `nic_stats_display`, `app/test-pmd/config.c`).

use dataplane::port::{ExtendedStat, PortId, PortStats};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// What a port counted, and rates since it was last shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortReport {
    /// The port's number.
    pub(crate) port: PortId,
    /// What it counted.
    pub(crate) stats: PortStats,
    /// How fast it counted.
    pub(crate) rates: Rates,
    /// Those of its extended statistics that are shown too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extended: Vec<ExtendedRate>,
}

/// An extended statistic, and how fast it counted since it was last shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExtendedRate {
    #[serde(flatten)]
    pub(crate) stat: ExtendedStat,
    pub(crate) per_second: u64,
}

/// Packets and bits per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Rates {
    /// Packets received per second.
    pub(crate) rx_pps: u64,
    /// Bits received per second.
    pub(crate) rx_bps: u64,
    /// Packets sent per second.
    pub(crate) tx_pps: u64,
    /// Bits sent per second.
    pub(crate) tx_bps: u64,
}

impl Rates {
    /// The rates between two readings; zero where a count went back, as it does when it is cleared.
    pub(crate) fn between(before: &PortStats, now: &PortStats, elapsed: Duration) -> Self {
        let per_second = |before, now| per_second(before, now, elapsed);
        Self {
            rx_pps: per_second(before.rx_packets, now.rx_packets),
            rx_bps: per_second(before.rx_bytes, now.rx_bytes).saturating_mul(8),
            tx_pps: per_second(before.tx_packets, now.tx_packets),
            tx_bps: per_second(before.tx_bytes, now.tx_bytes).saturating_mul(8),
        }
    }
}

/// How fast a count grew; zero where it went back.
pub(crate) fn per_second(before: u64, now: u64, elapsed: Duration) -> u64 {
    let counted = u128::from(now.saturating_sub(before)) * 1_000_000_000;
    let rate = counted.checked_div(elapsed.as_nanos()).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

impl fmt::Display for PortReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let border = "#".repeat(24);
        writeln!(f, "\n  {border} NIC statistics for port {:<2} {border}", self.port)?;
        let PortStats { rx_packets, rx_missed, rx_bytes, .. } = self.stats;
        writeln!(
            f,
            "  RX-packets: {rx_packets:<10} RX-missed: {rx_missed:<10} RX-bytes:  {rx_bytes}"
        )?;
        writeln!(f, "  RX-errors: {}", self.stats.rx_errors)?;
        writeln!(f, "  RX-nombuf:  {:<10}", self.stats.rx_nombuf)?;
        let PortStats { tx_packets, tx_errors, tx_bytes, .. } = self.stats;
        writeln!(
            f,
            "  TX-packets: {tx_packets:<10} TX-errors: {tx_errors:<10} TX-bytes:  {tx_bytes}"
        )?;
        let Rates { rx_pps, rx_bps, tx_pps, tx_bps } = self.rates;
        writeln!(f, "\n  Throughput (since last show)")?;
        writeln!(f, "  Rx-pps: {rx_pps:12}          Rx-bps: {rx_bps:12}")?;
        writeln!(f, "  Tx-pps: {tx_pps:12}          Tx-bps: {tx_bps:12}")?;
        if !self.extended.is_empty() {
            writeln!(f, "\n{:>36}{:>34}", "Value", "Rate (since last show)")?;
        }
        for ExtendedRate { stat: ExtendedStat { name, value }, per_second } in &self.extended {
            writeln!(f, "  {name:<25}{value:>12}{per_second:>16}")?;
        }
        writeln!(f, "  {}", "#".repeat(76))
    }
}

/// A screen of `--stats-period`: paints the statistics, on a terminal over those before.
pub(crate) fn screen(ports: &[PortReport], terminal: bool) -> String {
    let clear = if terminal { "\x1b[2J\x1b[1;1H" } else { "" };
    let head = format!("{clear}\nPort statistics ====================================");
    ports.iter().fold(head, |screen, port| screen + &port.to_string())
}

/// The answer to `clear port stats`.
pub(crate) fn cleared(port: PortId) -> String {
    format!("\n  NIC statistics for port {port} cleared\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of a run of `dpdk-testpmd` on net_null.
    fn report(port: u16) -> PortReport {
        let stats =
            PortStats { rx_packets: 107_736_128, tx_packets: 107_319_328, ..PortStats::default() };
        let rates = Rates { rx_pps: 53_626_146, tx_pps: 53_626_146, ..Rates::default() };
        PortReport { port: PortId(port), stats, rates, extended: Vec::new() }
    }

    const TABLE: &str = "
  ######################## NIC statistics for port 0  ########################
  RX-packets: 107736128  RX-missed: 0          RX-bytes:  0
  RX-errors: 0
  RX-nombuf:  0        \x20
  TX-packets: 107319328  TX-errors: 0          TX-bytes:  0

  Throughput (since last show)
  Rx-pps:     53626146          Rx-bps:            0
  Tx-pps:     53626146          Tx-bps:            0
  ############################################################################
";

    #[test]
    fn the_table_is_testpmds() {
        assert_eq!(report(0).to_string(), TABLE);
    }

    #[test]
    fn extended_statistics_stand_below_the_rates_as_testpmds_do() {
        let row = |name: &str, value, per_second| {
            let stat = ExtendedStat { name: name.to_owned(), value };
            ExtendedRate { stat, per_second }
        };
        let extended = vec![
            row("tx_good_packets", 212_064, 3_754_284),
            row("rx_mbuf_allocation_errors", 0, 0),
        ];
        let page = PortReport { extended, ..report(0) }.to_string();
        let (_, below) = page.split_once("\n  Tx-pps:").unwrap();
        let (_, below) = below.split_once("\n").unwrap();
        let expected = "
                               Value            Rate (since last show)
  tx_good_packets                212064         3754284
  rx_mbuf_allocation_errors           0               0
  ############################################################################
";
        assert_eq!(below, expected);
    }

    #[test]
    fn a_screen_clears_a_terminal_and_nothing_else() {
        let reports = [report(0), report(1)];
        let plain = screen(&reports, false);
        let rest = plain
            .strip_prefix("\nPort statistics ====================================\n  ####")
            .unwrap();
        assert_eq!(rest.matches("NIC statistics for port").count(), 2);
        assert_eq!(screen(&reports, true), format!("\x1b[2J\x1b[1;1H{plain}"));
    }

    #[test]
    fn rates_are_per_second_and_never_negative() {
        let at = |packets, bytes| PortStats {
            rx_packets: packets,
            rx_bytes: bytes,
            tx_packets: 1_000 - packets,
            ..PortStats::default()
        };
        assert_eq!(
            Rates::between(&at(100, 6_400), &at(200, 12_800), Duration::from_millis(500)),
            Rates { rx_pps: 200, rx_bps: 102_400, tx_pps: 0, tx_bps: 0 }
        );
        assert_eq!(Rates::between(&at(0, 0), &at(9, 9), Duration::ZERO), Rates::default());
    }
}
