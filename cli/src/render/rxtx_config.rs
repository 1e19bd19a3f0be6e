//! How ports and queues are set up: `show config rxtx` (testpmd's `rxtx_config_display`, `app/test-pmd/config.c`).

use dataplane::port::{PortId, Thresholds};
use serde::Serialize;
use std::fmt;

/// How packets are forwarded, and what each port is set up for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RxTxPage {
    /// The forwarding mode's name.
    pub(crate) mode: String,
    /// Packets of a burst.
    pub(crate) burst: u16,
    /// Bytes and segments of the packets that the mode makes, if it makes any.
    pub(crate) made: Option<(u32, usize)>,
    /// Lcores that forward.
    pub(crate) cores: usize,
    /// Ports that forward.
    pub(crate) forwarding_ports: usize,
    /// All ports.
    pub(crate) ports: Vec<PortSetup>,
}

/// What a port is set up for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortSetup {
    /// Its number.
    pub(crate) port: PortId,
    /// Receive queues.
    pub(crate) rx_queues: u16,
    /// Transmit queues.
    pub(crate) tx_queues: u16,
    /// Receive offloads (`RTE_ETH_RX_OFFLOAD_*`).
    pub(crate) rx_offloads: u64,
    /// Transmit offloads (`RTE_ETH_TX_OFFLOAD_*`).
    pub(crate) tx_offloads: u64,
    /// Its first receive queue.
    pub(crate) rx: QueueSetup,
    /// Its first transmit queue.
    pub(crate) tx: QueueSetup,
}

/// What a queue is set up for.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct QueueSetup {
    /// Descriptors.
    pub(crate) descriptors: u16,
    /// Descriptors that are freed at once.
    pub(crate) free_threshold: u16,
    /// Thresholds of its ring.
    pub(crate) thresholds: Thresholds,
    /// Offloads.
    pub(crate) offloads: u64,
    /// Descriptors between two whose completion is reported; of transmit queues.
    pub(crate) report_threshold: u16,
    /// Group and number of the shared receive queue it is.
    pub(crate) share: Option<(u16, u16)>,
}

impl fmt::Display for RxTxPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} packet forwarding packets/burst={}", self.mode, self.burst)?;
        if let Some((length, segments)) = self.made {
            writeln!(f, "  packet len={length} - nb packet segments={segments}")?;
        }
        writeln!(
            f,
            "  nb forwarding cores={} - nb forwarding ports={}",
            self.cores, self.forwarding_ports
        )?;
        self.ports.iter().try_for_each(|port| write!(f, "{port}"))
    }
}

impl fmt::Display for PortSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, rx_queues, tx_queues, rx_offloads, tx_offloads, rx, tx } = self;
        writeln!(f, "  port {port}: RX queue number: {rx_queues} Tx queue number: {tx_queues}")?;
        writeln!(f, "    Rx offloads={rx_offloads:#x} Tx offloads={tx_offloads:#x}")?;
        write_queue(f, "RX", rx)?;
        write!(f, "      RX Offloads={:#x}", rx.offloads)?;
        if let Some((group, queue)) = rx.share {
            write!(f, " share_group={group} share_qid={queue}")?;
        }
        writeln!(f)?;
        write_queue(f, "TX", tx)?;
        writeln!(
            f,
            "      TX offloads={:#x} - TX RS bit threshold={}",
            tx.offloads, tx.report_threshold
        )
    }
}

fn write_queue(f: &mut fmt::Formatter<'_>, way: &str, queue: &QueueSetup) -> fmt::Result {
    let QueueSetup { descriptors, free_threshold, thresholds, .. } = queue;
    let Thresholds { prefetch, host, writeback } = thresholds;
    writeln!(f, "    {way} queue: 0")?;
    writeln!(f, "      {way} desc={descriptors} - {way} free threshold={free_threshold}")?;
    writeln!(
        f,
        "      {way} threshold registers: pthresh={prefetch} hthresh={host}  wthresh={writeback}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let thresholds = Thresholds { prefetch: 8, host: 7, writeback: 1 };
        let rx = QueueSetup {
            descriptors: 512,
            free_threshold: 32,
            thresholds,
            share: Some((1, 0)),
            ..QueueSetup::default()
        };
        let tx = QueueSetup {
            descriptors: 1024,
            offloads: 0x8000,
            report_threshold: 16,
            ..QueueSetup::default()
        };
        let port = PortSetup {
            port: PortId(0),
            rx_queues: 2,
            tx_queues: 3,
            rx_offloads: 0x2000,
            tx_offloads: 0x8000,
            rx,
            tx,
        };
        let page = RxTxPage {
            mode: "txonly".to_owned(),
            burst: 32,
            made: Some((192, 2)),
            cores: 1,
            forwarding_ports: 2,
            ports: vec![port],
        };
        assert_eq!(
            page.to_string(),
            "  txonly packet forwarding packets/burst=32
  packet len=192 - nb packet segments=2
  nb forwarding cores=1 - nb forwarding ports=2
  port 0: RX queue number: 2 Tx queue number: 3
    Rx offloads=0x2000 Tx offloads=0x8000
    RX queue: 0
      RX desc=512 - RX free threshold=32
      RX threshold registers: pthresh=8 hthresh=7  wthresh=1
      RX Offloads=0x0 share_group=1 share_qid=0
    TX queue: 0
      TX desc=1024 - TX free threshold=0
      TX threshold registers: pthresh=0 hthresh=0  wthresh=0
      TX offloads=0x8000 - TX RS bit threshold=16
"
        );
    }
}
