//! What is shown and measured beside the packets.

use super::SettingsError;
use super::given::Layers;
use super::value;
use crate::flags::records::{EventFlags, RecordFlags};
use crate::lcores::MAX_LCORES;
use dataplane::port::{EVENT_KINDS, EventKind};

/// What is shown and measured beside the packets.
#[derive(Clone, Debug)]
pub(crate) struct RecordSettings {
    /// The extended statistics that are shown with a port's others.
    pub(crate) xstats: Vec<String>,
    /// The kinds of events of ports that are printed.
    pub(crate) events: Vec<&'static EventKind>,
    /// Whether bit rates of ports are measured.
    pub(crate) bit_rates: bool,
    /// Whether it is measured how long packets stay.
    pub(crate) latency: bool,
}

/// What is printed only if it is asked for: a port that is made or goes answers a command, and VFs would have much to say.
const UNASKED: [&str; 3] = ["vf_mbox", "dev_probed", "dev_released"];

/// What the flags say.
pub(super) fn records(
    layers: &Layers<'_>,
    flags: &RecordFlags,
) -> Result<RecordSettings, SettingsError> {
    let names = flags.display_xstats.iter();
    let lcore = |flag, lcore| layers.flag(flag, lcore).within(0..=MAX_LCORES as u32 - 1);
    Ok(RecordSettings {
        xstats: names.filter(|name| !name.is_empty()).cloned().collect(),
        events: events(layers, &flags.events)?,
        bit_rates: lcore("--bitrate-stats", flags.bitrate_stats)?.is_some(),
        latency: lcore("--latencystats", flags.latencystats)?.is_some(),
    })
}

fn events(
    layers: &Layers<'_>,
    flags: &EventFlags,
) -> Result<Vec<&'static EventKind>, SettingsError> {
    let unasked = |kind: &&EventKind| !UNASKED.contains(&kind.name);
    let mut printed: Vec<_> = EVENT_KINDS.iter().filter(unasked).collect();
    for (typed, prints) in &flags.0 {
        let flag = if *prints { "--print-event" } else { "--mask-event" };
        let kinds = layers.flag(flag, Some(typed)).try_map(|name| value::events(name))?;
        let kinds = kinds.unwrap_or_default();
        printed.retain(|kind| !kinds.contains(kind));
        printed.extend(kinds.iter().filter(|_| *prints));
    }
    Ok(printed)
}
