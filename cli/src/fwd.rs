//! `pollway fwd`: forwards packets between ports.

use crate::command::PortSelection;
use crate::doctor::explain::explained;
use crate::failure::Failure;
use crate::flags::{self, FwdFlags};
use crate::out::{complain, print};
use crate::render::port_stats;
use crate::session::Session;
use crate::settings::{FwdSettings, RunSettings};
use crate::shell::prompt::{self, Executor, Flow};
use crate::stop;
use dataplane::port::PortId;
use std::io::{BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a run without the shell looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Runs the subcommand.
///
/// # Errors
///
/// What was asked for and cannot be had, or what failed while running.
pub(crate) fn run(flags: FwdFlags) -> Result<(), Failure> {
    let settings = FwdSettings::from_flags(flags)?;
    let run = settings.run;
    // The shell raises SIGINT itself, to be woken: there a second one means nothing.
    let stop = if run.interactive { stop::on_signals()? } else { stop::on_signals_or_at_once()? };
    let program = std::env::args_os().next().unwrap_or_default();
    // Scripts that start testpmd wait for these lines of its.
    let as_testpmd = flags::is_testpmd(Path::new(&program)) && !run.json;
    if as_testpmd && run.interactive {
        print("Interactive-mode selected\n")?;
    }
    let cmdline_file = settings.cmdline_file.clone();
    if let Some(file) = &cmdline_file {
        prompt::find(file, "--cmdline-file")?;
    }
    let (mut session, opened) = Session::open(settings).map_err(explained)?;
    if as_testpmd {
        print(&opened)?;
    }
    let mut flow = Flow::Continue;
    if let Some(file) = cmdline_file {
        flow = prompt::load(&file, &mut session)?;
    }
    if run.auto_start && flow == Flow::Continue && !session.is_forwarding() {
        session.start(u32::from(run.tx_first))?;
    }
    if let Some(duration) = run.duration {
        stop_after(duration, Arc::clone(&stop))?;
    }
    let ran = if flow == Flow::Quit {
        Ok(())
    } else if run.interactive {
        prompt::run(flags::prompt(Path::new(&program)), &stop, &mut session)
            .map(|_| ())
            .map_err(Failure::from)
    } else {
        forward(&mut session, &run, &stop)
    };
    let stopped = if session.is_forwarding() {
        let stopped = session.stop();
        if !run.json {
            let table = session.forward_stats();
            print(&format!("Telling cores to stop...\nWaiting for lcores to finish...\n{table}"))?;
        }
        stopped
    } else {
        Ok(())
    };
    let ports = session.port_ids();
    let (report, closed) = session.close();
    if run.json {
        let object = serde_json::to_string(&report).map_err(std::io::Error::from)?;
        print(&format!("{object}\n"))?;
    } else {
        if as_testpmd {
            print(&farewell(&ports))?;
        }
        print("\nBye...\n")?;
    }
    ran.and(stopped).and(closed)
}

/// testpmd's words about the ports at its end.
fn farewell(ports: &[PortId]) -> String {
    let stopped =
        ports.iter().map(|port| format!("\nStopping port {port}...\nStopping ports...\nDone\n"));
    let closed = ports.iter().map(|port| {
        format!("\nShutting down port {port}...\nClosing ports...\nPort {port} is closed\nDone\n")
    });
    stopped.chain(closed).collect()
}

/// Forwards until Enter, a signal or the end of the time that was set, or until a worker dies.
fn forward(
    session: &mut Session,
    run: &RunSettings,
    stop: &Arc<AtomicBool>,
) -> Result<(), Failure> {
    stop_on_enter(Arc::clone(stop))?;
    if !run.json {
        print("Press enter to exit\n")?;
    }
    let mut next_show = run.stats_period.map(|period| Instant::now() + period);
    if next_show.is_some() {
        // Rates count from the last look at the figures; this is the first.
        session.port_stats(PortSelection::All)?;
    }
    let requests = session.requests();
    while !stop.load(Ordering::Relaxed) {
        session.health()?;
        session.watch()?;
        if let Some((show, period)) = next_show.zip(run.stats_period)
            && Instant::now() >= show
        {
            let stats = session.port_stats(PortSelection::All)?;
            // With --json standard output carries the final object alone.
            if run.json {
                complain(&port_stats::screen(&stats, std::io::stderr().is_terminal()));
            } else {
                print(&port_stats::screen(&stats, std::io::stdout().is_terminal()))?;
            }
            next_show = Some(show + period);
        }
        if let Ok(request) = requests.recv_timeout(LOOK)
            && prompt::serve_request(request, session) == Flow::Quit
        {
            break;
        }
    }
    Ok(())
}

/// Ends the run after a time.
fn stop_after(duration: Duration, stop: Arc<AtomicBool>) -> Result<(), Failure> {
    // Not joined: the program may end before the time has come.
    thread::Builder::new().name("duration".to_owned()).spawn(move || {
        thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
    })?;
    Ok(())
}

/// Ends the run when a line is entered. The end of the input does not: in a container there is none.
fn stop_on_enter(stop: Arc<AtomicBool>) -> Result<(), Failure> {
    // Not joined: it sits in a read that nothing interrupts, until the program ends.
    thread::Builder::new().name("enter".to_owned()).spawn(move || {
        if matches!(std::io::stdin().lock().read_line(&mut String::new()), Ok(bytes) if bytes > 0) {
            stop.store(true, Ordering::Relaxed);
        }
    })?;
    Ok(())
}
