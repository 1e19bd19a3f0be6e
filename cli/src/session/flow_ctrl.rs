//! How ports pause their peers is changed. What a device does not do is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{FlowCtrlChange, FlowCtrlCommand, FlowCtrlDeed};
use crate::failure::Failure;
use dataplane::port::{Any, FlowControl, Port};

impl Session {
    /// Carries out a command about flow control; it answers nothing when it is done, as in testpmd.
    pub(super) fn flow_ctrl(&mut self, command: FlowCtrlCommand) -> Result<String, Failure> {
        let FlowCtrlCommand { port, deed } = command;
        let port = self.existing(port)?;
        let done = match deed {
            FlowCtrlDeed::Link(change) => port
                .set_flow_control(&wanted(port, change)?)
                .map_err(|errno| ("flow control parameter, return code", errno)),
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

/// What flow control of a whole link is to be.
fn wanted(port: &Port<Any>, change: FlowCtrlChange) -> Result<FlowControl, Failure> {
    match change {
        FlowCtrlChange::All(wanted) => Ok(wanted),
        change => Ok(change.applied(port.flow_control().map_err(|errno| {
            refused(format!(
                "cannot get current flow ctrl parameters, return code = {}",
                errno.raw()
            ))
        })?)),
    }
}
