//! What a device does in place of the processor: `show port N rx_offload capabilities|configuration` (testpmd's
//! `cmd_rx_offload_get_capa_parsed` and its neighbours, `app/test-pmd/cmdline.c`).

use dataplane::port::{Direction, PortId};
use serde::Serialize;
use std::fmt;

/// What a device can.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OffloadCapabilities {
    /// The port's number.
    pub(crate) port: PortId,
    /// Received or sent packets.
    pub(crate) direction: Direction,
    /// What each queue can for itself.
    pub(crate) per_queue: Vec<String>,
    /// What all queues can together alone.
    pub(crate) per_port: Vec<String>,
}

impl fmt::Display for OffloadCapabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, direction, per_queue, per_port } = self;
        writeln!(f, "{} Offloading Capabilities of port {port} :", word(*direction))?;
        writeln!(f, "  Per Queue :{}", spaced(per_queue))?;
        writeln!(f, "  Per Port  :{}\n", spaced(per_port))
    }
}

/// What a device does.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OffloadConfiguration {
    /// The port's number.
    pub(crate) port: PortId,
    /// Received or sent packets.
    pub(crate) direction: Direction,
    /// What it does on all queues.
    pub(crate) of_port: Vec<String>,
    /// What it does on each queue.
    pub(crate) of_queues: Vec<Vec<String>>,
}

impl fmt::Display for OffloadConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, direction, of_port, of_queues } = self;
        writeln!(f, "{} Offloading Configuration of port {port} :", word(*direction))?;
        writeln!(f, "  Port :{}", spaced(of_port))?;
        for (queue, offloads) in of_queues.iter().enumerate() {
            writeln!(f, "  Queue[{queue:2}] :{}", spaced(offloads))?;
        }
        writeln!(f)
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Rx => "Rx",
        Direction::Tx => "Tx",
    }
}

fn spaced(names: &[String]) -> String {
    names.iter().map(|name| format!(" {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn capabilities_are_testpmds_lines() {
        let page = OffloadCapabilities {
            port: PortId(0),
            direction: Direction::Tx,
            per_queue: names(&["MULTI_SEGS", "IPV4_CKSUM"]),
            per_port: Vec::new(),
        };
        assert_eq!(
            page.to_string(),
            "Tx Offloading Capabilities of port 0 :\n  Per Queue : MULTI_SEGS IPV4_CKSUM\n  Per Port  :\n\n"
        );
    }

    #[test]
    fn a_configuration_has_a_line_for_each_queue() {
        let page = OffloadConfiguration {
            port: PortId(1),
            direction: Direction::Rx,
            of_port: names(&["SCATTER"]),
            of_queues: vec![names(&["SCATTER"]), Vec::new()],
        };
        assert_eq!(
            page.to_string(),
            "Rx Offloading Configuration of port 1 :\n  Port : SCATTER\n  Queue[ 0] : SCATTER\n  Queue[ 1] :\n\n"
        );
    }
}
