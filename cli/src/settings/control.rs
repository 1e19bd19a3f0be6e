//! How `pollway ctl` reaches the program.

use super::SettingsError;
use super::given::{Fault, Layers};
use crate::config::Control;
use crate::flags::app::AppFlags;
use dataplane::machine::Machine;
use std::path::PathBuf;

/// The control socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ControlSettings {
    /// Whether there is one.
    pub(crate) enabled: bool,
    /// Its path; in the folder of the file prefix if `None`.
    pub(crate) socket: Option<PathBuf>,
    /// The bits of its file's mode.
    pub(crate) mode: u32,
    /// The group that it belongs to.
    pub(crate) group: Option<u32>,
}

/// What flags say, else the file.
pub(super) fn control(
    layers: &Layers<'_>,
    app: &AppFlags,
    file: Control,
) -> Result<ControlSettings, SettingsError> {
    Ok(ControlSettings {
        enabled: app.control.is_some() || !app.no_control && file.enabled.unwrap_or(true),
        socket: app.control.clone().or(file.socket),
        mode: layers.key("control.mode", file.mode).try_map(|text| mode(&text))?.unwrap_or(0o600),
        group: layers.key("control.group", file.group).try_map(|name| group(&name))?,
    })
}

fn mode(text: &str) -> Result<u32, Fault> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err(Fault {
            why: "not a file's mode".into(),
            mend: "write three octal digits, for example \"0660\"".into(),
        }),
    }
}

fn group(name: &str) -> Result<u32, Fault> {
    Machine::default().account("group", name).ok_or_else(|| Fault {
        why: "there is no such group".into(),
        mend: "name one of /etc/group, or write its number".into(),
    })
}
