//! Packets seen as they pass a port, for a person to read (testpmd's `set verbose`).
//!
//! Each watched queue has a callback, as in testpmd, so that queues cost nothing while nobody looks. A worker prints
//! nothing: the callback copies what is told of a packet into a ring, and what finds no room there is counted.

use super::memories::Direction;
use super::sight::Sight;
use super::{Any, Errno, Port, PortId, QueueId};
use crate::eal::Eal;
use crate::lcore::SocketId;
use crate::ring::{Consumer, Multi, Producer, RingError, Single, ring};
use dpdk_sys::{pw_sight, rte_eth_rxtx_callback, rte_mbuf};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where what was seen is read.
pub struct Sights {
    ring: Consumer<Sight, Single>,
    missed: Arc<AtomicU64>,
}

impl Iterator for Sights {
    type Item = Sight;

    /// The next packet that was seen, if one waits.
    fn next(&mut self) -> Option<Sight> {
        self.ring.dequeue()
    }
}

impl Sights {
    /// Packets that can wait to be read.
    pub const SLOTS: usize = 4096;

    /// Takes the count of packets that found no room since this was last asked.
    pub fn take_missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}

/// What a queue's callback writes into. One lcore polls a queue, so one at a time uses it.
struct Sink {
    ring: Producer<Sight, Multi>,
    missed: Arc<AtomicU64>,
}

/// Why packets cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no room for what is seen.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// Ethdev takes no callback.
    #[error("packets of port {port} cannot be shown: {reason}")]
    Refused {
        /// The port.
        port: PortId,
        /// Why.
        reason: Errno,
    },
}

/// A queue, and which way packets pass it.
type Place = (Direction, PortId, QueueId);

/// The watch over ports.
///
/// A sink lives as long as this: a worker may be in a callback that was just removed. So this must outlive the ports' last
/// poll, and whoever owns the ports owns it.
pub(crate) struct Watch {
    source: Sink,
    directions: &'static [Direction],
    sinks: BTreeMap<Place, Box<Sink>>,
    callbacks: Vec<(Place, *const rte_eth_rxtx_callback)>,
}

// SAFETY: the callbacks' handles are only given back to ethdev, which any thread may call.
unsafe impl Send for Watch {}

impl Watch {
    /// A watch that looks at nothing yet, and the end where what it sees is read.
    pub(crate) fn new(eal: &Eal) -> Result<(Self, Sights), RingError> {
        let (producer, consumer) =
            ring::<Sight, Multi, Single>(eal, "pw_sights", Sights::SLOTS as u32, SocketId::ANY)?;
        let missed = Arc::new(AtomicU64::new(0));
        let source = Sink { ring: producer, missed: Arc::clone(&missed) };
        let watch = Self { source, directions: &[], sinks: BTreeMap::new(), callbacks: Vec::new() };
        Ok((watch, Sights { ring: consumer, missed }))
    }

    /// From the next look on, these directions count.
    pub(crate) fn set_directions(&mut self, directions: &'static [Direction]) {
        self.directions = directions;
    }

    /// Looks at the packets of these ports, which run, and at no others.
    ///
    /// # Errors
    /// [`WatchError::Refused`]; then nothing is looked at.
    ///
    /// Source: `rte_ethdev.h`, `rte_eth_add_rx_callback`, `rte_eth_add_tx_callback`.
    pub(crate) fn look<'a>(
        &mut self,
        ports: impl Iterator<Item = &'a Port<Any>>,
    ) -> Result<(), WatchError> {
        self.look_away();
        // SAFETY: it looks up what drivers registered; a worker that is still in a callback reads the old places or the
        // same ones, as what is registered stays.
        unsafe { dpdk_sys::pw_sight_open() };
        for port in ports {
            let (rx_queues, tx_queues) =
                port.config().map_or((0, 0), |config| (config.rx_queues, config.tx_queues));
            for direction in self.directions {
                let queues = match direction {
                    Direction::Rx => rx_queues,
                    Direction::Tx => tx_queues,
                };
                for queue in 0..queues {
                    if let Err(error) = self.add((*direction, port.id(), QueueId(queue))) {
                        self.look_away();
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, place: Place) -> Result<(), WatchError> {
        let (direction, port, queue) = place;
        let source = &self.source;
        let sink = self.sinks.entry(place).or_insert_with(|| {
            Box::new(Sink { ring: source.ring.clone(), missed: Arc::clone(&source.missed) })
        });
        let sink = (&raw mut **sink).cast::<c_void>();
        // SAFETY: the port is started and the queue is one of its own; the sink outlives the callback.
        let callback = unsafe {
            match direction {
                Direction::Rx => {
                    dpdk_sys::rte_eth_add_rx_callback(port.0, queue.0, Some(received), sink)
                }
                Direction::Tx => {
                    dpdk_sys::rte_eth_add_tx_callback(port.0, queue.0, Some(sent), sink)
                }
            }
        };
        if callback.is_null() {
            return Err(WatchError::Refused { port, reason: Errno::last() });
        }
        self.callbacks.push((place, callback));
        Ok(())
    }

    /// Looks at nothing. Ethdev keeps the few bytes of a removed callback, as a worker may still be in it.
    pub(crate) fn look_away(&mut self) {
        for ((direction, port, queue), callback) in self.callbacks.drain(..) {
            // SAFETY: the callback is this queue's. A port that is gone has taken its callbacks along, and the call says so.
            unsafe {
                match direction {
                    Direction::Rx => {
                        dpdk_sys::rte_eth_remove_rx_callback(port.0, queue.0, callback)
                    }
                    Direction::Tx => {
                        dpdk_sys::rte_eth_remove_tx_callback(port.0, queue.0, callback)
                    }
                };
            }
        }
    }
}

/// Ethdev's callback for received packets.
unsafe extern "C" fn received(
    port: u16,
    queue: u16,
    mbufs: *mut *mut rte_mbuf,
    count: u16,
    _limit: u16,
    sink: *mut c_void,
) -> u16 {
    // SAFETY: ethdev hands over what it was given, on the one lcore that polls the queue.
    unsafe { see((Direction::Rx, PortId(port), QueueId(queue)), mbufs, count, sink) }
}

/// Ethdev's callback for packets about to be sent.
unsafe extern "C" fn sent(
    port: u16,
    queue: u16,
    mbufs: *mut *mut rte_mbuf,
    count: u16,
    sink: *mut c_void,
) -> u16 {
    // SAFETY: as in `received`.
    unsafe { see((Direction::Tx, PortId(port), QueueId(queue)), mbufs, count, sink) }
}

/// Copies what is told of each packet; all of them go on.
///
/// # Safety
/// `mbufs` are `count` packets, and `sink` a [`Sink`] that nobody else uses now.
unsafe fn see(
    (direction, port, queue): Place,
    mbufs: *mut *mut rte_mbuf,
    count: u16,
    sink: *mut c_void,
) -> u16 {
    // SAFETY: the caller's promise.
    let (mbufs, sink) = unsafe {
        (std::slice::from_raw_parts(mbufs, usize::from(count)), &mut *sink.cast::<Sink>())
    };
    let mut missed = 0;
    for (mbuf, place) in mbufs.iter().zip(0..) {
        let mut facts = pw_sight::default();
        // SAFETY: the packet is alive; the call only reads it.
        unsafe { dpdk_sys::pw_sight_of(*mbuf, &mut facts) };
        let sight = Sight { direction, port, queue, burst: count, place, facts };
        missed += u64::from(sink.ring.enqueue(sight).is_err());
    }
    if missed > 0 {
        sink.missed.fetch_add(missed, Ordering::Relaxed);
    }
    count
}
