//! How forwarding is to be laid out: what commands change while it is stopped, and `start` makes a plan of.

use super::{Session, refused};
use crate::command::PortSelection;
use crate::failure::Failure;
use crate::settings::FwdSettings;
use dataplane::batch::MAX_BURST;
use dataplane::engine::plan::{Plan, PortRequest, Request, Topology};
use dataplane::lcore::LcoreId;
use dataplane::port::PortId;
use dataplane::runtime::Slot;
use std::collections::BTreeSet;

/// How forwarding is to be laid out.
#[derive(Clone)]
pub(super) struct Layout {
    /// The ports that may forward, in forwarding order.
    pub(super) ports: Vec<PortId>,
    /// How many of them do, from the first.
    pub(super) nb_ports: usize,
    /// The rest of it; its ports are left empty, as their queues are known at the start.
    pub(super) asked: Request,
    /// Whether it was said that an odd port is paired with itself; once is enough.
    odd_said: bool,
}

impl Layout {
    pub(super) fn new(settings: &FwdSettings, ports: Vec<PortId>, lcores: Vec<LcoreId>) -> Self {
        let nb_ports = ports.len();
        let asked = settings.request(Vec::new(), lcores);
        Self { ports, nb_ports, asked, odd_said: false }
    }

    /// Has all of these ports forward, on so many of these lcores.
    pub(super) fn reset(
        &mut self,
        ports: Vec<PortId>,
        lcores: Vec<LcoreId>,
        nb_cores: Option<usize>,
    ) {
        self.nb_ports = ports.len();
        self.ports = ports;
        self.asked.lcores = lcores;
        self.asked.nb_cores = nb_cores;
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

    /// testpmd's words for a port that is paired with itself, the first time that there is one.
    pub(super) fn odd_port(&mut self) -> &'static str {
        let odd = self.asked.topology == Topology::Paired && self.forwarding().len() % 2 == 1;
        if !odd || std::mem::replace(&mut self.odd_said, true) {
            return "";
        }
        "\nWarning! port-topology=paired and odd forward ports number, the last port will pair with itself.\n\n"
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
        self.asked.placed.retain(|(id, _), _| *id != port);
    }
}

impl Session {
    /// The ports that forward from now on, in forwarding order.
    pub(super) fn set_ports(&mut self, ports: Vec<PortId>) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        for port in &ports {
            self.selected(PortSelection::One(*port))?;
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = ports.iter().find(|port| !seen.insert(**port)) {
            return Err(refused(format!("port {twice} is listed twice; list it once")));
        }
        let (before, count) = (self.layout.forwarding().len(), ports.len());
        self.layout.ports = ports;
        self.layout.nb_ports = count;
        let mut answer = String::new();
        if before != count {
            answer += &format!(
                "previous number of forwarding ports {before} - changed to number of configured ports {count}\n"
            );
        }
        answer += self.layout.odd_port();
        Ok(answer)
    }

    pub(super) fn set_port_mask(&mut self, mask: u64) -> Result<String, Failure> {
        if mask == 0 {
            return Err(refused("Invalid NULL mask of ports"));
        }
        let ports = self.dataplane.ports().map(Slot::id);
        self.set_ports(ports.filter(|id| has_bit(mask, u32::from(id.0))).collect())
    }

    pub(super) fn set_nb_ports(&mut self, count: usize) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        let most = self.layout.ports.len();
        if count > most {
            return Err(refused(format!(
                "nb fwd ports {count} > {most} (number of configured ports) - ignored"
            )));
        }
        self.layout.nb_ports = count;
        let odd = self.layout.odd_port();
        Ok(format!("Number of forwarding ports set to {count}\n{odd}"))
    }

    /// The lcores that forward from now on.
    pub(super) fn set_cores(&mut self, lcores: Vec<LcoreId>) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        let workers = self.eal.worker_lcores();
        for lcore in &lcores {
            if *lcore == self.eal.main_lcore() {
                return Err(refused(format!(
                    "lcore {lcore} cannot be masked on for running packet forwarding, which is the main lcore and \
                     reserved for command line parsing only"
                )));
            }
            if !workers.contains(lcore) {
                return Err(refused(format!("lcore {lcore} not enabled")));
            }
        }
        let (before, count) = (self.layout.cores().len(), lcores.len());
        self.layout.asked.lcores = lcores;
        self.layout.asked.nb_cores = None;
        Ok(match before == count {
            true => String::new(),
            false => format!(
                "previous number of forwarding cores {before} - changed to number of configured cores {count}\n"
            ),
        })
    }

    pub(super) fn set_core_mask(&mut self, mask: u64) -> Result<String, Failure> {
        if mask == 0 {
            return Err(refused("Invalid NULL mask of cores"));
        }
        self.set_cores((0..u64::BITS).filter(|bit| has_bit(mask, *bit)).map(LcoreId).collect())
    }

    pub(super) fn set_nb_cores(&mut self, count: usize) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        let most = self.layout.asked.lcores.len();
        if count > most {
            return Err(refused(format!(
                "nb fwd cores {count} > {most} (max. number of configured lcores) - ignored"
            )));
        }
        self.layout.asked.nb_cores = Some(count);
        Ok(format!("Number of forwarding cores set to {count}\n"))
    }

    pub(super) fn set_burst(&mut self, burst: u16) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        if usize::from(burst) > MAX_BURST {
            return Err(refused(format!(
                "nb pkt per burst: {burst} > {MAX_BURST} (maximum packet per burst)  ignored"
            )));
        }
        if burst == 0 {
            return Err(refused("nb pkt per burst: 0 moves no packets - ignored"));
        }
        self.layout.asked.burst = burst;
        Ok(format!("Number of packets per burst set to {burst}\n"))
    }

    /// What is laid out at the start cannot change before the end.
    pub(super) fn forwarding_is_stopped(&self) -> Result<(), Failure> {
        match self.is_forwarding() {
            true => Err(refused("Please stop forwarding first")),
            false => Ok(()),
        }
    }

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

/// Whether a bit of a mask is set; there is none beyond its end.
fn has_bit(mask: u64, bit: u32) -> bool {
    mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1)
}
