//! What flags and configuration file mean together: one value that the session runs.
//!
//! Everything that can be judged without DPDK is judged here, so that `pollway check` and `pollway fwd` refuse the
//! same things with the same words.

mod assumed;
mod control;
mod given;
pub(crate) mod modes;
mod numa;
mod ports;
mod records;
mod switch;
mod tuning;
mod value;

pub(crate) use assumed::AssumedPool;
pub(crate) use control::ControlSettings;
pub(crate) use records::RecordSettings;
pub(crate) use switch::SwitchSettings;

use crate::config::{Config, ConfigError, Pipeline};
use crate::flags::FwdFlags;
use crate::flags::eal::EalFlags;
use crate::lcores::{self, LcoreError, Lcores};
use dataplane::engine::plan::{
    DEFAULT_BURST, DEFAULT_RING_SIZE, ModelRequest, PortRequest, Request, Topology,
};
use dataplane::forward::{MODES, ModeEntry, ModeOptions};
use dataplane::lcore::LcoreId;
use dataplane::mempool::DEFAULT_MBUF_SIZE;
use dataplane::port::device::{DeviceError, DeviceSpec};
use dataplane::port::{PortConfig, PortId, QueueId};
use dataplane::runtime::{DEFAULT_CACHE, POOL_NAME, PoolSetup};
use dataplane::wire::ethernet::MacAddr;
use given::Layers;
use numa::Numa;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// The most slots of a ring: 8 MiB of pointers each, more packets than any pool is likely to hold.
const MAX_RING_SIZE: u32 = 1 << 20;

/// What `pollway fwd` is to do.
#[derive(Clone, Debug)]
pub(crate) struct FwdSettings {
    /// The flags that all of this was made of, and a configuration.
    pub(crate) flags: FwdFlags,
    /// The flags for `rte_eal_init`.
    pub(crate) eal: EalFlags,
    /// The lcores that the flags name; `None` leaves them to EAL.
    pub(crate) lcores: Option<Lcores>,
    /// The ports named by device, in order. EAL may find more (PCI), which have smaller numbers.
    pub(crate) ports: Vec<PortSettings>,
    /// What a port that EAL finds by itself is asked to be.
    pub(crate) found_port: PortConfig,
    /// Destination MACs of mode mac by sending port (`--eth-peer`).
    pub(crate) peers: BTreeMap<PortId, MacAddr>,
    /// Where memory is to be.
    pub(crate) numa: Numa,
    /// The ports that forward; all of them if `None`.
    pub(crate) forwarding: ForwardingPorts,
    /// The lcores that forward; all workers if `None`.
    pub(crate) coremask: Option<u64>,
    /// Commands to carry out before the shell opens.
    pub(crate) cmdline_file: Option<PathBuf>,
    /// The virtual switch, if it is one.
    pub(crate) switch: Option<SwitchSettings>,
    /// The forwarding mode.
    pub(crate) mode: &'static ModeEntry,
    /// What is asked of each mode.
    pub(crate) modes: ModeOptions,
    /// Which port sends what a port receives.
    pub(crate) topology: Topology,
    /// Run-to-completion or pipeline.
    pub(crate) model: ModelRequest,
    /// How many lcores forward; all workers if `None`.
    pub(crate) nb_cores: Option<usize>,
    /// Packets that a receive call asks for.
    pub(crate) burst: u16,
    /// Slots of each pipeline ring.
    pub(crate) ring_size: u32,
    /// How pollway ctl reaches the program.
    pub(crate) control: ControlSettings,
    /// What is shown and measured beside the packets.
    pub(crate) records: RecordSettings,
    /// The packet pools.
    pub(crate) pool: PoolSetup,
    /// How long to run and what to show meanwhile.
    pub(crate) run: RunSettings,
}

/// A port named by device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortSettings {
    /// The device.
    pub(crate) device: DeviceSpec,
    /// What it is asked to be.
    pub(crate) config: PortConfig,
    /// Destination MAC of what it sends in mode mac.
    pub(crate) peer: Option<MacAddr>,
    /// Which lcores poll its receive queues, queue 0 first; the others are dealt out.
    pub(crate) lcores: Vec<LcoreId>,
}

impl PortSettings {
    /// Its receive queues that certain lcores are to poll.
    pub(crate) fn placed(&self, id: PortId) -> impl Iterator<Item = ((PortId, QueueId), LcoreId)> {
        (0..).map(QueueId).zip(&self.lcores).map(move |(queue, lcore)| ((id, queue), *lcore))
    }
}

/// The ports that forward, as flags name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardingPorts {
    /// In forwarding order.
    pub(crate) list: Option<Vec<PortId>>,
    /// By the bits of a mask.
    pub(crate) mask: Option<u64>,
    /// How many of them.
    pub(crate) count: Option<usize>,
}

/// How long to run and what to show meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunSettings {
    /// Open the shell.
    pub(crate) interactive: bool,
    /// Start forwarding when the shell opens; without the shell forwarding always starts.
    pub(crate) auto_start: bool,
    /// Send a burst made here before forwarding starts.
    pub(crate) tx_first: bool,
    /// Start the ports before anything else.
    pub(crate) start_ports: bool,
    /// Free what waits in receive queues when forwarding starts.
    pub(crate) flush_rx: bool,
    /// Look at links when ports start and stop.
    pub(crate) link_check: bool,
    /// Have the kernel tell of devices that are taken away.
    pub(crate) hot_plug: bool,
    /// Ports receive only what flow rules lead to a queue.
    pub(crate) isolates_flows: bool,
    /// All memory stays in place, not that of EAL alone.
    pub(crate) locks_memory: bool,
    /// Repaint port statistics so often, without the shell.
    pub(crate) stats_period: Option<Duration>,
    /// Stop after this time.
    pub(crate) duration: Option<Duration>,
    /// Final figures as JSON.
    pub(crate) json: bool,
    /// Bursts by size in the final table.
    pub(crate) burst_stats: bool,
    /// Cycles per packet in the final table.
    pub(crate) core_cycles: bool,
}

/// Why flags and file together make no sense. Each says what to change.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Lcores(#[from] LcoreError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("{setting}: {why}; {mend}")]
    Value { setting: String, why: String, mend: String },
    #[error("{setting}: {why}")]
    Switch { setting: String, why: String },
    #[error("{0} is a switch's configuration: pollway switch --config {0}")]
    IsSwitch(String),
    #[error(
        "{setting}: a switch has neither modes nor pairs of ports; leave it out, or start pollway fwd"
    )]
    NotOfSwitch { setting: String },
    #[error(
        "no port to forward on: neither --vdev, --port nor [[port]] names a device and --no-pci hides the others; \
         name one, for example --port null:"
    )]
    NoPort,
}

impl FwdSettings {
    /// Puts flags over the configuration file that they name, if any.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
    pub(crate) fn from_flags(flags: FwdFlags) -> Result<Self, SettingsError> {
        match flags.app.config.clone() {
            Some(file) => Self::resolve(flags, Config::load(&file)?, &file.display().to_string()),
            None => Self::resolve(flags, Config::default(), ""),
        }
    }

    /// What a configuration file says by itself.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
    pub(crate) fn from_file(file: &Path) -> Result<Self, SettingsError> {
        let config = Config::load(file)?;
        let flags = FwdFlags { switch: config.switch.is_some(), ..FwdFlags::default() };
        Self::resolve(flags, config, &file.display().to_string())
    }

    /// What only a start could make so of what a file says: the names of the settings that would be others if the program were
    /// started again, with the flags that it has and this file.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
    pub(crate) fn only_by_a_start(&self, file: &Path) -> Result<Vec<&'static str>, SettingsError> {
        let mut flags = self.flags.clone();
        // Ports come and go without one.
        flags.app.port.clear();
        flags.eal.vdevs.clear();
        let anew = Self::resolve(flags, Config::load(file)?, &file.display().to_string())?;
        let differs = [
            ("[eal]", anew.eal.to_argv() != self.eal.to_argv()),
            ("[control]", anew.control != self.control),
            ("fwd.mbuf_size", anew.pool.mbuf_size != self.pool.mbuf_size),
            ("fwd.total_num_mbufs", anew.pool.mbufs != self.pool.mbufs),
            ("fwd.mbcache", anew.pool.cache != self.pool.cache),
            ("fwd.model", anew.model != self.model),
            ("fwd.ring_size", anew.ring_size != self.ring_size),
        ];
        Ok(differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect())
    }

    /// Puts flags over a configuration; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first thing that is wrong.
    pub(crate) fn resolve(
        flags: FwdFlags,
        config: Config,
        file: &str,
    ) -> Result<Self, SettingsError> {
        let FwdFlags { eal, app, switch: switches } = flags.clone();
        let Config { eal: file_eal, port: file_ports, fwd, switch, control, device: _ } = config;
        let layers = Layers { file };
        if switch.is_some() && !switches {
            return Err(SettingsError::IsSwitch(file.to_owned()));
        }
        let mut switch = match switches {
            true => {
                switch::is_alone(&layers, &app, &fwd)?;
                Some(switch::switch(&layers, switch.unwrap_or_default())?)
            }
            false => None,
        };
        let policies = switch::policies(&layers, &file_ports)?;

        let eal = eal.over(file_eal.to_flags(file)?);
        let lcores = Lcores::of(&eal)?;
        let found_port = ports::config(&layers, &app, &fwd, None)?;
        let ports = ports::named(&layers, &eal, &app, &fwd, file_ports)?;
        if let Some(switch) = &mut switch {
            // EAL numbers first what it finds by itself.
            let found = eal.values("allow").count();
            let numbered = (0..).map(PortId).skip(found).zip(policies);
            switch.config.ports =
                numbered.filter_map(|(port, policy)| Some((port, policy?))).collect();
            // Rules, groups and addresses are refused now, and not when DPDK has started.
            switch.build(Vec::new())?;
        }
        if ports.is_empty() && eal.has("no-pci") {
            return Err(SettingsError::NoPort);
        }

        let control = control::control(&layers, &app, control)?;
        let modes = modes::options(&layers, &app.modes, &fwd)?;
        let mode = layers
            .pick("--forward-mode", app.forward_mode, "fwd.mode", fwd.mode)
            .try_map(|name| value::mode(&name))?
            .unwrap_or(&MODES[0]);
        let topology = layers
            .pick("--port-topology", app.port_topology, "fwd.topology", fwd.topology)
            .try_map(|name| value::topology(&name))?
            .unwrap_or_default();
        let pipeline = layers
            .pick("--model", app.model, "fwd.model", fwd.model)
            .try_map(|name| value::is_pipeline(&name))?
            .unwrap_or(fwd.pipeline.is_some());
        let model = match fwd.pipeline {
            _ if switch.is_some() => ModelRequest::Switch,
            Some(named) if pipeline => stages(named),
            _ if pipeline => ModelRequest::Pipeline,
            _ => ModelRequest::RunToCompletion,
        };
        let nb_cores = layers
            .pick("--nb-cores", app.nb_cores, "fwd.cores", fwd.cores)
            .within(1..=lcores::MAX_LCORES)?;

        let burst = layers.pick("--burst", app.burst, "fwd.burst", fwd.burst);
        let ring_size = layers.pick("--ring-size", app.ring_size, "fwd.ring_size", fwd.ring_size);
        let mbuf_size = layers.pick("--mbuf-size", app.mbuf_size, "fwd.mbuf_size", fwd.mbuf_size);
        let mbufs = layers.pick(
            "--total-num-mbufs",
            app.total_num_mbufs,
            "fwd.total_num_mbufs",
            fwd.total_num_mbufs,
        );
        let cache = layers.pick("--mbcache", app.mbcache, "fwd.mbcache", fwd.mbcache);

        let held = modes.held_by(mode);
        let records = records::records(&layers, &app.records)?;

        Ok(Self {
            flags,
            eal,
            lcores,
            ports,
            found_port,
            peers: value::peers(&app.eth_peer, app.eth_peers_configfile.as_deref())?,
            numa: Numa::of(&app.ports)?,
            forwarding: ForwardingPorts {
                list: value::port_list(app.portlist.as_deref())?,
                mask: value::mask_of("--portmask", app.portmask.as_deref())?,
                count: app.nb_ports,
            },
            coremask: value::mask_of("--coremask", app.coremask.as_deref())?,
            cmdline_file: app.cmdline_file,
            mode,
            modes,
            topology,
            model,
            nb_cores,
            burst: burst.within(1..=value::MAX_BURST)?.unwrap_or(DEFAULT_BURST),
            ring_size: ring_size.within(2..=MAX_RING_SIZE)?.unwrap_or(DEFAULT_RING_SIZE),
            switch,
            control,
            records,
            pool: PoolSetup {
                name: POOL_NAME,
                // Room for a minimal frame behind RTE_PKTMBUF_HEADROOM, 128 bytes.
                mbuf_size: mbuf_size.within(192..=u16::MAX)?.unwrap_or(DEFAULT_MBUF_SIZE),
                mbufs: mbufs.within(1..=u32::MAX)?,
                held,
                // RTE_MEMPOOL_CACHE_MAX_SIZE is 512.
                cache: cache.within(0..=512)?.unwrap_or(DEFAULT_CACHE),
            },
            run: RunSettings {
                interactive: app.interactive,
                auto_start: app.auto_start || !app.interactive,
                tx_first: app.tx_first,
                start_ports: !app.disable_device_start,
                flush_rx: !app.no_flush_rx,
                link_check: !app.disable_link_check,
                hot_plug: app.ports.hot_plug,
                isolates_flows: app.ports.flow_isolate_all,
                locks_memory: app.mlockall,
                stats_period: layers
                    .pick("--stats-period", app.stats_period, "fwd.stats_period", fwd.stats_period)
                    .within(1..=u64::from(u32::MAX))?
                    .map(Duration::from_secs),
                duration: layers
                    .pick("--duration", app.duration, "fwd.duration", fwd.duration)
                    .try_map(value::duration)?,
                json: app.json,
                burst_stats: app.record_burst_stats,
                core_cycles: app.record_core_cycles,
            },
        })
    }

    /// The destination of what a port sends in mode mac: what `--eth-peer` says, or the port's own setting, or
    /// testpmd's 02:00:00:00:00:PORT.
    pub(crate) fn peer(&self, port: PortId, settings: Option<&PortSettings>) -> MacAddr {
        let [_, low] = port.0.to_be_bytes();
        let flag = self.peers.get(&port).copied();
        flag.or(settings.and_then(|port| port.peer)).unwrap_or(MacAddr([2, 0, 0, 0, 0, low]))
    }

    /// What is done to packets, in a word.
    pub(crate) fn work(&self) -> &'static str {
        if self.switch.is_some() { "switch" } else { self.mode.name }
    }

    /// The plan's request for the ports and lcores that there are.
    pub(crate) fn request(&self, ports: Vec<PortRequest>, lcores: Vec<LcoreId>) -> Request {
        Request {
            ports,
            lcores,
            placed: BTreeMap::new(),
            nb_cores: self.nb_cores,
            topology: self.topology,
            model: self.model.clone(),
            burst: self.burst,
            ring_size: self.ring_size,
        }
    }
}

/// The lcores of each stage. Whether they fit together is the plan's to say.
fn stages(pipeline: Pipeline) -> ModelRequest {
    let lcores = |ids: Vec<u32>| ids.into_iter().map(LcoreId).collect();
    ModelRequest::PipelineOn {
        receive: lcores(pipeline.receive),
        work: lcores(pipeline.work),
        transmit: lcores(pipeline.transmit),
    }
}

#[cfg(test)]
mod tests;
