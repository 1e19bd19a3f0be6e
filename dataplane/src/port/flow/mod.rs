//! Flow rules: which packets a device itself drops, counts, marks, or leads to a queue (`rte_flow.h`).

mod action;
mod error;
mod item;
mod kinds;
mod raw;

pub use action::{Action, RssAction, RssFunction};
pub use error::FlowError;
pub use item::{Field, FieldValue, Form, Item, ItemKind, Misfit, PartOf};
pub use kinds::ITEM_KINDS;

use super::{Port, PortId};
use error::Complaint;
use raw::RawRule;
use std::ptr::NonNull;

/// A rule: which packets, and what is done to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowRule {
    /// Where it stands among the others.
    pub attributes: FlowAttributes,
    /// The headers that a packet is to have, the outermost first.
    pub pattern: Vec<Item>,
    /// What is done to it.
    pub actions: Vec<Action>,
}

/// Where a rule stands among the others, and on which way of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowAttributes {
    /// The group, 0 being looked at first.
    pub group: u32,
    /// Its rank in the group, 0 the highest.
    pub priority: u32,
    /// It is about packets that come in.
    pub ingress: bool,
    /// It is about packets that go out.
    pub egress: bool,
    /// It is about the whole device, and not about this port of it.
    pub transfer: bool,
}

/// A rule of a port by number, as testpmd counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowId(pub u32);

/// A rule that a device has.
pub(super) struct Flow {
    id: FlowId,
    rule: FlowRule,
    handle: NonNull<dpdk_sys::rte_flow>,
}

// SAFETY: a handle belongs to its port and to no thread: `rte_flow.h` asks only that calls about one port do not run at the
// same time, and `Device`, which owns this, is not `Sync`.
unsafe impl Send for Flow {}

/// What a rule counted; `None` for what the device does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowCount {
    /// Packets.
    pub packets: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

impl<State> Port<State> {
    /// Asks the device whether it would take a rule.
    ///
    /// # Errors
    /// [`FlowError`] if it would not.
    ///
    /// Source: `rte_flow.h`, `rte_flow_validate`.
    pub fn validate_flow(&self, rule: &FlowRule) -> Result<(), FlowError> {
        let (raw, mut complaint) = (self.raw(rule), Complaint::new());
        // SAFETY: the port exists; the arguments are ended lists whose pointers are good while `raw` lives.
        let rc = unsafe {
            dpdk_sys::rte_flow_validate(
                self.id().0,
                raw.attributes(),
                raw.items(),
                raw.actions(),
                complaint.as_mut_ptr(),
            )
        };
        if rc == 0 { Ok(()) } else { Err(complaint.error(rc)) }
    }

    /// Gives the device a rule. It is there until it is destroyed or the port stops.
    ///
    /// # Errors
    /// [`FlowError`] if the device does not take it.
    ///
    /// Source: `rte_flow.h`, `rte_flow_create`.
    pub fn create_flow(&self, rule: FlowRule) -> Result<FlowId, FlowError> {
        let (raw, mut complaint) = (self.raw(&rule), Complaint::new());
        // SAFETY: as in `validate_flow`; the device copies what it needs.
        let handle = unsafe {
            dpdk_sys::rte_flow_create(
                self.id().0,
                raw.attributes(),
                raw.items(),
                raw.actions(),
                complaint.as_mut_ptr(),
            )
        };
        let Some(handle) = NonNull::new(handle) else {
            return Err(complaint.error(crate::eal::last_errno()));
        };
        let mut flows = self.device.flows.borrow_mut();
        // The number after the newest's, as testpmd has it.
        let id = flows.last().map_or(FlowId(0), |newest| FlowId(newest.id.0.wrapping_add(1)));
        drop(raw);
        flows.push(Flow { id, rule, handle });
        Ok(id)
    }

    /// Takes a rule away; `None` if there is none of that number.
    ///
    /// # Errors
    /// [`FlowError`] if the device does not let go of it; then it stays.
    ///
    /// Source: `rte_flow.h`, `rte_flow_destroy`.
    pub fn destroy_flow(&self, id: FlowId) -> Option<Result<(), FlowError>> {
        let mut flows = self.device.flows.borrow_mut();
        let at = flows.iter().position(|flow| flow.id == id)?;
        let mut complaint = Complaint::new();
        // SAFETY: the handle is of this port, and leaves the list with this call.
        let rc = unsafe {
            dpdk_sys::rte_flow_destroy(
                self.id().0,
                flows[at].handle.as_ptr(),
                complaint.as_mut_ptr(),
            )
        };
        if rc != 0 {
            return Some(Err(complaint.error(rc)));
        }
        flows.remove(at);
        Some(Ok(()))
    }

    /// Takes all rules away.
    ///
    /// # Errors
    /// [`FlowError`] if the device does not let go of them. They are gone here all the same, as after a failed flush nobody
    /// knows which are left.
    ///
    /// Source: `rte_flow.h`, `rte_flow_flush`.
    pub fn flush_flows(&self) -> Result<(), FlowError> {
        self.device.flush_flows()
    }

    /// Receives only what rules lead to a queue, or everything again. To be said before the port is configured.
    ///
    /// # Errors
    /// [`FlowError`] if the device cannot.
    ///
    /// Source: `rte_flow.h`, `rte_flow_isolate`.
    pub fn isolate_flows(&self, on: bool) -> Result<(), FlowError> {
        let mut complaint = Complaint::new();
        // SAFETY: the port exists.
        let rc =
            unsafe { dpdk_sys::rte_flow_isolate(self.id().0, on.into(), complaint.as_mut_ptr()) };
        if rc == 0 { Ok(()) } else { Err(complaint.error(rc)) }
    }

    /// The port that is to be given the rules of this one's switch.
    ///
    /// # Errors
    /// [`FlowError`] if the device does not say.
    ///
    /// Source: `rte_flow.h`, `rte_flow_pick_transfer_proxy`.
    pub fn transfer_proxy(&self) -> Result<PortId, FlowError> {
        let (mut complaint, mut proxy) = (Complaint::new(), 0);
        // SAFETY: the port exists; `proxy` is written.
        let rc = unsafe {
            dpdk_sys::rte_flow_pick_transfer_proxy(self.id().0, &mut proxy, complaint.as_mut_ptr())
        };
        if rc == 0 { Ok(PortId(proxy)) } else { Err(complaint.error(rc)) }
    }

    /// What a rule counted; `None` if there is none of that number.
    ///
    /// # Errors
    /// [`FlowError`] if the rule does not count.
    ///
    /// Source: `rte_flow.h`, `rte_flow_query` and `struct rte_flow_query_count`.
    pub fn query_flow_count(&self, id: FlowId) -> Option<Result<FlowCount, FlowError>> {
        let flows = self.device.flows.borrow();
        let flow = flows.iter().find(|flow| flow.id == id)?;
        let actions = [dpdk_sys::RTE_FLOW_ACTION_TYPE_COUNT, dpdk_sys::RTE_FLOW_ACTION_TYPE_END]
            .map(|type_| dpdk_sys::rte_flow_action { type_, conf: std::ptr::null() });
        let mut count = dpdk_sys::rte_flow_query_count::default();
        let mut complaint = Complaint::new();
        // SAFETY: the handle is of this port and its rule exists; `count` is what a count's query fills.
        let rc = unsafe {
            dpdk_sys::rte_flow_query(
                self.id().0,
                flow.handle.as_ptr(),
                actions.as_ptr(),
                (&raw mut count).cast(),
                complaint.as_mut_ptr(),
            )
        };
        if rc != 0 {
            return Some(Err(complaint.error(rc)));
        }
        Some(Ok(FlowCount {
            packets: (count.hits_set() != 0).then_some(count.hits),
            bytes: (count.bytes_set() != 0).then_some(count.bytes),
        }))
    }

    /// The rules that there are, in the order of their numbers.
    pub fn flows(&self) -> Vec<(FlowId, FlowRule)> {
        let flows = self.device.flows.borrow();
        flows.iter().map(|flow| (flow.id, flow.rule.clone())).collect()
    }

    fn raw<'a>(&self, rule: &'a FlowRule) -> RawRule<'a> {
        RawRule::new(rule, &self.device.config.clone().unwrap_or_default())
    }
}

impl super::Device {
    /// Takes all rules away; a device without rules is not asked.
    pub(super) fn flush_flows(&self) -> Result<(), FlowError> {
        if std::mem::take(&mut *self.flows.borrow_mut()).is_empty() {
            return Ok(());
        }
        let mut complaint = Complaint::new();
        // SAFETY: the port exists, and no handle of its rules is left.
        let rc = unsafe { dpdk_sys::rte_flow_flush(self.id.0, complaint.as_mut_ptr()) };
        if rc == 0 { Ok(()) } else { Err(complaint.error(rc)) }
    }
}
