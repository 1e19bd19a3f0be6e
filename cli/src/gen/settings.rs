//! What flags and configuration file of `pollway gen` mean together.

use super::config::{GenConfig, GenPort};
use super::cores::{CoreMap, CoreMapError};
use super::flags::{GenAppFlags, GenFlags, StreamFlags};
use crate::config::{Config, Eal};
use crate::flags::FwdFlags;
use crate::flags::app::AppFlags;
use crate::flags::eal::EalFlags;
use crate::nearest;
use crate::settings::{FwdSettings, SettingsError};
use dataplane::batch::MAX_BURST;
use dataplane::engine::plan::DEFAULT_BURST;
use dataplane::forward::{self, MODES, ModeEntry};
use dataplane::port::PortId;
use dataplane::traffic::spec::{
    CaptureSpec, Counted, Ethernet, Field, Ipv4, Layer, Load, Mix, Sizes, StreamSpec, TrafficSpec,
    Udp,
};
use std::num::NonZeroU16;
use std::path::PathBuf;

/// What `pollway gen` is to do.
#[derive(Clone, Debug)]
pub(crate) struct GenSettings {
    /// EAL's flags, ports and pools.
    pub(crate) base: FwdSettings,
    /// The lcores of each port; `None` shares them out.
    pub(crate) map: Option<CoreMap>,
    /// Packets of a burst at most.
    pub(crate) burst: u16,
    /// What is sent at once; `None` opens the shell.
    pub(crate) traffic: Option<TrafficSpec>,
    /// Commands to carry out before those of the standard input.
    pub(crate) commands: Option<PathBuf>,
    /// The mode of a forwarder in this process, which is the device under test.
    pub(crate) forwarder: Option<&'static ModeEntry>,
    /// The port that it is on; `None` makes one for it.
    pub(crate) forwarder_port: Option<PortId>,
    /// Whether the generator's own delay is measured first.
    pub(crate) calibrate: bool,
    /// Whether a timestamp counter of changing speed will do.
    pub(crate) force_tsc: bool,
}

/// Why flags and file make no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenSettingsError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Map(#[from] CoreMapError),
    #[error("{0}: both a file with streams and flags for one stream; give one or the other")]
    TwoTraffics(String),
    #[error(
        "--size={0}: no frame size; write bytes from 64 to 9600, or an IMIX by name: simple, full"
    )]
    Size(String),
    #[error("--dst-mac={0}: not a MAC address; write six octets, for example 02:00:00:00:00:01")]
    Mac(String),
    #[error("--forwarder={mode}: there is no such forwarding mode; {mend}")]
    Forwarder { mode: String, mend: String },
    #[error("--{0}: there is no forwarder in this process; add --forwarder=MODE, or leave it out")]
    NoForwarder(&'static str),
    #[error("{setting}: {why}; write {mend}")]
    Value { setting: String, why: &'static str, mend: &'static str },
}

impl GenSettings {
    /// Puts flags over the configuration file that they name, if any.
    ///
    /// # Errors
    ///
    /// [`GenSettingsError`] for the first thing that is wrong.
    pub(crate) fn from_flags(flags: &GenFlags) -> Result<Self, GenSettingsError> {
        let one = one_stream(&flags.app.stream)?;
        match &flags.app.config {
            None => Self::resolve(flags, GenConfig::default(), "", one),
            Some(file) => {
                let name = file.display().to_string();
                if one.is_some() {
                    return Err(GenSettingsError::TwoTraffics(name));
                }
                let config = GenConfig::load(file).map_err(SettingsError::from)?;
                let traffic = config.traffic.clone();
                Self::resolve(flags, config, &name, Some(traffic))
            }
        }
    }

    /// What a configuration file says by itself.
    ///
    /// # Errors
    ///
    /// [`GenSettingsError`] for the first thing that is wrong.
    pub(crate) fn from_file(file: PathBuf) -> Result<Self, GenSettingsError> {
        let app = GenAppFlags { config: Some(file), ..GenAppFlags::default() };
        Self::from_flags(&GenFlags { app, ..GenFlags::default() })
    }

    fn resolve(
        flags: &GenFlags,
        config: GenConfig,
        file: &str,
        traffic: Option<TrafficSpec>,
    ) -> Result<Self, GenSettingsError> {
        let app = &flags.app;
        let map = match &app.map[..] {
            [] => config.generator.map,
            given => Some(given.join(",")),
        };
        let (setting, burst) = match (app.burst, config.generator.burst) {
            (Some(burst), _) => (format!("--burst={burst}"), burst),
            (None, Some(burst)) => (format!("{file}: gen.burst = {burst}"), burst),
            (None, None) => (String::new(), DEFAULT_BURST),
        };
        if !(1..=MAX_BURST).contains(&usize::from(burst)) {
            return Err(GenSettingsError::Value {
                setting,
                why: "no size of a burst",
                mend: "1 to 512",
            });
        }
        let traffic = traffic.map(|traffic| checked(traffic, file)).transpose()?;
        let forwarder = app.forwarder.as_deref().map(forwarder).transpose()?;
        let asked = app.modes.given().into_iter().find(|(_, value)| value.is_some());
        if let (None, Some((name, _))) = (forwarder, asked) {
            return Err(GenSettingsError::NoForwarder(name));
        }
        let forwarder_port = app.forwarder_port.map(PortId);
        let (flags, files) = ((flags.eal.clone(), app), (config.eal, config.port));
        Ok(Self {
            base: base(flags, files, file, forwarder.is_some() && forwarder_port.is_none())?,
            map: map.map(|text| text.parse()).transpose()?,
            burst,
            traffic,
            commands: app.commands.clone(),
            forwarder,
            forwarder_port,
            calibrate: app.calibrate || config.generator.calibrate,
            force_tsc: app.force_tsc || config.generator.force_tsc,
        })
    }
}

fn forwarder(name: &str) -> Result<&'static ModeEntry, GenSettingsError> {
    forward::mode(name).ok_or_else(|| {
        let names: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
        let mend = nearest::mend(name, &names);
        GenSettingsError::Forwarder { mode: name.to_owned(), mend }
    })
}

/// EAL, ports and pools, which mean what they mean to `pollway fwd`. Where the generator makes its only port itself, `alone`,
/// none need be named.
fn base(
    flags: (EalFlags, &GenAppFlags),
    config: (Eal, Vec<GenPort>),
    file: &str,
    alone: bool,
) -> Result<FwdSettings, SettingsError> {
    let ((eal, app), (file_eal, ports)) = (flags, config);
    let unnamed = alone && app.port.is_empty() && ports.is_empty() && eal.vdevs.is_empty();
    // Another port in its place makes the pool as large as it has to be.
    let stand_in = unnamed.then(|| "null:".to_owned());
    let app = AppFlags {
        port: app.port.iter().cloned().chain(stand_in).collect(),
        rxd: app.rxd,
        txd: app.txd,
        mbuf_size: app.mbuf_size,
        total_num_mbufs: app.total_num_mbufs,
        forward_mode: app.forwarder.clone(),
        modes: app.modes.clone(),
        ..AppFlags::default()
    };
    let port = ports.into_iter().map(Into::into).collect();
    let config = Config { eal: file_eal, port, ..Config::default() };
    let mut settings = FwdSettings::resolve(FwdFlags { eal, app, switch: false }, config, file)?;
    if unnamed {
        settings.ports.clear();
    }
    Ok(settings)
}

/// The same for a generator that makes its only port itself.
///
/// # Errors
///
/// [`SettingsError`] for EAL flags that make no sense.
pub(super) fn without_ports(eal: EalFlags) -> Result<FwdSettings, SettingsError> {
    base((eal, &GenAppFlags::default()), (Eal::default(), Vec::new()), "", true)
}

/// Times that are no times.
fn checked(traffic: TrafficSpec, file: &str) -> Result<TrafficSpec, GenSettingsError> {
    let Some(seconds) = traffic.duration else { return Ok(traffic) };
    if (0.001..=86_400.0 * 365.0).contains(&seconds) {
        return Ok(traffic);
    }
    let setting = match file {
        "" => format!("--duration={seconds}"),
        file => format!("{file}: traffic.duration = {seconds}"),
    };
    Err(GenSettingsError::Value {
        setting,
        why: "not a time to send",
        mend: "seconds, 0.001 or more",
    })
}

/// The trial of one stream that flags describe; `None` if they describe none.
fn one_stream(flags: &StreamFlags) -> Result<Option<TrafficSpec>, GenSettingsError> {
    if *flags == StreamFlags::default() {
        return Ok(None);
    }
    let size = match &flags.size {
        None => Sizes::default(),
        Some(text) => match (text.as_str(), text.parse()) {
            (_, Ok(bytes)) => Sizes::Fixed(bytes),
            ("simple", _) => Sizes::Mix(Mix::Simple),
            ("full", _) => Sizes::Mix(Mix::Full),
            _ => return Err(GenSettingsError::Size(text.clone())),
        },
    };
    let mut ethernet = Ethernet::default();
    if let Some(text) = &flags.dst_mac {
        let mac = text.parse().map_err(|_| GenSettingsError::Mac(text.clone()))?;
        ethernet.dst = Field::Fixed(mac);
    }
    let mut udp = Udp::default();
    if let Some(flows) = flags.flows.and_then(NonZeroU16::new).filter(|flows| flows.get() > 1) {
        let count = u64::from(flows.get());
        udp.src = Field::Counted(Counted { from: 1024, step: 1, count, every: 1, mask: None });
    }
    let stream = StreamSpec {
        port: flags.tx_port.unwrap_or(0),
        expect: flags.rx_port,
        layers: vec![Layer::Ethernet(ethernet), Layer::Ipv4(Ipv4::default()), Layer::Udp(udp)],
        size,
        rate: flags.rate.map_or(Load::default(), Load::Steady),
        count: flags.count,
        ..StreamSpec::default()
    };
    let receiving = stream.expect.unwrap_or(stream.port);
    let captured = flags.capture.iter().cloned();
    Ok(Some(TrafficSpec {
        capture: captured.map(|file| CaptureSpec { port: receiving, file }).collect(),
        stream: vec![stream],
        duration: flags.duration,
        ..TrafficSpec::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{Sub, parse};
    use std::ffi::OsString;

    fn settings(line: &str) -> Result<GenSettings, GenSettingsError> {
        let words = format!("pollway gen --no-pci --port null: {line}");
        match parse(words.split_whitespace().map(OsString::from)).unwrap().subcommand {
            Sub::Gen(flags) => GenSettings::from_flags(&flags),
            other => panic!("not gen: {other:?}"),
        }
    }

    #[test]
    fn without_streams_there_is_the_shell() {
        let settings = settings("-l 0-1 -- -m 1.0").unwrap();
        assert_eq!(settings.traffic, None);
        assert_eq!(settings.map.unwrap().lcores().count(), 2);
    }

    #[test]
    fn m_is_memory_before_the_split_and_the_map_after_it() {
        let settings = settings("-m 64 -- -m 1.0 -m [2:3].1").unwrap();
        assert_eq!(settings.base.eal.value("m"), Some("64"));
        assert_eq!(settings.map.unwrap().0.len(), 2);
    }

    #[test]
    fn flags_describe_one_stream() {
        let line =
            "--rate 10k --size 96 --count 7 --duration 2 --flows 9 --rx-port 1 --capture a.pcap";
        let settings = settings(line).unwrap();
        let traffic = settings.traffic.unwrap();
        assert_eq!((traffic.duration, traffic.stream[0].count), (Some(2.0), Some(7)));
        assert_eq!(traffic.stream[0].size, Sizes::Fixed(96));
        assert_eq!(traffic.capture, [CaptureSpec { port: 1, file: "a.pcap".into() }]);
        assert_eq!(traffic.stream[0].rate, Load::Steady("10k".parse().unwrap()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, message) in [
            (
                "--size big",
                "--size=big: no frame size; write bytes from 64 to 9600, or an IMIX by name: simple, full",
            ),
            (
                "--dst-mac x",
                "--dst-mac=x: not a MAC address; write six octets, for example 02:00:00:00:00:01",
            ),
            ("--burst 0", "--burst=0: no size of a burst; write 1 to 512"),
            ("--duration 0", "--duration=0: not a time to send; write seconds, 0.001 or more"),
            (
                "--map 1",
                "-m 1: `1` has no dot before its port; write LCORE.PORT, as in -m 1.0, or [RECEIVING:SENDING].PORT, as in -m [1:2].0",
            ),
        ] {
            let said = settings(line).unwrap_err().to_string();
            assert!(said.starts_with(message), "{said}");
        }
    }
}
