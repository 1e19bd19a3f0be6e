//! What is shown and measured beside the packets.

use super::SettingsError;
use super::given::Layers;
use super::value;
use crate::flags::records::{EventFlags, RecordFlags};
use dataplane::port::{EVENT_KINDS, EventKind};

/// What is shown and measured beside the packets.
#[derive(Clone, Debug)]
pub(crate) struct RecordSettings {
    /// The extended statistics that are shown with a port's others.
    pub(crate) xstats: Vec<String>,
    /// The kinds of events of ports that are printed.
    pub(crate) events: Vec<&'static EventKind>,
}

/// What is printed only if it is asked for: a port that is made or goes answers a command, and VFs would have much to say.
const UNASKED: [&str; 3] = ["vf_mbox", "dev_probed", "dev_released"];

/// What the flags say.
pub(super) fn records(
    layers: &Layers<'_>,
    flags: &RecordFlags,
) -> Result<RecordSettings, SettingsError> {
    let names = flags.display_xstats.iter();
    Ok(RecordSettings {
        xstats: names.filter(|name| !name.is_empty()).cloned().collect(),
        events: events(layers, &flags.events)?,
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
