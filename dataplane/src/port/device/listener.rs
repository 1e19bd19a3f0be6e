//! Who has a socket file: a program that listens, nobody any more, or it is no socket.

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with, sockopt,
};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The longest path of a socket (`sockaddr_un.sun_path` in unix(7), without its end).
pub const SOCKET_PATH_LIMIT: usize = 107;

/// What stands at a socket's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Nothing.
    Nothing,
    /// A socket that its program left behind.
    Gone,
    /// A socket at which this program listens, or one that may not be asked.
    Program(Program),
    /// Something that is no socket.
    OtherFile,
}

/// A program that has a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its process; `None` where it is in another container or may not be known.
    pub pid: Option<i32>,
    /// Its name.
    pub name: Option<String>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => write!(f, "{name} (process {pid})"),
            (None, Some(pid)) => write!(f, "process {pid}"),
            (_, None) => f.write_str("a program that this one cannot see"),
        }
    }
}

impl Listener {
    /// Looks by connecting, as only the kernel knows whether anybody listens.
    ///
    /// Source: unix(7), connect(2).
    pub fn at(path: &Path) -> Self {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::Nothing,
            Ok(found) if !found.file_type().is_socket() => return Self::OtherFile,
            _ => {}
        }
        Self::ask(path).unwrap_or_else(|errno| match errno {
            rustix::io::Errno::CONNREFUSED => Self::Gone,
            rustix::io::Errno::NOENT => Self::Nothing,
            // A full backlog, another kind of socket, or one that is not for this user: somebody's in any case.
            _ => Self::Program(Program { pid: None, name: None }),
        })
    }

    fn ask(path: &Path) -> rustix::io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let asking = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&asking, &SocketAddrUnix::new(path)?)?;
        let pid = sockopt::socket_peercred(&asking)?.pid.as_raw_nonzero().get();
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        let name = name.map(|name| name.trim_end().to_owned());
        Ok(Self::Program(Program { pid: Some(pid), name }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_kernel_tells_who_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        assert_eq!(Listener::at(&path), Listener::Nothing);
        let listener = UnixListener::bind(&path).unwrap();
        let Listener::Program(program) = Listener::at(&path) else { panic!("nobody listens") };
        assert_eq!(program.pid, Some(std::process::id() as i32));
        drop(listener);
        assert_eq!(Listener::at(&path), Listener::Gone);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert_eq!(Listener::at(&path), Listener::OtherFile);
    }
}
