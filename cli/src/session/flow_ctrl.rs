//! How ports pause their peers is changed. What a device does not do is said in testpmd's words, which scripts know.

use super::{Session, refused};
use crate::command::{FlowCtrlChange, FlowCtrlCommand};
use crate::failure::Failure;

impl Session {
    /// Carries out a command about flow control; it answers nothing when it is done, as in testpmd.
    pub(super) fn flow_ctrl(&mut self, command: FlowCtrlCommand) -> Result<String, Failure> {
        let FlowCtrlCommand { port, change } = command;
        let port = self.existing(port)?;
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
}
