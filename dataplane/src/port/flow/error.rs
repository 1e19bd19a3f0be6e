//! What a device says of a rule that it does not take.

use crate::eal::errno_text;
use std::ffi::CStr;

/// Why a device did not do what a rule asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}: {}", self.part(), self.reason())]
pub struct FlowError {
    /// What of the rule it is about (`enum rte_flow_error_type`).
    pub kind: u32,
    /// The driver's own words.
    pub message: String,
    /// The errno, above zero.
    pub errno: i32,
}

impl FlowError {
    /// The errno in words.
    pub fn reason(&self) -> String {
        errno_text(self.errno)
    }

    /// What of the rule it is about, in testpmd's words.
    ///
    /// Source: `app/test-pmd/config.c`, `port_flow_complain`.
    pub fn part(&self) -> &'static str {
        match self.kind {
            dpdk_sys::RTE_FLOW_ERROR_TYPE_NONE => "no error",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_UNSPECIFIED => "cause unspecified",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_HANDLE => "flow rule (handle)",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR_GROUP => "group field",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR_PRIORITY => "priority field",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR_INGRESS => "ingress field",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR_EGRESS => "egress field",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR_TRANSFER => "transfer field",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ATTR => "attributes structure",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ITEM_NUM => "pattern length",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ITEM_SPEC => "item specification",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ITEM_LAST => "item specification range",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ITEM_MASK => "item specification mask",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ITEM => "specific pattern item",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ACTION_NUM => "number of actions",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ACTION_CONF => "action configuration",
            dpdk_sys::RTE_FLOW_ERROR_TYPE_ACTION => "specific action",
            _ => "unknown type",
        }
    }
}

/// The error that a call fills in.
pub(super) struct Complaint(dpdk_sys::rte_flow_error);

impl Complaint {
    pub(super) fn new() -> Self {
        Self(dpdk_sys::rte_flow_error {
            type_: dpdk_sys::RTE_FLOW_ERROR_TYPE_UNSPECIFIED,
            cause: std::ptr::null(),
            message: std::ptr::null(),
        })
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut dpdk_sys::rte_flow_error {
        &mut self.0
    }

    /// What a call that failed with `rc` says.
    pub(super) fn error(&self, rc: i32) -> FlowError {
        let message = if self.0.message.is_null() {
            "(no stated reason)".to_owned()
        } else {
            // SAFETY: a driver sets `message` to a constant string, as `rte_flow.h` asks of it.
            unsafe { CStr::from_ptr(self.0.message) }.to_string_lossy().into_owned()
        };
        FlowError { kind: self.0.type_, message, errno: rc.abs() }
    }
}
