//! What settings come to before EAL has run, on the assumption that it finds just the devices and lcores that are named.
//! EAL numbers first what it finds by itself (`--allow`), then what is made later.

use super::{FwdSettings, MacAddr};
use crate::lcores::Lcores;
use dataplane::engine::EngineError;
use dataplane::engine::plan::{Plan, PlanError, PortRequest};
use dataplane::lcore::SocketId;
use dataplane::mempool::memory_mib;
use dataplane::port::{PortConfig, PortId};
use dataplane::runtime::{RuntimeError, sizing};

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

    /// Packet memory that the plan needs if all ports are on one NUMA node, in MiB; zero where EAL is to find the ports.
    ///
    /// # Errors
    ///
    /// [`RuntimeError`] for what was asked for and cannot be had.
    pub(crate) fn assumed_memory_mib(&self) -> Result<u64, RuntimeError> {
        if self.assumed_configs().next().is_none() {
            return Ok(0);
        }
        let plan = self.assumed_plan().map_err(EngineError::from)?;
        let mbufs = match self.pool.mbufs {
            Some(mbufs) => mbufs,
            None => {
                let descriptors = self.assumed_configs().map(|port| (port.rx_desc, port.tx_desc));
                sizing(&plan, descriptors, self.pool.cache).mbufs()?
            }
        };
        Ok(memory_mib(mbufs, self.pool.mbuf_size))
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
        self.request(ports, lcores.map(|lcores| lcores.workers).unwrap_or_default()).plan()
    }

    /// The destination of what a port sends in mode mac.
    pub(crate) fn assumed_peer(&self, port: PortId) -> MacAddr {
        let found = self.eal.values("allow").count();
        let named = usize::from(port.0).checked_sub(found).and_then(|place| self.ports.get(place));
        self.peer(port, named)
    }
}
