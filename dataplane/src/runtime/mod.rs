//! A dataplane as a whole: a table of ports, each stopped or started, their pools, and the engine, brought up and taken
//! down in order.
//!
//! ```text
//! add ──► Slot (stopped) ── start_port ──► Slot (started, with its queues) ── lay_out ──► Engine (has the queues)
//!               ▲                                 │         ▲                                │
//!               └────────── stop_port ────────────┘         └──────────── gather ────────────┘
//! ```
//!
//! The engine is laid out anew whenever ports, queues or the plan have changed, and is idle before that.

mod exchange;
mod pools;
mod slot;

pub use exchange::Change;
use pools::Growth;
pub use pools::{DEFAULT_CACHE, POOL_NAME, PoolSetup, Pools, sizing};
pub use slot::Slot;

use crate::eal::Eal;
use crate::engine::plan::Plan;
use crate::engine::{Engine, EngineError, StreamAt};
use crate::forward::{Ground, Job, ModeError, PortFacts, QueueOf};
use crate::lcore::SocketId;
use crate::mempool::{MempoolError, Sizing};
use crate::port::watch::Watch;
use crate::port::{
    Any, Direction, Errno, Port, PortConfig, PortError, PortId, Queues, Sights, Stopped, WatchError,
};
use std::collections::BTreeMap;
use std::mem::replace;

/// Why a dataplane could not be changed as asked.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A pool could not be made.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// A port refused.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its packets cannot be looked at.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// There is no such port.
    #[error("there is no port {0}")]
    NoSuchPort(PortId),
    /// A port that forwards cannot be stopped.
    #[error("port {0} is forwarding: stop forwarding first")]
    Forwarding(PortId),
    /// A device could not be reset.
    #[error("port {port} could not be reset: {error}")]
    Reset {
        /// The port.
        port: PortId,
        /// The device's answer.
        error: Errno,
    },
    /// A port's queues do not fit the plan.
    #[error(
        "port {0} is not started, or with fewer queues than forwarding takes: port start {0} makes it what it is to be"
    )]
    NotAsPlanned(PortId),
    /// A pool cannot grow while ports take packets from it.
    #[error(
        "the packet pool has {has} packets, and with this change queues, rings and caches could hold {needs} at once: start \
         the program with --total-num-mbufs={needs} or more"
    )]
    PoolTooSmall {
        /// Packets of the pool.
        has: u32,
        /// Packets that it would take.
        needs: u32,
    },
    /// Running ports free packets as if there were one pool.
    #[error(
        "a port on NUMA node {0} needs a pool of its own, and ports that run were told that there is one: stop all ports \
         first"
    )]
    SecondPool(SocketId),
}

/// Makes a stream's job out of what there is.
pub type MakeJob<'a> = dyn FnMut(StreamAt<'_>, &Ground) -> Result<Job, ModeError> + 'a;

/// A dataplane. Dropping it takes it down.
pub struct Dataplane {
    /// The streams on their lcores.
    pub engine: Engine,
    slots: BTreeMap<PortId, Slot>,
    setup: PoolSetup,
    ground: Ground,
    /// Packets that the drivers of ports that were taken out may keep.
    kept: u32,
    /// Packets that waited in receive queues of ports that were stopped.
    drained: u64,
    /// Who looks at packets as they pass. Behind engine and ports, as a worker may be in one of its callbacks.
    watch: Option<Watch>,
    eal: Eal,
}

/// What came of taking a dataplane down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Homecoming {
    /// Packets that waited in receive queues and were freed.
    pub drained: u64,
    /// Packets that no pool got back because their port's driver keeps them ([`Port::keeps`]).
    pub kept: u32,
    /// Packets that no pool got back beside those: a defect of a driver, or of ours.
    pub missing: u32,
}

impl Dataplane {
    /// A dataplane without ports.
    pub fn new(eal: &Eal, setup: PoolSetup) -> Self {
        let pools = Pools::new(setup);
        let ground = Ground { pools, ports: Vec::new(), stopped: Vec::new(), spare: 0, burst: 0 };
        let (engine, eal) = (Engine::idle(eal), eal.clone());
        Self {
            engine,
            slots: BTreeMap::new(),
            setup,
            ground,
            kept: 0,
            drained: 0,
            watch: None,
            eal,
        }
    }

    /// Makes the pools, configures and starts the ports, and lays out the plan's streams.
    ///
    /// # Errors
    /// [`RuntimeError`]; ports that were started are stopped and closed again.
    pub fn bring_up(
        eal: &Eal,
        ports: Vec<(Port<Stopped>, PortConfig)>,
        plan: Plan,
        setup: &PoolSetup,
        make: &mut MakeJob<'_>,
    ) -> Result<Self, RuntimeError> {
        let mut dataplane = Self::new(eal, *setup);
        for (port, config) in ports {
            dataplane.add(port, config);
        }
        dataplane.provide(&plan)?;
        for port in dataplane.slots.keys().copied().collect::<Vec<_>>() {
            dataplane.start_port(port)?;
        }
        dataplane.lay_out(plan, make)?;
        Ok(dataplane)
    }

    /// Leaves it open that pools grow while ports run. Devices do without `MBUF_FAST_FREE` then, which frees packets as if there
    /// were one pool for ever. Before the first port starts.
    pub fn let_pools_grow(&mut self) {
        self.ground.pools.let_grow();
    }

    /// The ports, by their numbers.
    pub fn ports(&self) -> impl Iterator<Item = &Slot> + Clone {
        self.slots.values()
    }

    /// A port by its number.
    pub fn port(&self, id: PortId) -> Option<&Slot> {
        self.slots.get(&id)
    }

    /// A port by its number, to change what it is to be.
    pub fn port_mut(&mut self, id: PortId) -> Option<&mut Slot> {
        self.slots.get_mut(&id)
    }

    /// The packet pools.
    pub fn pools(&self) -> &Pools {
        &self.ground.pools
    }

    /// Adds a port, stopped.
    pub fn add(&mut self, port: Port<Stopped>, wanted: PortConfig) {
        let home = self.eal.socket_of(self.eal.main_lcore());
        self.slots.insert(port.id(), Slot::new(port, wanted, home));
    }

    /// Sees to a packet pool on the NUMA node of every port. One too small for `plan` is replaced, unless its size was asked
    /// for: ports that run go on with the one that they have, and a larger one is made with room for more ports to come. It
    /// stays where a port that runs was told that all packets come from one pool.
    ///
    /// # Errors
    /// [`RuntimeError::Mempool`], or [`RuntimeError::SecondPool`].
    pub fn provide(&mut self, plan: &Plan) -> Result<(), RuntimeError> {
        let sockets: Vec<SocketId> = self.ports().map(Slot::pool_socket).collect();
        let quiet = !self.ports().any(Slot::is_started);
        let lacks = |socket: &&SocketId| self.pools().of(**socket).is_none();
        if !quiet && let Some(socket) = sockets.iter().find(lacks) {
            return Err(RuntimeError::SecondPool(*socket));
        }
        let demand = self.demand(plan);
        let trusting = self.ports().any(|slot| slot.is_started() && slot.frees_fast());
        let pools = &mut self.ground.pools;
        if quiet {
            pools.forget_retired();
        }
        let growth = match (quiet, trusting) {
            (true, _) => Growth::ToFit,
            (false, false) => Growth::WithRoom,
            (false, true) => Growth::Never,
        };
        if pools.provide(&self.eal, sockets.into_iter(), &demand, growth)? {
            // Each is to take its packets from the pool there is now, and may have to free them otherwise.
            self.slots.values_mut().for_each(Slot::forget_configuration);
        }
        Ok(())
    }

    /// Configures a stopped port as it is to be, and starts it.
    ///
    /// # Errors
    /// [`RuntimeError::Port`]; the port is stopped still.
    pub fn start_port(&mut self, id: PortId) -> Result<(), RuntimeError> {
        let slot = self.slots.remove(&id).ok_or(RuntimeError::NoSuchPort(id))?;
        let (slot, started) = slot.start(&self.ground.pools);
        self.slots.insert(id, slot);
        Ok(started?)
    }

    /// Stops a port; returns how many packets waited in it. A stopped one is left alone.
    ///
    /// # Errors
    /// [`RuntimeError::Forwarding`], or [`RuntimeError::Port`] if the device does not stop.
    pub fn stop_port(&mut self, id: PortId) -> Result<u64, RuntimeError> {
        if self.is_forwarding(id) {
            return Err(RuntimeError::Forwarding(id));
        }
        if !self.engine.is_running() {
            self.gather()?;
        }
        let slot = self.slots.remove(&id).ok_or(RuntimeError::NoSuchPort(id))?;
        let (slot, stopped) = slot.stop();
        self.slots.insert(id, slot);
        let drained = stopped?;
        self.drained += drained;
        Ok(drained)
    }

    /// Puts the device of a stopped port back to what it was when it was made.
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub fn reset_port(&mut self, id: PortId) -> Result<(), RuntimeError> {
        self.slots.get_mut(&id).ok_or(RuntimeError::NoSuchPort(id))?.reset()
    }

    /// Takes a stopped port out. Dropping it closes it.
    ///
    /// # Errors
    /// [`RuntimeError::Port`] if it runs.
    pub fn remove_port(&mut self, id: PortId) -> Result<Port<Stopped>, RuntimeError> {
        let slot = self.slots.remove(&id).ok_or(RuntimeError::NoSuchPort(id))?;
        match slot.into_stopped() {
            Ok(port) => {
                self.kept += port.keeps();
                Ok(port)
            }
            Err(slot) => {
                self.slots.insert(id, *slot);
                Err(PortError::NotStopped(id).into())
            }
        }
    }

    /// Whether a port's queues are being polled.
    pub fn is_forwarding(&self, id: PortId) -> bool {
        self.engine.is_running() && self.engine.plan().port(id).is_some()
    }

    /// Lays the plan's streams over the queues of its ports, which are started; what was laid out before is taken apart.
    ///
    /// # Errors
    /// [`RuntimeError::Engine`]; nothing is laid out then.
    pub fn lay_out(&mut self, plan: Plan, make: &mut MakeJob<'_>) -> Result<(), RuntimeError> {
        self.gather()?;
        self.prepare_ground(&plan)?;
        let planned = |slot: &&mut Slot| plan.port(slot.id()).is_some();
        let queues =
            self.slots.values_mut().filter(planned).filter_map(Slot::lend_queues).collect();
        match Engine::assemble(&self.eal, plan, queues, &mut |stream| self.ground.job(stream, make))
        {
            Ok(engine) => {
                self.engine = engine;
                if let Some(watch) = &mut self.watch {
                    watch.look(watched(&self.slots))?;
                }
                Ok(())
            }
            Err((queues, error)) => {
                self.take_back(queues);
                Err(error.into())
            }
        }
    }

    /// Takes the engine apart and gives the ports their queues back.
    ///
    /// # Errors
    /// [`EngineError::Lcore`] if a worker panicked; its queues are lost, and the others are back.
    pub fn gather(&mut self) -> Result<(), EngineError> {
        let (queues, stopped) = self.engine.dismantle();
        self.engine = Engine::idle(&self.eal);
        self.take_back(queues);
        stopped
    }

    /// Frees what waits in the receive queues of these ports, while nothing is forwarded.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn flush(&mut self, ports: &[PortId]) -> Result<(), EngineError> {
        self.gather()?;
        // What is thrown away does not pass; whoever lays out next looks again.
        if let Some(watch) = &mut self.watch {
            watch.look_away();
        }
        for port in ports {
            if let Some(slot) = self.slots.get_mut(port) {
                slot.flush();
            }
        }
        Ok(())
    }

    /// Packets that the mode of each forwarding stream may hold, as laid out.
    pub fn spare(&self) -> u32 {
        self.ground.spare
    }

    /// Gives every stream a new job, also under load.
    ///
    /// # Errors
    /// [`EngineError`]; with [`EngineError::Mode`] nothing has changed.
    pub fn set_jobs(&mut self, make: &mut MakeJob<'_>) -> Result<(), EngineError> {
        self.engine.set_jobs(&mut |stream| self.ground.job(stream, make))
    }

    /// Looks from now on at the packets that pass the ports in these directions, and at no others. The first time it
    /// returns the end where they are read.
    ///
    /// # Errors
    /// [`WatchError`]; then nothing is looked at.
    pub fn watch(
        &mut self,
        directions: &'static [Direction],
    ) -> Result<Option<Sights>, WatchError> {
        let (watch, sights) = match &mut self.watch {
            Some(watch) => (watch, None),
            None => {
                let (watch, sights) = Watch::new(&self.eal)?;
                (self.watch.insert(watch), Some(sights))
            }
        };
        watch.set_directions(directions);
        watch.look(watched(&self.slots))?;
        Ok(sights)
    }

    /// Starts the engine after every stream has been polled `rounds` times with another job.
    ///
    /// # Errors
    /// As [`Engine::start_after`].
    pub fn start_after(&mut self, rounds: u32, make: &mut MakeJob<'_>) -> Result<(), EngineError> {
        self.engine.start_after(rounds, &mut |stream| self.ground.job(stream, make))
    }

    /// Stops what runs, stops and closes the ports, and counts the pools.
    ///
    /// # Errors
    /// [`RuntimeError::Engine`] if a worker panicked: the ports whose queues it had stay open then, the others are closed.
    pub fn take_down(mut self) -> Result<Homecoming, RuntimeError> {
        let keeps: u32 = self.ports().map(|slot| slot.port().keeps()).sum();
        self.close_ports()?;
        let out = self.pools().missing();
        let kept = out.min(keeps + self.kept);
        Ok(Homecoming { drained: self.drained, kept, missing: out - kept })
    }

    /// Stops the engine and closes the ports; nothing is left to do the second time.
    fn close_ports(&mut self) -> Result<(), EngineError> {
        let stopped = self.gather();
        // All stop before the first is closed: in-process ports share rings.
        let slots: Vec<Slot> = std::mem::take(&mut self.slots)
            .into_values()
            .map(|slot| {
                let (slot, stopped) = slot.stop();
                self.drained += stopped.unwrap_or(0);
                slot
            })
            .collect();
        drop(slots);
        stopped
    }

    /// Sets what jobs of a plan are made from; returns what it was.
    fn prepare_ground(&mut self, plan: &Plan) -> Result<(Vec<PortFacts>, u32, u16), RuntimeError> {
        let facts = plan.ports.iter().filter_map(|port| self.slots.get(&port.id)).map(Slot::facts);
        let ports = facts.collect::<Result<_, _>>()?;
        let spare = self.spare_with(plan);
        self.ground.stopped = self.stopped_queues();
        let Ground { ports: ports_before, spare: spare_before, burst, .. } = &mut self.ground;
        Ok((replace(ports_before, ports), replace(spare_before, spare), replace(burst, plan.burst)))
    }

    /// Queues that devices do not serve: what ports know that have theirs, and what was known before of the others.
    fn stopped_queues(&self) -> Vec<QueueOf> {
        let known = |port| self.ground.stopped.iter().filter(move |(id, ..)| *id == port).copied();
        let of = |slot: &Slot| slot.stopped_queues().unwrap_or_else(|| known(slot.id()).collect());
        self.ports().flat_map(of).collect()
    }

    fn take_back(&mut self, queues: Vec<Queues>) {
        for queues in queues {
            if let Some(slot) = queues.port().and_then(|port| self.slots.get_mut(&port)) {
                slot.take_queues(queues);
            }
        }
    }

    /// What the plan can have in use at once.
    fn demand(&self, plan: &Plan) -> Sizing {
        let descriptors = self.ports().map(|slot| slot.wanted.descriptors()).sum();
        sizing(plan, descriptors, self.ports().any(Slot::brings_long), &self.setup)
    }

    /// Packets of a pool that modes may hold, by forwarding stream.
    fn spare_with(&self, plan: &Plan) -> u32 {
        let smallest = self.pools().iter().map(|(_, pool)| pool.size()).min().unwrap_or(0);
        let spare = u64::from(smallest).saturating_sub(self.demand(plan).in_flight());
        // No more than the pool's size, which is a u32.
        (spare / plan.forwarding_streams().max(1) as u64) as u32
    }
}

/// The ports whose packets can be looked at: those that run.
fn watched(slots: &BTreeMap<PortId, Slot>) -> impl Iterator<Item = &Port<Any>> {
    slots.values().filter(|slot| slot.is_started()).map(Slot::port)
}

impl Drop for Dataplane {
    fn drop(&mut self) {
        // Who wants to know what became of it calls `take_down`.
        let _ = self.close_ports();
    }
}
