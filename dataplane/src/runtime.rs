//! A dataplane as a whole: ports, their pools and the engine, brought up and taken down in order.

use crate::eal::Eal;
use crate::engine::plan::{Plan, Work};
use crate::engine::{Engine, EngineError, StreamAt};
use crate::forward::{Ground, Job, ModeError, PortFacts};
use crate::lcore::SocketId;
use crate::mempool::{Mempool, MempoolConfig, MempoolError, Sizing};
use crate::port::{Granted, Port, PortConfig, PortError, Queues, Running, Started, Stopped};
use std::collections::BTreeMap;

/// What the packet pools are to be.
#[derive(Clone, Copy, Debug)]
pub struct PoolSetup {
    /// Packets of each pool; computed from the plan if `None`.
    pub mbufs: Option<u32>,
    /// Packets that modes are to have room to hold beside what the plan needs; counts only where `mbufs` is computed.
    pub held: u32,
    /// Packets that each lcore caches.
    pub cache: u32,
    /// Bytes of each packet's buffer, headroom included.
    pub mbuf_size: u16,
}

/// testpmd caches 250; 256 divides by every common burst.
pub const DEFAULT_CACHE: u32 = 256;

/// Why a dataplane could not be brought up or taken down.
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
}

/// The packet pools: one a NUMA node that has a port.
pub struct Pools(BTreeMap<SocketId, Mempool>);

impl Pools {
    fn new(
        eal: &Eal,
        sockets: impl Iterator<Item = SocketId>,
        setup: &PoolSetup,
        mbufs: u32,
    ) -> Result<Self, MempoolError> {
        let mut pools = BTreeMap::new();
        for socket in sockets {
            if let std::collections::btree_map::Entry::Vacant(place) = pools.entry(socket) {
                // testpmd's name for it, which monitoring scripts know.
                let name = format!("mb_pool_{socket}");
                let config = MempoolConfig {
                    name,
                    mbufs,
                    cache: setup.cache,
                    mbuf_size: setup.mbuf_size,
                    socket,
                };
                place.insert(Mempool::new(eal, &config)?);
            }
        }
        Ok(Self(pools))
    }

    /// The pool of a NUMA node's ports.
    pub fn of(&self, socket: SocketId) -> Option<&Mempool> {
        self.0.get(&socket)
    }

    /// All pools and their NUMA nodes.
    pub fn iter(&self) -> impl Iterator<Item = (SocketId, &Mempool)> {
        self.0.iter().map(|(socket, pool)| (*socket, pool))
    }

    /// Packets that are not back in their pools.
    fn missing(&self) -> u32 {
        self.0.values().map(Mempool::in_use).sum()
    }
}

/// How many packets each pool of `plan` must hold.
///
/// `descriptors` are those of one receive and one transmit queue of a port, by the plan's order of ports; `setup` says
/// what lcores cache and modes hold.
pub fn sizing(
    plan: &Plan,
    descriptors: impl Iterator<Item = (u16, u16)>,
    setup: &PoolSetup,
) -> Sizing {
    let of_queues = plan.ports.iter().zip(descriptors).map(|(port, (rx, tx))| {
        u64::from(port.rx_queues) * u64::from(rx) + u64::from(port.tx_queues) * u64::from(tx)
    });
    Sizing {
        descriptors: of_queues.sum(),
        ring_slots: plan.rings.iter().map(|ring| u64::from(ring.size)).sum(),
        streams: plan.workers.iter().map(|worker| worker.streams.len() as u64).sum(),
        burst: u64::from(plan.burst),
        // The main lcore frees packets when ports are drained.
        lcores: plan.workers.len() as u64 + 1,
        cache: u64::from(setup.cache),
        held: u64::from(setup.held),
    }
}

/// Makes a stream's job out of what there is.
pub type MakeJob<'a> = dyn FnMut(StreamAt<'_>, &Ground) -> Result<Job, ModeError> + 'a;

/// A dataplane: its ports run; its engine is stopped or running. Dropping it takes it down.
pub struct Dataplane {
    /// The streams on their lcores.
    pub engine: Engine,
    ports: Vec<Port<Started>>,
    granted: Vec<Granted>,
    ground: Ground,
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
        let home = eal.socket_of(eal.main_lcore());
        let sockets: Vec<SocketId> =
            ports.iter().map(|(port, _)| port.socket().unwrap_or(home)).collect();
        let descriptors = ports.iter().map(|(_, config)| (config.rx_desc, config.tx_desc));
        let sizing = sizing(&plan, descriptors, setup);
        let mbufs = match setup.mbufs {
            Some(mbufs) => mbufs,
            None => sizing.mbufs()?,
        };
        let spare = spare(&plan, &sizing, mbufs);
        let pools = Pools::new(eal, sockets.iter().copied(), setup, mbufs)?;

        let mut running = Vec::new();
        let mut granted = Vec::new();
        for ((port, config), socket) in ports.into_iter().zip(sockets) {
            match start(port, config, socket, &pools) {
                Ok((port, queues, grant)) => {
                    running.push((port, queues));
                    granted.push(grant);
                }
                Err(error) => {
                    stop_all(running);
                    return Err(error.into());
                }
            }
        }
        let (ports, queues): (Vec<_>, Vec<_>) = running.into_iter().unzip();
        let facts = ports.iter().zip(&granted).map(|(port, granted)| facts(port, granted, home));
        let facts = match facts.collect() {
            Ok(facts) => facts,
            Err(error) => {
                stop_all(pair(ports, queues));
                return Err(RuntimeError::Port(error));
            }
        };
        let ground = Ground { pools, ports: facts, spare, burst: plan.burst };
        match Engine::assemble(eal, plan, queues, &mut |stream| make(stream, &ground)) {
            Ok(engine) => Ok(Self { engine, ports, granted, ground }),
            Err((queues, error)) => {
                stop_all(pair(ports, queues));
                Err(error.into())
            }
        }
    }

    /// The ports, in the order in which they were given.
    pub fn ports(&self) -> &[Port<Started>] {
        &self.ports
    }

    /// What each port granted, in the same order.
    pub fn granted(&self) -> &[Granted] {
        &self.granted
    }

    /// The packet pools.
    pub fn pools(&self) -> &Pools {
        &self.ground.pools
    }

    /// Gives every stream a new job, also under load.
    ///
    /// # Errors
    /// [`EngineError`]; with [`EngineError::Mode`] nothing has changed.
    pub fn set_jobs(&mut self, make: &mut MakeJob<'_>) -> Result<(), EngineError> {
        self.engine.set_jobs(&mut |stream| make(stream, &self.ground))
    }

    /// Stops what runs, stops and closes the ports, and counts the pools.
    ///
    /// # Errors
    /// [`RuntimeError::Engine`] if a worker panicked: the ports whose queues it had stay open then, the others are closed.
    pub fn take_down(mut self) -> Result<Homecoming, RuntimeError> {
        let keeps: u32 = self.ports.iter().map(Port::keeps).sum();
        let (drained, stopped) = self.close_ports();
        stopped?;
        let out = self.ground.pools.missing();
        let kept = out.min(keeps);
        Ok(Homecoming { drained, kept, missing: out - kept })
    }

    /// Stops the engine and closes the ports; nothing is left to do the second time.
    fn close_ports(&mut self) -> (u64, Result<(), EngineError>) {
        let (queues, stopped) = self.engine.dismantle();
        (stop_all(pair(std::mem::take(&mut self.ports), queues)), stopped)
    }
}

impl Drop for Dataplane {
    fn drop(&mut self) {
        // Who wants to know what became of it calls `take_down`.
        let _ = self.close_ports();
    }
}

/// Packets of a pool of `mbufs` that modes may hold, by forwarding stream.
fn spare(plan: &Plan, sizing: &Sizing, mbufs: u32) -> u32 {
    let streams = plan.workers.iter().flat_map(|worker| &worker.streams);
    let forwarding = streams.filter(|stream| matches!(stream.work, Work::Forward { .. })).count();
    let spare = u64::from(mbufs).saturating_sub(sizing.in_flight());
    // No more than `mbufs`, which is a u32.
    (spare / forwarding.max(1) as u64) as u32
}

/// What modes may know of a port that runs.
fn facts(port: &Port<Started>, granted: &Granted, home: SocketId) -> Result<PortFacts, PortError> {
    Ok(PortFacts {
        id: port.id(),
        mac: port.mac()?,
        socket: port.socket().unwrap_or(home),
        tx_offloads: granted.tx_offloads,
    })
}

/// Configures and starts one port.
fn start(
    mut port: Port<Stopped>,
    mut config: PortConfig,
    socket: SocketId,
    pools: &Pools,
) -> Result<(Port<Started>, Queues, Granted), PortError> {
    let pool = pools.of(socket).ok_or(PortError::NoPool { port: port.id(), socket })?;
    if pools.0.len() == 1 {
        // Every packet comes from the one pool and has one owner, which is what lets a driver free without looking.
        config.tx_offloads |= port.info()?.tx_offloads & PortConfig::FAST_FREE;
    }
    let granted = port.configure(&config, pool)?;
    let (port, queues) = port.start().map_err(|refused| refused.error)?;
    Ok((port, queues, granted))
}

/// Ports with their queues again.
fn pair(ports: Vec<Port<Started>>, queues: Vec<Queues>) -> Vec<Running> {
    let mut queues: BTreeMap<_, _> =
        queues.into_iter().filter_map(|queues| Some((queues.port()?, queues))).collect();
    ports
        .into_iter()
        .filter_map(|port| queues.remove(&port.id()).map(|queues| (port, queues)))
        .collect()
}

/// Stops and closes ports; returns how many packets waited in them.
///
/// All stop before the first is closed: in-process ports share rings.
fn stop_all(ports: Vec<Running>) -> u64 {
    let stopped: Vec<(Port<Stopped>, u64)> =
        ports.into_iter().filter_map(|(port, queues)| port.stop(queues).ok()).collect();
    stopped.iter().map(|(_, drained)| drained).sum()
}
