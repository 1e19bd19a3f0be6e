//! What settings come to before EAL has run, on the assumption that it finds just the devices and lcores that are named.
//! EAL numbers first what it finds by itself (`--allow`), then what is made later.

use super::{FwdSettings, MacAddr};
use crate::lcores::Lcores;
use dataplane::engine::EngineError;
use dataplane::engine::plan::{Plan, PlanError, PortRequest};
use dataplane::lcore::SocketId;
use dataplane::mempool::memory_mib;
use dataplane::port::{PortConfig, PortId, offers_tso};
use dataplane::runtime::{RuntimeError, sizing};

/// What the packet pool is going to be.
pub(crate) struct AssumedPool {
    /// Packets it has.
    pub(crate) mbufs: u32,
    /// Packets that the plan can have in use at once.
    pub(crate) needed: u32,
    /// Its memory in MiB.
    pub(crate) mib: u64,
}

impl FwdSettings {
    /// The devices in the order of their ports' numbers.
    pub(crate) fn assumed_devices(&self) -> impl Iterator<Item = &str> {
        let named = self.ports.iter().map(|port| port.device.typed.as_str());
        self.eal.values("allow").chain(named)
    }

    /// The ports' configurations in the order of their numbers.
    fn assumed_configs(&self) -> impl Iterator<Item = &PortConfig> {
        let found = self.eal.values("allow").map(|_| &self.found_port);
        found.chain(self.ports.iter().map(|port| &port.config))
    }

    /// Packets of the pool if all ports are on one NUMA node: those asked for, and those that the plan can have in use at
    /// once. `None` where EAL is to find the ports.
    ///
    /// # Errors
    ///
    /// [`RuntimeError`] for what was asked for and cannot be had.
    pub(crate) fn assumed_pool(&self) -> Result<Option<AssumedPool>, RuntimeError> {
        if self.assumed_configs().next().is_none() {
            return Ok(None);
        }
        let plan = self.assumed_plan().map_err(EngineError::from)?;
        let descriptors = self.assumed_configs().map(PortConfig::descriptors).sum();
        let long = self.ports.iter().any(|port| offers_tso(&port.device.to_string()));
        let needed = sizing(&plan, descriptors, long, &self.pool).mbufs()?;
        let mbufs = self.pool.mbufs.unwrap_or(needed);
        Ok(Some(AssumedPool { mbufs, needed, mib: memory_mib(mbufs, self.pool.mbuf_size) }))
    }

    /// The plan; where no lcores are named, on this machine's processors.
    ///
    /// # Errors
    ///
    /// [`PlanError`] for what was asked for and cannot be had.
    pub(crate) fn assumed_plan(&self) -> Result<Plan, PlanError> {
        let ports = self
            .assumed_configs()
            .zip(0..)
            .map(|(config, id)| PortRequest {
                id: PortId(id),
                rx_queues: config.rx_queues,
                tx_queues: config.tx_queues,
                socket: SocketId::ANY,
            })
            .collect();
        let lcores = self.lcores.clone().or_else(Lcores::of_this_machine);
        let mut request =
            self.request(ports, lcores.map(|lcores| lcores.workers).unwrap_or_default());
        let found = self.eal.values("allow").count();
        let named = (0..).map(PortId).skip(found).zip(&self.ports);
        request.placed = named.flat_map(|(id, port)| port.placed(id)).collect();
        request.plan()
    }

    /// The destination of what a port sends in mode mac.
    pub(crate) fn assumed_peer(&self, port: PortId) -> MacAddr {
        let found = self.eal.values("allow").count();
        let named = usize::from(port.0).checked_sub(found).and_then(|place| self.ports.get(place));
        self.peer(port, named)
    }
}
