//! Ctrl-C and SIGTERM ask the program to end in order.

use signal_hook::consts::{SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A flag that both signals set. A second one while the first is being obeyed changes nothing: stopping is quick, and
/// packets are not left behind.
///
/// # Errors
///
/// The system's, if a handler cannot be installed.
pub(crate) fn on_signals() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}
