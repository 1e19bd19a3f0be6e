//! A queue as its driver has it: `show rxq|txq info` (testpmd's `rx_queue_infos_display` and `tx_queue_infos_display`,
//! `app/test-pmd/config.c`).

use super::names::on_off;
use dataplane::port::{
    BurstMode, PortId, QueueId, QueueState, RxQueueInfo, Thresholds, TxQueueInfo,
};
use serde::Serialize;
use std::fmt;

/// A receive queue.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RxQueuePage {
    /// The port's number.
    pub(crate) port: PortId,
    /// The queue's.
    pub(crate) queue: QueueId,
    /// What its driver says.
    pub(crate) info: RxQueueInfo,
}

impl fmt::Display for RxQueuePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, queue, info } = self;
        write_title(f, "RX", *port, *queue)?;
        writeln!(f, "Mempool: {}", info.mempool.as_deref().unwrap_or("NULL"))?;
        write_thresholds(f, "RX", &info.thresholds)?;
        writeln!(f, "RX free threshold: {}", info.free_threshold)?;
        writeln!(f, "RX drop packets: {}", on_off(info.drops))?;
        writeln!(f, "RX deferred start: {}", on_off(info.deferred_start))?;
        writeln!(f, "RX scattered packets: {}", on_off(info.scattered))?;
        writeln!(f, "Rx queue state: {}", state(info.state))?;
        if info.buffer_size > 0 {
            writeln!(f, "RX buffer size: {}", info.buffer_size)?;
        }
        writeln!(f, "Number of RXDs: {}", info.descriptors)?;
        write_burst_mode(f, info.burst_mode.as_ref())
    }
}

/// A transmit queue.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TxQueuePage {
    /// The port's number.
    pub(crate) port: PortId,
    /// The queue's.
    pub(crate) queue: QueueId,
    /// What its driver says.
    pub(crate) info: TxQueueInfo,
}

impl fmt::Display for TxQueuePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, queue, info } = self;
        write_title(f, "TX", *port, *queue)?;
        write_thresholds(f, "TX", &info.thresholds)?;
        writeln!(f, "TX RS threshold: {}", info.report_threshold)?;
        writeln!(f, "TX free threshold: {}", info.free_threshold)?;
        writeln!(f, "TX deferred start: {}", on_off(info.deferred_start))?;
        writeln!(f, "Number of TXDs: {}", info.descriptors)?;
        writeln!(f, "Tx queue state: {}", state(info.state))?;
        write_burst_mode(f, info.burst_mode.as_ref())
    }
}

fn write_title(f: &mut fmt::Formatter<'_>, way: &str, port: PortId, queue: QueueId) -> fmt::Result {
    let border = "*".repeat(21);
    writeln!(f, "\n{border} Infos for port {port:<2}, {way} queue {queue:<2} {border}")
}

fn write_thresholds(
    f: &mut fmt::Formatter<'_>,
    way: &str,
    Thresholds { prefetch, host, writeback }: &Thresholds,
) -> fmt::Result {
    writeln!(f, "{way} prefetch threshold: {prefetch}")?;
    writeln!(f, "{way} host threshold: {host}")?;
    writeln!(f, "{way} writeback threshold: {writeback}")
}

fn write_burst_mode(f: &mut fmt::Formatter<'_>, mode: Option<&BurstMode>) -> fmt::Result {
    let Some(BurstMode { name, per_queue }) = mode else { return Ok(()) };
    writeln!(f, "Burst mode: {name}{}", if *per_queue { " (per queue)" } else { "" })
}

fn state(state: QueueState) -> &'static str {
    match state {
        QueueState::Stopped => "stopped",
        QueueState::Started => "started",
        QueueState::Hairpin => "hairpin",
        QueueState::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receive_queue_has_testpmds_lines() {
        let info = RxQueueInfo {
            mempool: Some("mb_pool_0".to_owned()),
            thresholds: Thresholds { prefetch: 8, host: 8, writeback: 1 },
            free_threshold: 32,
            drops: false,
            deferred_start: true,
            scattered: false,
            state: QueueState::Started,
            buffer_size: 2048,
            descriptors: 512,
            offloads: 0,
            share_group: 0,
            share_queue: 0,
            burst_mode: Some(BurstMode { name: "Vector AVX2".to_owned(), per_queue: true }),
        };
        let page = RxQueuePage { port: PortId(0), queue: QueueId(3), info };
        assert_eq!(
            page.to_string(),
            "
********************* Infos for port 0 , RX queue 3  *********************
Mempool: mb_pool_0
RX prefetch threshold: 8
RX host threshold: 8
RX writeback threshold: 1
RX free threshold: 32
RX drop packets: off
RX deferred start: on
RX scattered packets: off
Rx queue state: started
RX buffer size: 2048
Number of RXDs: 512
Burst mode: Vector AVX2 (per queue)
"
        );
    }

    #[test]
    fn a_transmit_queue_has_testpmds_lines() {
        let info = TxQueueInfo {
            thresholds: Thresholds::default(),
            report_threshold: 32,
            free_threshold: 28,
            deferred_start: false,
            state: QueueState::Stopped,
            descriptors: 1024,
            offloads: 0,
            burst_mode: None,
        };
        let page = TxQueuePage { port: PortId(10), queue: QueueId(0), info };
        assert_eq!(
            page.to_string(),
            "
********************* Infos for port 10, TX queue 0  *********************
TX prefetch threshold: 0
TX host threshold: 0
TX writeback threshold: 0
TX RS threshold: 32
TX free threshold: 28
TX deferred start: off
Number of TXDs: 1024
Tx queue state: stopped
"
        );
    }
}
