//! Ports: devices by name, their configuration, queues, statistics, link and RSS.
//!
//! ```text
//! Port<Stopped> ── configure ──► Port<Stopped> ── start ──► Port<Started> + Queues
//!       ▲                                                        │
//!       └────────────────────── stop (takes the queues) ◄────────┘
//! ```
//!
//! Each queue is handed out once, and `stop` wants them all back: nobody can poll a stopped port. A failure gives the
//! port back. A device that lacks a call answers `None`, or a note says what it did without.
#![allow(unsafe_code)]

mod bus;
mod clock;
mod config;
mod configure;
mod dcb;
pub mod device;
mod error;
mod events;
mod fec;
mod flow;
mod flow_ctrl;
mod info;
mod leaving;
mod link;
mod macs;
mod memories;
mod meter;
mod metrics;
mod ptypes;
mod queue;
mod queue_info;
mod rss;
mod segmentation;
mod sight;
mod stats;
mod stuck;
mod timesync;
mod tune;
mod tunnel;
mod unsent;
mod vlan;
pub(crate) mod watch;
mod wire_pair;

pub use bus::{BusDevice, bus_devices};
pub use clock::DeviceClock;
pub use config::{ETHERNET_OVERHEAD, Granted, PortConfig, QueueConfig, Tuning};
pub use configure::ShareGroup;
pub use dcb::{Dcb, QueueRange, TrafficClass};
pub use error::{Errno, PortError, Refused};
pub use events::{EVENT_KINDS, EventKind, EventNotes, PortEvent, note_events, take_events};
pub use fec::{FEC_MODES, FecModes};
pub use flow::{
    Action, Field, FieldValue, FlowAttributes, FlowCount, FlowError, FlowId, FlowRule, Form,
    ITEM_KINDS, Item, ItemKind, Misfit, PartOf, RssAction, RssFunction,
};
pub use flow_ctrl::{FlowControl, PausedQueue, PausingQueue};
pub use info::{
    DescriptorLimits, ErrorHandling, PortInfo, SwitchInfo, offload_named, offload_names,
};
pub(crate) use leaving::listen_for_leaving;
pub(crate) use link::listen_for_links;
pub use link::{Link, fixed_speed};
pub use memories::{DescriptorError, Direction, Registers};
pub use meter::Meter;
pub use metrics::{Metric, Metrics};
pub use ptypes::{PTYPE_ALL, PTYPE_LAYERS, PtypeLayer};
pub use queue::{Queues, RxQueue, TxQueue};
pub use queue_info::{
    BurstMode, QueueState, RxDescriptor, RxQueueInfo, Thresholds, TxDescriptor, TxQueueInfo,
};
pub use rss::{RETA_GROUP, RSS_TYPES, RetaEntry, RssHash, RssTypes};
pub(crate) use segmentation::Taker;
pub use segmentation::{TakesLong, note_takes_long, offers_tso};
pub use sight::{LayerLength, Sight};
pub use stats::{ExtendedStat, PortStats};
pub use stuck::{forget_bad_descriptors, note_bad_descriptor};
pub use timesync::Timesync;
pub use tunnel::Tunnel;
pub(crate) use unsent::UnsentCounters;
pub use unsent::{Refusal, Unsent};
pub use vlan::{VlanOffload, VlanOffloads, VlanTag};
pub use watch::{Sights, WatchError};
pub use wire_pair::wire_pair;

use crate::batch::Batch;
use crate::eal::{Eal, errno_text};
use crate::lcore::SocketId;
use crate::mempool::Mempool;
use crate::wire::ethernet::MacAddr;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A port as ethdev numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PortId(pub u16);

/// A receive or transmit queue of one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct QueueId(pub u16);

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The port's queues are not polled; it can be configured.
pub struct Stopped;
/// The port runs and its queues are handed out.
pub struct Started;
/// Either of both, where it does not matter: a port is only ever borrowed so.
pub struct Any;

/// A port, owned. Dropping a stopped one closes it.
#[repr(transparent)]
pub struct Port<State> {
    device: Device,
    _state: PhantomData<State>,
}

/// A started port and its queues.
pub type Running = (Port<Started>, Queues);

impl<State> fmt::Debug for Port<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({}, {})", self.device.id, self.device.name)
    }
}

/// What a port is in every state.
///
/// `Send`, as any one thread may control a port; not `Sync`, as `rte_ethdev.h` forbids control calls of one port to run at
/// the same time.
struct Device {
    id: PortId,
    name: String,
    /// Its device's name on its bus: some drivers name their ports otherwise.
    bus_name: String,
    config: Option<PortConfig>,
    /// The multicast addresses it takes packets for: drivers are given all at once and asked for none.
    multicast: RefCell<Vec<MacAddr>>,
    /// The flow rules that it has, in the order of their numbers.
    flows: RefCell<Vec<flow::Flow>>,
    /// Whether the device was made for this port and goes with it; EAL's own find stays.
    made_here: bool,
    /// Whether the device is closed when this is dropped: not while a queue may be polled.
    stopped: bool,
    /// Rings of an in-process port; freed after the device is closed, before the pool of the packets in them.
    rings: Vec<wire_pair::PortRing>,
    /// Receive queues hold packets of these pools: the one that is configured, and any that an earlier configuration
    /// left in a queue.
    pools: Vec<Mempool>,
    /// What its transmit queues did not take since its last start, by queue.
    unsent: Vec<Arc<UnsentCounters>>,
    /// Last, as everything above is DPDK's.
    eal: Eal,
    _one_thread_at_a_time: PhantomData<Cell<()>>,
}

impl Device {
    fn refused(&self, call: &'static str, queue: Option<QueueId>, rc: i32) -> PortError {
        let (port, device, reason) = (self.id, self.name.clone(), errno_text(rc));
        PortError::Refused { port, device, call, queue, reason }
    }

    /// Does `work`, which polls the port or takes it down, while its driver hears of no peer: net_memif takes a port of
    /// its own down at the same time otherwise, and locks nothing against it.
    fn apart_from_events(&self, work: &mut (dyn FnMut() + Send)) {
        if self.name.starts_with("net_memif") { self.eal.between_events(work) } else { work() }
    }

    /// `Ok` for zero, the call's error otherwise.
    fn check(&self, call: &'static str, rc: i32) -> Result<(), PortError> {
        if rc == 0 { Ok(()) } else { Err(self.refused(call, None, rc)) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if self.stopped {
            // The device goes, and its rules with it whatever it says.
            let _ = self.flush_flows();
            let info = self.info();
            let id = self.id.0;
            self.apart_from_events(&mut || {
                // SAFETY: the port is stopped, its queues are gone, and this owner is the last.
                unsafe { dpdk_sys::rte_eth_dev_close(id) };
            });
            if self.made_here
                && let Ok(info) = &info
            {
                // SAFETY: the device outlives its port.
                unsafe { dpdk_sys::rte_dev_remove(info.device) };
            }
            self.forget_leaving();
            self.eal.release(self.id);
        } else {
            // Its queues may still be polled: what they use stays for ever rather than being freed under them.
            let used = (
                std::mem::take(&mut self.pools),
                std::mem::take(&mut self.rings),
                self.eal.clone(),
            );
            std::mem::forget(used);
        }
    }
}

impl Port<Stopped> {
    /// Makes a device from its DPDK arguments (`net_tap0,iface=tap0`, `0000:01:00.0`) and takes its port.
    ///
    /// # Errors
    /// [`PortError`], by what DPDK answered; nothing is left behind.
    ///
    /// Source: `rte_dev.h`, `rte_dev_probe`.
    pub fn probe(eal: &Eal, devargs: &str) -> Result<Self, PortError> {
        let name = devargs.split(',').next().unwrap_or(devargs);
        let refused = |reason: String| PortError::Probe { device: name.to_owned(), reason };
        let c_devargs =
            CString::new(devargs).map_err(|_| refused("its name holds a NUL byte".to_owned()))?;
        let before: Vec<PortId> = ports().collect();
        // SAFETY: EAL runs; the string is NUL-terminated and copied by the call.
        let rc = unsafe { dpdk_sys::rte_dev_probe(c_devargs.as_ptr()) };
        if rc != 0 {
            let device = name.to_owned();
            let most = dpdk_sys::RTE_MAX_ETHPORTS;
            return Err(match -rc {
                _ if before.len() >= most as usize => PortError::NoRoom { device, most },
                // EAL's answer to a name that no bus takes.
                libc::EFAULT => PortError::NoDriver { device },
                _ if !rustix::process::geteuid().is_root() => PortError::NotRoot { device },
                // Drivers answer -1, which reads as EPERM, to whatever goes wrong.
                libc::EPERM => PortError::DriverRefused { device },
                _ => refused(errno_text(rc)),
            });
        }
        // Not by name: some drivers name their ports otherwise than their device.
        let made = ports().find(|port| !before.contains(port));
        let port =
            made.ok_or_else(|| refused("it is there already, or is no network device".to_owned()))?;
        Self::claim(eal, port, true, Vec::new())
    }

    /// Takes all ports that EAL found by itself and nobody has, in their order: PCI devices that were allowed.
    pub fn found(eal: &Eal) -> Vec<Self> {
        ports().filter_map(|port| Self::claim(eal, port, false, Vec::new()).ok()).collect()
    }

    /// Whether it is a port of the device that its bus calls so.
    pub fn is_of(&self, device: &str) -> bool {
        self.device.bus_name == device
    }

    /// Closes the port and removes its device, also one that EAL found by itself.
    pub fn detach(mut self) {
        self.device.made_here = true;
    }

    /// Takes a port that exists and has no owner.
    fn claim(
        eal: &Eal,
        id: PortId,
        made_here: bool,
        rings: Vec<wire_pair::PortRing>,
    ) -> Result<Self, PortError> {
        let mut name = [0 as c_char; dpdk_sys::RTE_ETH_NAME_MAX_LEN as usize];
        // SAFETY: `name` has the length that the call writes at most (`rte_ethdev.h`).
        let rc = unsafe { dpdk_sys::rte_eth_dev_get_name_by_port(id.0, name.as_mut_ptr()) };
        if rc != 0 || !eal.claim(id) {
            return Err(PortError::Taken(id));
        }
        // SAFETY: the call terminated the string.
        let name = unsafe { info::text(name.as_ptr()) };
        let mut device = Device {
            id,
            name,
            bus_name: String::new(),
            config: None,
            multicast: RefCell::default(),
            flows: RefCell::default(),
            made_here,
            stopped: true,
            rings,
            pools: Vec::new(),
            unsent: Vec::new(),
            eal: eal.clone(),
            _one_thread_at_a_time: PhantomData,
        };
        let bus_device = device.info()?.device;
        if !bus_device.is_null() {
            // SAFETY: the device is there as long as its port, and has a name.
            device.bus_name = unsafe { info::text(dpdk_sys::rte_dev_name(bus_device)) };
            // The kernel announces one that was unplugged also after its port was closed.
            device.forget_leaving();
        }
        Ok(Self { device, _state: PhantomData })
    }

    /// Starts the port and hands out its queues.
    ///
    /// # Errors
    /// The port, still stopped, and why.
    pub fn start(mut self) -> Result<Running, Box<Refused<Self>>> {
        let Some(config) = self.device.config.clone() else {
            let error = self.device.refused("start before configure", None, libc::EINVAL);
            return Err(Box::new(Refused { given_back: self, error }));
        };
        // SAFETY: the port is configured and stopped.
        let rc = unsafe { dpdk_sys::rte_eth_dev_start(self.device.id.0) };
        if rc != 0 {
            let error = self.device.refused("rte_eth_dev_start", None, rc);
            return Err(Box::new(Refused { given_back: self, error }));
        }
        self.device.stopped = false;
        self.device.note_link(config.link_interrupt);
        let queues = Queues::of(self.device.id, &config);
        self.device.unsent = queues.tx.iter().map(|queue| Arc::clone(queue.unsent())).collect();
        Ok((Port { device: self.device, _state: PhantomData }, queues))
    }
}

impl Port<Started> {
    /// Stops the port; packets that waited in its receive queues are freed. Returns the port and their number.
    ///
    /// # Errors
    /// [`PortError::QueuesMissing`] if `queues` are not all of this port's, or [`PortError::Refused`] if the device does not
    /// stop; then the port still runs.
    pub fn stop(
        mut self,
        mut queues: Queues,
    ) -> Result<(Port<Stopped>, u64), Box<Refused<Running>>> {
        let config = self.device.config.clone().unwrap_or_default();
        if !queues.are_all_of(self.device.id, config.rx_queues, config.tx_queues) {
            let error = PortError::QueuesMissing(self.device.id);
            return Err(Box::new(Refused { given_back: (self, queues), error }));
        }
        // As in testpmd, whose scripts make their rules anew after a stop. What a driver keeps, its stop takes away.
        let _ = self.device.flush_flows();
        let (id, mut drained, mut rc) = (self.device.id.0, 0, 0);
        self.device.apart_from_events(&mut || {
            drained = queues.rx.iter_mut().filter(|queue| queue.is_running()).map(drain).sum();
            // SAFETY: every queue came back, so nobody polls the port.
            rc = unsafe { dpdk_sys::rte_eth_dev_stop(id) };
        });
        // A device without a stop call has nothing to stop.
        if rc != 0 && rc != -libc::ENOTSUP {
            let error = self.device.refused("rte_eth_dev_stop", None, rc);
            return Err(Box::new(Refused { given_back: (self, queues), error }));
        }
        self.device.stopped = true;
        Ok((Port { device: self.device, _state: PhantomData }, drained))
    }
}

/// All ports that there are.
fn ports() -> impl Iterator<Item = PortId> {
    let next = |from: u16| {
        let nobodys = u64::from(dpdk_sys::RTE_ETH_DEV_NO_OWNER);
        // SAFETY: reads ethdev's table; any starting number is allowed (`rte_ethdev.h`).
        let port = unsafe { dpdk_sys::rte_eth_find_next_owned_by(from, nobodys) };
        (port < u64::from(dpdk_sys::RTE_MAX_ETHPORTS)).then_some(port as u16)
    };
    std::iter::successors(next(0), move |port| next(port + 1)).map(PortId)
}

/// Frees what waits in a receive queue, at most as much as a queue can hold: some devices never run dry.
fn drain(queue: &mut RxQueue) -> u64 {
    const MOST: u64 = 1 << 16;
    let mut batch = Batch::new();
    let mut drained = 0;
    while drained < MOST {
        let received = queue.rx_burst(&mut batch, 64);
        if received == 0 {
            break;
        }
        drained += received as u64;
        batch.clear();
    }
    drained
}

impl<State> Port<State> {
    /// The port, whatever its state.
    pub fn as_any(&self) -> &Port<Any> {
        // SAFETY: a port is its device alone in memory, whatever its state is called, and by a shared borrow of one in any
        // state it cannot change state.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// Its number.
    pub fn id(&self) -> PortId {
        self.device.id
    }

    /// Its device's name, e.g. `net_null0` or `0000:01:00.0`.
    pub fn name(&self) -> &str {
        &self.device.name
    }

    /// Its NUMA node; `None` if it belongs to none.
    pub fn socket(&self) -> Option<SocketId> {
        // SAFETY: the port exists.
        let socket = unsafe { dpdk_sys::rte_eth_dev_socket_id(self.device.id.0) };
        (socket >= 0).then_some(SocketId(socket))
    }

    /// How many packets the driver may keep for ever when the port is closed.
    ///
    /// net_af_xdp lends the kernel packets to receive into and to send, and takes none of those back that the kernel
    /// still has: 2048 of each a queue, whatever is configured (`ETH_AF_XDP_DFLT_NUM_DESCS` and `xdp_umem_destroy` in
    /// DPDK's `rte_eth_af_xdp.c`). All others give everything back.
    pub fn keeps(&self) -> u32 {
        let queues = self.config().map_or(0, |config| config.rx_queues.max(config.tx_queues));
        if self.name().starts_with("net_af_xdp") { u32::from(queues) * 2 * 2048 } else { 0 }
    }

    /// The configuration in force.
    pub fn config(&self) -> Option<&PortConfig> {
        self.device.config.as_ref()
    }
}
