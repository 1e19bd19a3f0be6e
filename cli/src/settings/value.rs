//! What one value means, each kind in one function.

use super::SettingsError;
use super::given::Fault;
use crate::flags::app::AppFlags;
use crate::nearest;
use dataplane::engine::plan::Topology;
use dataplane::forward::{MODES, ModeEntry};
use dataplane::port::{EVENT_KINDS, EventKind, PortId, RssTypes};
use dataplane::wire::ethernet::MacAddr;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The most packets of a burst.
pub(super) const MAX_BURST: u16 = dataplane::batch::MAX_BURST as u16;

fn one_of<T: Copy>(what: &str, typed: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    choices.iter().find(|(name, _)| *name == typed).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        Fault { why: format!("there is no such {what}"), mend: nearest::mend(typed, &names) }
    })
}

pub(super) fn mode(typed: &str) -> Result<&'static ModeEntry, Fault> {
    let choices: Vec<(&str, &ModeEntry)> = MODES.iter().map(|mode| (mode.name, mode)).collect();
    one_of("forwarding mode", typed, &choices)
}

pub(super) fn topology(typed: &str) -> Result<Topology, Fault> {
    one_of("topology", typed, &Topology::ALL.map(|topology| (topology.name(), topology)))
}

/// Kinds of events by name: one of them, or `all`.
pub(super) fn events(typed: &str) -> Result<&'static [EventKind], Fault> {
    let one = EVENT_KINDS.chunks(1).filter_map(|kinds| Some((kinds.first()?.name, kinds)));
    let choices: Vec<_> = one.chain([("all", EVENT_KINDS)]).collect();
    one_of("event", typed, &choices)
}

pub(super) fn is_pipeline(typed: &str) -> Result<bool, Fault> {
    one_of("model", typed, &[("run-to-completion", false), ("pipeline", true)])
}

pub(super) fn rss(typed: &str) -> Result<RssTypes, Fault> {
    one_of(
        "RSS function",
        typed,
        &[("ip", RssTypes::IP), ("udp", RssTypes::UDP), ("off", RssTypes::NONE)],
    )
}

/// The RSS function that the flags name; clap refuses two of them.
pub(super) fn rss_flags(app: &AppFlags) -> Option<RssTypes> {
    [(app.rss_ip, RssTypes::IP), (app.rss_udp, RssTypes::UDP), (app.disable_rss, RssTypes::NONE)]
        .into_iter()
        .find_map(|(given, rss)| given.then_some(rss))
}

pub(super) fn mask(typed: &str) -> Result<u64, Fault> {
    let digits = typed.strip_prefix("0x").or_else(|| typed.strip_prefix("0X")).unwrap_or(typed);
    u64::from_str_radix(digits, 16).map_err(|_| Fault {
        why: "not a hexadecimal mask of 64 bits".into(),
        mend: "write for example 0x2000".into(),
    })
}

pub(super) fn duration(seconds: f64) -> Result<Duration, Fault> {
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero()).ok_or_else(|| Fault {
        why: "not a time to run".into(),
        mend: if seconds > 1.0 {
            "leave it out, and it runs until it is stopped".into()
        } else {
            "write seconds greater than 0, for example 10 or 0.5".into()
        },
    })
}

pub(super) fn mac(typed: &str) -> Result<MacAddr, Fault> {
    typed.parse().map_err(|_| Fault {
        why: "not a MAC address".into(),
        mend: "write six octets, for example 02:00:00:00:00:01".into(),
    })
}

/// The mask of a flag.
pub(super) fn mask_of(flag: &str, typed: Option<&str>) -> Result<Option<u64>, SettingsError> {
    let fault = |typed, Fault { why, mend }| SettingsError::Value {
        setting: format!("{flag}={typed}"),
        why,
        mend,
    };
    typed.map(|typed| mask(typed).map_err(|it| fault(typed, it))).transpose()
}

/// `--portlist=0,2-3`.
pub(super) fn port_list(typed: Option<&str>) -> Result<Option<Vec<PortId>>, SettingsError> {
    let Some(typed) = typed else { return Ok(None) };
    let mut ports = Vec::new();
    for part in typed.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
            return Err(SettingsError::Value {
                setting: format!("--portlist={typed}"),
                why: "not a list of ports".into(),
                mend: "write for example 0,2-3".into(),
            });
        };
        ports.extend((first..=last).map(PortId));
    }
    Ok(Some(ports))
}

/// `--eth-peer=PORT,MAC`, any number of times, over the lines of `--eth-peers-configfile`, which begin with port 0.
pub(super) fn peers(
    given: &[String],
    file: Option<&Path>,
) -> Result<BTreeMap<PortId, MacAddr>, SettingsError> {
    let mut peers = match file {
        Some(file) => peers_of(file)?,
        None => BTreeMap::new(),
    };
    for typed in given {
        let fault = |Fault { why, mend }| SettingsError::Value {
            setting: format!("--eth-peer={typed}"),
            why,
            mend,
        };
        let parts =
            typed.split_once(',').and_then(|(port, address)| Some((port.parse().ok()?, address)));
        let Some((port, address)) = parts else {
            return Err(fault(Fault {
                why: "not a port number, a comma and a MAC address".into(),
                mend: "write for example --eth-peer=0,02:00:00:00:00:01".into(),
            }));
        };
        peers.insert(PortId(port), mac(address).map_err(fault)?);
    }
    Ok(peers)
}

fn peers_of(file: &Path) -> Result<BTreeMap<PortId, MacAddr>, SettingsError> {
    let setting = format!("--eth-peers-configfile={}", file.display());
    let fault = |setting: String, why: String, mend: &str| {
        Err(SettingsError::Value { setting, why, mend: mend.to_owned() })
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return fault(setting, error.to_string(), "name a file that can be read"),
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut peers = BTreeMap::new();
    for (port, line) in (0..).zip(lines) {
        match mac(line.trim()) {
            Ok(address) => peers.insert(PortId(port), address),
            Err(Fault { why, mend }) => {
                return fault(setting, format!("line {}: {why}", port + 1), &mend);
            }
        };
    }
    Ok(peers)
}
