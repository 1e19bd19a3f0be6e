//! The switch on real packets: in-process ports, and a station on the other end of every wire.

#![allow(clippy::unwrap_used, reason = "a rig that cannot be built fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod actions;
mod bridge;
mod change;
mod frames;
mod groups;
mod hostile;
mod limits;
mod rules;
mod vlans;
