//! The socket's file: made for those who may use it, and taken over from a program that has died.

use crate::settings::ControlSettings;
use dataplane::port::device::{Listener, Program, SOCKET_PATH_LIMIT};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Connections that may wait to be taken.
const WAITING: i32 = 64;

/// Why there is no control socket. Each says what to change.
#[derive(Debug, Error)]
pub(crate) enum ListenError {
    #[error(
        "the control socket {path}: the path has {length} bytes, and a Unix socket's {SOCKET_PATH_LIMIT} at most; give a shorter one \
         (--control PATH)"
    )]
    TooLong { path: PathBuf, length: usize },
    #[error(
        "the control socket {path}: {program} listens there; end it, or give this one a path of its own (--control PATH)"
    )]
    InUse { path: PathBuf, program: Program },
    #[error(
        "the control socket {0}: there is a file that is no socket; remove it, or give another path (--control PATH)"
    )]
    NoSocket(PathBuf),
    #[error(
        "the control socket {path} cannot be made: {source}; give another path (--control PATH)"
    )]
    System { path: PathBuf, source: io::Error },
    #[error(
        "the control socket {path} cannot be given to group {group}: {source}; name one that this user belongs to"
    )]
    Group { path: PathBuf, group: u32, source: io::Error },
}

/// Listens at a path.
///
/// # Errors
///
/// [`ListenError`]; whatever is at the path is left alone.
pub(super) fn open(path: &Path, settings: &ControlSettings) -> Result<UnixListener, ListenError> {
    let length = path.as_os_str().len();
    if length > SOCKET_PATH_LIMIT {
        return Err(ListenError::TooLong { path: path.to_owned(), length });
    }
    let failed = |source: io::Error| ListenError::System { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let address = SocketAddrUnix::new(path).map_err(|errno| failed(errno.into()))?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(|errno| failed(errno.into()))?;
    match bind(&socket, &address) {
        Err(Errno::ADDRINUSE) => {
            clear(path)?;
            bind(&socket, &address)
        }
        bound => bound,
    }
    .map_err(|errno| failed(errno.into()))?;
    // Whoever connects before `listen` is refused, so nobody slips in before the file says who may.
    fs::set_permissions(path, Permissions::from_mode(settings.mode)).map_err(failed)?;
    if let Some(group) = settings.group {
        chown(path, None, Some(group)).map_err(|source| ListenError::Group {
            path: path.to_owned(),
            group,
            source,
        })?;
    }
    listen(&socket, WAITING).map_err(|errno| failed(errno.into()))?;
    Ok(socket.into())
}

/// Removes the socket of a program that has died: nobody listens there any more.
fn clear(path: &Path) -> Result<(), ListenError> {
    let path = path.to_owned();
    match Listener::at(&path) {
        Listener::Nothing => Ok(()),
        Listener::Gone => {
            fs::remove_file(&path).map_err(|source| ListenError::System { path, source })
        }
        Listener::Program(program) => Err(ListenError::InUse { path, program }),
        Listener::OtherFile => Err(ListenError::NoSocket(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn private() -> ControlSettings {
        ControlSettings { mode: 0o600, ..ControlSettings::default() }
    }

    #[test]
    fn a_dead_programs_socket_is_taken_over_and_a_living_ones_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/control");
        let first = open(&path, &private()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(open(&path, &private()), Err(ListenError::InUse { .. })));
        drop(first);
        let second = open(&path, &ControlSettings { mode: 0o660, ..private() }).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        UnixStream::connect(&path).unwrap();
        drop(second);
    }

    #[test]
    fn other_files_and_long_paths_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(open(&path, &private()), Err(ListenError::NoSocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let long = folder.path().join("x".repeat(SOCKET_PATH_LIMIT));
        let error = open(&long, &private()).unwrap_err().to_string();
        assert!(error.contains("107 at most"), "{error}");
    }
}
