//! `pollway check FILE`: validates a configuration and shows the plan, starting nothing.

use crate::config;
use crate::failure::Failure;
use crate::flags::CheckFlags;
use crate::r#gen;
use crate::settings::FwdSettings;
use dataplane::engine::plan::{Plan, Surroundings};
use dataplane::lcore::SocketId;
use serde::Serialize;
use std::io::Write;

/// What `--json` prints.
#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    mode: &'a str,
    /// The devices, port 0 first.
    devices: Vec<&'a str>,
    plan: &'a Plan,
}

/// Runs the subcommand.
///
/// # Errors
///
/// What is wrong with the file, or with what it asks for.
pub(crate) fn run(flags: &CheckFlags) -> Result<(), Failure> {
    // A file that cannot be read is refused below, in the words for it.
    if config::read(&flags.file).is_ok_and(|text| r#gen::config::is_generators(&text)) {
        return r#gen::check::run(flags);
    }
    let file = flags.file.display().to_string();
    let settings = FwdSettings::from_file(&flags.file)?;
    let plan = settings
        .assumed_plan()
        .map_err(|error| Failure::Input(anyhow::Error::new(error).context(file.clone())))?;
    let devices = settings.assumed_devices().collect();
    let mut out = std::io::stdout().lock();
    if flags.json {
        let checked = Checked { file, mode: settings.work(), devices, plan: &plan };
        serde_json::to_writer(&mut out, &checked).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for (number, device) in devices.into_iter().enumerate() {
            writeln!(out, "Port {number}: {device}")?;
        }
        // Nodes are known only once DPDK runs.
        let surroundings = Surroundings {
            mode: settings.work(),
            retry: None,
            socket: &|_| SocketId::ANY,
            peer: &|port| settings.assumed_peer(port).to_string(),
        };
        writeln!(out, "{}", plan.describe(&surroundings))?;
    }
    Ok(())
}
