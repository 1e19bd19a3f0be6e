//! How a port pauses its peer: `show port N flow_ctrl` (testpmd's `cmd_link_flow_ctrl_show_parsed`,
//! `app/test-pmd/cmdline.c`).

use super::names::on_off;
use dataplane::port::{FlowControl, PortId};
use serde::Serialize;
use std::fmt;

/// How a port pauses its peer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlowControlPage {
    /// The port's number.
    pub(crate) port: PortId,
    /// What the port says.
    pub(crate) flow_control: FlowControl,
}

impl fmt::Display for FlowControlPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FlowControl {
            rx,
            tx,
            high_water,
            low_water,
            pause_time,
            send_xon,
            mac_ctrl_frame_fwd,
            autoneg,
        } = self.flow_control;
        let border = "*".repeat(21);
        writeln!(f, "\n{border} Flow control infos for port {:<2} {border}", self.port)?;
        writeln!(f, "FC mode:\n   Rx pause: {}\n   Tx pause: {}", on_off(rx), on_off(tx))?;
        writeln!(f, "Autoneg: {}", on_off(autoneg))?;
        writeln!(f, "Pause time: {pause_time:#x}")?;
        writeln!(f, "High waterline: {high_water:#x}")?;
        writeln!(f, "Low waterline: {low_water:#x}")?;
        writeln!(f, "Send XON: {}", on_off(send_xon))?;
        writeln!(f, "Forward MAC control frames: {}", on_off(mac_ctrl_frame_fwd))?;
        writeln!(f, "\n{border}**************   End  ***********{border}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_testpmds() {
        let flow_control = FlowControl {
            rx: true,
            tx: false,
            high_water: 0x80,
            low_water: 0x40,
            pause_time: 0x680,
            send_xon: true,
            mac_ctrl_frame_fwd: false,
            autoneg: true,
        };
        assert_eq!(
            FlowControlPage { port: PortId(0), flow_control }.to_string(),
            "
********************* Flow control infos for port 0  *********************
FC mode:
   Rx pause: on
   Tx pause: off
Autoneg: on
Pause time: 0x680
High waterline: 0x80
Low waterline: 0x40
Send XON: on
Forward MAC control frames: off

***********************************   End  ********************************
"
        );
    }
}
