//! Receive and transmit queues: the burst calls.
//!
//! The calls go through `rte_eth_fp_ops`, as DPDK's static inlines do; a test holds them against their C twins.

use super::{PortConfig, PortId, QueueConfig, QueueId, UnsentCounters};
use crate::batch::Batch;
use crate::offload::port::PREPARED;
use dpdk_sys::rte_eth_fp_ops;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

/// A started port's queues, each handed out once.
#[derive(Debug)]
pub struct Queues {
    /// Receive queues, by number.
    pub rx: Vec<RxQueue>,
    /// Transmit queues, by number.
    pub tx: Vec<TxQueue>,
}

impl Queues {
    /// The queues of a port that was just started.
    pub(super) fn of(port: PortId, config: &PortConfig) -> Self {
        let queue = |id, others: &BTreeMap<QueueId, QueueConfig>| Queue {
            ops: Ops::of(port),
            port,
            id: QueueId(id),
            running: !others.get(&QueueId(id)).is_some_and(|queue| queue.deferred),
        };
        Self {
            rx: (0..config.rx_queues).map(|id| RxQueue(queue(id, &config.rx))).collect(),
            tx: (0..config.tx_queues)
                .map(|id| TxQueue {
                    queue: queue(id, &config.tx),
                    offloads: config.tx_offloads,
                    unsent: Arc::default(),
                })
                .collect(),
        }
    }

    /// The port they belong to; `None` if there are none.
    pub fn port(&self) -> Option<PortId> {
        let rx = self.rx.first().map(RxQueue::port);
        rx.or_else(|| self.tx.first().map(TxQueue::port))
    }

    /// Whether these are all queues of `port`. Each exists once, so counting them tells.
    pub(super) fn are_all_of(&self, port: PortId, rx: u16, tx: u16) -> bool {
        self.rx.len() == usize::from(rx)
            && self.tx.len() == usize::from(tx)
            && self.rx.iter().all(|queue| queue.0.port == port)
            && self.tx.iter().all(|queue| queue.queue.port == port)
    }
}

/// A port's fast-path functions and the data of its queues: its entry of ethdev's table.
#[derive(Clone, Copy, Debug)]
struct Ops(NonNull<rte_eth_fp_ops>);

// SAFETY: any thread may read the entry: its pointers change only while the port is started or stopped, and then no queue of the
// port exists.
unsafe impl Send for Ops {}

impl Ops {
    fn of(port: PortId) -> Self {
        let table = (&raw const dpdk_sys::rte_eth_fp_ops).cast::<rte_eth_fp_ops>();
        // SAFETY: the table has an entry for every port number ethdev gives out.
        Self(unsafe { NonNull::from(&*table.add(usize::from(port.0))) })
    }

    #[inline]
    fn get(&self) -> &rte_eth_fp_ops {
        // SAFETY: the table stays where it is, for ever.
        unsafe { self.0.as_ref() }
    }
}

#[derive(Debug)]
struct Queue {
    ops: Ops,
    port: PortId,
    id: QueueId,
    running: bool,
}

impl Queue {
    /// This queue's entry of a table of the port's queues.
    ///
    /// # Safety
    /// `table` is one of its `ops`.
    #[inline]
    unsafe fn entry(&self, table: *mut *mut c_void) -> *mut c_void {
        // SAFETY: the table has RTE_MAX_QUEUES_PER_PORT entries (`rte_ethdev.h`).
        unsafe { *table.add(usize::from(self.id.0)) }
    }
}

/// A receive queue of a started port. One lcore polls it: not `Clone`, and polling needs `&mut`.
#[derive(Debug)]
pub struct RxQueue(Queue);

impl RxQueue {
    /// Adds up to `limit` received packets to `batch`; returns how many.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_rx_burst`.
    #[inline]
    pub fn rx_burst(&mut self, batch: &mut Batch, limit: u16) -> usize {
        let ops = self.0.ops.get();
        // SAFETY: the port is started and this is its only user of the queue; the device hands over the packets that it
        // writes. No function of the table is ever missing: where there is no port ethdev puts one that does nothing. Callbacks (packet capture, latency statistics) run as DPDK's inline runs them.
        unsafe {
            let receive = ops.rx_pkt_burst.unwrap_unchecked();
            let data = self.0.entry(ops.rxq.data);
            batch.fill_with(usize::from(limit), |mbufs, limit| {
                let received = receive(data, mbufs.cast(), limit);
                // Read after the call, as DPDK does: one value less to keep across it.
                let callbacks = self.0.entry(ops.rxq.clbk);
                if callbacks.is_null() {
                    return usize::from(received);
                }
                let (port, queue) = (self.0.port.0, self.0.id.0);
                usize::from(dpdk_sys::rte_eth_call_rx_callbacks(
                    port, queue, mbufs, received, limit, callbacks,
                ))
            })
        }
    }

    /// The port it belongs to.
    pub fn port(&self) -> PortId {
        self.0.port
    }

    /// Its number.
    pub fn id(&self) -> QueueId {
        self.0.id
    }

    /// Whether the device serves it; one that is stopped must not be polled.
    pub fn is_running(&self) -> bool {
        self.0.running
    }

    pub(super) fn set_running(&mut self, running: bool) {
        self.0.running = running;
    }
}

/// A transmit queue of a started port. One lcore feeds it: not `Clone`, and sending needs `&mut`.
#[derive(Debug)]
pub struct TxQueue {
    queue: Queue,
    /// The port's.
    offloads: u64,
    unsent: Arc<UnsentCounters>,
}

impl TxQueue {
    /// Whether packets are to be prepared before they are sent: they may ask the device for offloads, for which its driver does
    /// that.
    #[inline]
    pub fn prepares(&self) -> bool {
        self.offloads & PREPARED != 0
    }

    /// The port's transmit offloads (`RTE_ETH_TX_OFFLOAD_*`).
    pub(super) fn offloads(&self) -> u64 {
        self.offloads
    }

    /// What it did not take.
    pub(super) fn unsent(&self) -> &Arc<UnsentCounters> {
        &self.unsent
    }

    /// Has the driver make leading packets ready for the offloads that they ask for; returns how many are. The one behind
    /// them, if there is one, asks for what the device cannot do.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_tx_prepare`.
    pub fn prepare(&mut self, batch: &mut Batch) -> usize {
        let ops = self.queue.ops.get();
        let Some(prepare) = ops.tx_pkt_prepare else { return batch.len() };
        // SAFETY: as in `rx_burst`; the driver changes the packets and keeps none. `Mbuf` is a transparent pointer.
        unsafe {
            let data = self.queue.entry(ops.txq.data);
            usize::from(prepare(data, batch.as_mut_ptr().cast(), batch.len() as u16))
        }
    }

    /// Takes leading packets out of `batch` and sends them; returns how many. The rest stays with the caller.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_tx_burst`.
    #[inline]
    pub fn tx_burst(&mut self, batch: &mut Batch) -> usize {
        let ops = self.queue.ops.get();
        // SAFETY: as in `rx_burst`; the device owns the leading packets that it took. A callback may free packets and
        // close the gap; it returns how many are left.
        unsafe {
            let send = ops.tx_pkt_burst.unwrap_unchecked();
            let data = self.queue.entry(ops.txq.data);
            let callbacks = self.queue.entry(ops.txq.clbk);
            batch.take_with(|mbufs, count| {
                let left = if callbacks.is_null() {
                    count
                } else {
                    let (port, queue) = (self.queue.port.0, self.queue.id.0);
                    dpdk_sys::rte_eth_call_tx_callbacks(port, queue, mbufs, count, callbacks)
                };
                (usize::from(send(data, mbufs.cast(), left)), usize::from(left))
            })
        }
    }

    /// The port it belongs to.
    pub fn port(&self) -> PortId {
        self.queue.port
    }

    /// Its number.
    pub fn id(&self) -> QueueId {
        self.queue.id
    }

    /// Whether the device serves it; one that is stopped must not be polled.
    pub fn is_running(&self) -> bool {
        self.queue.running
    }

    pub(super) fn set_running(&mut self, running: bool) {
        self.queue.running = running;
    }
}
