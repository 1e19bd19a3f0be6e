//! Devices are told what to recognise, count and limit. What one does not do is said in testpmd's words, which scripts
//! know.

use super::{NOT_IMPLEMENTED, Session, refused};
use crate::command::{DeviceChange, DeviceCommand, TunnelChange};
use crate::failure::Failure;
use dataplane::port::{Any, Direction, Errno, PTYPE_ALL, Port, PortId, QueueId, QueueState};
use pollway_vhost::socket_path;

/// The numbers of a device's statistics (`RTE_ETHDEV_QUEUE_STAT_CNTRS`).
const STATISTICS: u8 = 16;

impl Session {
    /// Carries out a command that tells a device something.
    pub(super) fn tell_device(&mut self, command: DeviceCommand) -> Result<String, Failure> {
        let (port, change) = match command {
            DeviceCommand::CleanUp(port, queue, most) => return self.clean_up(port, queue, most),
            DeviceCommand::Port(port, change) => (self.existing(port)?, change),
        };
        match change {
            DeviceChange::Ptypes(mask) => set_ptypes(port, mask),
            DeviceChange::StatsMapping(direction, queue, to) => {
                map_stats(port, direction, queue, to)
            }
            DeviceChange::Link(up) => {
                port.set_link(up).map(|()| String::new()).map_err(|_| link_refused(port, up))
            }
            DeviceChange::Rate(queue, mbps) => limit_rate(port, queue, mbps),
            DeviceChange::Tunnel(TunnelChange { tunnel, udp_port, look, called }) => port
                .look_for_tunnel(tunnel, udp_port, look)
                .map(|()| String::new())
                .map_err(|errno| refused(format!("{called} add error: ({errno})"))),
            DeviceChange::Fec(modes) => match port.set_fec(modes) {
                Ok(()) => Ok(String::new()),
                Err(Errno::NOT_SUPPORTED) => Err(refused(NOT_IMPLEMENTED)),
                Err(errno) => Err(refused(format!("Set FEC mode failed: {errno}"))),
            },
        }
    }

    /// Has a transmit queue free what it has sent.
    fn clean_up(&mut self, id: PortId, queue: QueueId, most: u32) -> Result<String, Failure> {
        self.forwarding_is_stopped()?;
        let info = self.port(id).and_then(|port| port.tx_queue_info(queue).ok());
        let info =
            info.ok_or_else(|| refused(format!("Failed to get port {id} Tx queue {queue} info")))?;
        let stopped = || refused(format!("Tx queue {queue} not started"));
        if info.state != QueueState::Started {
            return Err(stopped());
        }
        self.dataplane.gather().map_err(Failure::running)?;
        let slot = self.dataplane.port_mut(id).ok_or_else(stopped)?;
        let (port, own) = slot.tx_queue(queue.0).ok_or_else(stopped)?;
        let freed = port.clean_up_tx(own, most).map_err(|errno| {
            refused(format!(
                "Failed to cleanup mbuf for port {id} Tx queue {queue} error desc: {errno}({})",
                errno.raw()
            ))
        })?;
        Ok(format!("Cleanup port {id} Tx queue {queue} mbuf nums: {freed}\n"))
    }
}

fn link_refused(port: &Port<Any>, up: bool) -> Failure {
    let way = if up { "up" } else { "down" };
    let mend = match port.info() {
        Ok(info) if socket_path(&info).is_some() => format!(
            "; the link of a guest is its connection, which port remove {} ends and port add makes again",
            port.id()
        ),
        _ => String::new(),
    };
    refused(format!("\nSet link {way} fail.{mend}"))
}

fn set_ptypes(port: &Port<Any>, mask: u32) -> Result<String, Failure> {
    let id = port.id();
    if port.ptypes(PTYPE_ALL).is_empty() {
        return Err(refused(format!("Port {id} doesn't support any ptypes.")));
    }
    let types = port
        .set_ptypes(mask)
        .map_err(|_| refused(format!("Unable to set requested ptypes for Port {id}")))?;
    let lines: String = types.iter().map(|name| format!("{name}\n")).collect();
    Ok(format!("Successfully set following ptypes for Port {id}\n{lines}"))
}

fn map_stats(
    port: &Port<Any>,
    direction: Direction,
    queue: QueueId,
    to: u16,
) -> Result<String, Failure> {
    let config = port.config();
    let (way, queues) = match direction {
        Direction::Rx => ("rx", config.map_or(0, |config| config.rx_queues)),
        Direction::Tx => ("tx", config.map_or(0, |config| config.tx_queues)),
    };
    if queue.0 >= queues {
        let kind = way.to_uppercase();
        return Err(refused(format!(
            "Invalid {kind} queue {queue} (must be < nb_{way}q={queues})"
        )));
    }
    let Some(to) = u8::try_from(to).ok().filter(|to| *to < STATISTICS) else {
        return Err(refused(format!("map_value not in required range 0..{}", STATISTICS - 1)));
    };
    port.map_stats(direction, queue, to)
        .map_err(|_| refused(format!("failed to set {way} queue stats mapping.")))?;
    Ok(String::new())
}

fn limit_rate(port: &Port<Any>, queue: QueueId, mbps: u32) -> Result<String, Failure> {
    let id = port.id();
    if let Some(speed) = port.link().and_then(|link| link.speed_mbps).filter(|speed| mbps > *speed)
    {
        return Err(refused(format!("Invalid rate value:{mbps} bigger than link speed: {speed}")));
    }
    port.limit_rate(queue, mbps).map_err(|errno| {
        refused(format!(
            "rte_eth_set_queue_rate_limit for port_id={id} failed diag={}\nqueue_rate_limit_cmd error: ({errno})",
            errno.raw()
        ))
    })?;
    Ok(String::new())
}
