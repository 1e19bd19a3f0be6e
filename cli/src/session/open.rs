//! Opening: EAL with what this machine needs, then each device, then pools, ports and plan.

use super::Session;
use super::figures::{Baseline, Earlier};
use super::layout::Layout;
use super::metrics::Measured;
use super::switch::Switching;
use super::verbose::Verbose;
use super::vhost::say_ring_format;
use super::watch::Links;
use crate::ctl::Server;
use crate::failure::Failure;
use crate::lcores;
use crate::out::note;
use crate::render::flow_rules::complaint;
use crate::settings::{AssumedPool, ControlSettings, ForwardingPorts, FwdSettings};
use dataplane::eal::{self, Eal, EalRequest};
use dataplane::forward::Forwarding;
use dataplane::lcore::LcoreId;
use dataplane::machine::Machine;
use dataplane::pci::address::PciAddress;
use dataplane::port::device::{Bus, DeviceError, DeviceSpec};
use dataplane::port::{Port, PortConfig, PortError, PortId, QueueId, Stopped, note_events};
use dataplane::runtime::{Dataplane, Slot};
use dataplane::wire::ethernet::MacAddr;
use pollway_vhost::Guard;
use rustix::mm::{MlockAllFlags, mlockall};
use std::collections::BTreeMap;
use std::path::Path;

/// The place of a PCI device where no machine has one. A list of devices that EAL may take and that has only this one keeps
/// it from all.
const NO_DEVICE: &str = "ffff:ff:1f.7";

/// A port, what it is asked to be, and where its packets go in mode mac.
pub(crate) struct Opened {
    pub(crate) port: Port<Stopped>,
    pub(crate) config: PortConfig,
    peer: MacAddr,
    /// The device that was named, if it was.
    pub(crate) device: Option<DeviceSpec>,
    /// Its receive queues that certain lcores are to poll.
    placed: Vec<((PortId, QueueId), LcoreId)>,
}

/// DPDK's environment, as this machine needs it.
pub(crate) struct Started {
    pub(crate) eal: Eal,
    /// Whether other processes can map its memory, as virtio-user's peers do.
    shares_memory: bool,
}

impl Session {
    /// Starts DPDK and brings up everything but the forwarding itself; also returns testpmd's words about that.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`] for what was asked for and cannot be had on this machine.
    pub(crate) fn open(settings: FwdSettings) -> Result<(Self, String), Failure> {
        let Started { eal, shares_memory } = start(&settings)?;
        let opened = open_ports(&settings, &eal)?;
        note_events(&eal);
        let forwarding = Forwarding {
            options: settings.modes.clone(),
            peers: opened.iter().map(|opened| (opened.port.id(), opened.peer)).collect(),
            ..Forwarding::of(settings.mode)
        };
        let placed = opened.iter().flat_map(|opened| &opened.placed).copied().collect();
        let devices = opened.iter().filter_map(|it| Some((it.port.id(), it.device.clone()?)));
        let devices = devices.collect();
        let mut dataplane = Dataplane::new(&eal, settings.pool);
        if settings.switch.is_some() {
            // Guests come and go there.
            dataplane.let_pools_grow();
        }
        for mut opened in opened {
            settings.numa.apply(opened.port.id(), &mut opened.config);
            dataplane.add(opened.port, opened.config);
        }
        let ports: Vec<PortId> = dataplane.ports().map(Slot::id).collect();
        let mut layout = Layout::new(&settings, ports.clone(), eal.worker_lcores());
        layout.asked.placed = placed;
        let baseline = Baseline::at_start(&dataplane);
        let workers = eal.worker_lcores();
        let switching =
            settings.switch.as_ref().map(|switch| Switching::new(switch, workers)).transpose()?;
        let (last, shown, heaps_shown) = (None, BTreeMap::new(), None);
        let control = control(&settings.control, &eal)?;
        let mut session = Self {
            settings,
            control,
            dataplane,
            eal,
            shares_memory,
            forwarding,
            switching,
            layout,
            devices,
            last,
            baseline,
            earlier: Earlier::default(),
            measured: None,
            verbose: Verbose::default(),
            shown,
            looked: None,
            links: Links::default(),
            guard: Guard::default(),
            hides_zero: false,
            heaps_shown,
        };
        let opened = session.bring_up(&ports)?;
        session.measured = Measured::begin(&session.settings.records, &session.eal)?;
        Ok((session, opened))
    }
}

impl Session {
    /// Settles which ports and lcores forward, makes the pools, and starts the ports unless they are to stay stopped.
    fn bring_up(&mut self, ports: &[PortId]) -> Result<String, Failure> {
        let ForwardingPorts { list, mask, count } = self.settings.forwarding.clone();
        let input = |flag: &'static str| {
            move |failure: Failure| Failure::input(anyhow::anyhow!("{flag}: {failure}"))
        };
        if let Some(list) = list {
            self.set_ports(list).map_err(input("--portlist"))?;
        }
        if let Some(mask) = mask {
            self.set_port_mask(mask).map_err(input("--portmask"))?;
        }
        if let Some(count) = count {
            self.set_nb_ports(count).map_err(input("--nb-ports"))?;
        }
        if let Some(mask) = self.settings.coremask {
            self.set_core_mask(mask).map_err(input("--coremask"))?;
        }
        let plan = self.plan()?;
        self.dataplane.provide(&plan).map_err(Failure::input)?;
        let mut opened = self.layout.odd_port().to_owned();
        for (socket, pool) in self.dataplane.pools().iter() {
            let (n, size) = (pool.size(), self.settings.pool.mbuf_size);
            opened += &format!(
                "testpmd: create a new mbuf pool <mb_pool_{socket}>: n={n}, size={size}, socket={socket}\n"
            );
        }
        if self.settings.run.start_ports {
            for port in ports {
                self.start_port(*port, &mut opened).map_err(Failure::input)?;
            }
            opened += &self.links_checked();
            opened += "Done\n";
        }
        Ok(opened)
    }

    /// Starts a port; notes what its device did without, and adds testpmd's words about it to an answer.
    pub(super) fn start_port(&mut self, id: PortId, answer: &mut String) -> anyhow::Result<()> {
        if let Some(slot) = self.dataplane.port(id).filter(|slot| slot.needs_configuring()) {
            *answer += &format!("Configuring Port {id} (socket {})\n", slot.pool_socket());
        }
        let socket = self.devices.get(&id).and_then(|device| device.vhost.as_ref());
        if self.settings.run.isolates_flows
            && let Some(slot) = self.dataplane.port(id).filter(|slot| slot.needs_configuring())
        {
            let isolated = slot.port().isolate_flows(true);
            isolated.map_err(|error| {
                let complaint = complaint(&error);
                anyhow::anyhow!("{complaint}\nFailed to apply isolated mode on port {id}")
            })?;
        }
        pollway_vhost::make(socket, || anyhow::Ok(self.dataplane.start_port(id)?))?;
        let slot = self.dataplane.port(id);
        if let Some(Ok(mac)) = slot.map(|slot| slot.port().mac()) {
            *answer += &format!("Port {id}: {}\n", mac.to_string().to_uppercase());
        }
        self.say_unknown_stats(id);
        for text in slot.and_then(Slot::granted).iter().flat_map(|granted| &granted.notes) {
            let name = slot.map_or("", |slot| slot.port().name());
            note(&format!("port {id} ({name}) {text}"));
        }
        Ok(())
    }
}

/// The control socket; where none can be made and nobody asked for a certain one, the program runs without.
///
/// # Errors
///
/// [`Failure::Input`] if one was asked for.
fn control(settings: &ControlSettings, eal: &Eal) -> Result<Server, Failure> {
    match Server::open(settings, &eal.runtime_dir()) {
        Ok(server) => Ok(server),
        Err(error) if settings.socket.is_some() => Err(Failure::input(error)),
        Err(error) => {
            note(&format!("without pollway ctl: {error}"));
            Ok(Server::closed())
        }
    }
}

/// Starts EAL with what settings and machine need.
///
/// # Errors
///
/// [`Failure::Input`] for what was asked for and cannot be had on this machine.
pub(crate) fn start(settings: &FwdSettings) -> Result<Started, Failure> {
    if let Some(named) = &settings.lcores {
        named.check_processors(Path::new("/sys")).map_err(Failure::input)?;
    }
    let flags = eal::prepare(&request(settings)?, &Machine::default()).map_err(Failure::input)?;
    for text in &flags.notes {
        note(text);
    }
    let eal = Eal::init(&flags.flags).map_err(Failure::input)?;
    if settings.run.locks_memory
        && let Err(error) = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)
    {
        note(&format!(
            "mlockall() failed with error \"{error}\": raise the memlock limit (ulimit -l), or leave --mlockall out"
        ));
    }
    // Before anything else handles faults: what DPDK does at one is to leave the others to who was there before it.
    let watched = eal.watch_devices();
    // Where the kernel cannot be heard, as in some containers, drivers still tell: that is enough for who did not ask.
    if settings.run.hot_plug {
        watched.map_err(Failure::input)?;
    }
    let shares_memory = flags.flags.iter().any(|flag| flag == "--single-file-segments");
    Ok(Started { eal, shares_memory })
}

/// What EAL is asked for. What cannot work is refused before EAL takes memory and devices.
fn request(settings: &FwdSettings) -> Result<EalRequest, Failure> {
    let pool = settings.assumed_pool().map_err(Failure::input)?;
    if let Some(AssumedPool { mbufs, needed, .. }) = pool
        && mbufs < needed
    {
        note(&format!(
            "the pool has {mbufs} packets, and queues, rings and caches can hold {needed} at once: it may run dry \
             (--total-num-mbufs, --rxd, --txd, --mbcache)"
        ));
    }
    let mut flags = settings.eal.to_argv();
    // Whoever names devices as ports means these, in this order; EAL by itself would take all, in the bus's.
    let names_pci = settings.ports.iter().any(|port| port.device.bus == Bus::Pci);
    if names_pci && !["allow", "block", "no-pci"].iter().any(|flag| settings.eal.has(flag)) {
        flags.push(format!("--allow={NO_DEVICE}"));
    }
    if settings.lcores.is_none()
        && let Some(flag) = lcores::one_processor_flag()
    {
        note(&format!("running with {flag}: commands and forwarding share the only processor"));
        flags.push(flag);
    }
    Ok(EalRequest {
        flags,
        shares_memory: settings.ports.iter().any(|port| port.device.needs_single_file_segments()),
        ordinary_memory_will_do: false,
        memory_mib: pool.map_or(0, |pool| pool.mib),
    })
}

/// Removes the socket that a program which is gone left where a device is to make its own.
///
/// # Errors
///
/// [`DeviceError`]: it cannot be removed, or somebody has it.
pub(super) fn take_over_socket(device: &DeviceSpec) -> Result<(), DeviceError> {
    if let Some(path) = device.remove_stale_socket()? {
        note(&format!("{path}: removed the socket of a program that is gone"));
    }
    Ok(())
}

/// The ports that EAL found, then those that the settings name.
///
/// # Errors
///
/// [`Failure::Input`] for a device that cannot be made.
pub(crate) fn open_ports(settings: &FwdSettings, eal: &Eal) -> Result<Vec<Opened>, Failure> {
    let mut opened: Vec<Opened> = Vec::new();
    for port in Port::found(eal) {
        let peer = settings.peer(port.id(), None);
        let config = settings.found_port.clone();
        opened.push(Opened { port, config, peer, device: None, placed: Vec::new() });
    }
    for named in &settings.ports {
        let device = named.device.clone().located(&Machine::default()).map_err(Failure::input)?;
        device.check(Path::new("/sys")).map_err(Failure::input)?;
        take_over_socket(&device).map_err(Failure::input)?;
        say_ring_format(&device);
        let found = opened.iter().position(|opened| opened.port.is_of(&device.name));
        let port = match found.map(|place| opened.remove(place).port) {
            Some(port) if device.args.is_empty() => port,
            found => {
                // A driver takes a device's arguments when it gets the device.
                found.into_iter().for_each(Port::detach);
                Port::probe(eal, &device.to_string()).map_err(|error: PortError| {
                    Failure::input(anyhow::Error::new(error).context(named.device.typed.clone()))
                })?
            }
        };
        let peer = settings.peer(port.id(), Some(named));
        let placed = named.placed(port.id()).collect();
        let (config, device) = (named.config.clone(), Some(named.device.clone()));
        opened.push(Opened { port, config, peer, device, placed });
    }
    let not_taken = settings.eal.values("allow").filter_map(|typed| {
        let address: PciAddress = typed.split(',').next()?.parse().ok()?;
        let address = address.to_string();
        (!opened.iter().any(|opened| opened.port.is_of(&address))).then_some(address)
    });
    let devices = not_taken.collect::<Vec<_>>().join(", ");
    if !devices.is_empty() {
        let error = PortError::NotTaken { devices };
        if opened.is_empty() {
            return Err(Failure::input(error));
        }
        // Perhaps it is no NIC; the others forward.
        note(&error.to_string());
    }
    opened.sort_by_key(|opened| opened.port.id());
    let ports: Vec<PortId> = opened.iter().map(|opened| opened.port.id()).collect();
    if let Some(port) = settings.peers.keys().find(|port| !ports.contains(port)) {
        return Err(Failure::input(anyhow::anyhow!(
            "--eth-peer={port},…: there is no port {port}; there are {}",
            lcores::list(ports.iter())
        )));
    }
    Ok(opened)
}
