//! The generator: stamped, numbered packets, and the account of those that come back.
//!
//! A sender is a [`template::Template`] and a [`pacing::Pacer`]: the pacer says how many packets are due, the template
//! stamps each with a [`probe::Probe`]. A receiver is a [`receiver::Receiver`]: it reads the probes, and gives a
//! [`account::TrafficAccount`]. None of these parts knows DPDK, and none allocates after it was made.

pub mod account;
pub mod distribution;
pub mod generator;
pub mod histogram;
pub mod invalid;
pub mod pacing;
pub mod probe;
mod random;
pub mod rate;
pub mod receiver;
pub mod result;
pub mod sequence;
pub mod spec;
pub mod template;
