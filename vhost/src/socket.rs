//! A port's socket: whose its file is, and what guests are offered there.

use crate::ffi::calls;
use crate::{VhostError, guests};
use dataplane::machine::Machine;
use dataplane::port::device::VhostSocket;
use rustix::fs::{Gid, Mode, Uid, chmod, chown};
use rustix::process::umask;

/// Has a port start, which makes its socket if it is a vhost-user port, and settles what was said of that.
///
/// # Errors
/// What the start says, or [`VhostError`]: the port has started then.
pub fn make<E: From<VhostError>>(
    socket: Option<&VhostSocket>,
    start: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    guests::listen();
    let Some(socket) = socket else { return start() };
    let opening = Opening::begin();
    start()?;
    drop(opening);
    Ok(open(socket)?)
}

/// While a port's socket is made: its file is for this user alone until [`open`] has settled whose it is.
struct Opening(Mode);

impl Opening {
    /// Begins; dropping it ends.
    fn begin() -> Self {
        Self(umask(Mode::RWXG | Mode::RWXO))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        umask(self.0);
    }
}

/// Settles what guests are offered at a socket that was just made, and then whose its file is.
///
/// A guest of this same user may connect a moment earlier; it is turned away if it takes what is withheld, as librte_vhost
/// holds what a guest takes against what is offered then.
fn open(socket: &VhostSocket) -> Result<(), VhostError> {
    let VhostSocket { path, owner, group, mode, withheld, client } = socket;
    if *withheld != 0 && !calls::withhold(path, *withheld) {
        return Err(VhostError::NotRegistered { path: path.clone() });
    }
    if *client {
        return Ok(());
    }
    let failed = |what: &'static str| {
        let path = path.clone();
        move |errno: rustix::io::Errno| VhostError::SocketFile {
            path,
            what,
            why: errno.to_string(),
        }
    };
    let owner = owner.as_deref().map(|name| id(path, "user", "passwd", name)).transpose()?;
    let group = group.as_deref().map(|name| id(path, "group", "group", name)).transpose()?;
    if owner.is_some() || group.is_some() {
        chown(path.as_str(), owner.map(Uid::from_raw), group.map(Gid::from_raw))
            .map_err(failed("owner and group"))?;
    }
    let mode = mode.map_or_else(usual_mode, Mode::from_raw_mode);
    chmod(path.as_str(), mode).map_err(failed("mode"))
}

/// What the kernel gives a socket that nobody says more about.
fn usual_mode() -> Mode {
    let masked = umask(Mode::empty());
    umask(masked);
    (Mode::RWXU | Mode::RWXG | Mode::RWXO) - masked
}

/// The number of a user or group, which may be given as one.
fn id(
    path: &str,
    kind: &'static str,
    database: &'static str,
    name: &str,
) -> Result<u32, VhostError> {
    Machine::default().account(database, name).ok_or_else(|| VhostError::NoSuchAccount {
        path: path.to_owned(),
        kind,
        name: name.to_owned(),
        database,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_socket_is_given_away_by_name_or_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock").display().to_string();
        let listener = {
            let _opening = Opening::begin();
            std::os::unix::net::UnixListener::bind(&path).unwrap()
        };
        let facts = || fs::metadata(&path).unwrap();
        assert_eq!(facts().mode() & 0o777, 0o700);
        let mut socket = VhostSocket { path: path.clone(), ..VhostSocket::default() };
        open(&socket).unwrap();
        assert_eq!(facts().mode() & 0o777, usual_mode().bits());
        socket.owner = Some(facts().uid().to_string());
        (socket.group, socket.mode) = (Some(facts().gid().to_string()), Some(0o620));
        open(&socket).unwrap();
        assert_eq!(facts().mode() & 0o777, 0o620);
        socket.group = Some("no such group".to_owned());
        assert_eq!(
            open(&socket).unwrap_err().to_string(),
            format!(
                "{path}: there is no group 'no such group' for the socket; `getent group` lists those there are"
            )
        );
        assert_eq!(id("", "user", "passwd", "root"), Ok(0));
        drop(listener);
    }
}
