//! Forward statistics: the table that ends a run (testpmd's `fwd_stats_display`, `app/test-pmd/testpmd.c`).

use super::bad_checksums::BadChecksums;
use dataplane::engine::counters::BurstCount;
use dataplane::forward::TallyFigure;
use dataplane::port::{PortId, QueueId};
use serde::Serialize;
use std::cmp::Reverse;
use std::fmt::{self, Display};

/// What was forwarded since the start.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ForwardStats {
    /// The forwarding mode's name.
    pub(crate) mode: String,
    /// The forwarding ports.
    pub(crate) ports: Vec<PortForward>,
    /// The streams that lead from a port to a port.
    pub(crate) streams: Vec<StreamForward>,
    /// TSC cycles that workers spent on rounds that found packets.
    pub(crate) busy_cycles: u64,
    /// TSC cycles per second.
    pub(crate) tsc_hz: u64,
}

/// What a port received and sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortForward {
    /// The port's number.
    pub(crate) port: PortId,
    /// Packets received.
    pub(crate) rx_packets: u64,
    /// Packets that found no free descriptor.
    pub(crate) rx_dropped: u64,
    /// Packets received in error.
    pub(crate) rx_errors: u64,
    /// Packets that found no free mbuf.
    pub(crate) rx_nombufs: u64,
    /// Packets sent.
    pub(crate) tx_packets: u64,
    /// Packets that were to be sent and were not.
    pub(crate) tx_dropped: u64,
    /// Packets received with a wrong checksum; `None` in modes that do not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bad_checksums: Option<BadChecksums>,
    /// What the mode counts itself, by stream of packets that entered here.
    pub(crate) mode_counts: Vec<Vec<TallyFigure>>,
    /// Bursts received and sent.
    pub(crate) bursts: Bursts,
}

/// What a stream received and sent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StreamForward {
    /// Where packets enter.
    pub(crate) rx_port: PortId,
    /// The receive queue.
    pub(crate) rx_queue: QueueId,
    /// Where packets leave.
    pub(crate) tx_port: PortId,
    /// The transmit queue.
    pub(crate) tx_queue: QueueId,
    /// Packets received.
    pub(crate) rx_packets: u64,
    /// Packets sent.
    pub(crate) tx_packets: u64,
    /// Packets that were to be sent and were not.
    pub(crate) tx_dropped: u64,
    /// Packets received with a wrong checksum; `None` in modes that do not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bad_checksums: Option<BadChecksums>,
    /// Bursts received and sent.
    pub(crate) bursts: Bursts,
}

/// How often bursts of each size were received and sent.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Bursts {
    /// Receive calls by what they returned.
    pub(crate) rx: Vec<BurstCount>,
    /// Transmit calls by what they took.
    pub(crate) tx: Vec<BurstCount>,
}

/// What to show beyond packets (`--record-burst-stats`, `--record-core-cycles`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Show {
    /// Bursts by size.
    pub(crate) bursts: bool,
    /// Cycles per packet.
    pub(crate) cycles: bool,
}

/// The table as testpmd prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ForwardStatsPage {
    /// What was forwarded.
    pub(crate) stats: ForwardStats,
    /// What of it the table has.
    #[serde(skip)]
    pub(crate) show: Show,
}

impl Display for ForwardStatsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With more streams than ports testpmd shows each stream, and bursts with it instead of with the port.
        let by_stream = self.stats.streams.len() > self.stats.ports.len();
        if by_stream {
            self.stats.streams.iter().try_for_each(|stream| self.stream(f, stream))?;
        }
        for port in &self.stats.ports {
            self.port(f, port, self.show.bursts && !by_stream)?;
        }
        self.total(f)?;
        if self.show.cycles { self.cycles(f) } else { Ok(()) }
    }
}

impl ForwardStatsPage {
    fn stream(&self, f: &mut fmt::Formatter<'_>, stream: &StreamForward) -> fmt::Result {
        let StreamForward { rx_port, rx_queue, tx_port, tx_queue, .. } = stream;
        let StreamForward { rx_packets, tx_packets, tx_dropped, bursts, .. } = stream;
        if (*rx_packets, *tx_packets, *tx_dropped) == (0, 0, 0) {
            return Ok(());
        }
        let border = "-------";
        writeln!(
            f,
            "\n  {border} Forward Stats for RX Port={rx_port:2}/Queue={rx_queue:2} -> \
             TX Port={tx_port:2}/Queue={tx_queue:2} {border}"
        )?;
        writeln!(
            f,
            "  RX-packets: {rx_packets:<14} TX-packets: {tx_packets:<14} TX-dropped: {tx_dropped:<14}{}",
            stream.bad_checksums.map(BadChecksums::stream_words).unwrap_or_default()
        )?;
        if self.show.bursts { bursts.fmt(f) } else { Ok(()) }
    }

    fn port(&self, f: &mut fmt::Formatter<'_>, port: &PortForward, bursts: bool) -> fmt::Result {
        let border = "-".repeat(22);
        writeln!(f, "\n  {border} Forward statistics for port {:<2} {border}", port.port)?;
        packets(f, "RX", port.rx_packets, port.rx_dropped)?;
        f.write_str(&port.bad_checksums.map(BadChecksums::port_lines).unwrap_or_default())?;
        if port.rx_errors + port.rx_nombufs > 0 {
            writeln!(f, "  RX-error: {}", port.rx_errors)?;
            writeln!(f, "  RX-nombufs: {:<14}", port.rx_nombufs)?;
        }
        packets(f, "TX", port.tx_packets, port.tx_dropped)?;
        for counts in &port.mode_counts {
            let words = counts.iter().map(|figure| format!("  {}: {}", figure.name, figure.count));
            writeln!(f, "{}", words.collect::<String>())?;
        }
        if bursts {
            port.bursts.fmt(f)?;
        }
        writeln!(f, "  {}", "-".repeat(76))
    }

    fn sum(&self, figure: fn(&PortForward) -> u64) -> u64 {
        self.stats.ports.iter().map(figure).sum()
    }

    fn total(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let border = "+".repeat(15);
        writeln!(f, "\n  {border} Accumulated forward statistics for all ports{border}")?;
        packets(f, "RX", self.sum(|port| port.rx_packets), self.sum(|port| port.rx_dropped))?;
        packets(f, "TX", self.sum(|port| port.tx_packets), self.sum(|port| port.tx_dropped))?;
        let nombufs = self.sum(|port| port.rx_nombufs);
        if nombufs > 0 {
            writeln!(f, "  RX-nombufs: {nombufs:<14}")?;
        }
        writeln!(f, "  {}", "+".repeat(76))
    }

    fn cycles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ForwardStats { mode, busy_cycles, tsc_hz, .. } = &self.stats;
        let packets = self.sum(|port| port.rx_packets);
        if packets == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "\n  CPU cycles/packet={:.2} (total cycles={busy_cycles} / total {mode} packets={packets}) at {} MHz Clock",
            *busy_cycles as f64 / packets as f64,
            tsc_hz / 1_000_000,
        )
    }
}

fn packets(f: &mut fmt::Formatter<'_>, way: &str, passed: u64, dropped: u64) -> fmt::Result {
    let total = passed + dropped;
    writeln!(f, "  {way}-packets: {passed:<14} {way}-dropped: {dropped:<14}{way}-total: {total}")
}

impl Display for Bursts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        burst_sizes(f, "RX", &self.rx)?;
        burst_sizes(f, "TX", &self.tx)
    }
}

/// Shares of empty bursts and of the two most frequent sizes, in whole percent; the last share is what is left to 100.
fn burst_sizes(f: &mut fmt::Formatter<'_>, way: &str, bursts: &[BurstCount]) -> fmt::Result {
    let total: u64 = bursts.iter().map(|burst| burst.count).sum();
    if total == 0 {
        return Ok(());
    }
    let (empty, mut sizes): (Vec<BurstCount>, Vec<BurstCount>) =
        bursts.iter().partition(|burst| burst.size == 0);
    sizes.sort_by_key(|burst| (Reverse(burst.count), burst.size));
    sizes.truncate(2);
    let empty = BurstCount { size: 0, count: empty.iter().map(|burst| burst.count).sum() };

    write!(f, "  {way}-bursts : {total} [")?;
    let mut shown = 0;
    let mut percent_left = 100;
    for BurstCount { size, count } in [empty].into_iter().chain(sizes) {
        shown += count;
        if shown == total {
            return writeln!(f, "{percent_left}% of {size} pkts]");
        }
        let percent = u128::from(count) * 100 / u128::from(total);
        percent_left -= percent;
        write!(f, "{percent}% of {size} pkts + ")?;
    }
    writeln!(f, "{percent_left}% of other]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bursts(sizes: &[(usize, u64)]) -> Vec<BurstCount> {
        sizes.iter().map(|&(size, count)| BurstCount { size, count }).collect()
    }

    fn port(number: u16, rx_packets: u64, tx_packets: u64) -> PortForward {
        PortForward {
            port: PortId(number),
            rx_packets,
            rx_dropped: 0,
            rx_errors: 0,
            rx_nombufs: 0,
            tx_packets,
            tx_dropped: 0,
            bad_checksums: None,
            mode_counts: Vec::new(),
            bursts: Bursts::default(),
        }
    }

    /// Figures of a run of `dpdk-testpmd -- -i --record-burst-stats --record-core-cycles` on two net_null ports.
    fn page(stats: ForwardStats, show: Show) -> String {
        ForwardStatsPage { stats, show }.to_string()
    }

    fn two_ports() -> ForwardStats {
        let of_32 = |rx, tx| Bursts { rx: bursts(&[(32, rx)]), tx: bursts(&[(32, tx)]) };
        ForwardStats {
            mode: "mac".to_owned(),
            ports: vec![
                PortForward {
                    bursts: of_32(2_064_769, 2_064_773),
                    ..port(0, 66_072_416, 66_072_384)
                },
                PortForward {
                    bursts: of_32(2_064_778, 2_064_780),
                    ..port(1, 66_072_832, 66_072_864)
                },
            ],
            streams: Vec::new(),
            busy_cycles: 2_378_329_369,
            tsc_hz: 2_600_000_000,
        }
    }

    #[test]
    fn the_table_is_testpmds() {
        assert_eq!(
            page(two_ports(), Show { bursts: true, cycles: true }),
            "
  ---------------------- Forward statistics for port 0  ----------------------
  RX-packets: 66072416       RX-dropped: 0             RX-total: 66072416
  TX-packets: 66072384       TX-dropped: 0             TX-total: 66072384
  RX-bursts : 2064769 [0% of 0 pkts + 100% of 32 pkts]
  TX-bursts : 2064773 [0% of 0 pkts + 100% of 32 pkts]
  ----------------------------------------------------------------------------

  ---------------------- Forward statistics for port 1  ----------------------
  RX-packets: 66072832       RX-dropped: 0             RX-total: 66072832
  TX-packets: 66072864       TX-dropped: 0             TX-total: 66072864
  RX-bursts : 2064778 [0% of 0 pkts + 100% of 32 pkts]
  TX-bursts : 2064780 [0% of 0 pkts + 100% of 32 pkts]
  ----------------------------------------------------------------------------

  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
  RX-packets: 132145248      RX-dropped: 0             RX-total: 132145248
  TX-packets: 132145248      TX-dropped: 0             TX-total: 132145248
  ++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++

  CPU cycles/packet=18.00 (total cycles=2378329369 / total mac packets=132145248) at 2600 MHz Clock
"
        );
    }

    #[test]
    fn more_streams_than_ports_are_shown_one_by_one() {
        let stream = |queue, packets| StreamForward {
            rx_port: PortId(0),
            rx_queue: QueueId(queue),
            tx_port: PortId(0),
            tx_queue: QueueId(queue),
            rx_packets: packets,
            tx_packets: packets,
            tx_dropped: 0,
            bad_checksums: None,
            bursts: Bursts::default(),
        };
        let stats = ForwardStats {
            ports: vec![port(0, 85_692_704, 85_692_704)],
            streams: vec![stream(0, 42_846_336), stream(1, 42_846_304), stream(2, 0)],
            ..ForwardStats::default()
        };
        assert_eq!(
            page(stats, Show::default()),
            "
  ------- Forward Stats for RX Port= 0/Queue= 0 -> TX Port= 0/Queue= 0 -------
  RX-packets: 42846336       TX-packets: 42846336       TX-dropped: 0             \n
  ------- Forward Stats for RX Port= 0/Queue= 1 -> TX Port= 0/Queue= 1 -------
  RX-packets: 42846304       TX-packets: 42846304       TX-dropped: 0             \n
  ---------------------- Forward statistics for port 0  ----------------------
  RX-packets: 85692704       RX-dropped: 0             RX-total: 85692704
  TX-packets: 85692704       TX-dropped: 0             TX-total: 85692704
  ----------------------------------------------------------------------------

  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
  RX-packets: 85692704       RX-dropped: 0             RX-total: 85692704
  TX-packets: 85692704       TX-dropped: 0             TX-total: 85692704
  ++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++
"
        );
    }

    #[test]
    fn losses_have_lines_of_their_own() {
        let stats = ForwardStats {
            ports: vec![PortForward {
                rx_dropped: 2,
                rx_errors: 3,
                rx_nombufs: 4,
                ..port(10, 1, 0)
            }],
            ..ForwardStats::default()
        };
        let text = page(stats, Show { cycles: true, bursts: true });
        assert!(text.contains(" for port 10 ---"), "{text}");
        assert!(text.contains(
            "RX-dropped: 2             RX-total: 3\n  RX-error: 3\n  RX-nombufs: 4             \n"
        ));
        assert!(!text.contains("bursts"));
    }

    #[test]
    fn shares_of_burst_sizes_add_up_to_a_hundred() {
        let shown =
            |sizes: &[(usize, u64)]| Bursts { rx: bursts(sizes), tx: Vec::new() }.to_string();
        assert_eq!(shown(&[(0, 5)]), "  RX-bursts : 5 [100% of 0 pkts]\n");
        assert_eq!(
            shown(&[(0, 1), (4, 1), (8, 1)]),
            "  RX-bursts : 3 [33% of 0 pkts + 33% of 4 pkts + 34% of 8 pkts]\n"
        );
        assert_eq!(
            shown(&[(0, 1), (4, 1), (8, 3), (9, 5)]),
            "  RX-bursts : 10 [10% of 0 pkts + 50% of 9 pkts + 30% of 8 pkts + 10% of other]\n"
        );
        assert_eq!(shown(&[]), "");
    }
}
