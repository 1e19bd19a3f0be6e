//! The generator: stamped, numbered packets, and the account of those that come back.
//!
//! A [`generator::Generator`] is made from a [`spec::TrafficSpec`], and gives a plan's streams their modes. The sending one
//! ([`sender::Stamp`]) asks a [`pacing::Pacer`] which packets are due, has [`packet::Packets`] make them, and stamps each with a
//! [`probe::Probe`]. The receiving one ([`measure::Measure`]) reads the probes and hands each to its stream's receiver: a
//! [`sequence::SequenceTracker`] and a few [`histogram::Histogram`]s. When the [`trial`] is over, a
//! [`result::TrialResult`] is read out of the modes.

pub mod account;
pub mod arrival;
pub mod calibration;
pub mod capture;
pub mod clock;
pub mod distribution;
pub mod generator;
pub mod histogram;
pub mod invalid;
pub mod measure;
pub mod pacing;
pub mod packet;
mod polling;
pub mod probe;
mod random;
pub mod rate;
mod receiver;
mod responder;
pub mod result;
mod run;
pub mod sender;
pub mod sequence;
pub mod spec;
mod tally;
mod timeline;
pub mod trial;
