//! The generator's ports, lcores and trials: what is asked for becomes a plan, and the plan runs.

use super::calibrate;
use super::cores::{CoreMap, PortCores};
use super::environment::Environment;
use super::lines;
use super::named;
use super::pktgen::PortFacts;
use super::settings::GenSettings;
use crate::failure::Failure;
use crate::lcores;
use crate::out::note;
use crate::session::open::{self, Opened};
use dataplane::eal::Eal;
use dataplane::engine::plan::{ModelRequest, Plan, PortRequest, Request, Topology, Work};
use dataplane::engine::{StreamAt, StreamReport};
use dataplane::forward::{Forwarding, Ground, Job, ModeError, TallyFigure};
use dataplane::lcore::{LcoreId, SocketId};
use dataplane::port::device::VhostSocket;
use dataplane::port::{PortConfig, PortId, PortStats, QueueId, wire_pair};
use dataplane::runtime::{Dataplane, PoolSetup, Slot};
use dataplane::traffic::arrival;
use dataplane::traffic::capture::WAITING;
use dataplane::traffic::clock::TscClock;
use dataplane::traffic::generator::Generator;
use dataplane::traffic::packet::Checksums;
use dataplane::traffic::result::{Calibration, TrialResult};
use dataplane::traffic::spec::TrafficSpec;
use dataplane::traffic::trial::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

/// Slots of the rings to and from the forwarder in this process, and of those that carry answers to a transmit queue.
const WIRE_SLOTS: u16 = 4096;

/// The ports of a generator, and the trial that runs on them.
pub(super) struct Rig {
    // Before `eal`: ports and pools go before DPDK does.
    dataplane: Dataplane,
    eal: Eal,
    /// The processors that this process could run on before EAL bound its main thread to one.
    allowed: Vec<usize>,
    map: CoreMap,
    burst: u16,
    clock: TscClock,
    forwarder: Option<Forwarder>,
    /// Whether it measures itself before each trial.
    calibrates: bool,
    running: Option<(Generator, Trial)>,
}

/// A device under test in this process.
struct Forwarder {
    port: PortId,
    lcore: LcoreId,
    forwarding: Forwarding,
}

impl Rig {
    /// Starts DPDK and brings up the ports.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for what was asked for and cannot be had on this machine.
    pub(super) fn open(settings: GenSettings) -> Result<Self, Failure> {
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

    /// The generator's ports, without that of the forwarder in this process.
    pub(super) fn ports(&self) -> impl Iterator<Item = &Slot> + Clone {
        let inside = self.forwarder.as_ref().map(|forwarder| forwarder.port);
        self.dataplane.ports().filter(move |slot| Some(slot.id()) != inside)
    }

    /// What commands need to know of the ports.
    pub(super) fn facts(&self) -> BTreeMap<PortId, PortFacts> {
        let facts = |slot: &Slot| {
            let speed_mbps = slot.port().link().and_then(|link| link.speed_mbps);
            let mac = slot.port().mac().ok()?;
            Some((slot.id(), PortFacts { mac, speed_mbps, burst: self.burst }))
        };
        self.ports().filter_map(facts).collect()
    }

    /// What makes this run's figures what they are.
    pub(super) fn environment(&self) -> Environment {
        Environment::look(&self.eal, &self.allowed, self.clock, self.ports())
    }

    /// What devices have counted, those that count.
    pub(super) fn stats(&self) -> BTreeMap<PortId, PortStats> {
        self.ports().filter_map(|slot| Some((slot.id(), slot.port().stats()?))).collect()
    }

    /// Starts a trial; `burst` is how many packets a burst has at most, if commands said so.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for what cannot be sent.
    pub(super) fn start(
        &mut self,
        traffic: &TrafficSpec,
        burst: Option<u16>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let ports: Vec<PortId> = self.ports().map(Slot::id).collect();
        named::in_traffic(traffic, &ports, &self.map)?;
        let mut generator = Generator::new(traffic.clone(), self.clock).map_err(Failure::input)?;
        // A link has a speed when it is up.
        lines::wait(self.ports(), traffic, stop);
        lines::judge(self.ports(), &generator)?;
        generator.begin_captures(&self.eal).map_err(Failure::input)?;
        let burst = burst.unwrap_or(self.burst);
        if let Some(calibration) = self.calibration(traffic, burst)? {
            generator.calibrate(calibration);
        }
        generator.read_clocks(&self.eal, self.ports());
        generator.rewind();
        let plan = self.plan(traffic, burst)?;
        let forwarder = self.forwarder.as_ref();
        let others = |at: StreamAt<'_>, ground: &Ground| -> Result<Job, ModeError> {
            forwarder.map_or(Ok(Job::default()), |inside| inside.forwarding.job(at, ground))
        };
        self.dataplane
            .lay_out(plan, &mut |at, ground| match at.plan.work {
                Work::Generate { .. } | Work::Measure => generator.job(at, ground),
                Work::Pass | Work::Forward { .. } | Work::Switch { .. } => others(at, ground),
            })
            .map_err(Failure::input)?;
        let trial = Trial::begin(&mut self.dataplane.engine).map_err(Failure::running)?;
        note("sending");
        self.running = Some((generator, trial));
        Ok(())
    }

    /// What the generator itself adds at the load of a trial's first stream that carries probes, if that is asked for.
    fn calibration(
        &self,
        traffic: &TrafficSpec,
        burst: u16,
    ) -> Result<Option<Calibration>, Failure> {
        let first = traffic.stream.iter().find(|stream| stream.replay.is_none());
        let Some(stream) = first.filter(|_| self.calibrates) else { return Ok(None) };
        let cores = self.map.of(PortId(stream.port));
        let lcore = cores.and_then(|it| it.transmit.get(usize::from(stream.queue)));
        let lcore = lcore.copied().ok_or_else(no_worker)?;
        calibrate::before_trial(&self.eal, lcore, stream, burst, self.clock).map(Some)
    }

    /// The plan of a trial: a sender a stream, a receiver a queue.
    fn plan(&self, traffic: &TrafficSpec, burst: u16) -> Result<Plan, Failure> {
        let request = |slot: &Slot| PortRequest {
            id: slot.id(),
            rx_queues: slot.wanted.rx_queues,
            tx_queues: slot.wanted.tx_queues,
            socket: slot.pool_socket(),
        };
        let mut plan = match &self.forwarder {
            None => Plan::without_forwarding(burst),
            Some(inside) => {
                let port = self.dataplane.port(inside.port);
                let request = Request {
                    ports: port.map(request).into_iter().collect(),
                    lcores: vec![inside.lcore],
                    placed: BTreeMap::new(),
                    nb_cores: None,
                    topology: Topology::Loop,
                    model: ModelRequest::RunToCompletion,
                    burst,
                    ring_size: WIRE_SLOTS.into(),
                };
                request.plan().map_err(Failure::input)?
            }
        };
        self.ports().for_each(|slot| plan.add_traffic_port(&request(slot)));
        for (number, stream) in (0..).zip(&traffic.stream) {
            let port = PortId(stream.port);
            let cores = self.map.of(port);
            if let Some(lcore) = cores.and_then(|it| it.transmit.get(usize::from(stream.queue))) {
                plan.add_sender(*lcore, number, (port, QueueId(stream.queue)));
            }
        }
        let hosts: BTreeSet<PortId> = traffic.host.iter().map(|host| PortId(host.port)).collect();
        for (port, cores) in &self.map.0 {
            for (queue, lcore) in (0..).zip(&cores.receive) {
                let rx = (*port, QueueId(queue));
                if hosts.contains(port) {
                    plan.add_answering_receiver(*lcore, rx, QueueId(0), WIRE_SLOTS.into());
                } else {
                    plan.add_receiver(*lcore, rx);
                }
            }
        }
        plan.validate().map_err(Failure::input)?;
        Ok(plan)
    }

    /// Whether everything has been sent that was to be sent.
    pub(super) fn has_sent_all(&self) -> bool {
        let over = |(generator, trial): &(Generator, Trial)| {
            trial.is_over(generator, &self.dataplane.engine)
        };
        self.running.as_ref().is_some_and(over)
    }

    /// Takes in what workers say; called more often than once a second.
    pub(super) fn watch(&mut self) {
        if let Some((generator, _)) = &mut self.running {
            generator.gather();
        }
    }

    /// Lets go of ports whose devices are being taken away, while the others measure on; returns them.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker or a port does not do as it is told.
    pub(super) fn let_go(&mut self) -> Result<Vec<PortId>, Failure> {
        let leaving = self.dataplane.ports().filter(|slot| slot.port().is_leaving());
        let leaving: Vec<(PortId, String)> =
            leaving.map(|slot| (slot.id(), slot.port().name().to_owned())).collect();
        for (port, name) in &leaving {
            if let Some((generator, _)) = &mut self.running {
                generator.lose(*port);
                self.dataplane.give_up(*port).map_err(Failure::running)?;
            }
            self.map.0.remove(port);
            self.forwarder.take_if(|inside| inside.port == *port);
            self.dataplane.stop_port(*port).map_err(Failure::running)?;
            self.dataplane.remove_port(*port).map_err(Failure::running)?.detach();
            note(&format!("port {port} ({name}) was taken away"));
        }
        Ok(leaving.into_iter().map(|(port, _)| port).collect())
    }

    /// Whether every worker is alive.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if one is not.
    pub(super) fn health(&self) -> Result<(), Failure> {
        self.dataplane.engine.health().map_err(Failure::running)
    }

    /// Ends the sending, waits for what is on its way, and returns what the trial came to; `None` if none runs.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker died.
    pub(super) fn finish(&mut self) -> Result<Option<TrialResult>, Failure> {
        let Some((mut generator, trial)) = self.running.take() else { return Ok(None) };
        let result = trial.end(&mut self.dataplane.engine, &mut generator);
        result.map(Some).map_err(Failure::running)
    }

    /// What the mode of the forwarder in this process counted in the last trial, if there is one and it counts.
    pub(super) fn forwarder_counts(&self) -> Vec<TallyFigure> {
        let figures = self.dataplane.engine.figures();
        let forwards = |stream: &&StreamReport| matches!(stream.plan.work, Work::Forward { .. });
        figures.streams().find(forwards).map_or_else(Vec::new, |stream| stream.mode.clone())
    }

    /// Stops and closes everything.
    ///
    /// # Errors
    ///
    /// [`Failure::Running`] if a worker died or packets are missing from a pool.
    pub(super) fn close(self) -> Result<(), Failure> {
        let home = self.dataplane.take_down().map_err(Failure::running)?;
        self.eal.remove_files();
        match home.missing {
            0 => Ok(()),
            missing => Err(Failure::running(anyhow::anyhow!(
                "{missing} packets did not come back to their pools"
            ))),
        }
    }
}

/// Nobody is left to send.
pub(super) fn no_worker() -> Failure {
    Failure::input(anyhow::anyhow!("there is no worker lcore: give two or more, as in -l 0-1"))
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
