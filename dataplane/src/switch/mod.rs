//! The virtual switch: rules in OVS's syntax, and a learning bridge where a rule says `normal`.
//!
//! ```text
//!  packet ─► key ─► cache (exact match, the stream's own) ─► actions ─► exits
//!                     │ not there                              ▲
//!                     └─► classifier (a table a mask)  ──────► │
//!                                                              └─ normal: VLAN of the port, MAC table, flood
//! ```
//!
//! [`Switch`] is the control side. It is made once, before the engine's plan (one of [`ModelRequest::Switch`]), gives each of its
//! streams a job ([`Switch::job`]), and is changed while they run; workers see a change within a few bursts. Somebody has to call
//! [`Switch::expire`] about once a second: it is the clock by which addresses age and rules time out.
//!
//! A new switch has one rule, `priority=0,actions=normal`, as a new bridge of OVS has.
//!
//! [`ModelRequest::Switch`]: crate::engine::plan::ModelRequest::Switch

mod actions;
mod cache;
mod classifier;
mod control;
mod edit;
mod extract;
mod key;
mod limits;
mod mac_table;
mod mode;
mod normal;
mod policy;
mod rules;
mod snapshot;
#[cfg(test)]
mod tests;

pub use control::{Expired, Flush, MacEntry, MacFigures, Switch};
pub use policy::{
    LAST_VLAN, MOST_ADDRESSES, Mirror, Native, PolicyError, PortPolicy, RateLimit, StormLimits,
    SwitchConfig, VlanPolicy,
};
pub use rules::{
    Action, Bucket, FlowSelect, FlowSpec, Group, GroupKind, Match, RuleError, RuleFigures,
};
