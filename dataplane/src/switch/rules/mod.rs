//! Rules and groups: text in the syntax of `ovs-ofctl`, as values.
//!
//! Ports are numbered as everywhere in Pollway, from 0; OVS numbers its own from 1.

mod action;
mod error;
mod fields;
mod group;
mod matches;
mod parse;
mod show;
#[cfg(test)]
mod tests;
mod values;

pub use action::Action;
pub use error::RuleError;
pub use group::{Bucket, Group, GroupKind};
pub use matches::Match;
pub use parse::{FlowSelect, FlowSpec};
pub use show::RuleFigures;
