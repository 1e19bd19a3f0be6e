//! A guest's connection, which librte_vhost keeps to itself.

use rustix::fd::BorrowedFd;
use rustix::net::{
    Shutdown, SocketAddrAny, SocketAddrUnix, getpeername, getsockname, shutdown, sockopt,
};
use std::fs;

/// Shuts down the connections of a socket's guests; librte_vhost lets go of a guest when it finds that. Says how many there
/// were.
///
/// librte_vhost has no call for it, so the connection is looked for among this process's files: where it listens, its end of
/// a connection is named as the socket is, and where it connects, the other end is.
pub(crate) fn shut_down(path: &str) -> usize {
    let Ok(files) = fs::read_dir("/proc/self/fd") else { return 0 };
    let numbers = files.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok());
    // Collected first: the folder is a file too.
    let numbers: Vec<i32> = numbers.collect();
    numbers.into_iter().filter(|number| shut_down_if_of(*number, path)).count()
}

fn shut_down_if_of(number: i32, path: &str) -> bool {
    // SAFETY: the number is used at once and not closed. If its file is closed meanwhile, the calls fail; if the number then
    // names another file, that is asked whether it is a connection of this socket too.
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    let is_of_socket = |address: SocketAddrAny| {
        SocketAddrUnix::try_from(address)
            .is_ok_and(|address| address.path_bytes() == Some(path.as_bytes()))
    };
    let listens = sockopt::socket_acceptconn(file).unwrap_or(true);
    let own_end = || getsockname(file).is_ok_and(is_of_socket);
    let other_end = || getpeername(file).ok().flatten().is_some_and(is_of_socket);
    !listens && (own_end() || other_end()) && shutdown(file, Shutdown::Both).is_ok()
}
