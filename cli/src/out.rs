//! Standard output and error. `print!` would panic where nobody reads any more, as behind `| head`; this is an error to pass on, which
//! [`Failure`](crate::failure::Failure) takes for the end that it is.

use std::io::{self, Write};

/// Writes `text` as it stands, and at once: what runs on may not write again for a while.
///
/// # Errors
///
/// Standard output's.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes `text` to standard error as it stands; where nobody reads that, there is nobody to tell.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Tells the user a thing in a line of standard error.
pub(crate) fn note(text: &str) {
    complain(&format!("pollway: {text}\n"));
}
