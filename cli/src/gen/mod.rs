//! `pollway gen`: sends traffic and measures what comes back.
//!
//! ```text
//! flags, file ──► settings ──┐                    ┌──► output: JSON, HDR log, pictures, HTML
//!                            ├──► session ──► rig │
//! commands ──► pktgen ───────┘                    └──► table, terminal, page
//! ```
//!
//! `pktgen` turns commands into streams and knows no DPDK; `rig` has the ports and carries trials out; `session` is what
//! a person or a script meets.

mod calibrate;
pub(crate) mod check;
pub(crate) mod config;
mod cores;
mod environment;
mod figures;
pub(crate) mod flags;
mod hdr;
mod html;
mod lines;
mod named;
mod output;
mod page;
mod picture;
mod pktgen;
mod report;
mod rig;
mod session;
pub(crate) mod settings;
mod table;
mod terminal;

use crate::doctor::explain::explained;
use crate::failure::Failure;
use crate::shell::prompt::{self, Flow};
use crate::stop;
use flags::{GenFlags, GenSub};
use rig::Rig;
use session::Session;
use settings::GenSettings;
use std::sync::Arc;

/// Runs the subcommand.
///
/// # Errors
///
/// What was asked for and cannot be had, or what failed while running.
pub(crate) fn run(flags: &GenFlags) -> Result<(), Failure> {
    match &flags.what {
        Some(GenSub::Calibrate(flags)) => return calibrate::run(flags),
        Some(GenSub::Report(flags)) => return report::run(flags),
        None => {}
    }
    let output = flags.app.output.clone();
    output::check(&output)?;
    let settings = GenSettings::from_flags(flags).map_err(Failure::input)?;
    if let Some(file) = &settings.commands {
        prompt::find(file, "--command-file")?;
    }
    // The shell raises SIGINT itself, to be woken: there a second one means nothing.
    let stop = match settings.traffic {
        None => stop::on_signals()?,
        Some(_) => stop::on_signals_or_at_once()?,
    };
    let (traffic, commands) = (settings.traffic.clone(), settings.commands.clone());
    let mut session =
        Session::new(Rig::open(settings).map_err(explained)?, output, Arc::clone(&stop));
    let ran = match traffic {
        Some(traffic) => session.run(traffic),
        None => serve(&mut session, commands.as_deref(), &stop),
    };
    let closed = session.close();
    ran.and(closed)
}

/// Carries out commands: a file's, then those of the standard input. What was started goes on after them.
fn serve(
    session: &mut Session,
    commands: Option<&std::path::Path>,
    stop: &std::sync::atomic::AtomicBool,
) -> Result<(), Failure> {
    if let Some(file) = commands
        && prompt::load(file, session)? == Flow::Quit
    {
        return Ok(());
    }
    if prompt::run("Pktgen:/> ", stop, session)? == Flow::Quit {
        return Ok(());
    }
    session.linger()
}
