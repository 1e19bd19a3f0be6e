//! `pollway ctl`: commands to a forwarder or a switch that runs, over its control socket.
//!
//! A request is a line of the shell's grammar, an answer one line of JSON (`reply.rs`), so that any program can speak it.
//! On the side of the program that runs, `server.rs` takes connections and hands each request to the session's own loop.

mod client;
mod flags;
mod listen;
pub(crate) mod reply;
mod request;
pub(crate) mod server;
mod target;

pub(crate) use client::run;
pub(crate) use flags::CtlFlags;
pub(crate) use server::{Request, Server};

/// The socket's name in the folder of a file prefix.
const SOCKET: &str = "pollway.sock";
