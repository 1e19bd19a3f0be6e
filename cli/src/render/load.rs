//! How busy a forwarder is: `show load`, and what `top` draws.

use super::port_stats::Rates;
use super::rate::{bits_a_second, packets_a_second};
use dataplane::forward::DropReason;
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use serde::Serialize;
use std::fmt;

/// How busy a forwarder is.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LoadPage {
    /// The forwarding mode.
    pub(crate) mode: String,
    /// Over how long rates and shares are: since the last look, or since the start.
    pub(crate) seconds: f64,
    pub(crate) ports: Vec<PortLoad>,
    pub(crate) workers: Vec<WorkerLoad>,
    /// What was dropped, by reason.
    pub(crate) dropped: Vec<DropLoad>,
    /// Bursts that were received, by size.
    pub(crate) bursts: Vec<BurstLoad>,
}

/// A port.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortLoad {
    pub(crate) port: PortId,
    pub(crate) device: String,
    /// `None` if the device does not say.
    pub(crate) link_up: Option<bool>,
    #[serde(flatten)]
    pub(crate) rates: Rates,
    /// Packets that the device dropped for want of room.
    pub(crate) missed: u64,
}

/// A worker.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkerLoad {
    pub(crate) lcore: LcoreId,
    /// The share of its cycles in which it moved packets.
    pub(crate) busy_percent: f64,
    /// Packets that it received or made.
    pub(crate) packets_per_second: f64,
    /// Cycles of a packet; `None` if there was none.
    pub(crate) cycles_per_packet: Option<f64>,
}

/// What was dropped for one reason.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DropLoad {
    pub(crate) reason: DropReason,
    pub(crate) packets: u64,
    pub(crate) packets_per_second: f64,
}

/// Bursts of one size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BurstLoad {
    pub(crate) size: usize,
    /// Their share of all bursts.
    pub(crate) percent: f64,
}

/// The heads of [`ports`].
pub(crate) const PORTS: [&str; 8] =
    ["port", "device", "link", "received", "", "sent", "", "missed"];

/// The heads of [`workers`].
const WORKERS: [&str; 4] = ["lcore", "busy", "packets", "cycles/packet"];

/// The heads of [`drops`].
pub(crate) const DROPS: [&str; 3] = ["reason", "packets", "rate"];

/// A row a port.
pub(crate) fn ports(load: &LoadPage) -> Vec<[String; 8]> {
    let row = |of: &PortLoad| {
        let link = of.link_up.map_or("-", |up| if up { "up" } else { "down" });
        [
            of.port.to_string(),
            of.device.clone(),
            link.to_owned(),
            packets_a_second(of.rates.rx_pps as f64),
            bits_a_second(of.rates.rx_bps as f64),
            packets_a_second(of.rates.tx_pps as f64),
            bits_a_second(of.rates.tx_bps as f64),
            of.missed.to_string(),
        ]
    };
    load.ports.iter().map(row).collect()
}

/// A row a worker.
pub(crate) fn workers(load: &LoadPage) -> Vec<[String; 4]> {
    let row = |of: &WorkerLoad| {
        [
            of.lcore.to_string(),
            format!("{:.1} %", of.busy_percent),
            packets_a_second(of.packets_per_second),
            of.cycles_per_packet.map_or("-".to_owned(), |cycles| format!("{cycles:.1}")),
        ]
    };
    load.workers.iter().map(row).collect()
}

/// A row a reason for which packets were dropped.
pub(crate) fn drops(load: &LoadPage) -> Vec<[String; 3]> {
    let row = |of: &DropLoad| {
        let rate = packets_a_second(of.packets_per_second);
        [of.reason.name().to_owned(), of.packets.to_string(), rate]
    };
    load.dropped.iter().map(row).collect()
}

/// Sizes of bursts, and the share of each in percent.
pub(crate) fn bursts(load: &LoadPage) -> Vec<(String, f64)> {
    load.bursts.iter().map(|of| (of.size.to_string(), of.percent)).collect()
}

impl fmt::Display for LoadPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} forwarding, over {:.1} s", self.mode, self.seconds)?;
        write_table(f, PORTS, &ports(self))?;
        write_table(f, WORKERS, &workers(self))?;
        if !self.dropped.is_empty() {
            writeln!(f, "\ndropped")?;
            write_table(f, DROPS, &drops(self))?;
        }
        let bursts = bursts(self);
        if !bursts.is_empty() {
            let shares = bursts.iter().map(|(size, percent)| format!("{size}: {percent:.1} %"));
            let shares = shares.collect::<Vec<_>>().join(", ");
            writeln!(f, "\nreceived bursts by size: {shares}")?;
        }
        Ok(())
    }
}

/// Columns as wide as what is in them.
fn write_table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    rows: &[[String; N]],
) -> fmt::Result {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.max().unwrap_or(0).max(head[column].len())
    };
    let line = |cells: [&str; N]| {
        let cells = cells.iter().enumerate();
        cells.map(|(at, cell)| format!("{cell:<0$}", width(at))).collect::<Vec<_>>().join("  ")
    };
    writeln!(f, "\n{}", line(head).trim_end())?;
    rows.iter()
        .try_for_each(|row| writeln!(f, "{}", line(row.each_ref().map(String::as_str)).trim_end()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Of a forwarder with a port and a worker.
    pub(crate) fn load() -> LoadPage {
        let rates =
            Rates { rx_pps: 1_500_000, rx_bps: 768_000_000, tx_pps: 1_400_000, tx_bps: 999 };
        LoadPage {
            mode: "macswap".to_owned(),
            seconds: 1.0,
            ports: vec![PortLoad {
                port: PortId(0),
                device: "net_null0".to_owned(),
                link_up: Some(true),
                rates,
                missed: 7,
            }],
            workers: vec![WorkerLoad {
                lcore: LcoreId(1),
                busy_percent: 75.0,
                packets_per_second: 1.5e6,
                cycles_per_packet: Some(123.4),
            }],
            dropped: vec![DropLoad {
                reason: DropReason::TxFull,
                packets: 100_000,
                packets_per_second: 1e5,
            }],
            bursts: vec![
                BurstLoad { size: 1, percent: 2.5 },
                BurstLoad { size: 32, percent: 97.5 },
            ],
        }
    }

    #[test]
    fn rates_have_units_and_columns_are_as_wide_as_they_must_be() {
        assert_eq!(
            load().to_string(),
            "macswap forwarding, over 1.0 s\n\n\
             port  device     link  received            sent               missed\n\
             0     net_null0  up    1.5 Mpps  768 Mb/s  1.4 Mpps  999 b/s  7\n\n\
             lcore  busy    packets   cycles/packet\n\
             1      75.0 %  1.5 Mpps  123.4\n\n\
             dropped\n\n\
             reason   packets  rate\n\
             tx_full  100000   100 kpps\n\n\
             received bursts by size: 1: 2.5 %, 32: 97.5 %\n"
        );
    }
}
