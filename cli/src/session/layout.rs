//! How forwarding is to be laid out: what commands change while it is stopped, and `start` makes a plan of.

use super::Session;
use crate::failure::Failure;
use crate::settings::FwdSettings;
use dataplane::engine::plan::{Plan, PortRequest, Request, Topology};
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use dataplane::runtime::Slot;

/// How forwarding is to be laid out.
pub(super) struct Layout {
    /// The ports that may forward, in forwarding order.
    pub(super) ports: Vec<PortId>,
    /// How many of them do, from the first.
    pub(super) nb_ports: usize,
    /// The rest of it; its ports are left empty, as their queues are known at the start.
    pub(super) asked: Request,
}

impl Layout {
    pub(super) fn new(settings: &FwdSettings, ports: Vec<PortId>, lcores: Vec<LcoreId>) -> Self {
        let nb_ports = ports.len();
        Self { ports, nb_ports, asked: settings.request(Vec::new(), lcores) }
    }

    /// The ports that forward.
    pub(super) fn forwarding(&self) -> &[PortId] {
        self.ports.get(..self.nb_ports).unwrap_or(&self.ports)
    }

    /// The lcores that may forward, as many as were asked for.
    pub(super) fn cores(&self) -> &[LcoreId] {
        let lcores = &self.asked.lcores;
        self.asked.nb_cores.and_then(|count| lcores.get(..count)).unwrap_or(lcores)
    }

    /// Takes a new port in, last.
    pub(super) fn add(&mut self, port: PortId) {
        self.ports.push(port);
        self.nb_ports = self.ports.len();
    }

    /// Leaves a port out whose device was taken away. In pairs its partner has nobody to send to any more: it is left out of
    /// forwarding, so that the other pairs stay what they are, and returned.
    pub(super) fn lose(&mut self, port: PortId) -> Option<PortId> {
        let at = self.forwarding().iter().position(|id| *id == port);
        let paired = self.asked.topology == Topology::Paired;
        let partner = at.filter(|_| paired).and_then(|at| self.forwarding().get(at ^ 1)).copied();
        self.remove(port);
        if let Some(partner) = partner {
            self.remove(partner);
            self.ports.push(partner);
        }
        partner
    }

    /// Leaves a port out that is gone.
    pub(super) fn remove(&mut self, port: PortId) {
        let forwarding = self.forwarding().iter().filter(|id| **id != port).count();
        self.ports.retain(|id| *id != port);
        self.nb_ports = forwarding;
    }
}

impl Session {
    /// The plan that `start` would run now.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] if ports, lcores and topology do not fit together.
    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        let slots = self.layout.forwarding().iter().filter_map(|id| self.dataplane.port(*id));
        let port = |slot: &Slot| PortRequest {
            id: slot.id(),
            rx_queues: slot.wanted.rx_queues,
            tx_queues: slot.wanted.tx_queues,
            socket: slot.pool_socket(),
        };
        let request = Request { ports: slots.map(port).collect(), ..self.layout.asked.clone() };
        request.plan().map_err(Failure::input)
    }
}
