//! How ports pause their peers is changed. What a device does not do is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{FlowCtrlChange, FlowCtrlCommand, FlowCtrlDeed};
use crate::failure::Failure;
use dataplane::port::{Any, Port};

impl Session {
    /// Carries out a command about flow control; it answers nothing when it is done, as in testpmd.
    pub(super) fn flow_ctrl(&mut self, command: FlowCtrlCommand) -> Result<String, Failure> {
        let FlowCtrlCommand { port, deed } = command;
        let port = self.existing(port)?;
        let done = match deed {
            FlowCtrlDeed::Link(change) => return change_link(port, change),
            FlowCtrlDeed::Priority(priority, wanted) => port
                .set_priority_flow_control(priority, &wanted)
                .map_err(|errno| ("priority flow control parameter, return code", errno)),
            FlowCtrlDeed::Queues(paused, pausing) => port
                .set_queue_flow_control(paused, pausing)
                .map_err(|errno| ("queue priority flow control parameter, rc", errno)),
        };
        done.map_err(|(what, errno)| refused(format!("bad {what} = {}", errno.raw())))?;
        Ok(String::new())
    }
}

/// Changes flow control of a whole link.
fn change_link(port: &Port<Any>, change: FlowCtrlChange) -> Result<String, Failure> {
    let wanted = match change {
        FlowCtrlChange::All(wanted) => wanted,
        change => change.applied(port.flow_control().map_err(|errno| {
            refused(format!(
                "cannot get current flow ctrl parameters, return code = {}",
                errno.raw()
            ))
        })?),
    };
    port.set_flow_control(&wanted).map_err(|errno| {
        refused(format!("bad flow control parameter, return code = {}", errno.raw()))
    })?;
    Ok(String::new())
}
