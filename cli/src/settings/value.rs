//! What one value means, each kind in one function.

use super::SettingsError;
use super::given::Fault;
use crate::flags::app::AppFlags;
use crate::nearest;
use dataplane::engine::plan::Topology;
use dataplane::forward::{MODES, ModeEntry};
use dataplane::port::{PortId, RssTypes};
use dataplane::wire::ethernet::MacAddr;
use std::collections::BTreeMap;
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
    one_of(
        "topology",
        typed,
        &[("paired", Topology::Paired), ("chained", Topology::Chained), ("loop", Topology::Loop)],
    )
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
        mend: "write seconds greater than 0, for example 10 or 0.5".into(),
    })
}

pub(super) fn mac(typed: &str) -> Result<MacAddr, Fault> {
    typed.parse().map_err(|_| Fault {
        why: "not a MAC address".into(),
        mend: "write six octets, for example 02:00:00:00:00:01".into(),
    })
}

/// `--eth-peer=PORT,MAC`, any number of times.
pub(super) fn peers(given: &[String]) -> Result<BTreeMap<PortId, MacAddr>, SettingsError> {
    given
        .iter()
        .map(|typed| {
            let fault = |Fault { why, mend }| SettingsError::Value {
                setting: format!("--eth-peer={typed}"),
                why,
                mend,
            };
            let parts = typed
                .split_once(',')
                .and_then(|(port, address)| Some((port.parse().ok()?, address)));
            let Some((port, address)) = parts else {
                return Err(fault(Fault {
                    why: "not a port number, a comma and a MAC address".into(),
                    mend: "write for example --eth-peer=0,02:00:00:00:00:01".into(),
                }));
            };
            Ok((PortId(port), mac(address).map_err(fault)?))
        })
        .collect()
}
