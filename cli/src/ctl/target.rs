//! Which program is meant: the one whose socket or file prefix was given, or the only one that runs.

use super::SOCKET;
use super::flags::CtlFlags;
use dataplane::machine::Machine;
use dataplane::prefix::Prefix;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why no program can be spoken to. Each says what to change.
#[derive(Debug, Error)]
pub(super) enum TargetError {
    #[error(
        "nothing that pollway ctl could steer runs here: start pollway fwd or pollway switch, or name its socket (--socket PATH)"
    )]
    Nothing,
    #[error("several programs run, with the file prefixes {0}: name one (--file-prefix PREFIX)")]
    Several(String),
    #[error("no program listens at {path}: {error}; is it running, and with this control socket?")]
    Unreached { path: PathBuf, error: io::Error },
}

/// Connects.
///
/// # Errors
///
/// [`TargetError`].
pub(super) fn connect(flags: &CtlFlags) -> Result<UnixStream, TargetError> {
    let machine = Machine::default();
    match (&flags.socket, &flags.file_prefix) {
        (Some(path), _) => reach(path),
        (None, Some(name)) => reach(&socket_of(&Prefix::on(&machine, name))),
        (None, None) => {
            let prefixes = Prefix::all(&machine).into_iter();
            only(prefixes.filter_map(|prefix| {
                let stream = UnixStream::connect(socket_of(&prefix)).ok()?;
                Some((prefix.name().to_owned(), stream))
            }))
        }
    }
}

fn socket_of(prefix: &Prefix) -> PathBuf {
    prefix.folder().join(SOCKET)
}

fn reach(path: &Path) -> Result<UnixStream, TargetError> {
    UnixStream::connect(path)
        .map_err(|error| TargetError::Unreached { path: path.to_owned(), error })
}

/// The one program among those that answer.
fn only<T>(answering: impl Iterator<Item = (String, T)>) -> Result<T, TargetError> {
    let mut answering: Vec<(String, T)> = answering.collect();
    match answering.pop() {
        None => Err(TargetError::Nothing),
        Some((_, one)) if answering.is_empty() => Ok(one),
        Some((last, _)) => {
            let names = answering.into_iter().map(|(name, _)| name).chain([last]);
            Err(TargetError::Several(names.collect::<Vec<_>>().join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_programs_one_has_to_be_named() {
        let answering = |names: &[&'static str]| {
            only(names.iter().map(|name| ((*name).to_owned(), *name)))
                .map_err(|error| error.to_string())
        };
        assert_eq!(answering(&["rte"]), Ok("rte"));
        assert!(answering(&[]).unwrap_err().starts_with("nothing that pollway ctl"));
        assert!(answering(&["a", "b"]).unwrap_err().contains("prefixes a, b:"));
    }
}
