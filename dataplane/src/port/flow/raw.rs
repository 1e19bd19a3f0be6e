//! A rule as DPDK reads it.

use super::item::Part;
use super::{Action, FlowAttributes, FlowRule, Item, RssFunction};
use crate::port::{PortConfig, RssTypes};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::null;

/// A rule's three arguments, with all that they point to.
pub(super) struct RawRule<'a> {
    attributes: dpdk_sys::rte_flow_attr,
    items: Vec<dpdk_sys::rte_flow_item>,
    actions: Vec<dpdk_sys::rte_flow_action>,
    /// What the actions point to.
    _configurations: Vec<Configuration>,
    /// What the items point to.
    _rule: PhantomData<&'a FlowRule>,
}

/// An action's structure, in a box so that it stays where it is.
enum Configuration {
    None,
    Jump(Box<dpdk_sys::rte_flow_action_jump>),
    Mark(Box<dpdk_sys::rte_flow_action_mark>),
    Queue(Box<dpdk_sys::rte_flow_action_queue>),
    Count(Box<dpdk_sys::rte_flow_action_count>),
    Rss(Box<Rss>),
    PortId(Box<dpdk_sys::rte_flow_action_port_id>),
}

/// The structure of an RSS action and what it points to.
struct Rss {
    conf: dpdk_sys::rte_flow_action_rss,
    _queues: Vec<u16>,
    _key: Vec<u8>,
}

impl<'a> RawRule<'a> {
    /// A rule for a port that is configured so.
    pub(super) fn new(rule: &'a FlowRule, port: &PortConfig) -> Self {
        let items = rule.pattern.iter().map(item).chain([end_item()]).collect();
        let configurations: Vec<_> =
            rule.actions.iter().map(|action| configuration(action, port)).collect();
        let actions = rule.actions.iter().zip(&configurations).map(|(action, configuration)| {
            dpdk_sys::rte_flow_action { type_: code(action), conf: configuration.pointer() }
        });
        let end =
            dpdk_sys::rte_flow_action { type_: dpdk_sys::RTE_FLOW_ACTION_TYPE_END, conf: null() };
        Self {
            attributes: attributes(&rule.attributes),
            items,
            actions: actions.chain([end]).collect(),
            _configurations: configurations,
            _rule: PhantomData,
        }
    }

    pub(super) fn attributes(&self) -> *const dpdk_sys::rte_flow_attr {
        &self.attributes
    }

    pub(super) fn items(&self) -> *const dpdk_sys::rte_flow_item {
        self.items.as_ptr()
    }

    pub(super) fn actions(&self) -> *const dpdk_sys::rte_flow_action {
        self.actions.as_ptr()
    }
}

fn attributes(asked: &FlowAttributes) -> dpdk_sys::rte_flow_attr {
    let mut attributes = dpdk_sys::rte_flow_attr {
        group: asked.group,
        priority: asked.priority,
        ..Default::default()
    };
    attributes.set_ingress(asked.ingress.into());
    attributes.set_egress(asked.egress.into());
    attributes.set_transfer(asked.transfer.into());
    attributes
}

fn item(item: &Item) -> dpdk_sys::rte_flow_item {
    let pointer = |part: &Option<Box<Part>>| -> *const c_void {
        part.as_ref().map_or(null(), |part| part.0.as_ptr().cast())
    };
    dpdk_sys::rte_flow_item {
        type_: item.kind.code,
        spec: pointer(&item.spec),
        last: pointer(&item.last),
        mask: pointer(&item.mask),
    }
}

fn end_item() -> dpdk_sys::rte_flow_item {
    let type_ = dpdk_sys::RTE_FLOW_ITEM_TYPE_END;
    dpdk_sys::rte_flow_item { type_, spec: null(), last: null(), mask: null() }
}

fn code(action: &Action) -> u32 {
    match action {
        Action::Void => dpdk_sys::RTE_FLOW_ACTION_TYPE_VOID,
        Action::Passthru => dpdk_sys::RTE_FLOW_ACTION_TYPE_PASSTHRU,
        Action::Jump(_) => dpdk_sys::RTE_FLOW_ACTION_TYPE_JUMP,
        Action::Mark(_) => dpdk_sys::RTE_FLOW_ACTION_TYPE_MARK,
        Action::Queue(_) => dpdk_sys::RTE_FLOW_ACTION_TYPE_QUEUE,
        Action::Drop => dpdk_sys::RTE_FLOW_ACTION_TYPE_DROP,
        Action::Count(_) => dpdk_sys::RTE_FLOW_ACTION_TYPE_COUNT,
        Action::Rss(_) => dpdk_sys::RTE_FLOW_ACTION_TYPE_RSS,
        Action::PortId { .. } => dpdk_sys::RTE_FLOW_ACTION_TYPE_PORT_ID,
    }
}

fn configuration(action: &Action, port: &PortConfig) -> Configuration {
    match action {
        Action::Void | Action::Passthru | Action::Drop => Configuration::None,
        Action::Jump(group) => {
            Configuration::Jump(Box::new(dpdk_sys::rte_flow_action_jump { group: *group }))
        }
        Action::Mark(id) => {
            Configuration::Mark(Box::new(dpdk_sys::rte_flow_action_mark { id: *id }))
        }
        Action::Queue(queue) => {
            Configuration::Queue(Box::new(dpdk_sys::rte_flow_action_queue { index: queue.0 }))
        }
        Action::Count(id) => {
            Configuration::Count(Box::new(dpdk_sys::rte_flow_action_count { id: *id }))
        }
        Action::Rss(asked) => {
            let queues = asked.queues.clone().unwrap_or_else(|| (0..port.rx_queues).collect());
            let key = asked.key.clone();
            let RssTypes(types) = asked.types.unwrap_or(port.rss);
            let conf = dpdk_sys::rte_flow_action_rss {
                func: match asked.function {
                    RssFunction::Default => dpdk_sys::RTE_ETH_HASH_FUNCTION_DEFAULT,
                    RssFunction::Toeplitz => dpdk_sys::RTE_ETH_HASH_FUNCTION_TOEPLITZ,
                    RssFunction::SimpleXor => dpdk_sys::RTE_ETH_HASH_FUNCTION_SIMPLE_XOR,
                    RssFunction::SymmetricToeplitz => {
                        dpdk_sys::RTE_ETH_HASH_FUNCTION_SYMMETRIC_TOEPLITZ
                    }
                },
                level: asked.level,
                types,
                key_len: key.len() as u32,
                queue_num: queues.len() as u32,
                key: if key.is_empty() { null() } else { key.as_ptr() },
                queue: queues.as_ptr(),
            };
            Configuration::Rss(Box::new(Rss { conf, _queues: queues, _key: key }))
        }
        Action::PortId { id, original } => {
            let mut conf = dpdk_sys::rte_flow_action_port_id { id: *id, ..Default::default() };
            conf.set_original((*original).into());
            Configuration::PortId(Box::new(conf))
        }
    }
}

impl Configuration {
    fn pointer(&self) -> *const c_void {
        match self {
            Self::None => null(),
            Self::Jump(conf) => (&raw const **conf).cast(),
            Self::Mark(conf) => (&raw const **conf).cast(),
            Self::Queue(conf) => (&raw const **conf).cast(),
            Self::Count(conf) => (&raw const **conf).cast(),
            Self::Rss(rss) => (&raw const rss.conf).cast(),
            Self::PortId(conf) => (&raw const **conf).cast(),
        }
    }
}
