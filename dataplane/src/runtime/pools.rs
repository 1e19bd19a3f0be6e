//! The packet pools: one a NUMA node that has a port, and how many packets each must hold.

use crate::eal::Eal;
use crate::engine::plan::Plan;
use crate::lcore::SocketId;
use crate::mempool::{DEFAULT_MBUF_SIZE, Mempool, MempoolConfig, MempoolError, Sizing, data_room};
use std::collections::BTreeMap;

/// What the packet pools are to be.
#[derive(Clone, Copy, Debug)]
pub struct PoolSetup {
    /// What their names begin with: [`POOL_NAME`], unless another dataplane of this process has that.
    pub name: &'static str,
    /// Packets of each pool; computed from the plan if `None`.
    pub mbufs: Option<u32>,
    /// Packets that a mode is to have room to hold in each forwarding stream, beside what the plan needs; counts only where
    /// `mbufs` is computed.
    pub held: u32,
    /// Packets that each lcore caches.
    pub cache: u32,
    /// Bytes of each packet's buffer, headroom included.
    pub mbuf_size: u16,
}

impl Default for PoolSetup {
    fn default() -> Self {
        Self {
            name: POOL_NAME,
            mbufs: None,
            held: 0,
            cache: DEFAULT_CACHE,
            mbuf_size: DEFAULT_MBUF_SIZE,
        }
    }
}

/// What becomes of a pool that is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// It stays.
    Never,
    /// One that is large enough takes its place.
    ToFit,
    /// One of twice that size does: it cannot be freed as long as ports take packets from it, so they are to be few.
    WithRoom,
}

/// testpmd's name for them, which monitoring scripts know.
pub const POOL_NAME: &str = "mb_pool";

/// testpmd caches 250; 256 divides by every common burst.
pub const DEFAULT_CACHE: u32 = 256;

/// The packet pools: one a NUMA node that has a port.
pub struct Pools {
    setup: PoolSetup,
    now: BTreeMap<SocketId, Mempool>,
    /// Whether others may join them while ports run.
    grow: bool,
    /// Pools that were too small for what came later; packets of theirs may still be with a device.
    retired: Vec<Mempool>,
}

impl Pools {
    pub(super) fn new(setup: PoolSetup) -> Self {
        Self { setup, now: BTreeMap::new(), grow: false, retired: Vec::new() }
    }

    /// The pool of a NUMA node's ports.
    pub fn of(&self, socket: SocketId) -> Option<&Mempool> {
        self.now.get(&socket)
    }

    /// All pools and their NUMA nodes.
    pub fn iter(&self) -> impl Iterator<Item = (SocketId, &Mempool)> {
        self.now.iter().map(|(socket, pool)| (*socket, pool))
    }

    /// Has no device rely on there being one pool, so that others can join it while ports run.
    pub(super) fn let_grow(&mut self) {
        self.grow = true;
    }

    /// Whether every packet there is comes from one pool, and will.
    pub(super) fn are_one(&self) -> bool {
        !self.grow && self.now.len() + self.retired.len() == 1
    }

    /// Sees to a pool on each of `sockets`. What becomes of one that is smaller than `demand` says `growth`. Returns whether
    /// anything has changed.
    ///
    /// # Errors
    /// [`MempoolError`]; the pools that there were stay.
    pub(super) fn provide(
        &mut self,
        eal: &Eal,
        sockets: impl Iterator<Item = SocketId>,
        demand: &Sizing,
        growth: Growth,
    ) -> Result<bool, MempoolError> {
        let mbufs = match self.setup.mbufs {
            Some(mbufs) => mbufs,
            None => demand.mbufs()?,
        };
        let mut changed = false;
        for socket in sockets {
            let stays = |pool: &Mempool| pool.size() >= mbufs || growth == Growth::Never;
            if !self.of(socket).is_some_and(stays) {
                let with_room = growth == Growth::WithRoom && self.setup.mbufs.is_none();
                let size = if with_room { mbufs.saturating_mul(2) } else { mbufs };
                let pool = self.make(eal, socket, size)?;
                self.retired.extend(self.now.insert(socket, pool));
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Forgets retired pools that have all their packets. Only while no port runs: a device may still hold a handle, but
    /// takes no packet any more.
    pub(super) fn forget_retired(&mut self) {
        self.retired.retain(|pool| pool.in_use() > 0);
    }

    fn make(&self, eal: &Eal, socket: SocketId, mbufs: u32) -> Result<Mempool, MempoolError> {
        let PoolSetup { name, cache, mbuf_size, .. } = self.setup;
        // One that replaces another, which lives until the last device has let it go, needs a name of its own.
        let name = match self.of(socket) {
            None => format!("{name}_{socket}"),
            Some(_) => format!("{name}_{socket}_{mbufs}"),
        };
        Mempool::new(eal, &MempoolConfig { name, mbufs, cache, mbuf_size, socket })
    }

    /// Packets that are not back in their pools.
    pub(super) fn missing(&self) -> u32 {
        self.now.values().chain(&self.retired).map(Mempool::in_use).sum()
    }
}

/// How many packets each pool of `plan` must hold.
///
/// `descriptors` are those of all queues of the plan's ports; `long` is whether TCP packets longer than a segment come by one of
/// them; `setup` says what lcores cache and modes hold.
pub fn sizing(plan: &Plan, descriptors: u64, long: bool, setup: &PoolSetup) -> Sizing {
    let room = u64::from(data_room(setup.mbuf_size)).max(1);
    Sizing {
        descriptors,
        ring_slots: plan.rings.iter().map(|ring| u64::from(ring.size)).sum(),
        streams: plan.workers.iter().map(|worker| worker.streams.len() as u64).sum(),
        exits: plan.exits() as u64,
        burst: u64::from(plan.burst),
        // No IP packet is longer, and its first headers may be in a buffer of their own.
        chain: if long { u64::from(u16::MAX).div_ceil(room) + 1 } else { 1 },
        // The main lcore frees packets when ports are drained.
        lcores: plan.workers.len() as u64 + 1,
        cache: u64::from(setup.cache),
        held: u64::from(setup.held) * (plan.forwarding_streams() + plan.measuring_streams()) as u64,
    }
}
