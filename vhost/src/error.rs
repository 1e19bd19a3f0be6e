//! What can go wrong with a vhost-user port's socket.

/// What can go wrong with a vhost-user port's socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VhostError {
    /// There is no such user or group.
    #[error(
        "{path}: there is no {kind} '{name}' for the socket; `getent {database}` lists those there are"
    )]
    NoSuchAccount {
        /// The socket.
        path: String,
        /// `user` or `group`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        database: &'static str,
    },
    /// The socket file could not be given away, or its permissions not set.
    #[error("{path}: the socket cannot be given its {what}: {why}")]
    SocketFile {
        /// The socket.
        path: String,
        /// `owner and group` or `mode`.
        what: &'static str,
        /// The kernel's reason.
        why: String,
    },
    /// librte_vhost does not know the socket.
    #[error(
        "{path}: librte_vhost has no such socket, so what guests are offered cannot be changed"
    )]
    NotRegistered {
        /// The socket.
        path: String,
    },
}
