//! A generator is opened: DPDK is started, ports and lcores are found, pools are made and ports started.

use super::{Forwarder, Rig, WIRE_SLOTS, no_worker};
use crate::failure::Failure;
use crate::r#gen::cores::{CoreMap, PortCores};
use crate::r#gen::named;
use crate::r#gen::settings::GenSettings;
use crate::lcores;
use crate::out::note;
use crate::session::open::{self, Opened};
use dataplane::eal::Eal;
use dataplane::forward::Forwarding;
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::device::VhostSocket;
use dataplane::port::{PortConfig, PortId, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup, Slot};
use dataplane::traffic::arrival;
use dataplane::traffic::capture::WAITING;
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::packet::Checksums;
use dataplane::traffic::spec::TrafficSpec;
use std::collections::BTreeMap;

impl Rig {
    /// Starts DPDK and brings up the ports.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for what was asked for and cannot be had on this machine.
    pub(in super::super) fn open(settings: GenSettings) -> Result<Self, Failure> {
        let allowed = lcores::processors();
        let eal = open::start(&settings.base)?.eal;
        let clock = TscClock::of_machine(settings.force_tsc)
            .map_err(|error| Failure::input(anyhow::Error::new(error).context("--force-tsc")))?;
        let (mut sockets, mut opened) = (BTreeMap::new(), Vec::new());
        for Opened { port, device, config, .. } in open::open_ports(&settings.base, &eal)? {
            if let Some(socket) = device.and_then(|device| device.vhost) {
                sockets.insert(port.id(), socket);
            }
            opened.push((port, config));
        }
        let mut inside = settings.forwarder_port;
        if let Some(absent) = inside.filter(|id| !opened.iter().any(|(port, _)| port.id() == *id)) {
            return Err(Failure::input(anyhow::anyhow!(
                "--forwarder-port={absent}: there is no port {absent}; there are {}",
                lcores::list(opened.iter().map(|(port, _)| port.id()))
            )));
        }
        if settings.forwarder.is_some() && inside.is_none() {
            let slots = u32::from(WIRE_SLOTS);
            let (near, far) =
                wire_pair(&eal, "dut", 1, (slots, slots), SocketId::ANY).map_err(Failure::input)?;
            inside = Some(far.id());
            // In-process ports hold packets in their rings: that is what their descriptors are for the pool's size.
            let config = PortConfig { rx_desc: WIRE_SLOTS, tx_desc: 0, ..PortConfig::default() };
            opened.extend([(near, config.clone()), (far, config)]);
        }
        let ports = opened.iter().map(|(port, _)| port.id()).filter(|id| Some(*id) != inside);
        let ports: Vec<PortId> = ports.collect();
        let (map, forwarder) = placed(&settings, &eal, &ports, inside)?;
        for (port, config) in &mut opened {
            let info = port.info().map_err(Failure::input)?;
            config.tx_offloads |= Checksums::offloads(info.tx_offloads);
            config.rx_offloads |= arrival::offloads(port, info.rx_offloads);
            if let Some(PortCores { receive, transmit }) = map.of(port.id()) {
                config.rx_queues = receive.len() as u16;
                config.tx_queues = transmit.len() as u16;
            }
        }
        // Commands may have any port's packets captured; those wait for the control thread. Others the forwarder holds.
        let captures = settings.traffic.as_ref().map_or(1, |traffic| traffic.capture.len());
        let captured = WAITING.saturating_mul(captures as u32);
        let held = settings.base.pool.held.saturating_add(captured);
        let mut dataplane = Dataplane::new(&eal, PoolSetup { held, ..settings.base.pool });
        for (port, config) in opened {
            dataplane.add(port, config);
        }
        let (burst, calibrates, running) = (settings.burst, settings.calibrate, None);
        let mut rig =
            Self { dataplane, eal, allowed, map, burst, clock, forwarder, calibrates, running };
        rig.start_ports(&sockets)?;
        Ok(rig)
    }

    /// Makes the pools for the largest plan there can be, and starts the ports.
    fn start_ports(&mut self, sockets: &BTreeMap<PortId, VhostSocket>) -> Result<(), Failure> {
        let plan = self.plan(&TrafficSpec::default(), dataplane::batch::MAX_BURST as u16)?;
        self.dataplane.provide(&plan).map_err(Failure::input)?;
        let ports: Vec<PortId> = self.dataplane.ports().map(Slot::id).collect();
        for port in ports {
            let start = || anyhow::Ok(self.dataplane.start_port(port)?);
            pollway_vhost::make(sockets.get(&port), start).map_err(Failure::input)?;
            let slot = self.dataplane.port(port);
            for text in slot.and_then(Slot::granted).iter().flat_map(|granted| &granted.notes) {
                let name = slot.map_or("", |slot| slot.port().name());
                note(&format!("port {port} ({name}) {text}"));
            }
        }
        Ok(())
    }
}

/// The lcores of every port, and the forwarder in this process if there is one.
fn placed(
    settings: &GenSettings,
    eal: &Eal,
    ports: &[PortId],
    inside: Option<PortId>,
) -> Result<(CoreMap, Option<Forwarder>), Failure> {
    let mut workers = eal.worker_lcores();
    let map = match &settings.map {
        Some(map) => {
            named::in_map(map, &workers, ports)?;
            map.clone()
        }
        None => {
            // The forwarder has the last one, if there is another for the generator.
            let shared = if inside.is_some() { workers.len().max(2) - 1 } else { workers.len() };
            let own = workers.iter().take(shared).copied().cycle();
            let cores = |lcore| PortCores { receive: vec![lcore], transmit: vec![lcore] };
            CoreMap(ports.iter().copied().zip(own.map(cores)).collect())
        }
    };
    let Some((port, mode)) = inside.zip(settings.forwarder) else { return Ok((map, None)) };
    let taken: Vec<LcoreId> = map.lcores().collect();
    workers.sort_by_key(|lcore| taken.contains(lcore));
    let lcore = workers.first().copied().ok_or_else(no_worker)?;
    let options = settings.base.modes.clone();
    let forwarding = Forwarding { options, ..Forwarding::of(mode) };
    Ok((map, Some(Forwarder { port, lcore, forwarding })))
}
